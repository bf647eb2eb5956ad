//! The fields of each signed structure, in the order of their encoding.

use super::Signed;
use crate::bytes::{B32, Bytes};
use crate::wire::{Reader, Wire};
use crate::wire_struct;

/// Where an entry stands (K4.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Submitted and stored; members stage it.
    Proposed,
    /// Confirmed by receipts; members merge it.
    Reached,
    /// Given up; members drop it.
    Withdrawn,
}

impl Wire for State {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            State::Proposed => 1,
            State::Reached => 2,
            State::Withdrawn => 3,
        });
    }
    fn get(reader: &mut Reader<'_>) -> Option<Self> {
        match u8::get(reader)? {
            1 => Some(State::Proposed),
            2 => Some(State::Reached),
            3 => Some(State::Withdrawn),
            _ => None,
        }
    }
}

wire_struct! {
    /// One ministry of a deployment and the roots that speak for it.
    pub struct TenantRoots {
        /// Its id, the second part of the certificates' URIs.
        pub tenant: String,
        /// Its name for people.
        pub name: String,
        /// DER certificates.
        pub roots: Vec<Bytes>,
        /// Who signs its policy.
        pub policy_key: B32,
    }

    /// A deployment's description of itself, signed by its own `key`, which people exchange out of band (K2.3).
    pub struct Manifest {
        /// Its id, the first part of the certificates' URIs.
        pub deployment: String,
        /// Rises with each manifest.
        pub serial: u64,
        /// Unix milliseconds.
        pub not_before: u64,
        /// Unix milliseconds.
        pub not_after: u64,
        /// The key that signs this manifest.
        pub key: B32,
        /// Keys that may order meetings.
        pub hub_keys: Vec<B32>,
        /// The deployment's witness; empty where there is none.
        pub witness_key: Bytes,
        /// Where the deployment is reached.
        pub endpoints: Vec<String>,
        /// Its ministries.
        pub tenants: Vec<TenantRoots>,
    }

    /// What a ministry allows, signed by its policy key (K2.6).
    pub struct Policy {
        /// Deployment of the ministry.
        pub deployment: String,
        /// The ministry.
        pub tenant: String,
        /// Rises with each policy.
        pub serial: u64,
        /// Unix milliseconds.
        pub not_before: u64,
        /// Unix milliseconds.
        pub not_after: u64,
        /// MLS suites that its people may use.
        pub suites: Vec<u16>,
        /// Whether its rooms admit guests.
        pub guests: bool,
    }

    /// One line of a meeting's history, signed by the hub (K4.2).
    pub struct Entry {
        /// The meeting's label.
        pub meeting: B32,
        /// MLS group id.
        pub group: Bytes,
        /// Term of the hub.
        pub term: u64,
        /// Counts the group's entries from 0.
        pub seq: u64,
        /// The epoch that the commit leads to.
        pub epoch: u64,
        /// Counts the tries for one epoch.
        pub attempt: u32,
        /// Where the commit stands.
        pub state: State,
        /// Hash of the entry before; zero at seq 0.
        pub prev_hash: B32,
        /// SHA-256 of the commit; at epoch 0 of the GroupInfo.
        pub commit_hash: B32,
        /// Unix milliseconds at the hub.
        pub time: u64,
        /// Hash over the receipts that made it reached.
        pub receipts_hash: B32,
    }

    /// A member's word for the epoch it staged, signed by its leaf key (K4.3).
    pub struct Receipt {
        /// MLS group id.
        pub group: Bytes,
        /// The epoch that the commit leads to.
        pub epoch: u64,
        /// The try.
        pub attempt: u32,
        /// Leaf of the signer in that epoch.
        pub leaf: u32,
        /// `epoch_authenticator` of the staged epoch.
        pub authenticator: B32,
        /// Hash of the proposed entry that carried the commit.
        pub entry_hash: B32,
    }

    /// The author's word for a commit, signed by its leaf key: the MLS tags are not under the MLS signature (K4.1).
    pub struct Submission {
        /// MLS group id.
        pub group: Bytes,
        /// The epoch that the commit leads to.
        pub epoch: u64,
        /// The try.
        pub attempt: u32,
        /// Leaf of the author.
        pub leaf: u32,
        /// SHA-256 of the whole commit message.
        pub commit_hash: B32,
    }

    /// An issuer's withdrawal of a certificate, signed by the tenant's root (K2.4).
    pub struct Revocation {
        /// Deployment of the ministry.
        pub deployment: String,
        /// The ministry.
        pub tenant: String,
        /// SHA-256 of the certificate.
        pub fingerprint: B32,
        /// Why.
        pub reason: String,
        /// Unix milliseconds.
        pub time: u64,
    }

    /// Proof that a newcomer holds the leaf key it wants certified (K2.1).
    pub struct Certify {
        /// The server's nonce.
        pub nonce: Bytes,
        /// The participant's id.
        pub participant: String,
        /// The key.
        pub public_key: B32,
    }

    /// Proof that a returning socket belongs to the leaf (K2.5).
    pub struct Resume {
        /// The server's nonce.
        pub nonce: Bytes,
        /// The participant's id.
        pub participant: String,
        /// The leaf key.
        pub public_key: B32,
    }

    /// State given to a late joiner, signed by the giver's leaf key (K6.2).
    pub struct Snapshot {
        /// MLS group id.
        pub group: Bytes,
        /// Epoch of the giver.
        pub epoch: u64,
        /// Leaf of the giver.
        pub leaf: u32,
        /// What it is a state of: notes, whiteboard, hands.
        pub purpose: String,
        /// Order of the last message it contains.
        pub order: u64,
        /// SHA-256 of the content.
        pub content_hash: B32,
    }

    /// A member's word that it cannot process a commit, signed by its leaf key (K4.4).
    pub struct FailureReport {
        /// MLS group id.
        pub group: Bytes,
        /// The epoch that the commit leads to.
        pub epoch: u64,
        /// The try.
        pub attempt: u32,
        /// Leaf of the reporter.
        pub leaf: u32,
        /// SHA-256 of the commit as it arrived.
        pub commit_hash: B32,
        /// The error's code.
        pub code: String,
    }
}

macro_rules! labels {
    ($($t:ty, $label:literal;)*) => {$(
        impl Signed for $t {
            const LABEL: &'static str = $label;
        }
    )*};
}

labels! {
    Manifest, "entente manifest";
    Policy, "entente policy";
    Entry, "entente entry";
    Receipt, "entente receipt";
    Submission, "entente submission";
    Revocation, "entente revocation";
    Certify, "entente certify";
    Resume, "entente resume";
    Snapshot, "entente snapshot";
    FailureReport, "entente failure report";
}

macro_rules! leaf_signed {
    ($($t:ty)*) => {$(
        impl LeafSigned for $t {
            fn group(&self) -> &[u8] {
                self.group.as_ref()
            }
            fn leaf(&self) -> u32 {
                self.leaf
            }
        }
    )*};
}

/// A structure that a member signs with its leaf key and that names the leaf.
pub trait LeafSigned: Signed {
    /// MLS group id.
    fn group(&self) -> &[u8];
    /// The signer's leaf.
    fn leaf(&self) -> u32;
}

leaf_signed!(Receipt Submission Snapshot FailureReport);

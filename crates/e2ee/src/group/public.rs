//! The server's view of a group: it verifies every handshake message like a member, except for the two tags that need
//! secrets, and never decrypts (K3.2, K4).
//!
//! Order of calls: `from_group_info`, then for each epoch `stage` and either `merge` or `discard`. A staged epoch is kept
//! beside the reached one, so that joiners can be given its tree before it is reached and a withdrawal costs nothing.

use super::leaf::{self, LeafLine};
use super::{config, message, rules};
use crate::bytes::{B32, Bytes, sha256};
use crate::identity::{Identity, Trust};
use crate::member::check_signed;
use crate::params::GroupParams;
use crate::provider::ServerProvider as Provider;
use crate::signed::{Receipt, Signed, Submission};
use crate::{Code, Error, Result};
use openmls::group::PublicGroup as Mls;
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key package that may be proposed.
#[derive(serde::Serialize)]
pub struct CheckedKeyPackage {
    /// KeyPackageRef, for `split_welcome`.
    #[serde(rename = "ref")]
    pub reference: Bytes,
    /// Who it is.
    pub identity: Identity,
    /// Signature key.
    pub public_key: B32,
    /// Key that its Welcome is encrypted to.
    pub init_key: Bytes,
    /// Key of its leaf.
    pub encryption_key: Bytes,
    /// Cipher suite.
    pub suite: u16,
}

/// What a staged commit would do.
#[derive(serde::Serialize)]
pub struct Staged {
    /// SHA-256 of the commit message.
    pub commit_hash: B32,
    /// Leaves that the additions take, in the order of the proposals.
    pub added: Vec<u32>,
    /// Leaves that go.
    pub removed: Vec<u32>,
}

/// A group as the server sees it.
pub struct PublicGroup {
    trust: Arc<Trust>,
    params: GroupParams,
    current: View,
    ahead: Option<View>,
}

/// One epoch's public state, its storage, and who is in it.
struct View {
    mls: Mls,
    provider: Provider,
    lines: BTreeMap<u32, Identity>,
}

impl PublicGroup {
    /// Takes up a group from its creator's GroupInfo and tree, after checking both against the parameters.
    pub fn from_group_info(
        info: &[u8],
        tree: &[u8],
        params: GroupParams,
        trust: Arc<Trust>,
        now: u64,
    ) -> Result<Self> {
        config::check_params(&params, &trust)?;
        let (info, tree) = (message::group_info(info)?, message::tree(tree)?);
        let provider = Provider::default();
        let (mls, _) = Mls::from_external(
            provider.crypto(),
            provider.storage(),
            tree,
            info,
            ProposalStore::new(),
        )
        .map_err(|error| Error::new(Code::MessageRefused, error.to_string()))?;
        config::check_context(mls.group_context(), &params)?;
        let mut lines = BTreeMap::new();
        for member in mls.members() {
            let node = mls.leaf(member.index).ok_or(Code::Library)?;
            lines.insert(
                member.index.u32(),
                leaf::check(node, mls.ciphersuite(), &trust, now)?,
            );
        }
        Ok(Self {
            trust,
            params,
            current: View {
                mls,
                provider,
                lines,
            },
            ahead: None,
        })
    }

    /// The last reached epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.current.mls.group_context().epoch().as_u64()
    }

    /// MLS group id.
    #[must_use]
    pub fn group_id(&self) -> &[u8] {
        self.params.group_id.as_ref()
    }

    /// Who is in the last reached epoch.
    #[must_use]
    pub fn members(&self) -> Vec<LeafLine> {
        self.current
            .lines
            .iter()
            .map(|(leaf, identity)| LeafLine {
                leaf: *leaf,
                identity: identity.clone(),
            })
            .collect()
    }

    /// The tree of the staged epoch where there is one, of the reached epoch otherwise.
    pub fn tree(&self) -> Result<Vec<u8>> {
        let view = self.ahead.as_ref().unwrap_or(&self.current);
        view.mls
            .export_ratchet_tree()
            .tls_serialize_detached()
            .map_err(library)
    }

    /// The leaf with this signature key, in the staged epoch where there is one.
    #[must_use]
    pub fn leaf_of(&self, public_key: &B32) -> Option<u32> {
        let view = self.ahead.as_ref().unwrap_or(&self.current);
        view.lines
            .iter()
            .find(|(_, identity)| identity.leaf_public_key == *public_key)
            .map(|(leaf, _)| *leaf)
    }

    /// Checks a newcomer's key package before the hub proposes it.
    pub fn check_key_package(&self, data: &[u8], now: u64) -> Result<CheckedKeyPackage> {
        let crypto = self.current.provider.crypto();
        let suite = self.current.mls.ciphersuite();
        let (package, identity) =
            leaf::check_key_package(message::key_package(data)?, suite, crypto, &self.trust, now)?;
        let init_key = package.hpke_init_key().as_slice();
        let encryption_key = leaf::encryption_key(package.leaf_node())?;
        // RFC 9420 section 12.2: whoever repeats a key of the tree cannot be committed by anybody.
        let fresh = self.leaf_of(&identity.leaf_public_key).is_none()
            && !self.has_encryption_key(init_key)
            && !self.has_encryption_key(encryption_key.as_slice());
        guard!("K2.2.server-key-package-used", fresh, KeyPackageUsed);
        let reference = package.hash_ref(crypto).map_err(library)?;
        Ok(CheckedKeyPackage {
            reference: Bytes::from(reference.as_slice()),
            public_key: identity.leaf_public_key,
            init_key: Bytes::from(init_key),
            encryption_key: Bytes::from(encryption_key.as_slice()),
            identity,
            suite: u16::from(suite),
        })
    }

    /// Whether a leaf of the reached or the staged epoch has this encryption key.
    fn has_encryption_key(&self, key: &[u8]) -> bool {
        let views = std::iter::once(&self.current).chain(self.ahead.as_ref());
        views
            .flat_map(|view| view.mls.members())
            .any(|member| member.encryption_key == key)
    }

    /// Checks a submission for the announced proposals and keeps the epoch it leads to beside the reached one.
    #[allow(clippy::too_many_arguments)]
    pub fn stage<T: AsRef<[u8]>>(
        &mut self,
        epoch: u64,
        attempt: u32,
        proposals: &[T],
        commit: &[u8],
        signature: &[u8],
        committer: u32,
        now: u64,
    ) -> Result<Staged> {
        guard!("K4.3.server-staged", self.ahead.is_none(), NotWithdrawn);
        guard!(
            "K4.2.server-epoch",
            epoch == self.epoch() + 1,
            WrongEpoch,
            "{epoch}"
        );
        let commit_hash = sha256(&[commit]);
        let key = self
            .current
            .lines
            .get(&committer)
            .map(|i| i.leaf_public_key)
            .ok_or(Code::CommitterUnknown)?;
        let group = self.params.group_id.clone();
        let expected = Submission {
            group,
            epoch,
            attempt,
            leaf: committer,
            commit_hash,
        };
        let signed = Submission::open(signature, &key).is_ok_and(|found| found == expected);
        guard!("K4.1.server-submission", signed, SubmissionSignature);
        let mut announced = Announced::default();
        let staged = self.process(proposals, commit, committer, &mut announced, now);
        let forgotten = self.forget(&announced);
        let staged = staged?;
        forgotten?;
        let leaves =
            rules::added_leaves(&self.current.mls, &announced.removed, announced.added.len())?;
        self.ahead = Some(self.advance(staged, &announced, &leaves)?);
        Ok(Staged {
            commit_hash,
            added: leaves,
            removed: announced.removed,
        })
    }

    fn process<T: AsRef<[u8]>>(
        &mut self,
        proposals: &[T],
        commit: &[u8],
        committer: u32,
        announced: &mut Announced,
        now: u64,
    ) -> Result<StagedCommit> {
        let View { mls, provider, .. } = &mut self.current;
        for proposal in proposals {
            let message = message::public(proposal.as_ref())?;
            let processed = mls
                .process_message(provider.crypto(), message)
                .map_err(|error| refused(&error))?;
            let (queued, change) = rules::proposal(processed, mls, &self.trust, now)?;
            match change {
                rules::Change::Add(identity) => announced.added.push(*identity),
                rules::Change::Remove(leaf) => announced.removed.push(leaf),
            }
            mls.add_proposal(provider.storage(), queued.clone())
                .map_err(library)?;
            announced.proposals.push(queued);
        }
        let message = message::public(commit)?;
        rules::commit_sender(message.sender(), committer)?;
        let processed = mls
            .process_message(provider.crypto(), message)
            .map_err(|error| refused(&error))?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(Error::new(Code::MessageRefused, "not a commit"));
        };
        let node = mls
            .leaf(LeafNodeIndex::new(committer))
            .ok_or(Code::CommitterUnknown)?;
        rules::staged(&staged, &announced.proposals, mls, node)?;
        Ok(*staged)
    }

    /// Takes the proposals out of the reached epoch's store again.
    fn forget(&mut self, announced: &Announced) -> Result<()> {
        let View { mls, provider, .. } = &mut self.current;
        for queued in &announced.proposals {
            mls.remove_proposal(provider.storage(), queued.proposal_reference_ref())
                .map_err(library)?;
        }
        Ok(())
    }

    /// A copy of the reached epoch, moved on by the commit. The copy comes from storage: MLS groups cannot be cloned.
    fn advance(&self, staged: StagedCommit, announced: &Announced, leaves: &[u32]) -> Result<View> {
        let source = &self.current;
        let mut mls = Mls::load(source.provider.storage(), source.mls.group_id())
            .map_err(library)?
            .ok_or(Code::Library)?;
        let provider = Provider::default();
        mls.merge_commit(provider.storage(), staged)
            .map_err(library)?;
        let mut lines = source.lines.clone();
        lines.retain(|leaf, _| !announced.removed.contains(leaf));
        lines.extend(leaves.iter().copied().zip(announced.added.iter().cloned()));
        let agree = mls.members().all(|member| {
            lines
                .get(&member.index.u32())
                .is_some_and(|i| i.leaf_public_key.as_ref() == &member.signature_key[..])
        });
        if !agree || mls.members().count() != lines.len() {
            return Err(Error::new(
                Code::Library,
                "the tree is not what the proposals say",
            ));
        }
        Ok(View {
            mls,
            provider,
            lines,
        })
    }

    /// The staged epoch was reached.
    pub fn merge(&mut self) -> Result<()> {
        self.current = self.ahead.take().ok_or(Code::NotStaged)?;
        Ok(())
    }

    /// The staged epoch was withdrawn.
    pub fn discard(&mut self) {
        self.ahead = None;
    }

    /// Opens what a member signed, under its key in the staged epoch, or else in the reached one: msgpack fields. Only those
    /// who are in the staged epoch confirm it (K4.4): a leaf that its commit removes cannot.
    pub fn check_signed(&self, kind: &str, data: &[u8]) -> Result<Vec<u8>> {
        if let (Some(view), "receipt") = (&self.ahead, kind) {
            let claimed = Receipt::peek(data)?;
            let holds = claimed.epoch != view.mls.group_context().epoch().as_u64()
                || view.lines.contains_key(&claimed.leaf);
            guard!(
                "K4.4.server-receipt-removed",
                holds,
                UnknownLeaf,
                "leaf {} is not in the staged epoch",
                claimed.leaf
            );
        }
        let key = |leaf: u32| {
            let ahead = self.ahead.as_ref().and_then(|view| view.lines.get(&leaf));
            ahead
                .or(self.current.lines.get(&leaf))
                .map(|identity| identity.leaf_public_key)
        };
        check_signed(kind, data, self.params.group_id.as_ref(), key)
    }

    /// Verifies a revocation and names the leaves it concerns (K2.4).
    pub fn revoke(&self, revocation: &[u8]) -> Result<Vec<u32>> {
        let revocation = self.trust.open_revocation(revocation)?;
        let theirs = |identity: &Identity| {
            identity.fingerprint == revocation.fingerprint
                && identity.deployment == revocation.deployment
                && identity.tenant == revocation.tenant
        };
        Ok(self
            .current
            .lines
            .iter()
            .filter(|(_, identity)| theirs(identity))
            .map(|(leaf, _)| *leaf)
            .collect())
    }
}

/// The proposals of one submission, read.
#[derive(Default)]
struct Announced {
    proposals: Vec<QueuedProposal>,
    added: Vec<Identity>,
    removed: Vec<u32>,
}

fn refused(error: &impl std::fmt::Display) -> Error {
    Error::new(Code::MessageRefused, error.to_string())
}

fn library(error: impl std::fmt::Display) -> Error {
    Error::new(Code::Library, error.to_string())
}

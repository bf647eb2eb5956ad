//! One leaf of one group, from its key package to its removal: the client's side of K3 to K6.
//!
//! Order of calls: `key_package`, then `create` and `reached` for entry 0, or `join`; for each epoch `propose`, by the named
//! committer `commit`, by everybody `stage`, then `reached` or `withdrawn`. What the server says about the room comes by
//! `removing`, `settled`, `connected`, `revoke`; keys and messages by `frame_*`, `encrypt`, `decrypt`. A call that fails leaves
//! the state as it was, but a valid entry stays in the history once it was seen.

mod announce;
mod create;
mod frames;
mod join;
mod messages;
mod outcome;
mod roster;
mod stage;
mod statements;
mod timing;

pub use create::Created;
pub use frames::{FrameReceiver, FrameSender};
pub use messages::Message;
pub use outcome::Reached;
pub use roster::RosterLine;
pub use stage::Commit;
pub use statements::SnapshotLine;
pub(crate) use statements::check_signed;

use crate::bytes::B32;
use crate::chain::Chain;
use crate::group::LeafLine;
use crate::identity::{Identity, LeafKey, Trust};
use crate::params::GroupParams;
use crate::provider::Provider;
use crate::{Code, Result};
use openmls::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// One leaf of one group.
pub struct Member {
    key: LeafKey,
    chain: Vec<Vec<u8>>,
    identity: Identity,
    trust: Arc<Trust>,
    suite: u16,
    provider: Provider,
    /// The waiting key package with its private keys: kept until a join is reached, because a withdrawn Welcome is followed by
    /// another one to the same key.
    package: Option<KeyPackageBundle>,
    group: Option<Group>,
    revoked: Revoked,
}

/// Revoked certificates and when we learnt of it, unix ms. Each is named with its ministry, because a ministry's root speaks
/// only for that ministry's own people (K2.4).
#[derive(Default)]
struct Revoked(BTreeMap<(String, String, B32), u64>);

/// The group behind a member. Until its first entry is reached it is only held.
struct Group {
    mls: MlsGroup,
    params: GroupParams,
    history: Chain,
    announced: Option<Announced>,
    pending: Option<Pending>,
    live: bool,
    removed: bool,
    lines: BTreeMap<u32, Line>,
    /// Reached epochs, oldest first; the last one is the current one.
    records: Vec<Record>,
    /// Leaves that were removed and the epoch that did it.
    gone: BTreeMap<u32, u64>,
    removals: Vec<Removal>,
    connected: Option<Vec<u32>>,
    generations: BTreeMap<u8, u32>,
    sent: u64,
    heard: BTreeMap<(u32, B32), u64>,
    /// Whether OpenMLS may still hold secrets of epochs before the current one.
    past_secrets: bool,
}

/// Somebody in the tree.
struct Line {
    identity: Identity,
    key: B32,
    joined_epoch: u64,
}

/// What the hub announced for the next epoch.
struct Announced {
    epoch: u64,
    attempt: u32,
    committer: u32,
    proposals: Vec<QueuedProposal>,
    added: Vec<Identity>,
    removed: Vec<u32>,
    own_commit: Option<B32>,
}

/// What waits for its outcome.
struct Pending {
    kind: Kind,
    epoch: u64,
    attempt: u32,
    commit_hash: B32,
    entry_hash: B32,
    /// None when the commit removes us.
    authenticator: Option<B32>,
    added: Vec<LeafLine>,
    removed: Vec<u32>,
    /// Leaf keys of the epoch that the commit leads to.
    leaves: BTreeMap<u32, B32>,
}

enum Kind {
    Created,
    Joined,
    Own,
    Foreign(Box<StagedCommit>),
}

/// A reached epoch.
struct Record {
    epoch: u64,
    attempt: u32,
    authenticator: B32,
    entry_hash: B32,
    base: Zeroizing<Vec<u8>>,
    leaves: BTreeMap<u32, B32>,
    merged_at: u64,
    /// The commit removed somebody: nothing more goes out under the epoch before.
    urgent: bool,
    settled: bool,
    superseded_at: Option<u64>,
}

/// A removal that was announced and is not merged yet (K4.6).
struct Removal {
    leaf: u32,
    key: B32,
    since: u64,
}

impl Member {
    /// A member to be: checks its own chain and whether its own ministry allows the suite (K2.2, K2.6).
    pub fn new(
        key: LeafKey,
        chain: Vec<Vec<u8>>,
        trust: Arc<Trust>,
        suite: u16,
        allow_classical: bool,
        now: u64,
    ) -> Result<Self> {
        trust.check_suite(suite, allow_classical)?;
        let identity = trust.verify_chain(&chain, now)?;
        guard!(
            "K2.2.own-key",
            identity.leaf_public_key == key.public(),
            LeafKeyMismatch,
            "own certificate"
        );
        trust.check_own_policy(&identity)?;
        Ok(Self {
            key,
            chain,
            identity,
            trust,
            suite,
            provider: Provider::default(),
            package: None,
            group: None,
            revoked: Revoked::default(),
        })
    }

    /// The current epoch: the last one reached.
    pub fn epoch(&self) -> Result<u64> {
        self.live().map(|group| group.mls.epoch().as_u64())
    }

    /// MLS group id.
    pub fn group_id(&self) -> Result<Vec<u8>> {
        self.live().map(|group| group.params.group_id.0.clone())
    }

    /// Our leaf index.
    pub fn leaf(&self) -> Result<u32> {
        self.live().map(Group::own_leaf)
    }

    /// The suite of our key package and group.
    #[must_use]
    pub fn suite(&self) -> u16 {
        self.suite
    }

    /// The group's parameters, as compared with what our deployment describes.
    pub fn params(&self) -> Result<GroupParams> {
        self.live().map(|group| group.params.clone())
    }

    /// Hash of the last entry.
    pub fn head(&self) -> Result<B32> {
        self.live().map(|group| group.history.head())
    }

    /// The group we are a member of.
    fn live(&self) -> Result<&Group> {
        self.group
            .as_ref()
            .filter(|group| group.live && !group.removed)
            .ok_or_else(|| Code::NotMember.into())
    }

    fn live_mut(&mut self) -> Result<&mut Group> {
        self.group
            .as_mut()
            .filter(|group| group.live && !group.removed)
            .ok_or_else(|| Code::NotMember.into())
    }
}

impl Revoked {
    /// When this person's own ministry revoked the certificate.
    fn since(&self, identity: &Identity) -> Option<u64> {
        let (deployment, tenant) = (identity.deployment.clone(), identity.tenant.clone());
        self.0
            .get(&(deployment, tenant, identity.fingerprint))
            .copied()
    }
}

impl Group {
    fn new(mls: MlsGroup, params: GroupParams) -> Self {
        Self {
            mls,
            params,
            history: Chain::default(),
            announced: None,
            pending: None,
            live: false,
            removed: false,
            lines: BTreeMap::new(),
            records: Vec::new(),
            gone: BTreeMap::new(),
            removals: Vec::new(),
            connected: None,
            generations: BTreeMap::new(),
            sent: 0,
            heard: BTreeMap::new(),
            past_secrets: false,
        }
    }

    fn own_leaf(&self) -> u32 {
        self.mls.own_leaf_index().u32()
    }

    /// Who is in the tree of the group as it stands.
    fn keys(&self) -> BTreeMap<u32, B32> {
        self.lines
            .iter()
            .map(|(leaf, line)| (*leaf, line.key))
            .collect()
    }

    fn authenticator(&self) -> Result<B32> {
        B32::from_slice(self.mls.epoch_authenticator().as_slice())
            .ok_or_else(|| Code::Library.into())
    }
}

/// An error of the MLS library that no hostile input explains.
fn library(error: impl std::fmt::Display) -> crate::Error {
    crate::Error::new(Code::Library, error.to_string())
}

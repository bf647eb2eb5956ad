//! What a member signs beside receipts, and the check of what others signed (K2.5, K4.4, K6.2).

use super::Member;
use crate::bytes::{B32, sha256};
use crate::signed::{FailureReport, LeafSigned, Receipt, Snapshot, Submission};
use crate::{Code, Error, Result, pack};

/// What a snapshot's giver vouches for, beside the content.
#[derive(serde::Serialize)]
pub struct SnapshotLine {
    /// Epoch of the giver.
    pub epoch: u64,
    /// What it is a state of.
    pub purpose: String,
    /// Order of the last message it contains.
    pub order: u64,
}

impl Member {
    /// Says that a recorded commit cannot be processed (K4.4).
    pub fn failure_report(
        &self,
        epoch: u64,
        attempt: u32,
        commit_hash: B32,
        code: &str,
    ) -> Result<Vec<u8>> {
        let group = self.live()?;
        Ok(self.key.sign(&FailureReport {
            group: group.params.group_id.clone(),
            epoch,
            attempt,
            leaf: group.own_leaf(),
            commit_hash,
            code: code.to_owned(),
        }))
    }

    /// Vouches for a state given to a late joiner, or confirms what another gave: the content's hash is signed (K6.2).
    pub fn sign_snapshot(&self, purpose: &str, order: u64, content: &[u8]) -> Result<Vec<u8>> {
        let group = self.live()?;
        Ok(self.key.sign(&Snapshot {
            group: group.params.group_id.clone(),
            epoch: group.mls.epoch().as_u64(),
            leaf: group.own_leaf(),
            purpose: purpose.to_owned(),
            order,
            content_hash: sha256(&[content]),
        }))
    }

    /// Opens what the member at leaf `giver` vouches for; the content must be the very bytes it signed (K6.2).
    ///
    /// Refuses with `snapshot_foreign`, `unknown_leaf`, `revoked_leaf`, or `signed_signature` where another leaf or content
    /// was signed.
    pub fn open_snapshot(&self, giver: u32, data: &[u8], content: &[u8]) -> Result<SnapshotLine> {
        let group = self.live()?;
        let key = |leaf: u32| group.lines.get(&leaf).map(|line| line.key);
        let word = open::<Snapshot>(data, group.params.group_id.as_ref(), key)?;
        let own = word.leaf == giver;
        guard!("K6.2.snapshot-giver", own, SignedSignature, "another giver");
        let line = group.lines.get(&giver).ok_or(Code::UnknownLeaf)?;
        let revoked = self.revoked.since(&line.identity).is_some();
        guard!("K2.4.revoked-snapshot", !revoked, RevokedLeaf);
        let same = word.content_hash == sha256(&[content]);
        guard!("K6.2.snapshot-content", same, SignedSignature, "content");
        Ok(SnapshotLine {
            epoch: word.epoch,
            purpose: word.purpose,
            order: word.order,
        })
    }

    /// Proves to the server that a returning socket is ours (K2.5).
    #[must_use]
    pub fn sign_resume(&self, nonce: &[u8], participant: &str) -> Vec<u8> {
        self.key.sign_resume(nonce, participant)
    }

    /// Opens what a member of the current epoch signed: msgpack fields.
    pub fn check_signed(&self, kind: &str, data: &[u8]) -> Result<Vec<u8>> {
        let group = self.live()?;
        let key = |leaf: u32| group.lines.get(&leaf).map(|line| line.key);
        check_signed(kind, data, group.params.group_id.as_ref(), key)
    }
}

/// Opens a structure under the key of the leaf that it names.
pub(crate) fn check_signed(
    kind: &str,
    data: &[u8],
    group: &[u8],
    key: impl Fn(u32) -> Option<B32>,
) -> Result<Vec<u8>> {
    match kind {
        "receipt" => pack::to_vec(&open::<Receipt>(data, group, key)?),
        "submission" => pack::to_vec(&open::<Submission>(data, group, key)?),
        "snapshot" => pack::to_vec(&open::<Snapshot>(data, group, key)?),
        "failure_report" => pack::to_vec(&open::<FailureReport>(data, group, key)?),
        _ => Err(Error::new(
            Code::ArgumentMalformed,
            "not a structure that members sign",
        )),
    }
}

fn open<T: LeafSigned>(data: &[u8], group: &[u8], key: impl Fn(u32) -> Option<B32>) -> Result<T> {
    let claimed = T::peek(data)?;
    guard!(
        "K6.2.foreign-group",
        claimed.group() == group,
        SnapshotForeign
    );
    let key = key(claimed.leaf()).ok_or(Code::UnknownLeaf)?;
    T::open(data, &key)
}

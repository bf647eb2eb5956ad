//! What a member signs beside receipts, and the check of what others signed (K2.5, K4.4, K6.2).

use super::Member;
use crate::bytes::B32;
use crate::signed::{FailureReport, LeafSigned, Receipt, Snapshot, Submission};
use crate::{Code, Error, Result, pack};

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

    /// Vouches for a state given to a late joiner (K6.2).
    pub fn sign_snapshot(&self, purpose: &str, order: u64, content_hash: B32) -> Result<Vec<u8>> {
        let group = self.live()?;
        Ok(self.key.sign(&Snapshot {
            group: group.params.group_id.clone(),
            epoch: group.mls.epoch().as_u64(),
            leaf: group.own_leaf(),
            purpose: purpose.to_owned(),
            order,
            content_hash,
        }))
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
        "receipt" => open::<Receipt>(data, group, key),
        "submission" => open::<Submission>(data, group, key),
        "snapshot" => open::<Snapshot>(data, group, key),
        "failure_report" => open::<FailureReport>(data, group, key),
        _ => Err(Error::new(
            Code::ArgumentMalformed,
            "not a structure that members sign",
        )),
    }
}

fn open<T: LeafSigned>(
    data: &[u8],
    group: &[u8],
    key: impl Fn(u32) -> Option<B32>,
) -> Result<Vec<u8>> {
    let claimed = T::peek(data)?;
    guard!(
        "K6.2.foreign-group",
        claimed.group() == group,
        SnapshotForeign
    );
    let key = key(claimed.leaf()).ok_or(Code::UnknownLeaf)?;
    pack::to_vec(&T::open(data, &key)?)
}

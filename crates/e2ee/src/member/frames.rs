//! Keys for frames (K5.1, K5.2): from a kind of media to a sender's key, from a key id to a receiver's key.

use super::Member;
use super::timing::REMOVAL_MS;
use crate::bytes::Bytes;
use crate::frames::{self, Kid, Kind};
use crate::{Code, Result};

/// The last generation of a leaf's life for one kind; the next demand means rejoining as a fresh leaf (K5.2).
const LAST_GENERATION: u32 = 65_535;

/// What one sealer needs.
#[derive(serde::Serialize)]
pub struct FrameSender {
    /// Key id.
    pub kid: u64,
    /// The epoch it belongs to.
    pub epoch: u64,
    /// Generation in the key id.
    pub generation: u32,
    /// 16 bytes.
    pub key: Bytes,
    /// 12 bytes.
    pub salt: Bytes,
}

/// What one opener needs, and whose frames it opens.
#[derive(serde::Serialize)]
pub struct FrameReceiver {
    /// 16 bytes.
    pub key: Bytes,
    /// 12 bytes.
    pub salt: Bytes,
    /// The sender's leaf.
    pub leaf: u32,
    /// The epoch in whose tree the leaf's name stands (K5.5).
    pub epoch: u64,
    /// Generation in the key id.
    pub generation: u32,
    /// Kind in the key id: it must match the slot (K5.3).
    pub kind: Kind,
}

impl Member {
    /// A key for one new sealer; each call uses up a generation (K5.2).
    pub fn frame_sender(&mut self, kind: Kind, now: u64) -> Result<FrameSender> {
        self.tick(now);
        let group = self.live_mut()?;
        let (epoch, base) = group
            .send_record(now)
            .map(|record| (record.epoch, record.base.clone()))?;
        let generation = group
            .generations
            .get(&(kind as u8))
            .map_or(0, |last| last + 1);
        guard!(
            "K5.2.generation",
            generation <= LAST_GENERATION,
            GenerationExhausted
        );
        let kid = Kid {
            generation: generation as u16,
            kind,
            leaf: group.own_leaf() as u16,
            epoch: epoch as u8,
        };
        group.generations.insert(kind as u8, generation);
        let keys = frames::derive(&base, kid.pack())?;
        Ok(FrameSender {
            kid: kid.pack(),
            epoch,
            generation,
            key: Bytes(keys.key.to_vec()),
            salt: Bytes(keys.salt.to_vec()),
        })
    }

    /// The key of a sender, from a key id as it arrived.
    pub fn frame_receiver(&mut self, kid: u64, now: u64) -> Result<FrameReceiver> {
        self.tick(now);
        let group = self.live()?;
        let parsed = Kid::unpack(kid)?;
        let record = group
            .records
            .iter()
            .rev()
            .find(|record| record.epoch as u8 == parsed.epoch)
            .ok_or(Code::UnknownEpoch)?;
        let leaf = u32::from(parsed.leaf);
        let gone = group.gone.get(&leaf).is_some_and(|at| *at > record.epoch);
        guard!("K4.5.removed-leaf", !gone, RemovedLeaf, "leaf {leaf}");
        let key = record.leaves.get(&leaf).ok_or(Code::UnknownLeaf)?;
        self.check_revoked(leaf, key, now)?;
        let keys = frames::derive(&record.base, kid)?;
        Ok(FrameReceiver {
            key: Bytes(keys.key.to_vec()),
            salt: Bytes(keys.salt.to_vec()),
            leaf,
            epoch: record.epoch,
            generation: u32::from(parsed.generation),
            kind: parsed.kind,
        })
    }

    /// Refuses a leaf whose certificate was revoked more than two seconds ago and which is still there (K2.4).
    pub(super) fn check_revoked(&self, leaf: u32, key: &crate::bytes::B32, now: u64) -> Result<()> {
        let group = self.live()?;
        let Some(line) = group.lines.get(&leaf).filter(|line| line.key == *key) else {
            return Ok(());
        };
        let fine = self
            .revoked
            .since(&line.identity)
            .is_none_or(|at| now <= at + REMOVAL_MS);
        guard!("K2.4.revoked-leaf", fine, RevokedLeaf, "leaf {leaf}");
        Ok(())
    }
}

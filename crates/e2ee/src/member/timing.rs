//! When keys change and when sending stops (K3.3, K4.5, K4.6): all of it from the caller's clock.

use super::{Group, Member, Record, Removal};
use crate::{Code, Result};
use openmls::prelude::PastEpochDeletion;

/// Frames change to a new epoch this long after it was reached at the latest, ms. Longer would let a lost `settled` keep old
/// keys in use; shorter would outrun members who are still merging.
pub const SETTLE_MS: u64 = 300;
/// Old epochs open frames and messages this long after the next one was reached, ms (K4.5, K6.1).
pub const KEEP_MS: u64 = 5_000;
/// A removal that was announced must be merged within this time, or sending stops, ms (K4.6, K2.4).
pub const REMOVAL_MS: u64 = 2_000;

impl Member {
    /// The server says that a leaf is to be removed. `voluntary` leaves stop nothing (K4.6).
    pub fn removing(&mut self, leaf: u32, voluntary: bool, now: u64) -> Result<()> {
        self.tick(now);
        let group = self.live_mut()?;
        if !voluntary {
            group.expect_removal(leaf, now);
        }
        Ok(())
    }

    /// The server reports a receipt from every connected member of this epoch.
    pub fn settled(&mut self, epoch: u64, now: u64) -> Result<()> {
        self.tick(now);
        for record in &mut self.live_mut()?.records {
            record.settled |= record.epoch <= epoch;
        }
        Ok(())
    }

    /// The leaves that the server says are connected.
    pub fn connected(&mut self, leaves: &[u32]) -> Result<()> {
        self.live_mut()?.connected = Some(leaves.to_vec());
        Ok(())
    }

    /// The epoch under which frames go out now.
    pub fn send_epoch(&mut self, now: u64) -> Result<u64> {
        self.tick(now);
        Ok(self.live()?.send_record(now)?.epoch)
    }

    /// Forgets what the time has come to forget; every call that knows the time begins with it.
    pub(super) fn tick(&mut self, now: u64) {
        let Some(group) = self.group.as_mut() else {
            return;
        };
        group
            .records
            .retain(|record| record.superseded_at.is_none_or(|at| now <= at + KEEP_MS));
        if group.records.len() == 1 && group.past_secrets {
            group.past_secrets = false;
            let _ = group
                .mls
                .delete_past_epoch_secrets(&self.provider, PastEpochDeletion::delete_all());
        }
    }
}

impl Group {
    pub(super) fn expect_removal(&mut self, leaf: u32, now: u64) {
        let Some(line) = self.lines.get(&leaf) else {
            return;
        };
        let known = self
            .removals
            .iter()
            .any(|removal| removal.leaf == leaf && removal.key == line.key);
        if !known {
            self.removals.push(Removal {
                leaf,
                key: line.key,
                since: now,
            });
        }
    }

    /// Refuses to send while a removal is overdue (K4.6).
    pub(super) fn check_removals(&self, now: u64) -> Result<()> {
        let in_time = self
            .removals
            .iter()
            .all(|removal| now <= removal.since + REMOVAL_MS);
        guard!("K4.6.removal-pending", in_time, StoppedRemovalPending);
        Ok(())
    }

    pub(super) fn send_record(&self, now: u64) -> Result<&Record> {
        self.check_removals(now)?;
        let own = self.own_leaf();
        let connected = |leaf: &u32| {
            self.connected
                .as_ref()
                .is_none_or(|leaves| leaves.contains(leaf))
        };
        let others = self
            .lines
            .keys()
            .any(|leaf| *leaf != own && connected(leaf));
        guard!("K3.3.alone", others, StoppedAlone);
        // An epoch in which we were alone is no one's to receive in.
        let usable = || self.records.iter().filter(|record| record.leaves.len() > 1);
        let ready = |record: &&Record| {
            record.urgent || record.settled || now >= record.merged_at + SETTLE_MS
        };
        let record = usable().rev().find(ready).or(usable().next());
        record.ok_or_else(|| Code::NotMember.into())
    }
}

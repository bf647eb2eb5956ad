//! What became of a commit (K4.3, K4.4, K4.7): merging at `reached`, dropping at `withdrawn`, comparing every receipt.

use super::{Group, Kind, Line, Member, Pending, Record, library};
use crate::bytes::B32;
use crate::frames;
use crate::group::LeafLine;
use crate::signed::{Receipt, Signed, State, receipts_hash};
use crate::{Code, Error, Result};
use openmls::prelude::*;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What a reached epoch changed.
#[derive(serde::Serialize)]
pub struct Reached {
    /// The epoch.
    pub epoch: u64,
    /// Who came, by its commit.
    pub added: Vec<LeafLine>,
    /// Which leaves went.
    pub removed: Vec<u32>,
    /// Whether we went.
    pub self_removed: bool,
}

impl Member {
    /// Merges, after checking a receipt by another member over the very authenticator we staged (K4.4).
    pub fn reached<T: AsRef<[u8]>>(
        &mut self,
        entry: &[u8],
        receipts: &[T],
        now: u64,
    ) -> Result<Reached> {
        self.tick(now);
        let group = self
            .group
            .as_mut()
            .filter(|group| !group.removed)
            .ok_or(Code::NotMember)?;
        let checked = group.history.check(entry, &group.params, State::Reached)?;
        let pending = group.pending.as_ref().ok_or(Code::NotStaged)?;
        let named =
            checked.entry.epoch == pending.epoch && checked.entry.attempt == pending.attempt;
        guard!(
            "K4.3.reached-other",
            named,
            NotStaged,
            "epoch {}",
            checked.entry.epoch
        );
        let same = checked.entry.commit_hash == pending.commit_hash;
        guard!(
            "K4.7.reached-commit",
            same,
            Equivocation,
            "another commit was reached than proposed"
        );
        let recorded = checked.entry.receipts_hash == receipts_hash(receipts);
        guard!("K4.4.receipts-hash", recorded, ReceiptsHash);
        group.check_receipts(pending, receipts)?;
        let pending = group.pending.take().ok_or(Code::NotStaged)?;
        let removed_self = pending.authenticator.is_none();
        let provider = &self.provider;
        match pending.kind {
            Kind::Foreign(staged) => group
                .mls
                .merge_staged_commit(provider, *staged)
                .map_err(library)?,
            Kind::Own => group.mls.merge_pending_commit(provider).map_err(library)?,
            Kind::Created | Kind::Joined => {}
        }
        group.history.push(&checked);
        group.announced = None;
        group.live = true;
        self.package = None;
        let outcome = Reached {
            epoch: pending.epoch,
            added: pending.added,
            removed: pending.removed,
            self_removed: removed_self,
        };
        if removed_self {
            group.leave();
            return Ok(outcome);
        }
        let base = group
            .mls
            .export_secret(
                provider.crypto(),
                frames::BASE_LABEL,
                &[],
                frames::KEY_LENGTH,
            )
            .map_err(library)?;
        let authenticator = pending.authenticator.ok_or(Code::Library)?;
        if group.authenticator()? != authenticator {
            return Err(Error::new(
                Code::Library,
                "merged another epoch than staged",
            ));
        }
        group.check_tree(&pending.leaves)?;
        group.turn(&outcome, now);
        // Whoever was revoked while the commit was on its way came all the same, and must go (K2.4, K4.6).
        for line in &outcome.added {
            if self.revoked.since(&line.identity).is_some() {
                group.expect_removal(line.leaf, now);
            }
        }
        group.records.push(Record {
            epoch: pending.epoch,
            attempt: pending.attempt,
            authenticator,
            entry_hash: pending.entry_hash,
            base: Zeroizing::new(base),
            leaves: pending.leaves,
            merged_at: now,
            urgent: !outcome.removed.is_empty(),
            settled: false,
            superseded_at: None,
        });
        Ok(outcome)
    }

    /// Drops what was staged. A joiner is ready for the next Welcome afterwards.
    pub fn withdrawn(&mut self, entry: &[u8], now: u64) -> Result<()> {
        self.tick(now);
        let group = self
            .group
            .as_mut()
            .filter(|group| !group.removed)
            .ok_or(Code::NotMember)?;
        let checked = group
            .history
            .check(entry, &group.params, State::Withdrawn)?;
        if let Some(pending) = &group.pending {
            let named =
                checked.entry.epoch == pending.epoch && checked.entry.attempt == pending.attempt;
            guard!(
                "K4.3.withdrawn-other",
                named,
                NotStaged,
                "epoch {}",
                checked.entry.epoch
            );
            if matches!(pending.kind, Kind::Joined | Kind::Created) {
                self.group = None;
                return Ok(());
            }
        }
        let storage = self.provider.storage();
        group.mls.clear_pending_commit(storage).map_err(library)?;
        group
            .mls
            .clear_pending_proposals(storage)
            .map_err(library)?;
        group.pending = None;
        group.history.push(&checked);
        Ok(())
    }

    /// Compares a receipt that was relayed later (K4.4). One of an epoch that is forgotten by now says nothing
    /// any more: a member that was away hears it when it returns, and nobody did wrong.
    pub fn receipt(&mut self, receipt: &[u8], now: u64) -> Result<()> {
        self.tick(now);
        let group = self
            .group
            .as_ref()
            .filter(|group| !group.removed)
            .ok_or(Code::NotMember)?;
        let claimed = Receipt::peek(receipt)?;
        if let Some(pending) = group
            .pending
            .as_ref()
            .filter(|pending| pending.epoch == claimed.epoch)
        {
            return group.check_receipt(pending, receipt).map(|_| ());
        }
        let forgotten = group
            .records
            .first()
            .is_some_and(|oldest| claimed.epoch < oldest.epoch);
        if forgotten && claimed.group == group.params.group_id {
            return Ok(());
        }
        let record = group
            .records
            .iter()
            .find(|r| r.epoch == claimed.epoch)
            .ok_or(Code::ReceiptStale)?;
        let key = record
            .leaves
            .get(&claimed.leaf)
            .ok_or(Code::ReceiptSignature)?;
        compare(
            receipt,
            key,
            record.attempt,
            record.entry_hash,
            Some(record.authenticator),
        )
        .map(|_| ())
    }
}

impl Group {
    /// At least one receipt of another member, and none that disagrees (K4.4).
    fn check_receipts<T: AsRef<[u8]>>(&self, pending: &Pending, receipts: &[T]) -> Result<()> {
        if matches!(pending.kind, Kind::Created) || pending.authenticator.is_none() {
            return Ok(());
        }
        let mut others = 0;
        for receipt in receipts {
            let leaf = self.check_receipt(pending, receipt.as_ref())?;
            others += usize::from(leaf != self.own_leaf());
        }
        guard!("K4.4.other-receipt", others > 0, ReceiptsMissing);
        Ok(())
    }

    fn check_receipt(&self, pending: &Pending, receipt: &[u8]) -> Result<u32> {
        let claimed = Receipt::peek(receipt)?;
        let ours = claimed.group == self.params.group_id && claimed.epoch == pending.epoch;
        guard!("K4.4.receipt-foreign", ours, ReceiptStale);
        let key = pending
            .leaves
            .get(&claimed.leaf)
            .ok_or(Code::ReceiptSignature)?;
        compare(
            receipt,
            key,
            pending.attempt,
            pending.entry_hash,
            pending.authenticator,
        )
    }

    /// The merged tree holds the very keys at the very leaves that the roster will name (K5.5).
    fn check_tree(&self, leaves: &BTreeMap<u32, B32>) -> Result<()> {
        let agree = self.mls.members().all(|member| {
            leaves
                .get(&member.index.u32())
                .is_some_and(|key| key.as_ref() == &member.signature_key[..])
        });
        if !agree || self.mls.members().count() != leaves.len() {
            return Err(Error::new(
                Code::Library,
                "the tree is not what the proposals say",
            ));
        }
        Ok(())
    }

    /// Moves the roster and the old epochs on; called before the new record is pushed.
    fn turn(&mut self, outcome: &Reached, now: u64) {
        for leaf in &outcome.removed {
            self.lines.remove(leaf);
            self.gone.insert(*leaf, outcome.epoch);
        }
        for line in &outcome.added {
            let key = line.identity.leaf_public_key;
            self.lines.insert(
                line.leaf,
                Line {
                    identity: line.identity.clone(),
                    key,
                    joined_epoch: outcome.epoch,
                },
            );
        }
        let lines = &self.lines;
        self.removals.retain(|removal| {
            lines
                .get(&removal.leaf)
                .is_some_and(|line| line.key == removal.key)
        });
        if let Some(last) = self.records.last_mut() {
            last.superseded_at = Some(now);
            self.past_secrets = true;
        }
    }

    /// We were removed: nothing of the group stays usable.
    fn leave(&mut self) {
        self.removed = true;
        self.records.clear();
        self.lines.clear();
    }
}

/// Checks one receipt against what we staged ourselves; a valid signature over something else is a fork (K4.4).
fn compare(
    receipt: &[u8],
    key: &B32,
    attempt: u32,
    entry_hash: B32,
    authenticator: Option<B32>,
) -> Result<u32> {
    let opened = Receipt::open(receipt, key);
    guard!("K4.3.receipt-signature", opened.is_ok(), ReceiptSignature);
    let opened = Receipt::peek(receipt)?;
    guard!(
        "K4.4.receipt-attempt",
        opened.attempt == attempt,
        ReceiptStale,
        "attempt {}",
        opened.attempt
    );
    let same_entry = opened.entry_hash == entry_hash;
    guard!(
        "K4.4.receipt-entry",
        same_entry,
        ReceiptConflict,
        "leaf {} saw another entry",
        opened.leaf
    );
    let same = authenticator.is_none_or(|own| own == opened.authenticator);
    guard!(
        "K4.4.receipt-authenticator",
        same,
        ReceiptConflict,
        "leaf {} is in another epoch",
        opened.leaf
    );
    Ok(opened.leaf)
}

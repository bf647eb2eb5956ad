//! What the hub announces for the next epoch: remembered and checked before anybody commits (K3.2).

use super::{Announced, Member, library};
use crate::group::{message, rules};
use crate::{Code, Error, Result};
use openmls::prelude::*;

impl Member {
    /// Remembers the announced proposals and committer of one attempt for the next epoch.
    pub fn propose<T: AsRef<[u8]>>(
        &mut self,
        epoch: u64,
        attempt: u32,
        committer: u32,
        proposals: &[T],
        now: u64,
    ) -> Result<()> {
        self.tick(now);
        self.check_announcement(epoch, attempt, committer)?;
        let mut announced = Announced {
            epoch,
            attempt,
            committer,
            proposals: vec![],
            added: vec![],
            removed: vec![],
            own_commit: None,
        };
        for proposal in proposals {
            self.read_proposal(proposal.as_ref(), &mut announced, now)?;
        }
        guard!(
            "K3.2.committer-removed",
            !announced.removed.contains(&committer),
            CommitterUnknown,
            "is being removed"
        );
        let group = self.group.as_mut().ok_or(Code::NotMember)?;
        rules::added_leaves(
            group.mls.public_group(),
            &announced.removed,
            announced.added.len(),
        )?;
        group
            .mls
            .clear_pending_commit(self.provider.storage())
            .map_err(library)?;
        group.announced = Some(announced);
        Ok(())
    }

    fn check_announcement(&self, epoch: u64, attempt: u32, committer: u32) -> Result<()> {
        let group = self.live()?;
        guard!("K4.3.not-withdrawn", group.pending.is_none(), NotWithdrawn);
        let next = group.mls.epoch().as_u64() + 1;
        guard!(
            "K4.2.propose-epoch",
            epoch == next,
            WrongEpoch,
            "{epoch}, next is {next}"
        );
        let newer = group
            .announced
            .as_ref()
            .is_none_or(|before| before.epoch < epoch || before.attempt < attempt);
        guard!("K4.2.attempt", newer, AttemptStale, "{attempt}");
        guard!(
            "K3.2.committer",
            group.lines.contains_key(&committer),
            CommitterUnknown
        );
        Ok(())
    }

    fn read_proposal(&mut self, bytes: &[u8], announced: &mut Announced, now: u64) -> Result<()> {
        let message = message::public(bytes)?;
        let group = self.group.as_mut().ok_or(Code::NotMember)?;
        let processed = group
            .mls
            .process_message(&self.provider, message)
            .map_err(|error| Error::new(Code::MessageRefused, error.to_string()))?;
        let (queued, change) =
            rules::proposal(processed, group.mls.public_group(), &self.trust, now)?;
        let known = announced
            .proposals
            .iter()
            .any(|p| p.proposal_reference_ref() == queued.proposal_reference_ref());
        guard!("K3.2.proposal-repeated", !known, ProposalRepeated);
        match change {
            rules::Change::Add(identity) => {
                let revoked = self.revoked.since(&identity).is_some();
                guard!("K2.4.revoked-add", !revoked, CertificateRevoked);
                announced.added.push(*identity);
            }
            rules::Change::Remove(leaf) => announced.removed.push(leaf),
        }
        announced.proposals.push(queued);
        Ok(())
    }
}

//! Making, checking and staging a commit: nobody merges here (K3.2, K4.1, K4.3).

use super::{Announced, Group, Kind, Member, Pending, library};
use crate::bytes::{B32, Bytes, sha256};
use crate::group::{LeafLine, message, rules};
use crate::identity::LeafKey;
use crate::provider::Provider;
use crate::signed::{Receipt, Signed, State, Submission};
use crate::{Code, Error, Result};
use openmls::group::{CommitMessageBundle, StageCommitError};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;
use std::collections::BTreeMap;

/// What the named committer submits.
#[derive(serde::Serialize)]
pub struct Commit {
    /// The commit message.
    pub commit: Bytes,
    /// The Welcome for all who are added.
    pub welcome: Option<Bytes>,
    /// GroupInfo of the epoch it leads to.
    pub group_info: Bytes,
    /// Assembled submission (K4.1).
    pub signature: Bytes,
}

impl Member {
    /// Makes the commit for the announced proposals. Removals, and a wish for it, bring a new path (K3.3, K3.4).
    pub fn commit(
        &mut self,
        epoch: u64,
        attempt: u32,
        force_path: bool,
        now: u64,
    ) -> Result<Commit> {
        self.tick(now);
        let leaf = self.leaf()?;
        let (provider, key) = (&self.provider, &self.key);
        let group = self.group.as_mut().ok_or(Code::NotMember)?;
        let announced = group.announced.as_mut().ok_or(Code::NotAnnounced)?;
        let ours =
            announced.epoch == epoch && announced.attempt == attempt && announced.committer == leaf;
        guard!("K3.2.own-turn", ours, NotAnnounced, "not our turn");
        guard!("K4.3.commit-staged", group.pending.is_none(), NotWithdrawn);
        group
            .mls
            .clear_pending_commit(provider.storage())
            .map_err(library)?;
        lend(&mut group.mls, provider, &announced.proposals)?;
        let path = force_path || !announced.removed.is_empty();
        let bundle = build(&mut group.mls, provider, key, path);
        group
            .mls
            .clear_pending_proposals(provider.storage())
            .map_err(library)?;
        let (commit, welcome, info) = bundle?.into_messages();
        let commit = commit.tls_serialize_detached().map_err(library)?;
        let welcome = welcome
            .map(|w| w.tls_serialize_detached())
            .transpose()
            .map_err(library)?;
        let info = info
            .ok_or(Code::Library)?
            .tls_serialize_detached()
            .map_err(library)?;
        let commit_hash = sha256(&[&commit]);
        announced.own_commit = Some(commit_hash);
        let signature = key.sign(&Submission {
            group: group.params.group_id.clone(),
            epoch,
            attempt,
            leaf,
            commit_hash,
        });
        Ok(Commit {
            commit: commit.into(),
            welcome: welcome.map(Bytes::from),
            group_info: info.into(),
            signature: signature.into(),
        })
    }

    /// Stages a recorded commit and answers with the signed receipt; none when the commit removes us.
    pub fn stage(
        &mut self,
        entry: &[u8],
        commit: &[u8],
        signature: &[u8],
        now: u64,
    ) -> Result<Option<Vec<u8>>> {
        self.tick(now);
        let group = self.live_mut()?;
        guard!("K4.3.already-staged", group.pending.is_none(), NotWithdrawn);
        let checked = if group.history.is_head(entry) {
            crate::chain::open(entry, &group.params)?
        } else {
            let checked = group.history.check(entry, &group.params, State::Proposed)?;
            group.history.push(&checked);
            checked
        };
        let announced = group.announced.as_ref().ok_or(Code::NotAnnounced)?;
        let entry = &checked.entry;
        let named = entry.epoch == announced.epoch && entry.attempt == announced.attempt;
        guard!(
            "K4.2.not-announced",
            named,
            NotAnnounced,
            "epoch {} attempt {}",
            entry.epoch,
            entry.attempt
        );
        let commit_hash = sha256(&[commit]);
        guard!(
            "K4.1.commit-altered",
            commit_hash == entry.commit_hash,
            CommitAltered
        );
        group.check_submission(announced, signature, commit_hash)?;
        let kind = self.read_commit(commit, commit_hash)?;
        let pending = self.judge(kind, checked.hash, commit_hash)?;
        let receipt = self.sign_receipt(&pending)?;
        self.live_mut()?.pending = Some(pending);
        Ok(receipt)
    }

    /// Processes the message as far as MLS goes, without merging.
    fn read_commit(&mut self, commit: &[u8], commit_hash: B32) -> Result<Kind> {
        let message = message::public(commit)?;
        let group = self.group.as_mut().ok_or(Code::NotMember)?;
        let announced = group.announced.as_ref().ok_or(Code::NotAnnounced)?;
        rules::commit_sender(message.sender(), announced.committer)?;
        if announced.committer == group.own_leaf() {
            guard!(
                "K4.1.own-commit",
                announced.own_commit == Some(commit_hash),
                OwnCommitReplaced
            );
            return Ok(Kind::Own);
        }
        lend(&mut group.mls, &self.provider, &announced.proposals)?;
        let processed = group
            .mls
            .process_message(&self.provider, message)
            .map_err(refusal);
        group
            .mls
            .clear_pending_proposals(self.provider.storage())
            .map_err(library)?;
        match processed?.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(Kind::Foreign(staged)),
            _ => Err(Error::new(Code::MessageRefused, "not a commit")),
        }
    }

    /// Applies our rules to a commit that MLS accepts.
    fn judge(&self, kind: Kind, entry_hash: B32, commit_hash: B32) -> Result<Pending> {
        let group = self.live()?;
        let announced = group.announced.as_ref().ok_or(Code::NotAnnounced)?;
        let staged = match &kind {
            Kind::Foreign(staged) => staged,
            _ => group.mls.pending_commit().ok_or(Code::OwnCommitReplaced)?,
        };
        let public = group.mls.public_group();
        let committer = public
            .leaf(LeafNodeIndex::new(announced.committer))
            .ok_or(Code::CommitterUnknown)?;
        rules::staged(staged, &announced.proposals, public, committer)?;
        let authenticator = staged
            .epoch_authenticator()
            .and_then(|value| B32::from_slice(value.as_slice()));
        if authenticator.is_none() && !staged.self_removed() {
            return Err(Code::Library.into());
        }
        let leaves = rules::added_leaves(public, &announced.removed, announced.added.len())?;
        let added: Vec<LeafLine> = leaves
            .iter()
            .zip(&announced.added)
            .map(|(leaf, identity)| LeafLine {
                leaf: *leaf,
                identity: identity.clone(),
            })
            .collect();
        Ok(Pending {
            kind,
            epoch: announced.epoch,
            attempt: announced.attempt,
            commit_hash,
            entry_hash,
            authenticator,
            leaves: group.next_leaves(&announced.removed, &added),
            added,
            removed: announced.removed.clone(),
        })
    }

    pub(super) fn sign_receipt(&self, pending: &Pending) -> Result<Option<Vec<u8>>> {
        let group = self.group.as_ref().ok_or(Code::NotMember)?;
        Ok(pending.authenticator.map(|authenticator| {
            self.key.sign(&Receipt {
                group: group.params.group_id.clone(),
                epoch: pending.epoch,
                attempt: pending.attempt,
                leaf: group.own_leaf(),
                authenticator,
                entry_hash: pending.entry_hash,
            })
        }))
    }
}

impl Group {
    fn check_submission(
        &self,
        announced: &Announced,
        signature: &[u8],
        commit_hash: B32,
    ) -> Result<()> {
        let key = self
            .lines
            .get(&announced.committer)
            .map(|line| line.key)
            .ok_or(Code::CommitterUnknown)?;
        let expected = Submission {
            group: self.params.group_id.clone(),
            epoch: announced.epoch,
            attempt: announced.attempt,
            leaf: announced.committer,
            commit_hash,
        };
        let signed = Submission::open(signature, &key).is_ok_and(|found| found == expected);
        guard!("K4.1.submission", signed, SubmissionSignature);
        Ok(())
    }

    fn next_leaves(&self, removed: &[u32], added: &[LeafLine]) -> BTreeMap<u32, B32> {
        let mut leaves = self.keys();
        leaves.retain(|leaf, _| !removed.contains(leaf));
        leaves.extend(
            added
                .iter()
                .map(|line| (line.leaf, line.identity.leaf_public_key)),
        );
        leaves
    }
}

/// Puts the announced proposals into the group's store for the length of one call. They do not stay there, because MLS sends no
/// message while proposals wait, and people go on writing while the hub changes the membership.
fn lend(mls: &mut MlsGroup, provider: &Provider, proposals: &[QueuedProposal]) -> Result<()> {
    for queued in proposals {
        mls.store_pending_proposal(provider.storage(), queued.clone())
            .map_err(library)?;
    }
    Ok(())
}

fn build(
    mls: &mut MlsGroup,
    provider: &Provider,
    key: &LeafKey,
    path: bool,
) -> Result<CommitMessageBundle> {
    mls.commit_builder()
        .consume_proposal_store(true)
        .force_self_update(path)
        .load_psks(provider.storage())
        .map_err(library)?
        .create_group_info(true)
        .build(provider.rand(), provider.crypto(), key, |_| true)
        .map_err(library)?
        .stage_commit(provider)
        .map_err(library)
}

/// Names what MLS refused: the tags are not under the author's MLS signature, so they have a code of their own (K4.1).
fn refusal<E: std::fmt::Display>(error: ProcessMessageError<E>) -> Error {
    let code = match &error {
        ProcessMessageError::ValidationError(ValidationError::InvalidMembershipTag)
        | ProcessMessageError::InvalidCommit(StageCommitError::ConfirmationTagMismatch) => {
            Code::CommitTags
        }
        ProcessMessageError::InvalidCommit(StageCommitError::MissingProposal) => {
            Code::CommitProposals
        }
        _ => Code::MessageRefused,
    };
    Error::new(code, error.to_string())
}

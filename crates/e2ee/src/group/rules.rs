//! What the hub may propose and what a commit may do (K3.2), for members and servers alike.

use super::{leaf, points};
use crate::identity::{Identity, Trust};
use crate::{Code, MAX_LEAVES, Result};
use openmls::prelude::*;
use openmls::treesync::LeafNode;
use std::collections::BTreeSet;

/// What a checked proposal would do.
pub enum Change {
    /// Add this person.
    Add(Box<Identity>),
    /// Remove this leaf.
    Remove(u32),
}

/// Reads a proposal's processed message: only the hub's, only additions and removals.
pub fn proposal(
    processed: ProcessedMessage,
    group: &PublicGroup,
    trust: &Trust,
    now: u64,
) -> Result<(QueuedProposal, Change)> {
    let hub = matches!(processed.sender(), Sender::External(index) if *index == SenderExtensionIndex::new(0));
    guard!("K3.2.proposal-sender", hub, ProposalSender);
    let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
        return Err(Code::ProposalSender.into());
    };
    let change = match queued.proposal() {
        Proposal::Add(add) => {
            let package = add.key_package();
            let identity = leaf::check_added(package, group.ciphersuite(), trust, now)?;
            let used = group.members().any(|member| {
                member.signature_key == package.leaf_node().signature_key().as_slice()
            });
            guard!("K2.2.key-package-used", !used, KeyPackageUsed);
            Change::Add(Box::new(identity))
        }
        Proposal::Remove(remove) => {
            let known = group.leaf(remove.removed()).is_some();
            guard!("K3.2.proposal-unknown-leaf", known, ProposalUnknownLeaf);
            Change::Remove(remove.removed().u32())
        }
        _ => return Err(Code::ProposalType.into()),
    };
    Ok((*queued, change))
}

/// Who may send a commit: the named member, from inside the group.
pub fn commit_sender(sender: &Sender, committer: u32) -> Result<()> {
    let external = matches!(
        sender,
        Sender::NewMemberCommit | Sender::NewMemberProposal | Sender::External(_)
    );
    guard!("K3.2.external-commit", !external, ExternalCommit);
    let named = matches!(sender, Sender::Member(leaf) if leaf.u32() == committer);
    guard!("K3.2.commit-sender", named, CommitSender);
    Ok(())
}

/// A staged commit against the announced proposals: exactly those, by reference, and nothing else but its own path.
pub fn staged(
    staged: &StagedCommit,
    announced: &[QueuedProposal],
    group: &PublicGroup,
    committer: &LeafNode,
) -> Result<()> {
    let context = staged.group_context().extensions() == group.group_context().extensions();
    guard!("K3.2.context", context, CommitContext);
    let mut seen = Vec::new();
    for queued in staged.queued_proposals() {
        let reference = queued.proposal_or_ref_type() == ProposalOrRefType::Reference;
        guard!("K3.2.inline-proposal", reference, CommitInlineProposal);
        seen.push(queued.proposal_reference_ref());
    }
    let exact = seen.len() == announced.len()
        && announced
            .iter()
            .all(|queued| seen.contains(&queued.proposal_reference_ref()));
    guard!(
        "K3.2.proposals",
        exact,
        CommitProposals,
        "{} of {} announced",
        seen.len(),
        announced.len()
    );
    // Newcomers take the free leaves in the commit's order (RFC 9420 §12.3), and everybody names them by the announced one.
    let adds = |queued: &&QueuedProposal| matches!(queued.proposal(), Proposal::Add(_));
    let in_commit = staged
        .queued_proposals()
        .filter(adds)
        .map(QueuedProposal::proposal_reference_ref);
    let as_announced = announced
        .iter()
        .filter(adds)
        .map(QueuedProposal::proposal_reference_ref);
    let ordered = !exact || in_commit.eq(as_announced);
    guard!(
        "K3.2.proposal-order",
        ordered,
        CommitProposals,
        "additions in another order than announced"
    );
    let path = staged.update_path_leaf_node();
    // masked by: MLS, which demands a path of a commit without proposals (RFC 9420 §12.4.2)
    guard!(
        "K3.2.empty",
        path.is_some() || !announced.is_empty(),
        CommitEmpty
    );
    if let Some(path) = path {
        let same = path.credential() == committer.credential()
            && path.signature_key() == committer.signature_key();
        guard!("K3.2.credential", same, CommitCredential);
        let plain = path.capabilities() == committer.capabilities()
            && path.extensions() == committer.extensions();
        guard!(
            "K3.2.leaf-node",
            plain,
            CommitCredential,
            "capabilities or extensions"
        );
        let strong = !points::is_low_order(leaf::encryption_key(path)?.as_slice());
        guard!(
            "K3.2.low-order-path",
            strong,
            MessageRefused,
            "low-order key"
        );
    }
    Ok(())
}

/// The leaves that staged additions will take: the leftmost free ones, in the order of the proposals, after the removals
/// (RFC 9420 §12.1.1, §12.3).
pub fn added_leaves(group: &PublicGroup, removed: &[u32], added: usize) -> Result<Vec<u32>> {
    let taken: BTreeSet<u32> = group
        .members()
        .map(|member| member.index.u32())
        .filter(|leaf| !removed.contains(leaf))
        .collect();
    let leaves: Vec<u32> = (0..)
        .filter(|leaf| !taken.contains(leaf))
        .take(added)
        .collect();
    leaves.into_iter().map(fits).collect()
}

/// The leaf itself, if it fits a key id (K5.1).
pub fn fits(leaf: u32) -> Result<u32> {
    guard!(
        "K5.1.leaves",
        leaf < MAX_LEAVES,
        GroupTooLarge,
        "leaf {leaf}"
    );
    Ok(leaf)
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::{Code, MAX_LEAVES};

    #[test]
    fn k5_1_a_leaf_beyond_4096_is_refused() {
        assert_eq!(fits(MAX_LEAVES - 1), Ok(4_095));
        assert_eq!(
            fits(MAX_LEAVES).map_err(|error| error.code),
            Err(Code::GroupTooLarge)
        );
    }
}

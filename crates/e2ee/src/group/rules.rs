//! What the hub may propose and what a commit may do (K3.2), for members and servers alike.

use super::leaf;
use crate::identity::{Identity, Trust};
use crate::{Code, MAX_LEAVES, Result};
use openmls::prelude::*;
use openmls::treesync::LeafNode;

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
    guard!(
        "K3.2.empty",
        path.is_some() || !announced.is_empty(),
        CommitEmpty
    );
    if let Some(leaf) = path {
        let same = leaf.credential() == committer.credential()
            && leaf.signature_key() == committer.signature_key();
        guard!("K3.2.credential", same, CommitCredential);
        let plain = leaf.capabilities() == committer.capabilities()
            && leaf.extensions() == committer.extensions();
        guard!(
            "K3.2.leaf-node",
            plain,
            CommitCredential,
            "capabilities or extensions"
        );
    }
    let context = staged.group_context().extensions() == group.group_context().extensions();
    guard!("K3.2.context", context, CommitContext);
    Ok(())
}

/// The leaves that staged additions will take: the leftmost free ones, in the order of the proposals, after the removals
/// (RFC 9420 §12.1.1, §12.3).
pub fn added_leaves(group: &PublicGroup, removed: &[u32], added: usize) -> Result<Vec<u32>> {
    let taken: std::collections::BTreeSet<u32> = group
        .members()
        .map(|member| member.index.u32())
        .filter(|leaf| !removed.contains(leaf))
        .collect();
    let leaves: Vec<u32> = (0..)
        .filter(|leaf| !taken.contains(leaf))
        .take(added)
        .collect();
    let fits = leaves.iter().all(|leaf| *leaf < MAX_LEAVES);
    guard!("K5.1.leaves", fits, GroupTooLarge);
    Ok(leaves)
}

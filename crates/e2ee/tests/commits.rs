//! What a commit may do and what notices when the server or a member does more (K3.2, K4.1). Attacks 14 to 16 of the list.

mod support;

use entente_e2ee::bytes::sha256;
use entente_e2ee::group::{external_add, external_remove};
use entente_e2ee::signed::{Signed, State, Submission};
use entente_e2ee::{Code, LeafKey, SUITE_CLASSICAL};
use support::{Announced, HUB_SEED, Meeting, Submitted, World, code, leaf_signer};

/// A submission of one addition, committed by leaf 0 of three, and its joiner.
fn submitted() -> (Meeting, Submitted, Vec<entente_e2ee::Member>) {
    let mut meeting = Meeting::of(3);
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    (meeting, submitted, joiners)
}

#[test]
fn k4_1_a_commit_altered_on_the_way_is_refused() {
    let (mut meeting, submitted, _) = submitted();
    let now = meeting.now;
    let member = &mut meeting.members[1];
    let good = submitted.commit.commit.0.clone();
    for at in [0, good.len() / 3, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(
            code(member.stage(&submitted.entry, &bad, &submitted.commit.signature.0, now)),
            Code::CommitAltered
        );
    }
    // The entry stands; the commit as it was recorded is accepted afterwards.
    assert!(Meeting::stage(member, &submitted, now).unwrap().is_some());
}

#[test]
fn k4_1_a_commit_that_the_hub_altered_and_recorded_lacks_its_authors_signature() {
    let (mut meeting, submitted, _) = submitted();
    let now = meeting.now;
    let mut bad = submitted.commit.commit.0.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    meeting.pen.seq -= 1;
    meeting.pen.head = meeting.members[1].head().unwrap();
    let entry = meeting
        .pen
        .write(State::Proposed, 2, 0, sha256(&[&bad]), &[]);
    let result = meeting.members[1].stage(&entry, &bad, &submitted.commit.signature.0, now);
    assert_eq!(code(result), Code::SubmissionSignature);
}

fn sign(key: &ed25519_dalek::SigningKey, submission: &Submission) -> Vec<u8> {
    submission.sign(key)
}

#[test]
fn k4_1_the_committer_notices_another_commit_in_its_name() {
    let (mut meeting, submitted, _) = submitted();
    let now = meeting.now;
    let other = meeting.by_leaf(0).commit(2, 0, true, now).unwrap();
    assert!(other.commit.0 != submitted.commit.commit.0);
    assert_eq!(
        code(Meeting::stage(&mut meeting.members[0], &submitted, now)),
        Code::OwnCommitReplaced
    );
}

#[test]
fn k3_2_bytes_behind_a_commit_are_refused() {
    let (mut meeting, submitted, _) = submitted();
    let now = meeting.now;
    let mut long = submitted.commit.commit.0.clone();
    long.push(0);
    let hash = sha256(&[&long]);
    let group = meeting.params.group_id.clone();
    let signature = sign(
        &leaf_signer(1),
        &Submission {
            group,
            epoch: 2,
            attempt: 0,
            leaf: 0,
            commit_hash: hash,
        },
    );
    let mut pen = meeting.pen.clone();
    pen.seq -= 1;
    pen.head = meeting.members[1].head().unwrap();
    let entry = pen.write(State::Proposed, 2, 0, hash, &[]);
    assert_eq!(
        code(meeting.members[1].stage(&entry, &long, &signature, now)),
        Code::MessageTrailing
    );
    meeting.server.discard();
    let staged = meeting.server.stage(
        2,
        0,
        &submitted.announced.proposals,
        &long,
        &signature,
        0,
        now,
    );
    assert_eq!(code(staged), Code::MessageTrailing);
}

#[test]
fn k3_2_a_commit_by_another_member_than_the_one_named_is_refused() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, "late")];
    let mut announced = meeting.prepare(0, 0, &mut joiners, &[]);
    meeting.members[0]
        .propose(2, 0, 0, &announced.proposals, now)
        .unwrap();
    for member in &mut meeting.members[1..] {
        member.propose(2, 0, 1, &announced.proposals, now).unwrap();
    }
    // Leaf 0 commits, but member 2 was told of leaf 1; leaf 1 even vouches for the bytes.
    let commit = meeting.members[0].commit(2, 0, false, now).unwrap();
    let hash = sha256(&[&commit.commit.0]);
    let group = meeting.params.group_id.clone();
    let signature = sign(
        &leaf_signer(2),
        &Submission {
            group,
            epoch: 2,
            attempt: 0,
            leaf: 1,
            commit_hash: hash,
        },
    );
    let entry = meeting.pen.clone().write(State::Proposed, 2, 0, hash, &[]);
    assert_eq!(
        code(meeting.members[2].stage(&entry, &commit.commit.0, &signature, now)),
        Code::CommitSender
    );
    announced.committer = 1;
    let staged = meeting.server.stage(
        2,
        0,
        &announced.proposals,
        &commit.commit.0,
        &signature,
        1,
        now,
    );
    assert_eq!(code(staged), Code::CommitSender);
}

#[test]
fn k3_2_a_commit_of_fewer_or_other_changes_than_announced_is_refused() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![
        meeting.world.person(0, "one"),
        meeting.world.person(1, "two"),
    ];
    let announced = meeting.prepare(0, 0, &mut joiners, &[]);
    // The committer is told of one addition, the others of two.
    meeting.members[0]
        .propose(2, 0, 0, &announced.proposals[..1], now)
        .unwrap();
    for member in &mut meeting.members[1..] {
        member.propose(2, 0, 0, &announced.proposals, now).unwrap();
    }
    let commit = meeting.members[0].commit(2, 0, false, now).unwrap();
    let staged = meeting.server.stage(
        2,
        0,
        &announced.proposals,
        &commit.commit.0,
        &commit.signature.0,
        0,
        now,
    );
    assert_eq!(code(staged), Code::CommitProposals);
    let entry = meeting
        .pen
        .clone()
        .write(State::Proposed, 2, 0, sha256(&[&commit.commit.0]), &[]);
    let staged = meeting.members[1].stage(&entry, &commit.commit.0, &commit.signature.0, now);
    assert_eq!(code(staged), Code::CommitProposals);
}

#[test]
fn k3_2_a_commit_with_unannounced_proposals_is_refused() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![
        meeting.world.person(0, "one"),
        meeting.world.person(1, "two"),
    ];
    let announced = meeting.prepare(0, 0, &mut joiners, &[]);
    meeting.members[0]
        .propose(2, 0, 0, &announced.proposals, now)
        .unwrap();
    meeting.members[1]
        .propose(2, 0, 0, &announced.proposals[..1], now)
        .unwrap();
    let commit = meeting.members[0].commit(2, 0, false, now).unwrap();
    let entry = meeting
        .pen
        .clone()
        .write(State::Proposed, 2, 0, sha256(&[&commit.commit.0]), &[]);
    let staged = meeting.members[1].stage(&entry, &commit.commit.0, &commit.signature.0, now);
    assert_eq!(code(staged), Code::CommitProposals);
}

#[test]
fn k3_2_a_commit_whose_additions_stand_in_another_order_than_announced_is_refused() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![
        meeting.world.person(0, "one"),
        meeting.world.person(1, "two"),
    ];
    let announced = meeting.prepare(0, 0, &mut joiners, &[]);
    // The hub tells the committer one order and everybody else another: the newcomers would swap leaves, and so names.
    let swapped: Vec<Vec<u8>> = announced.proposals.iter().rev().cloned().collect();
    meeting.members[0].propose(2, 0, 0, &swapped, now).unwrap();
    for member in &mut meeting.members[1..] {
        member.propose(2, 0, 0, &announced.proposals, now).unwrap();
    }
    let commit = meeting.members[0].commit(2, 0, false, now).unwrap();
    let staged = meeting.server.stage(
        2,
        0,
        &announced.proposals,
        &commit.commit.0,
        &commit.signature.0,
        0,
        now,
    );
    assert_eq!(code(staged), Code::CommitProposals);
    let entry = meeting
        .pen
        .clone()
        .write(State::Proposed, 2, 0, sha256(&[&commit.commit.0]), &[]);
    for member in &mut meeting.members[1..] {
        let staged = member.stage(&entry, &commit.commit.0, &commit.signature.0, now);
        assert_eq!(code(staged), Code::CommitProposals);
    }
    let own = meeting.members[0].stage(&entry, &commit.commit.0, &commit.signature.0, now);
    assert!(
        own.is_ok(),
        "in the order that it was told, the commit is right"
    );
}

#[test]
fn k3_2_a_replayed_commit_is_refused() {
    let (mut meeting, first, mut joiners) = submitted();
    let now = meeting.now;
    let receipts = meeting.collect(&first, &mut joiners);
    let entry = meeting.reach(&first, &receipts);
    for member in meeting.members.iter_mut().chain(&mut joiners) {
        member.reached(&entry, &receipts, now).unwrap();
    }
    meeting.members.extend(joiners);
    // The same entry again, and the same commit under a new one.
    assert_eq!(
        code(Meeting::stage(&mut meeting.members[1], &first, now)),
        Code::EntryRepeated
    );
    let announced = meeting.announce(0, 0, &mut [meeting.world.person(1, "next")], &[]);
    let hash = sha256(&[&first.commit.commit.0]);
    let group = meeting.params.group_id.clone();
    let signature = sign(
        &leaf_signer(1),
        &Submission {
            group,
            epoch: 3,
            attempt: 0,
            leaf: 0,
            commit_hash: hash,
        },
    );
    let entry = meeting.pen.clone().write(State::Proposed, 3, 0, hash, &[]);
    let result = meeting.members[1].stage(&entry, &first.commit.commit.0, &signature, now);
    assert_eq!(code(result), Code::MessageRefused);
    drop(announced);
}

#[test]
fn k3_2_proposals_by_others_than_the_hub_are_refused() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let group = meeting.params.group_id.0.clone();
    let forged = external_remove(&[9; 32], &group, 1, 0, 1).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[forged], now)),
        Code::MessageRefused
    );
    let successor = external_remove(&HUB_SEED, &group, 1, 1, 1).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[successor], now)),
        Code::MessageRefused
    );
    let gone = external_remove(&HUB_SEED, &group, 1, 0, 77).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[gone], now)),
        Code::ProposalUnknownLeaf
    );
    let good = external_remove(&HUB_SEED, &group, 1, 0, 1).unwrap();
    let twice = [good.clone(), good.clone()];
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &twice, now)),
        Code::ProposalRepeated
    );
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 1, std::slice::from_ref(&good), now)),
        Code::CommitterUnknown
    );
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 50, std::slice::from_ref(&good), now)),
        Code::CommitterUnknown
    );
    assert_eq!(
        code(meeting.members[0].propose(3, 0, 0, std::slice::from_ref(&good), now)),
        Code::WrongEpoch
    );
    let mut long = good.clone();
    long.push(1);
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[long], now)),
        Code::MessageTrailing
    );
    meeting.members[0]
        .propose(2, 5, 0, std::slice::from_ref(&good), now)
        .unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 5, 0, &[good], now)),
        Code::AttemptStale
    );
}

#[test]
fn k2_2_a_newcomer_with_a_foreign_certificate_is_refused_by_server_and_members() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    // Another world with other roots makes a ghost whose certificate looks the same.
    let mut ghosts = World::new();
    ghosts.cas = (0..3)
        .map(|i| support::ca::Ca::new(50 + i, "fr", "interior", now))
        .collect();
    ghosts.manifests = vec![support::manifest(&ghosts.cas[..1], "fr", 101, now)];
    let package = ghosts.person(0, "ghost").key_package(now).unwrap();
    assert_eq!(
        code(meeting.server.check_key_package(&package, now)),
        Code::ChainUntrusted
    );
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[proposal], now)),
        Code::ChainUntrusted
    );
}

#[test]
fn k2_2_a_key_that_is_a_members_already_is_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let key = LeafKey::from_seed(&[77; 32]);
    let ca = &meeting.world.cas[0];
    let chain = vec![ca.issue(&key.public(), &ca.leaf("twin", now))];
    let twin = || {
        entente_e2ee::Member::new(
            key.clone(),
            chain.clone(),
            meeting.world.trust(0),
            0x4f,
            false,
            now,
        )
        .unwrap()
    };
    let (first, mut second) = (twin(), twin());
    meeting.change(0, vec![first], &[]);
    let package = second.key_package(now).unwrap();
    assert_eq!(
        code(meeting.server.check_key_package(&package, now)),
        Code::KeyPackageUsed
    );
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 2, 0, &package).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(3, 0, 0, &[proposal], now)),
        Code::KeyPackageUsed
    );
}

#[test]
fn k2_6_a_key_package_of_another_suite_is_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let package = meeting
        .world
        .person_with(0, "low", SUITE_CLASSICAL)
        .key_package(now)
        .unwrap();
    assert_eq!(
        code(meeting.server.check_key_package(&package, now)),
        Code::SuiteChanged
    );
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    // A member's MLS library says no before our own rule is asked.
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[proposal], now)),
        Code::MessageRefused
    );
}

#[test]
fn k2_1_an_expired_newcomer_is_refused() {
    let mut meeting = Meeting::of(2);
    let package = meeting
        .world
        .person(0, "slow")
        .key_package(meeting.now)
        .unwrap();
    let later = meeting.now + 13 * support::ca::HOUR;
    assert_eq!(
        code(meeting.server.check_key_package(&package, later)),
        Code::CertificateExpired
    );
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[proposal], later)),
        Code::CertificateExpired
    );
}

#[test]
fn k4_3_nothing_new_is_announced_over_a_staged_commit() {
    let (mut meeting, submitted, _) = submitted();
    let now = meeting.now;
    Meeting::stage(&mut meeting.members[1], &submitted, now).unwrap();
    let again = meeting.members[1].propose(2, 1, 0, &submitted.announced.proposals, now);
    assert_eq!(code(again), Code::NotWithdrawn);
    let second = Meeting::stage(&mut meeting.members[1], &submitted, now);
    assert_eq!(code(second), Code::NotWithdrawn);
    // Nor does a committer that has staged its own commit make another one.
    Meeting::stage(&mut meeting.members[0], &submitted, now).unwrap();
    let another = meeting.members[0].commit(2, 0, true, now);
    assert_eq!(code(another.map(|_| ())), Code::NotWithdrawn);
    let staged = meeting.server.stage(
        2,
        1,
        &submitted.announced.proposals,
        &submitted.commit.commit.0,
        &[],
        0,
        now,
    );
    assert_eq!(code(staged), Code::NotWithdrawn);
}

#[test]
fn k4_2_a_commit_that_was_not_announced_is_refused() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced: Announced = meeting.prepare(0, 0, &mut joiners, &[]);
    meeting.members[0]
        .propose(2, 0, 0, &announced.proposals, now)
        .unwrap();
    let submitted = meeting.submit(announced);
    assert_eq!(
        code(Meeting::stage(&mut meeting.members[1], &submitted, now)),
        Code::NotAnnounced
    );
    // Announced as another attempt.
    meeting.members[2]
        .propose(2, 1, 0, &submitted.announced.proposals, now)
        .unwrap();
    assert_eq!(
        code(Meeting::stage(&mut meeting.members[2], &submitted, now)),
        Code::NotAnnounced
    );
}

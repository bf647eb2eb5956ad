//! Checks at the edges that no honest path meets: wrong suites at creation, other states at a join, other groups' words.

mod support;

use entente_e2ee::bytes::{Bytes, sha256};
use entente_e2ee::signed::{Receipt, Signed, Snapshot, State};
use entente_e2ee::{Code, SUITE_CLASSICAL};
use support::{Meeting, code, leaf_signer};

#[test]
fn k2_6_a_group_of_another_suite_than_ones_own_is_not_created() {
    let meeting = Meeting::of(1);
    let mut person = meeting.world.person(0, "creator");
    let params = meeting.world.params(SUITE_CLASSICAL);
    assert_eq!(
        code(person.create(params, meeting.now).map(|_| ())),
        Code::SuiteChanged
    );
}

#[test]
fn k4_1_the_server_refuses_a_submission_that_its_author_did_not_sign() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let commit = meeting.by_leaf(0).commit(2, 0, false, now).unwrap();
    let (bytes, mut signature) = (commit.commit.0, commit.signature.0);
    let staged = meeting
        .server
        .stage(3, 0, &announced.proposals, &bytes, &signature, 0, now);
    assert_eq!(code(staged.map(|_| ())), Code::WrongEpoch);
    *signature.last_mut().unwrap() ^= 1;
    let staged = meeting
        .server
        .stage(2, 0, &announced.proposals, &bytes, &signature, 0, now);
    assert_eq!(code(staged.map(|_| ())), Code::SubmissionSignature);
}

#[test]
fn k4_2_a_joiner_takes_only_the_proposed_entry_of_its_own_epoch() {
    let mut meeting = Meeting::of(2);
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let mut submitted = meeting.submit(announced);
    let hash = sha256(&[&submitted.commit.commit.0]);
    for (state, epoch, expected) in [
        (State::Reached, 2, Code::EntryState),
        (State::Proposed, 3, Code::WrongEpoch),
    ] {
        submitted.entry = meeting.pen.clone().write(state, epoch, 0, hash, &[]);
        assert_eq!(code(meeting.join(&mut joiners[0], &submitted, 0)), expected);
    }
}

#[test]
fn k4_3_a_withdrawal_of_another_attempt_is_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let announced = meeting.announce(0, 1, &mut [meeting.world.person(0, "late")], &[]);
    let submitted = meeting.submit(announced);
    Meeting::stage(&mut meeting.members[1], &submitted, now).unwrap();
    let hash = sha256(&[&submitted.commit.commit.0]);
    let other = meeting.pen.clone().write(State::Withdrawn, 2, 0, hash, &[]);
    assert_eq!(
        code(meeting.members[1].withdrawn(&other, now)),
        Code::NotStaged
    );
}

#[test]
fn k4_4_and_k6_2_words_of_another_group_are_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let announced = meeting.announce(0, 0, &mut [meeting.world.person(0, "late")], &[]);
    let submitted = meeting.submit(announced);
    let receipt = Meeting::stage(&mut meeting.members[0], &submitted, now)
        .unwrap()
        .unwrap();
    Meeting::stage(&mut meeting.members[1], &submitted, now).unwrap();
    let mut value = Receipt::peek(&receipt).unwrap_or_else(|_| panic!());
    value.group = Bytes(b"another group".to_vec());
    assert_eq!(
        code(meeting.members[1].receipt(&value.sign(&leaf_signer(1)), now)),
        Code::ReceiptStale
    );
    let word = meeting.members[0]
        .sign_snapshot("notes", 1, b"notes")
        .unwrap();
    let mut value = Snapshot::peek(&word).unwrap_or_else(|_| panic!());
    value.group = Bytes(b"another group".to_vec());
    let foreign = value.sign(&leaf_signer(1));
    assert_eq!(
        code(meeting.members[1].check_signed("snapshot", &foreign)),
        Code::SnapshotForeign
    );
    assert_eq!(
        code(meeting.members[1].open_snapshot(0, &foreign, b"notes")),
        Code::SnapshotForeign
    );
}

//! An honest meeting: creation, additions, removals, withdrawals, one code.

mod support;

use entente_e2ee::{Code, SUITE_CLASSICAL};
use support::{Meeting, World, code};

fn one_code(meeting: &Meeting) -> String {
    let codes: Vec<String> = meeting
        .members
        .iter()
        .map(|member| member.code().unwrap())
        .collect();
    assert!(codes.windows(2).all(|pair| pair[0] == pair[1]));
    codes[0].clone()
}

#[test]
fn two_members_reach_an_epoch_with_one_code() {
    let meeting = Meeting::of(2);
    let code = one_code(&meeting);
    assert!(code.len() == 30 && code.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(meeting.members[1].roster().unwrap().len(), 2);
    assert_eq!(meeting.members[0].epoch(), Ok(1));
}

#[test]
fn members_join_and_leave_and_the_code_changes_each_time() {
    let mut meeting = Meeting::of(3);
    let first = one_code(&meeting);
    let joiner = meeting.world.person(2, "late");
    let outcomes = meeting.change(1, vec![joiner], &[]);
    assert_eq!(outcomes[0].added[0].identity.name, "LATE");
    let second = one_code(&meeting);
    let outcomes = meeting.change(2, vec![], &[0]);
    assert!(outcomes[0].self_removed && !outcomes[1].self_removed);
    assert_eq!(meeting.members.len(), 3);
    let third = one_code(&meeting);
    assert!(first != second && second != third);
    // The free leaf is taken by the next joiner.
    let joiner = meeting.world.person(0, "next");
    assert_eq!(meeting.change(1, vec![joiner], &[])[0].added[0].leaf, 0);
    one_code(&meeting);
}

#[test]
fn a_removal_and_an_addition_go_in_one_commit() {
    let mut meeting = Meeting::of(3);
    let joiner = meeting.world.person(0, "late");
    meeting.change(1, vec![joiner], &[2]);
    assert_eq!(meeting.members.len(), 3);
    one_code(&meeting);
}

#[test]
fn a_withdrawn_commit_leaves_no_trace_and_the_next_attempt_succeeds() {
    let mut meeting = Meeting::of(2);
    let before = one_code(&meeting);
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let proposals = announced.proposals.clone();
    let references = announced.references.clone();
    let submitted = meeting.submit(announced);
    meeting.collect(&submitted, &mut joiners);
    let entry = meeting.withdraw(&submitted);
    let now = meeting.now;
    meeting
        .members
        .iter_mut()
        .chain(&mut joiners)
        .for_each(|member| member.withdrawn(&entry, now).unwrap());
    assert_eq!(one_code(&meeting), before);
    let again = support::Announced {
        epoch: 2,
        attempt: 1,
        committer: 1,
        proposals,
        references,
    };
    for member in &mut meeting.members {
        member.propose(2, 1, 1, &again.proposals, now).unwrap();
    }
    let submitted = meeting.submit(again);
    let receipts = meeting.collect(&submitted, &mut joiners);
    let entry = meeting.reach(&submitted, &receipts);
    meeting.members.append(&mut joiners);
    meeting
        .members
        .iter_mut()
        .for_each(|member| drop(member.reached(&entry, &receipts, now).unwrap()));
    assert_ne!(one_code(&meeting), before);
}

#[test]
fn the_classical_suite_works_where_policy_allows_it() {
    let mut meeting = Meeting::with(World::new(), 2, SUITE_CLASSICAL);
    let joiner = meeting.world.person_with(1, "late", SUITE_CLASSICAL);
    meeting.change(0, vec![joiner], &[1]);
    one_code(&meeting);
}

#[test]
fn a_leaf_renews_its_key_without_changing_the_membership() {
    let mut meeting = Meeting::of(2);
    let before = one_code(&meeting);
    let announced = meeting.announce(1, 0, &mut [], &[]);
    let now = meeting.now;
    assert_eq!(
        code(meeting.members[0].commit(2, 0, true, now)),
        Code::NotAnnounced
    );
    let commit = meeting.members[1].commit(2, 0, true, now).unwrap();
    let staged = meeting
        .server
        .stage(
            2,
            0,
            &announced.proposals,
            &commit.commit.0,
            &commit.signature.0,
            1,
            now,
        )
        .unwrap();
    let entry = meeting.pen.write(
        entente_e2ee::signed::State::Proposed,
        2,
        0,
        staged.commit_hash,
        &[],
    );
    let submitted = support::Submitted {
        announced,
        commit,
        entry,
        tree: vec![],
    };
    let receipts = meeting.collect(&submitted, &mut []);
    let entry = meeting.reach(&submitted, &receipts);
    meeting
        .members
        .iter_mut()
        .for_each(|member| drop(member.reached(&entry, &receipts, now).unwrap()));
    assert_ne!(one_code(&meeting), before);
}

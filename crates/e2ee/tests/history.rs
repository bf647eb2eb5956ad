//! A meeting's history as one member sees it (K4.2, K4.7): where it begins, and one commit for each attempt.

mod support;

use entente_e2ee::bytes::{B32, sha256};
use entente_e2ee::signed::State;
use entente_e2ee::{Code, Member, SUITE_HYBRID};
use support::{Meeting, Pen, World, code};

/// A creator that waits for entry 0, its hub's pen and the hash that the entry must carry.
fn created() -> (Member, Pen, B32, u64) {
    let world = World::new();
    let params = world.params(SUITE_HYBRID);
    let mut creator = world.person(0, "creator");
    let created = creator.create(params.clone(), world.now).unwrap();
    let pen = Pen {
        params,
        seq: 0,
        head: B32::default(),
        time: world.now,
    };
    let hash = sha256(&[created.group_info.as_ref()]);
    (creator, pen, hash, world.now)
}

fn first(member: &mut Member, entry: &[u8], now: u64) -> Result<(), Code> {
    let reached = member.reached::<Vec<u8>>(entry, &[], now);
    reached.map(|_| ()).map_err(|error| error.code)
}

#[test]
fn k4_2_a_history_begins_at_its_first_entry() {
    let (mut creator, mut pen, hash, now) = created();
    let mut later = pen.clone();
    later.seq = 5;
    let entry = later.write(State::Reached, 0, 0, hash, &[]);
    assert_eq!(first(&mut creator, &entry, now), Err(Code::EntryChain));
    let mut behind = pen.clone();
    behind.head = sha256(&[b"something before"]);
    let entry = behind.write(State::Reached, 0, 0, hash, &[]);
    assert_eq!(first(&mut creator, &entry, now), Err(Code::EntryChain));
    let entry = pen.write(State::Reached, 0, 0, hash, &[]);
    assert_eq!(first(&mut creator, &entry, now), Ok(()));
}

#[test]
fn k4_7_a_creator_notices_that_another_group_was_recorded() {
    let (mut creator, mut pen, _, now) = created();
    let entry = pen.write(State::Reached, 0, 0, sha256(&[b"another group"]), &[]);
    assert_eq!(first(&mut creator, &entry, now), Err(Code::Equivocation));
}

#[test]
fn k4_2_an_entry_from_before_ones_own_time_is_refused_as_old() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let old = meeting.pen.clone();
    let joiner = meeting.world.person(0, "late");
    meeting.change(0, vec![joiner], &[]);
    // The joiner's history begins at the proposed entry of its own epoch; this one stood before it.
    let mut old = Pen {
        seq: old.seq - 1,
        ..old
    };
    let entry = old.write(State::Withdrawn, 1, 7, sha256(&[b"old"]), &[]);
    let joiner = &mut meeting.members[2];
    assert_eq!(code(joiner.withdrawn(&entry, now)), Code::EntryRepeated);
}

#[test]
fn k4_7_a_second_commit_for_one_attempt_is_equivocation() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    let commit = &submitted.commit;
    let member = &mut meeting.members[1];
    // The first one was recorded but did not arrive whole, so that nothing is staged when the second comes.
    let broken = member.stage(&submitted.entry, b"torn", &commit.signature.0, now);
    assert_eq!(code(broken), Code::CommitAltered);
    let other = sha256(&[b"another commit"]);
    let second = meeting.pen.clone().write(State::Proposed, 2, 0, other, &[]);
    let staged = member.stage(&second, &commit.commit.0, &commit.signature.0, now);
    assert_eq!(code(staged), Code::Equivocation);
    let away = meeting
        .pen
        .clone()
        .write(State::Withdrawn, 2, 0, other, &[]);
    assert_eq!(code(member.withdrawn(&away, now)), Code::Equivocation);
    assert!(Meeting::stage(member, &submitted, now).is_ok());
}

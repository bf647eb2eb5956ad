//! Keys for frames, messages, and when sending changes or stops (K2.4, K3.3, K4.5, K4.6, K5, K6). Attacks 18 and 19.

mod support;

use entente_e2ee::frames::{Codec, Kid, Kind, Opener, Sealer};
use entente_e2ee::member::{FrameReceiver, FrameSender};
use entente_e2ee::signed::{Revocation, Signed};
use entente_e2ee::{Code, Error, Member};
use support::{Meeting, code};

fn sealer(keys: &FrameSender) -> Sealer {
    Sealer::new(
        keys.kid,
        keys.key.as_ref().try_into().unwrap(),
        keys.salt.as_ref().try_into().unwrap(),
        0,
    )
    .unwrap()
}

fn opener(kid: u64, keys: &FrameReceiver) -> Opener {
    Opener::new(
        kid,
        keys.key.as_ref().try_into().unwrap(),
        keys.salt.as_ref().try_into().unwrap(),
    )
    .unwrap()
}

fn receive(member: &mut Member, kid: u64, now: u64) -> Result<FrameReceiver, Error> {
    member.frame_receiver(kid, now)
}

#[test]
fn a_frame_travels_from_one_member_to_the_other() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let keys = meeting.members[0].frame_sender(Kind::Camera, now).unwrap();
    let wire = sealer(&keys)
        .seal(Codec::Vp8, true, b"a whole frame")
        .unwrap();
    let theirs = receive(&mut meeting.members[1], keys.kid, now).unwrap();
    assert!(
        theirs.leaf == 0
            && theirs.epoch == 1
            && theirs.kind == Kind::Camera
            && theirs.generation == 0
    );
    assert_eq!(
        opener(keys.kid, &theirs).open(Codec::Vp8, &wire).unwrap(),
        b"a whole frame"
    );
}

#[test]
fn k5_2_each_sealer_has_a_generation_of_its_own() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let first = meeting.members[0]
        .frame_sender(Kind::Microphone, now)
        .unwrap();
    let second = meeting.members[0]
        .frame_sender(Kind::Microphone, now)
        .unwrap();
    assert_eq!((first.generation, second.generation), (0, 1));
    assert!(first.kid != second.kid && first.key != second.key);
    let joiner = meeting.world.person(1, "late");
    meeting.change(0, vec![joiner], &[]);
    let third = meeting.members[0]
        .frame_sender(Kind::Microphone, now + 1_000)
        .unwrap();
    assert_eq!(
        (third.generation, third.epoch),
        (2, 2),
        "a generation never resets within a leaf's life"
    );
}

#[test]
fn k5_2_generations_run_out_instead_of_repeating() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    for generation in 0..=65_535u32 {
        assert_eq!(
            meeting.members[0]
                .frame_sender(Kind::Screen, now)
                .unwrap()
                .generation,
            generation
        );
    }
    assert_eq!(
        code(
            meeting.members[0]
                .frame_sender(Kind::Screen, now)
                .map(|_| ())
        ),
        Code::GenerationExhausted
    );
}

#[test]
fn k4_5_frames_change_to_a_new_epoch_when_it_settles_or_after_300_ms() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let joiner = meeting.world.person(1, "late");
    meeting.change(0, vec![joiner], &[]);
    assert_eq!(meeting.members[0].send_epoch(now + 299), Ok(1));
    assert_eq!(meeting.members[0].send_epoch(now + 300), Ok(2));
    assert_eq!(meeting.members[1].send_epoch(now), Ok(1));
    meeting.members[1].settled(2, now).unwrap();
    assert_eq!(meeting.members[1].send_epoch(now), Ok(2));
    assert_eq!(
        meeting.members[2].send_epoch(now),
        Ok(2),
        "a newcomer knows no other"
    );
}

#[test]
fn k4_5_frames_change_at_once_after_a_removal() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    meeting.change(0, vec![], &[2]);
    assert_eq!(meeting.members[0].send_epoch(now), Ok(2));
}

#[test]
fn k4_5_the_old_epoch_opens_frames_for_five_seconds() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let keys = meeting.members[0].frame_sender(Kind::Camera, now).unwrap();
    let joiner = meeting.world.person(1, "late");
    meeting.change(0, vec![joiner], &[]);
    assert!(receive(&mut meeting.members[1], keys.kid, now + 5_000).is_ok());
    assert_eq!(
        code(receive(&mut meeting.members[1], keys.kid, now + 5_001).map(|_| ())),
        Code::UnknownEpoch
    );
    // The newcomer never had a key for what was sent before it came.
    assert_eq!(
        code(receive(&mut meeting.members[2], keys.kid, now).map(|_| ())),
        Code::UnknownEpoch
    );
}

#[test]
fn k4_5_a_removed_leafs_frames_and_messages_are_refused_at_once() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let keys = meeting.members[2].frame_sender(Kind::Camera, now).unwrap();
    let other = meeting.members[1].frame_sender(Kind::Camera, now).unwrap();
    let message = meeting.members[2].encrypt(b"still here", now).unwrap();
    meeting.change(0, vec![], &[2]);
    assert_eq!(
        code(receive(&mut meeting.members[0], keys.kid, now).map(|_| ())),
        Code::RemovedLeaf
    );
    assert_eq!(
        code(meeting.members[0].decrypt(&message, now).map(|_| ())),
        Code::RemovedLeaf
    );
    assert!(
        receive(&mut meeting.members[0], other.kid, now).is_ok(),
        "the others' old keys still open"
    );
}

#[test]
fn a_removed_members_keys_open_nothing_sent_afterwards() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut removed = None;
    let announced = meeting.announce(0, 0, &mut [], &[2]);
    let submitted = meeting.submit(announced);
    let receipts = meeting.collect(&submitted, &mut []);
    assert_eq!(
        receipts.len(),
        2,
        "whom the commit removes has no receipt to give"
    );
    let entry = meeting.reach(&submitted, &receipts);
    for mut member in std::mem::take(&mut meeting.members) {
        let gone = member.leaf() == Ok(2);
        let outcome = member.reached(&entry, &receipts, now).unwrap();
        assert_eq!(outcome.self_removed, gone);
        if gone {
            removed = Some(member)
        } else {
            meeting.members.push(member)
        }
    }
    let keys = meeting.members[0].frame_sender(Kind::Camera, now).unwrap();
    assert_eq!(keys.epoch, 2);
    let mut removed = removed.unwrap();
    assert_eq!(
        code(receive(&mut removed, keys.kid, now).map(|_| ())),
        Code::NotMember
    );
    let message = meeting.members[0].encrypt(b"without you", now).unwrap();
    assert_eq!(
        code(removed.decrypt(&message, now).map(|_| ())),
        Code::NotMember
    );
    assert_eq!(code(removed.send_epoch(now)), Code::NotMember);
}

#[test]
fn k4_6_sending_stops_when_a_removal_is_not_merged_within_two_seconds() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let member = &mut meeting.members[0];
    member.removing(2, true, now).unwrap();
    assert_eq!(
        member.send_epoch(now + 60_000),
        Ok(1),
        "somebody who leaves by himself stops nobody"
    );
    member.removing(2, false, now).unwrap();
    member.removing(2, false, now + 1_500).unwrap();
    assert_eq!(member.send_epoch(now + 2_000), Ok(1));
    assert_eq!(
        code(member.send_epoch(now + 2_001)),
        Code::StoppedRemovalPending
    );
    assert_eq!(
        code(member.frame_sender(Kind::Camera, now + 2_001).map(|_| ())),
        Code::StoppedRemovalPending
    );
    assert_eq!(
        code(member.encrypt(b"x", now + 2_001)),
        Code::StoppedRemovalPending
    );
    meeting.now += 2_500;
    meeting.change(0, vec![], &[2]);
    let now = meeting.now;
    assert_eq!(
        meeting.members[0].send_epoch(now),
        Ok(2),
        "merging the removal lifts the stop"
    );
}

#[test]
fn k3_3_a_member_that_is_alone_sends_nothing() {
    let mut meeting = Meeting::of(1);
    let now = meeting.now;
    assert_eq!(code(meeting.members[0].send_epoch(now)), Code::StoppedAlone);
    let joiner = meeting.world.person(1, "second");
    meeting.change(0, vec![joiner], &[]);
    assert_eq!(meeting.members[0].send_epoch(now + 300), Ok(1));
    meeting.members[0].connected(&[0]).unwrap();
    assert_eq!(
        code(meeting.members[0].send_epoch(now + 300)),
        Code::StoppedAlone,
        "the other is not connected"
    );
    meeting.members[0].connected(&[0, 1]).unwrap();
    assert_eq!(meeting.members[0].send_epoch(now + 300), Ok(1));
}

#[test]
fn k2_4_a_revoked_leaf_is_marked_and_refused_after_two_seconds() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let keys = meeting.members[1].frame_sender(Kind::Camera, now).unwrap();
    let line = &meeting.members[0].roster().unwrap()[1];
    let revocation = Revocation {
        deployment: line.identity.deployment.clone(),
        tenant: line.identity.tenant.clone(),
        fingerprint: line.identity.fingerprint,
        reason: "stolen laptop".into(),
        time: now,
    };
    let ca = meeting
        .world
        .cas
        .iter()
        .find(|ca| ca.tenant == line.identity.tenant)
        .unwrap();
    let signed = revocation.sign(&ca.key);
    assert_eq!(meeting.server.revoke(&signed).unwrap(), vec![1]);
    let message = meeting.members[1].encrypt(b"from the thief", now).unwrap();
    let again = meeting.members[1].encrypt(b"from the thief", now).unwrap();
    let member = &mut meeting.members[0];
    member.revoke(&signed, now).unwrap();
    assert!(member.roster().unwrap()[1].revoked);
    assert!(receive(member, keys.kid, now + 2_000).is_ok());
    assert!(member.decrypt(&message, now + 2_000).is_ok());
    assert_eq!(
        code(receive(member, keys.kid, now + 2_001).map(|_| ())),
        Code::RevokedLeaf
    );
    assert_eq!(
        code(member.decrypt(&again, now + 2_001).map(|_| ())),
        Code::RevokedLeaf
    );
    assert_eq!(
        code(member.send_epoch(now + 2_001)),
        Code::StoppedRemovalPending
    );
}

#[test]
fn k2_4_who_was_revoked_while_being_added_stops_sending_until_removed() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, "late")];
    let package = joiners[0].key_package(now).unwrap();
    let newcomer = meeting
        .server
        .check_key_package(&package, now)
        .unwrap()
        .identity;
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    let receipts = meeting.collect(&submitted, &mut joiners);
    let revocation = Revocation {
        deployment: newcomer.deployment,
        tenant: newcomer.tenant,
        fingerprint: newcomer.fingerprint,
        reason: "stolen laptop".into(),
        time: now,
    };
    let signed = revocation.sign(&meeting.world.cas[0].key);
    meeting.members[1].revoke(&signed, now).unwrap();
    let entry = meeting.reach(&submitted, &receipts);
    for member in meeting.members.iter_mut().chain(&mut joiners) {
        member.reached(&entry, &receipts, now).unwrap();
    }
    let member = &mut meeting.members[1];
    assert!(member.roster().unwrap()[3].revoked);
    assert_eq!(member.send_epoch(now + 2_000), Ok(2));
    assert_eq!(
        code(member.send_epoch(now + 2_001)),
        Code::StoppedRemovalPending
    );
    meeting.members.extend(joiners);
    meeting.change(0, vec![], &[3]);
    assert_eq!(meeting.members[1].send_epoch(now + 2_001), Ok(3));
}

#[test]
fn k5_1_frames_of_nobody_or_of_no_known_layout_are_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let member = &mut meeting.members[0];
    let kid = |leaf, epoch| {
        Kid {
            generation: 0,
            kind: Kind::Camera,
            leaf,
            epoch,
        }
        .pack()
    };
    assert_eq!(
        code(receive(member, kid(9, 1), now).map(|_| ())),
        Code::UnknownLeaf
    );
    assert_eq!(
        code(receive(member, kid(1, 2), now).map(|_| ())),
        Code::UnknownEpoch
    );
    assert_eq!(
        code(receive(member, kid(1, 1) | 1 << 39, now).map(|_| ())),
        Code::KidMalformed
    );
    assert_eq!(
        code(receive(member, kid(1, 1) | 7 << 20, now).map(|_| ())),
        Code::KidMalformed
    );
}

#[test]
fn k6_1_messages_are_numbered_and_a_dropped_one_is_seen() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let sent: Vec<Vec<u8>> = (0..4)
        .map(|i| {
            meeting.members[0]
                .encrypt(format!("message {i}").as_bytes(), now)
                .unwrap()
        })
        .collect();
    let first = meeting.members[1].decrypt(&sent[0], now).unwrap();
    assert!(
        first.leaf == 0
            && first.number == 1
            && first.missed == 0
            && first.content.as_ref() == b"message 0"
    );
    let last = meeting.members[1].decrypt(&sent[3], now).unwrap();
    assert_eq!((last.number, last.missed), (4, 2));
    assert_eq!(
        code(meeting.members[1].decrypt(&sent[2], now).map(|_| ())),
        Code::MessageNumber
    );
    assert_eq!(
        code(meeting.members[1].decrypt(&sent[3], now).map(|_| ())),
        Code::MessageUndecipherable
    );
    let mut bad = sent[1].clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(
        code(meeting.members[2].decrypt(&bad, now).map(|_| ())),
        Code::MessageUndecipherable
    );
    bad = sent[1].clone();
    bad.push(0);
    assert_eq!(
        code(meeting.members[2].decrypt(&bad, now).map(|_| ())),
        Code::MessageTrailing
    );
}

#[test]
fn k6_1_a_message_older_than_the_window_is_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let old = meeting.members[0].encrypt(b"one", now).unwrap();
    let older = meeting.members[0].encrypt(b"two", now).unwrap();
    let joiner = meeting.world.person(1, "late");
    meeting.change(0, vec![joiner], &[]);
    assert!(meeting.members[1].decrypt(&old, now + 5_000).is_ok());
    assert_eq!(
        code(meeting.members[1].decrypt(&older, now + 5_001).map(|_| ())),
        Code::StaleEpoch
    );
    let new = meeting.members[0].encrypt(b"three", now).unwrap();
    assert!(
        meeting.members[1].decrypt(&new, now).is_ok(),
        "messages use the new epoch at once"
    );
}

#[test]
fn messages_flow_while_a_commit_is_announced_or_staged() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let first = meeting.members[0].encrypt(b"announced", now).unwrap();
    let submitted = meeting.submit(announced);
    let second = meeting.members[0].encrypt(b"committed", now);
    let third = meeting.members[1].encrypt(b"before staging", now).unwrap();
    let receipts = meeting.collect(&submitted, &mut joiners);
    let fourth = meeting.members[1].encrypt(b"staged", now).unwrap();
    let second = second.unwrap();
    for message in [&first, &second, &third, &fourth] {
        assert!(meeting.members[2].decrypt(message, now).is_ok());
    }
    let entry = meeting.reach(&submitted, &receipts);
    for member in meeting.members.iter_mut().chain(&mut joiners) {
        member.reached(&entry, &receipts, now).unwrap();
    }
}

#[test]
fn k6_1_a_message_of_an_epoch_not_yet_reached_is_told_from_an_old_one() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(1, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    let receipts = meeting.collect(&submitted, &mut joiners);
    let entry = meeting.reach(&submitted, &receipts);
    meeting.members[0].reached(&entry, &receipts, now).unwrap();
    let early = meeting.members[0].encrypt(b"hello", now).unwrap();
    let member = &mut meeting.members[1];
    assert_eq!(code(member.decrypt(&early, now)), Code::UnknownEpoch);
    member.reached(&entry, &receipts, now).unwrap();
    assert_eq!(member.decrypt(&early, now).unwrap().content.0, b"hello");
}

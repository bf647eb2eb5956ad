//! What a hub cannot do unseen: take back, contradict itself, fork, announce without confirmations (K4). Attacks 12 and 13.

mod support;

use entente_e2ee::bytes::{B32, Bytes, sha256};
use entente_e2ee::signed::{Receipt, Signed, State};
use entente_e2ee::{Code, Member};
use support::{HUB_SEED, Meeting, Submitted, code, leaf_signer};

/// Three members and a joiner, staged, with all receipts.
fn staged() -> (Meeting, Submitted, Vec<Member>, Vec<Vec<u8>>) {
    let mut meeting = Meeting::of(3);
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    let receipts = meeting.collect(&submitted, &mut joiners);
    (meeting, submitted, joiners, receipts)
}

fn hash(submitted: &Submitted) -> B32 {
    sha256(&[&submitted.commit.commit.0])
}

fn resign(receipt: &[u8], key: u64, spoil: impl Fn(&mut Receipt)) -> Vec<u8> {
    let mut value = Receipt::peek(receipt).unwrap_or_else(|_| panic!());
    spoil(&mut value);
    value.sign(&leaf_signer(key))
}

#[test]
fn k4_3_nobody_sends_under_an_epoch_that_is_only_staged() {
    let (mut meeting, _, mut joiners, _) = staged();
    let now = meeting.now;
    assert_eq!(meeting.members[1].epoch(), Ok(1));
    assert_eq!(meeting.members[1].send_epoch(now), Ok(1));
    assert_eq!(code(joiners[0].send_epoch(now)), Code::NotMember);
    assert_eq!(code(joiners[0].encrypt(b"hello", now)), Code::NotMember);
    assert_eq!(code(joiners[0].roster().map(|_| ())), Code::NotMember);
}

#[test]
fn k4_4_reached_without_another_members_receipt_is_refused() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    // Receipts come in the order of the members: 0, 1, 2, then the joiner.
    for own in [vec![], vec![receipts[1].clone()]] {
        let entry = meeting
            .pen
            .clone()
            .write(State::Reached, 2, 0, hash(&submitted), &own);
        assert_eq!(
            code(meeting.members[1].reached(&entry, &own, now)),
            Code::ReceiptsMissing
        );
    }
    assert_eq!(meeting.members[1].epoch(), Ok(1));
    let two = [receipts[1].clone(), receipts[3].clone()];
    let entry = meeting
        .pen
        .clone()
        .write(State::Reached, 2, 0, hash(&submitted), &two);
    assert_eq!(
        meeting.members[1]
            .reached(&entry, &two, now)
            .map(|r| r.epoch),
        Ok(2),
        "a joiner's receipt counts"
    );
}

#[test]
fn k4_4_the_receipts_must_be_the_recorded_ones() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let entry = meeting
        .pen
        .clone()
        .write(State::Reached, 2, 0, hash(&submitted), &receipts);
    assert_eq!(
        code(meeting.members[1].reached(&entry, &receipts[..2], now)),
        Code::ReceiptsHash
    );
}

#[test]
fn k4_3_a_receipt_that_its_member_did_not_sign_is_refused() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let mut forged = receipts[0].clone();
    *forged.last_mut().unwrap() ^= 1;
    let stranger = resign(&receipts[0], 99, |_| {});
    let nobody = resign(&receipts[0], 1, |receipt| receipt.leaf = 40);
    for bad in [forged, stranger, nobody] {
        let list = [bad];
        let entry = meeting
            .pen
            .clone()
            .write(State::Reached, 2, 0, hash(&submitted), &list);
        assert_eq!(
            code(meeting.members[1].reached(&entry, &list, now)),
            Code::ReceiptSignature
        );
        assert_eq!(
            code(meeting.members[1].receipt(&list[0], now)),
            Code::ReceiptSignature
        );
    }
}

#[test]
fn k4_4_a_receipt_over_another_epoch_or_entry_is_a_fork() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let elsewhere = resign(&receipts[0], 1, |receipt| receipt.authenticator.0[0] ^= 1);
    let other_entry = resign(&receipts[0], 1, |receipt| receipt.entry_hash.0[0] ^= 1);
    for bad in [elsewhere, other_entry] {
        let list = [receipts[2].clone(), bad.clone()];
        let entry = meeting
            .pen
            .clone()
            .write(State::Reached, 2, 0, hash(&submitted), &list);
        assert_eq!(
            code(meeting.members[1].reached(&entry, &list, now)),
            Code::ReceiptConflict
        );
        assert_eq!(
            code(meeting.members[1].receipt(&bad, now)),
            Code::ReceiptConflict
        );
    }
    let stale = resign(&receipts[0], 1, |receipt| receipt.attempt = 7);
    assert_eq!(
        code(meeting.members[1].receipt(&stale, now)),
        Code::ReceiptStale
    );
}

#[test]
fn k4_4_later_receipts_are_compared_with_the_merged_epoch() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let entry = meeting.reach(&submitted, &receipts[..2]);
    let member = &mut meeting.members[1];
    member.reached(&entry, &receipts[..2], now).unwrap();
    member.receipt(&receipts[2], now).unwrap();
    member.receipt(&receipts[3], now).unwrap();
    let fork = resign(&receipts[2], 3, |receipt| receipt.authenticator.0[5] ^= 1);
    assert_eq!(code(member.receipt(&fork, now)), Code::ReceiptConflict);
    let old = resign(&receipts[2], 3, |receipt| receipt.epoch = 77);
    assert_eq!(code(member.receipt(&old, now)), Code::ReceiptStale);
}

#[test]
fn k4_4_a_receipt_of_a_forgotten_epoch_is_no_alarm_and_one_of_another_group_is() {
    let mut meeting = Meeting::of(3);
    let (receipt, _) = relayed(&mut meeting, "second");
    let (_, now) = relayed(&mut meeting, "third");
    let member = &mut meeting.members[1];
    member.receipt(&receipt, now + 5_001).unwrap();
    let foreign = resign(&receipt, 1, |receipt| {
        receipt.group = Bytes(b"another group".to_vec());
    });
    assert_eq!(
        code(member.receipt(&foreign, now + 5_001)),
        Code::ReceiptStale
    );
}

/// One more member, merged by everybody; a receipt of it, and when.
fn relayed(meeting: &mut Meeting, subject: &str) -> (Vec<u8>, u64) {
    let now = meeting.now;
    let mut joiners = vec![meeting.world.person(0, subject)];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    let receipts = meeting.collect(&submitted, &mut joiners);
    let entry = meeting.reach(&submitted, &receipts);
    for member in meeting.members.iter_mut().chain(&mut joiners) {
        member.reached(&entry, &receipts, now).unwrap();
    }
    meeting.members.append(&mut joiners);
    (receipts[0].clone(), now)
}

#[test]
fn k4_4_a_hub_that_forks_two_members_is_noticed() {
    let mut meeting = Meeting::of(4);
    let now = meeting.now;
    let mut joiners = vec![
        meeting.world.person(0, "left"),
        meeting.world.person(0, "right"),
    ];
    let all = meeting.prepare(0, 0, &mut joiners, &[]);
    // Members 0 and 1 hear of one newcomer, members 2 and 3 of another; the hub signs a history for each side.
    let mut sides = Vec::new();
    for (side, committer) in [(0usize, 0u32), (1, 2)] {
        let proposals = vec![all.proposals[side].clone()];
        for leaf in [committer, committer + 1] {
            meeting
                .by_leaf(leaf)
                .propose(2, 0, committer, &proposals, now)
                .unwrap();
        }
        let commit = meeting.by_leaf(committer).commit(2, 0, false, now).unwrap();
        let mut pen = meeting.pen.clone();
        let entry = pen.write(State::Proposed, 2, 0, sha256(&[&commit.commit.0]), &[]);
        let receipts: Vec<Vec<u8>> = [committer, committer + 1]
            .map(|leaf| {
                meeting
                    .by_leaf(leaf)
                    .stage(&entry, &commit.commit.0, &commit.signature.0, now)
                    .unwrap()
                    .unwrap()
            })
            .to_vec();
        let reached = pen.write(State::Reached, 2, 0, sha256(&[&commit.commit.0]), &receipts);
        for leaf in [committer, committer + 1] {
            meeting
                .by_leaf(leaf)
                .reached(&reached, &receipts, now)
                .unwrap();
        }
        sides.push((entry, reached, receipts));
    }
    // Any receipt of the other side, and any entry of it, tells.
    assert_eq!(
        code(meeting.by_leaf(0).receipt(&sides[1].2[0], now)),
        Code::ReceiptConflict
    );
    assert_eq!(
        code(meeting.by_leaf(3).receipt(&sides[0].2[1], now)),
        Code::ReceiptConflict
    );
    assert_eq!(
        code(meeting.by_leaf(0).reached(&sides[1].1, &sides[1].2, now)),
        Code::Equivocation
    );
    assert_eq!(
        code(meeting.by_leaf(2).withdrawn(&sides[0].0, now)),
        Code::Equivocation
    );
    assert!(
        meeting.members[0].code() != meeting.members[2].code(),
        "and the spoken codes differ"
    );
}

#[test]
fn k4_7_withdrawn_after_reached_is_equivocation() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let entry = meeting.reach(&submitted, &receipts);
    meeting.members[1].reached(&entry, &receipts, now).unwrap();
    let back = meeting
        .pen
        .clone()
        .write(State::Withdrawn, 2, 0, hash(&submitted), &[]);
    assert_eq!(
        code(meeting.members[1].withdrawn(&back, now)),
        Code::Equivocation
    );
    assert_eq!(meeting.members[1].epoch(), Ok(2), "what was merged stays");
    // Reached after withdrawn is no better.
    let mut pen = meeting.pen.clone();
    let (seq, head) = (pen.seq - 1, meeting.members[2].head().unwrap());
    (pen.seq, pen.head) = (seq, head);
    let entry = pen.write(State::Withdrawn, 2, 0, hash(&submitted), &[]);
    meeting.members[2].withdrawn(&entry, now).unwrap();
    let entry = pen.write(State::Reached, 2, 0, hash(&submitted), &receipts);
    assert_eq!(
        code(meeting.members[2].reached(&entry, &receipts, now)),
        Code::Equivocation
    );
}

#[test]
fn k4_7_two_entries_at_one_place_are_equivocation() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let mut pen = meeting.pen.clone();
    pen.seq -= 1;
    let twin = pen.write(State::Withdrawn, 2, 0, hash(&submitted), &[]);
    assert_eq!(
        code(meeting.members[1].withdrawn(&twin, now)),
        Code::Equivocation
    );
    // A next entry that chains to another history.
    let mut pen = meeting.pen.clone();
    pen.head = sha256(&[b"another history"]);
    let astray = pen.write(State::Reached, 2, 0, hash(&submitted), &receipts);
    assert_eq!(
        code(meeting.members[1].reached(&astray, &receipts, now)),
        Code::Equivocation
    );
}

#[test]
fn k4_7_a_second_reached_entry_or_another_commit_is_equivocation() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let other = meeting.pen.clone().write(
        State::Reached,
        2,
        0,
        sha256(&[b"another commit"]),
        &receipts,
    );
    assert_eq!(
        code(meeting.members[1].reached(&other, &receipts, now)),
        Code::Equivocation
    );
    let entry = meeting.reach(&submitted, &receipts);
    meeting.members[1].reached(&entry, &receipts, now).unwrap();
    let again = meeting.pen.clone().write(
        State::Reached,
        2,
        3,
        sha256(&[b"another commit"]),
        &receipts,
    );
    assert_eq!(
        code(meeting.members[1].reached(&again, &receipts, now)),
        Code::Equivocation
    );
}

#[test]
fn k4_2_entries_out_of_place_are_refused() {
    let (mut meeting, submitted, _, receipts) = staged();
    let now = meeting.now;
    let member = &mut meeting.members[1];
    let pen = meeting.pen.clone();
    let mut gap = pen.clone();
    gap.seq += 1;
    let entry = gap.write(State::Reached, 2, 0, hash(&submitted), &receipts);
    assert_eq!(code(member.reached(&entry, &receipts, now)), Code::EntryGap);
    let entry = pen
        .clone()
        .write(State::Withdrawn, 2, 0, hash(&submitted), &[]);
    assert_eq!(
        code(member.reached(&entry, &receipts, now)),
        Code::EntryState
    );
    assert_eq!(
        code(member.reached(&submitted.entry, &receipts, now)),
        Code::EntryRepeated
    );
    let mut value = pen.value(State::Reached, 2, 0, hash(&submitted), &receipts);
    value.term = 2;
    assert_eq!(
        code(member.reached(&pen.clone().sign(&value), &receipts, now)),
        Code::EntryForeign
    );
    let mut value = pen.value(State::Reached, 2, 0, hash(&submitted), &receipts);
    value.meeting.0[0] ^= 1;
    assert_eq!(
        code(member.reached(&pen.clone().sign(&value), &receipts, now)),
        Code::EntryForeign
    );
    let value = pen.value(State::Reached, 2, 0, hash(&submitted), &receipts);
    let forged = value.sign(&ed25519_dalek::SigningKey::from_bytes(&[3; 32]));
    assert_eq!(
        code(member.reached(&forged, &receipts, now)),
        Code::EntrySignature
    );
    let early = pen
        .clone()
        .write(State::Reached, 3, 0, hash(&submitted), &receipts);
    assert_eq!(
        code(member.reached(&early, &receipts, now)),
        Code::NotStaged
    );
    let _ = HUB_SEED;
}

#[test]
fn k4_3_an_outcome_for_nothing_staged_is_refused() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let entry = meeting
        .pen
        .clone()
        .write(State::Reached, 2, 0, sha256(&[b"unseen"]), &[]);
    assert_eq!(
        code(meeting.members[0].reached::<Vec<u8>>(&entry, &[], now)),
        Code::NotStaged
    );
}

#[test]
fn k4_4_a_failure_report_names_what_was_seen() {
    let (mut meeting, submitted, _, _) = staged();
    let report = meeting.members[1]
        .failure_report(2, 0, hash(&submitted), "commit_tags")
        .unwrap();
    let opened = meeting
        .server
        .check_signed("failure_report", &report)
        .unwrap();
    let fields: entente_e2ee::signed::FailureReport =
        entente_e2ee::pack::from_slice(&opened).unwrap();
    assert!(
        fields.leaf == 1 && fields.code == "commit_tags" && fields.commit_hash == hash(&submitted)
    );
    let mut forged = report.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        code(meeting.server.check_signed("failure_report", &forged)),
        Code::SignedSignature
    );
    assert_eq!(
        code(meeting.server.check_signed("receipt", &report)),
        Code::SignedLabel
    );
    meeting.server.discard();
}

#[test]
fn k4_4_the_server_takes_no_receipt_of_a_leaf_that_the_staged_epoch_removes() {
    let mut meeting = Meeting::of(3);
    let announced = meeting.announce(0, 0, &mut [], &[2]);
    let submitted = meeting.submit(announced);
    let receipts = meeting.collect(&submitted, &mut []);
    assert_eq!(receipts.len(), 2, "who is removed confirms nothing");
    // Leaf 2 still has its key and signs for its old leaf.
    let removed = resign(&receipts[0], 3, |receipt| receipt.leaf = 2);
    assert_eq!(
        code(meeting.server.check_signed("receipt", &removed)),
        Code::UnknownLeaf
    );
    assert!(meeting.server.check_signed("receipt", &receipts[1]).is_ok());
    let late = resign(&receipts[0], 3, |receipt| {
        (receipt.leaf, receipt.epoch) = (2, 1)
    });
    assert!(
        meeting.server.check_signed("receipt", &late).is_ok(),
        "it may still confirm the epoch it was in"
    );
}

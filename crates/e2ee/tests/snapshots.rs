//! A latecomer's state is its giver's word over the very bytes (K6.2): who signed, for whom, and what.

mod support;

use entente_e2ee::Code;
use entente_e2ee::signed::{Revocation, Signed, Snapshot};
use support::{Meeting, code, leaf_signer};

#[test]
fn k6_2_a_snapshot_is_its_givers_word() {
    let meeting = Meeting::of(3);
    let [giver, second, late] = &meeting.members[..] else {
        panic!("three members")
    };
    let notes = b"all the notes so far";
    let word = giver.sign_snapshot("notes", 12, notes).unwrap();
    let line = late.open_snapshot(0, &word, notes).unwrap();
    assert_eq!((line.epoch, line.order), (1, 12));
    assert_eq!(line.purpose, "notes");
    // The second member confirms the same bytes under its own name.
    let confirmation = second.sign_snapshot("notes", 12, notes).unwrap();
    assert!(late.open_snapshot(1, &confirmation, notes).is_ok());
    let mut forged = word.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        code(late.open_snapshot(0, &forged, notes)),
        Code::SignedSignature
    );
    assert_eq!(
        code(late.check_signed("snapshot", &forged)),
        Code::SignedSignature
    );
    assert!(late.check_signed("snapshot", &word).is_ok());
}

#[test]
fn k6_2_a_snapshot_of_other_bytes_than_its_giver_signed_is_refused() {
    let meeting = Meeting::of(2);
    let word = meeting.members[0]
        .sign_snapshot("notes", 1, b"true")
        .unwrap();
    let opened = meeting.members[1].open_snapshot(0, &word, b"false");
    assert_eq!(code(opened), Code::SignedSignature);
}

#[test]
fn k6_2_a_snapshot_counts_for_its_own_giver_only() {
    let meeting = Meeting::of(3);
    let notes = b"notes";
    let word = meeting.members[0].sign_snapshot("notes", 1, notes).unwrap();
    // Leaf 0's word does not pass for leaf 1's, so that one member cannot confirm itself.
    let late = &meeting.members[2];
    assert_eq!(
        code(late.open_snapshot(1, &word, notes)),
        Code::SignedSignature
    );
    let mut value = Snapshot::peek(&word).unwrap_or_else(|_| panic!());
    value.leaf = 40;
    let nobody = value.sign(&leaf_signer(1));
    assert_eq!(
        code(late.open_snapshot(40, &nobody, notes)),
        Code::UnknownLeaf
    );
}

#[test]
fn k2_4_a_snapshot_of_somebody_who_was_revoked_is_refused() {
    let mut meeting = Meeting::of(2);
    let word = meeting.members[0].sign_snapshot("notes", 1, b"n").unwrap();
    let line = meeting.members[1].roster().unwrap().remove(0);
    let ca = &meeting.world.cas[0];
    assert_eq!(line.identity.tenant, ca.tenant);
    let revocation = Revocation {
        deployment: ca.deployment.clone(),
        tenant: ca.tenant.clone(),
        fingerprint: line.identity.fingerprint,
        reason: "lost".into(),
        time: meeting.now,
    }
    .sign(&ca.key);
    let late = &mut meeting.members[1];
    assert!(late.open_snapshot(0, &word, b"n").is_ok());
    late.revoke(&revocation, meeting.now).unwrap();
    assert_eq!(code(late.open_snapshot(0, &word, b"n")), Code::RevokedLeaf);
}

//! Who may be a member (K2): chains, names, roles, manifests, policies, suites, revocations. Attack 14 of the list.

mod support;

use entente_e2ee::bytes::B32;
use entente_e2ee::signed::{Revocation, Signed};
use entente_e2ee::{Code, Member, SUITE_CLASSICAL, SUITE_HYBRID, Trust, identity};
use support::ca::{Ca, HOUR};
use support::{World, code, manifest, policy};

#[test]
fn a_certificate_names_its_holder() {
    let world = World::new();
    let identity = world
        .verify(0, &world.cas[0].leaf("alice", world.now))
        .unwrap();
    assert_eq!(
        (identity.deployment.as_str(), identity.tenant.as_str()),
        ("fr", "interior")
    );
    assert_eq!(
        (identity.subject.as_str(), identity.name.as_str()),
        ("alice", "ALICE")
    );
    assert_eq!(
        (
            identity.role.as_str(),
            identity.assurance.as_str(),
            identity.name_checked
        ),
        ("participant", "substantial", true)
    );
    assert_eq!(identity.not_after / 1000, (world.now + 12 * HOUR) / 1000);
}

#[test]
fn k2_1_an_expired_certificate_is_refused() {
    let world = World::new();
    let mut leaf = world.cas[0].leaf("alice", world.now);
    leaf.not_after = world.now - 2_000;
    assert_eq!(code(world.verify(0, &leaf)), Code::CertificateExpired);
    let mut leaf = world.cas[0].leaf("alice", world.now);
    leaf.not_before = world.now + 2_000;
    assert_eq!(code(world.verify(0, &leaf)), Code::CertificateExpired);
}

#[test]
fn k2_1_a_certificate_for_more_than_a_day_is_refused() {
    let world = World::new();
    let mut leaf = world.cas[0].leaf("alice", world.now);
    leaf.not_after = leaf.not_before + 24 * HOUR + 1_000;
    assert_eq!(code(world.verify(0, &leaf)), Code::CertificateTooLong);
}

#[test]
fn k2_1_a_certificate_needs_exactly_one_uri() {
    let world = World::new();
    let good = world.cas[0].leaf("alice", world.now);
    for uris in [
        vec![],
        vec![good.uris[0].clone(), good.uris[0].clone()],
        vec!["https://fr/interior/alice".into()],
        vec!["entente://fr/interior".into()],
        vec!["entente://fr/interior/".into()],
        vec!["entente://fr/interior/a/b".into()],
    ] {
        let mut leaf = good.clone();
        leaf.uris = uris;
        assert_eq!(code(world.verify(0, &leaf)), Code::CertificateUri);
    }
    let mut leaf = good.clone();
    leaf.dns = Some("fr.example".into());
    assert_eq!(code(world.verify(0, &leaf)), Code::CertificateUri);
    let mut leaf = good;
    leaf.names = vec![];
    assert_eq!(code(world.verify(0, &leaf)), Code::CertificateName);
}

#[test]
fn k2_2_a_chain_to_an_unknown_root_is_refused() {
    let world = World::new();
    let foreign = Ca::new(9, "fr", "interior", world.now);
    let key = world.key().public();
    let leaf = foreign.issue(&key, &foreign.leaf("alice", world.now));
    assert_eq!(
        code(world.trust(0).verify_chain(&[leaf], world.now)),
        Code::ChainUntrusted
    );
    assert_eq!(
        code(world.trust(0).verify_chain::<Vec<u8>>(&[], world.now)),
        Code::ChainMalformed
    );
    assert_eq!(
        code(world.trust(0).verify_chain(&[vec![0x30, 0x80]], world.now)),
        Code::ChainMalformed
    );
}

#[test]
fn k2_2_another_ministrys_root_is_refused() {
    let world = World::new();
    // The health ministry's CA issues in the name of the interior, and of the other country.
    for ca in [0, 2] {
        let leaf = world.cas[ca].leaf("alice", world.now);
        assert_eq!(
            code(world.verify(1, &leaf)),
            Code::LeafCertificateForeignRoot
        );
    }
}

#[test]
fn k2_2_a_missing_or_unknown_role_is_refused() {
    let world = World::new();
    for role in [None, Some("admin".to_owned())] {
        let mut leaf = world.cas[0].leaf("alice", world.now);
        leaf.role = role;
        assert_eq!(code(world.verify(0, &leaf)), Code::RoleMissing);
    }
}

#[test]
fn k2_2_a_key_that_is_not_the_certificates_is_refused() {
    let world = World::new();
    let certified = world.key().public();
    let chain = vec![world.cas[0].issue(&certified, &world.cas[0].leaf("alice", world.now))];
    let member = Member::new(
        world.key(),
        chain,
        world.trust(0),
        SUITE_HYBRID,
        false,
        world.now,
    );
    assert_eq!(code(member), Code::LeafKeyMismatch);
}

#[test]
fn every_bit_of_a_certificate_counts() {
    let world = World::new();
    let key = world.key().public();
    let good = world.cas[0].issue(&key, &world.cas[0].leaf("alice", world.now));
    let trust = world.trust(0);
    trust.verify_chain(&[&good], world.now).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(trust.verify_chain(&[bad], world.now).is_err(), "byte {at}");
        assert!(
            trust.verify_chain(&[&good[..at]], world.now).is_err(),
            "cut at {at}"
        );
    }
}

#[test]
fn k2_3_a_manifest_is_refused_when_altered_expired_doubled_or_greedy() {
    let mut world = World::new();
    let policy = world.policy(0, &[SUITE_HYBRID]);
    let now = world.now;
    let good = world.manifests.clone();
    let mut altered = good.clone();
    altered[0][40] ^= 1;
    assert!(Trust::new(&altered, &policy, "fr", now).is_err());
    let last = altered[0].len() - 1;
    altered = good.clone();
    altered[0][last] ^= 1;
    assert_eq!(
        code(Trust::new(&altered, &policy, "fr", now)),
        Code::ManifestInvalid
    );
    assert_eq!(
        code(Trust::new(&good, &policy, "fr", now + 1001 * HOUR)),
        Code::ManifestExpired
    );
    assert_eq!(
        code(Trust::new(&good[1..], &policy, "fr", now)),
        Code::ManifestMissing
    );
    world
        .manifests
        .push(manifest(&world.cas[..1], "fr", 101, now));
    assert_eq!(
        code(Trust::new(&world.manifests, &policy, "fr", now)),
        Code::ManifestDuplicate
    );
    // A second country claims the first one's root.
    let greedy = vec![good[0].clone(), manifest(&world.cas[..1], "nl", 102, now)];
    assert_eq!(
        code(Trust::new(&greedy, &policy, "fr", now)),
        Code::RootBoundTwice
    );
}

#[test]
fn k2_3_the_hash_of_the_manifests_ignores_their_order_and_sees_each_change() {
    let world = World::new();
    let (a, b) = (world.manifests[0].clone(), world.manifests[1].clone());
    let hash = identity::manifest_set_hash(&[&a, &b]).unwrap();
    assert!(hash == identity::manifest_set_hash(&[&b, &a]).unwrap());
    assert!(hash != identity::manifest_set_hash(&[&a]).unwrap());
}

#[test]
fn k2_6_a_policy_is_refused_when_foreign_expired_or_forged() {
    let world = World::new();
    let trust = |policy: &[u8], now| Trust::new(&world.manifests, policy, "fr", now);
    assert_eq!(
        code(trust(
            &policy(&world.cas[2], &[SUITE_HYBRID], world.now),
            world.now
        )),
        Code::PolicyInvalid
    );
    // The interior's own key signs, but in the name of another deployment.
    let elsewhere = Ca::new(1, "nl", "interior", world.now);
    assert_eq!(
        code(trust(
            &policy(&elsewhere, &[SUITE_HYBRID], world.now),
            world.now
        )),
        Code::PolicyInvalid
    );
    let mut forged = policy(&world.cas[0], &[SUITE_HYBRID], world.now);
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(code(trust(&forged, world.now)), Code::PolicyInvalid);
    let early = policy(&world.cas[0], &[SUITE_HYBRID], world.now + 2 * HOUR);
    assert_eq!(code(trust(&early, world.now)), Code::PolicyExpired);
    // A person of the health ministry under the interior's policy.
    let key = world.key();
    let chain = vec![world.cas[1].issue(&key.public(), &world.cas[1].leaf("bob", world.now))];
    assert_eq!(
        code(Member::new(
            key,
            chain,
            world.trust(0),
            SUITE_HYBRID,
            false,
            world.now
        )),
        Code::PolicyForeign
    );
}

#[test]
fn k2_6_a_lowered_suite_is_refused_unless_policy_and_person_allow_it() {
    let world = World::new();
    let member = |suite, suites: &[u16], allow| {
        let key = world.key();
        let chain = vec![world.cas[0].issue(&key.public(), &world.cas[0].leaf("alice", world.now))];
        Member::new(
            key,
            chain,
            world.trust_with(0, suites),
            suite,
            allow,
            world.now,
        )
    };
    assert!(member(SUITE_CLASSICAL, &[SUITE_HYBRID, SUITE_CLASSICAL], true).is_ok());
    assert_eq!(
        code(member(SUITE_CLASSICAL, &[SUITE_HYBRID], true)),
        Code::SuiteNotAllowed
    );
    assert_eq!(
        code(member(
            SUITE_CLASSICAL,
            &[SUITE_HYBRID, SUITE_CLASSICAL],
            false
        )),
        Code::SuiteNotAllowed
    );
    assert_eq!(
        code(member(SUITE_HYBRID, &[SUITE_CLASSICAL], true)),
        Code::SuiteNotAllowed
    );
    assert_eq!(code(member(2, &[2], true)), Code::SuiteUnknown);
}

#[test]
fn k2_4_a_revocation_by_another_ministry_is_refused() {
    let world = World::new();
    let revocation = Revocation {
        deployment: "fr".into(),
        tenant: "interior".into(),
        fingerprint: B32([7; 32]),
        reason: "lost".into(),
        time: world.now,
    };
    let trust = world.trust(0);
    assert!(
        trust
            .open_revocation(&revocation.sign(&world.cas[0].key))
            .is_ok()
    );
    assert_eq!(
        code(trust.open_revocation(&revocation.sign(&world.cas[1].key))),
        Code::RevocationForeign
    );
    assert_eq!(
        code(trust.open_revocation(&[1, 2, 3])),
        Code::SignedMalformed
    );
}

/// The neutral point as a key: in lenient Ed25519, one signature fits it and every message.
const WEAK_KEY: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

fn weak_signature() -> [u8; 64] {
    let mut signature = [0; 64];
    signature[0] = 1;
    signature
}

#[test]
fn attack_17_a_small_order_signature_key_signs_nothing() {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    let lenient = VerifyingKey::from_bytes(&WEAK_KEY).unwrap();
    let forged = Signature::from_bytes(&weak_signature());
    assert!(lenient.verify(b"anything", &forged).is_ok(), "it would");
    let weak = B32(WEAK_KEY);
    assert!(!entente_e2ee::signed::verify(
        &weak,
        b"anything",
        &weak_signature()
    ));
}

#[test]
fn attack_17_a_certificate_signed_or_held_by_a_small_order_key_is_refused() {
    let world = World::new();
    let leaf = world.cas[0].leaf("alice", world.now);
    // Signed: a root with such a key would speak for everybody.
    let mut issued = world.cas[0].issue(&world.key().public(), &leaf);
    let at = issued.len() - 64;
    issued[at..].copy_from_slice(&weak_signature());
    let mut cas = vec![Ca::new(1, "fr", "interior", world.now)];
    let root = &mut cas[0].root;
    let key = world.cas[0].key.verifying_key();
    let place = root
        .windows(32)
        .position(|window| window == key.as_bytes())
        .unwrap();
    root[place..place + 32].copy_from_slice(&WEAK_KEY);
    let manifests = [manifest(&cas, "fr", 101, world.now)];
    let policy = policy(&cas[0], &[SUITE_HYBRID], world.now);
    let trust = Trust::new(&manifests, &policy, "fr", world.now).unwrap();
    assert_eq!(
        code(trust.verify_chain(&[&issued], world.now)),
        Code::ChainUntrusted
    );
    // Held: who has it would not need to hold anything to sign.
    let held = world.cas[0].issue(&B32(WEAK_KEY), &leaf);
    assert_eq!(
        code(world.trust(0).verify_chain(&[held], world.now)),
        Code::LeafKeyMismatch
    );
}

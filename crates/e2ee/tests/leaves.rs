//! Leaves that the MLS library would take and our rules do not (K2): made with the library itself, one thing wrong each time.

mod support;

use entente_e2ee::group::external_add;
use entente_e2ee::signed::{Revocation, Signed};
use entente_e2ee::{Code, LeafKey};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;
use openmls_rust_crypto::OpenMlsRustCrypto;
use support::raw::{EXTENSION, OTHER_EXTENSION, Person, capabilities_for, strange_extension, x509};
use support::{HUB_SEED, Meeting, code};

/// Everything that a key package is made of; tests spoil one part.
struct Parts {
    signer: LeafKey,
    credential: Credential,
    lifetime: (u64, u64),
    suites: Vec<Ciphersuite>,
    credentials: Vec<CredentialType>,
    extensions: Vec<ExtensionType>,
    leaf_extensions: Vec<Extension>,
    last_resort: bool,
}

fn parts(meeting: &Meeting) -> Parts {
    let signer = meeting.world.key();
    let ca = &meeting.world.cas[0];
    let chain = [ca.issue(&signer.public(), &ca.leaf("newcomer", meeting.now))];
    Parts {
        signer,
        credential: x509(&chain),
        lifetime: (meeting.now / 1000 - 60, meeting.now / 1000 + 3600),
        suites: vec![Ciphersuite::try_from(0x4f).unwrap()],
        credentials: vec![CredentialType::X509],
        extensions: vec![ExtensionType::Unknown(EXTENSION)],
        leaf_extensions: vec![],
        last_resort: false,
    }
}

fn package(parts: &Parts) -> Vec<u8> {
    let provider = OpenMlsRustCrypto::default();
    let capabilities = capabilities_for(&parts.suites, &parts.extensions, &parts.credentials);
    let mut builder = KeyPackage::builder()
        .key_package_lifetime(Lifetime::init(parts.lifetime.0, parts.lifetime.1))
        .leaf_node_capabilities(capabilities)
        .leaf_node_extensions(Extensions::from_vec(parts.leaf_extensions.clone()).unwrap());
    if parts.last_resort {
        builder = builder.mark_as_last_resort();
    }
    let key = parts.signer.public().as_ref().to_vec();
    let credential = CredentialWithKey {
        credential: parts.credential.clone(),
        signature_key: key.into(),
    };
    let suite = Ciphersuite::try_from(0x4f).unwrap();
    let bundle = builder
        .build(suite, &provider, &parts.signer, credential)
        .unwrap();
    MlsMessageOut::from(bundle.key_package().clone())
        .tls_serialize_detached()
        .unwrap()
}

/// What server and member say to a newcomer; both must refuse alike.
fn refused(spoil: impl Fn(&mut Parts, &Meeting)) -> Code {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let mut parts = parts(&meeting);
    spoil(&mut parts, &meeting);
    let package = package(&parts);
    let server = code(meeting.server.check_key_package(&package, now));
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[proposal], now)),
        server
    );
    server
}

#[test]
fn an_unspoilt_leaf_is_accepted() {
    let mut meeting = Meeting::of(2);
    let package = package(&parts(&meeting));
    meeting
        .server
        .check_key_package(&package, meeting.now)
        .unwrap();
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    let now = meeting.now;
    meeting.members[0]
        .propose(2, 0, 0, &[proposal], now)
        .unwrap();
}

#[test]
fn k2_2_a_leaf_key_that_is_not_the_certificates_is_refused() {
    assert_eq!(
        refused(|parts, meeting| parts.signer = meeting.world.key()),
        Code::LeafKeyMismatch
    );
}

#[test]
fn k2_2_a_leaf_without_a_certificate_is_refused() {
    let basic = |parts: &mut Parts, _: &Meeting| {
        parts.credential = BasicCredential::new(b"trust me".to_vec()).into();
        parts.credentials = vec![CredentialType::X509, CredentialType::Basic];
    };
    assert_eq!(refused(basic), Code::CredentialType);
}

#[test]
fn k2_2_a_chain_that_does_not_parse_is_refused() {
    let spoil = |parts: &mut Parts, _: &Meeting| {
        parts.credential = Credential::new(CredentialType::X509, vec![1, 2, 3])
    };
    assert_eq!(refused(spoil), Code::ChainMalformed);
}

#[test]
fn k2_1_a_leaf_that_outlives_its_certificate_is_refused() {
    assert_eq!(
        refused(|parts, _| parts.lifetime.1 += 86_400),
        Code::LeafLifetime
    );
}

#[test]
fn k2_1_an_agent_or_recipient_is_no_member() {
    for role in ["agent", "recipient"] {
        let spoil = |parts: &mut Parts, meeting: &Meeting| {
            let ca = &meeting.world.cas[0];
            let mut leaf = ca.leaf("newcomer", meeting.now);
            leaf.role = Some(role.into());
            parts.credential = x509(&[ca.issue(&parts.signer.public(), &leaf)]);
        };
        assert_eq!(refused(spoil), Code::RoleRefused);
    }
}

#[test]
fn k2_6_a_leaf_that_could_be_talked_down_is_refused() {
    assert_eq!(
        refused(|parts, _| parts.suites.push(Ciphersuite::try_from(1).unwrap())),
        Code::LeafCapabilities
    );
    assert_eq!(
        refused(|parts, _| parts.credentials.push(CredentialType::Basic)),
        Code::LeafCapabilities
    );
    assert_eq!(
        refused(|parts, _| parts.extensions.clear()),
        Code::LeafCapabilities
    );
}

#[test]
fn k2_2_a_key_package_for_more_than_one_use_is_refused() {
    let spoil = |parts: &mut Parts, _: &Meeting| {
        parts.last_resort = true;
        parts.extensions.push(ExtensionType::LastResort);
    };
    assert_eq!(refused(spoil), Code::KeyPackageExtension);
}

#[test]
fn k3_2_a_leaf_with_extensions_is_refused() {
    let spoil = |parts: &mut Parts, _: &Meeting| {
        parts
            .extensions
            .push(ExtensionType::Unknown(OTHER_EXTENSION));
        parts.leaf_extensions.push(strange_extension());
    };
    assert_eq!(refused(spoil), Code::LeafCapabilities);
}

/// A newcomer whose nth key pair has an X25519 part of small order, for server and members.
fn refused_weak(nth: i64) -> Code {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let person = Person::new(&meeting, "weak");
    person.provider.weaken_key(nth);
    let package = person.key_package(&meeting, |builder| builder);
    let server = code(meeting.server.check_key_package(&package, now));
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    let member = code(meeting.members[0].propose(2, 0, 0, &[proposal], now));
    assert_eq!(member, server);
    server
}

#[test]
fn attack_17_a_low_order_init_key_is_refused() {
    assert_eq!(refused_weak(0), Code::KeyPackageInvalid);
}

#[test]
fn attack_17_a_low_order_leaf_encryption_key_is_refused() {
    assert_eq!(refused_weak(1), Code::KeyPackageInvalid);
}

#[test]
fn k2_1_a_leaf_whose_own_time_is_over_is_refused() {
    let mut meeting = Meeting::of(2);
    let package = package(&parts(&meeting));
    // The certificate lives twelve hours, the leaf one.
    let later = meeting.now + 2 * support::ca::HOUR;
    assert_eq!(
        code(meeting.server.check_key_package(&package, later)),
        Code::LeafLifetime
    );
    let proposal = external_add(&HUB_SEED, &meeting.params.group_id.0, 1, 0, &package).unwrap();
    assert_eq!(
        code(meeting.members[0].propose(2, 0, 0, &[proposal], later)),
        Code::LeafLifetime
    );
}

#[test]
fn k2_4_a_revoked_newcomer_is_refused_and_a_newcomer_refuses_a_group_with_a_revoked_member() {
    let mut meeting = Meeting::of(2);
    let now = meeting.now;
    let line = &meeting.members[0].roster().unwrap()[1];
    let ca = meeting
        .world
        .cas
        .iter()
        .find(|ca| ca.tenant == line.identity.tenant)
        .unwrap();
    let revocation = |fingerprint| Revocation {
        deployment: ca.deployment.clone(),
        tenant: ca.tenant.clone(),
        fingerprint,
        reason: "lost".into(),
        time: now,
    };
    let of_member = revocation(line.identity.fingerprint).sign(&ca.key);
    let mut joiners = vec![meeting.world.person(1, "late")];
    let package = joiners[0].key_package(now).unwrap();
    let newcomer = meeting
        .server
        .check_key_package(&package, now)
        .unwrap()
        .identity;
    let of_newcomer = revocation(newcomer.fingerprint).sign(&ca.key);
    let announced = meeting.prepare(0, 0, &mut joiners, &[]);
    meeting.members[1].revoke(&of_newcomer, now).unwrap();
    assert_eq!(
        code(meeting.members[1].propose(2, 0, 0, &announced.proposals, now)),
        Code::CertificateRevoked
    );
    meeting.members[0]
        .propose(2, 0, 0, &announced.proposals, now)
        .unwrap();
    let submitted = meeting.submit(announced);
    joiners[0].revoke(&of_member, now).unwrap();
    assert_eq!(
        code(meeting.join(&mut joiners[0], &submitted, 0)),
        Code::CertificateRevoked
    );
}

#[test]
fn k2_4_a_revocation_counts_only_for_the_people_of_the_ministry_that_signed_it() {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let victim = meeting.members[0].roster().unwrap().remove(1).identity;
    let mut joiners = vec![meeting.world.person(1, "late")];
    let package = joiners[0].key_package(now).unwrap();
    let newcomer = meeting.server.check_key_package(&package, now).unwrap();
    // The root of another ministry names certificates that it never issued, under its own name.
    let ca = meeting
        .world
        .cas
        .iter()
        .find(|ca| ca.tenant != victim.tenant)
        .unwrap();
    let foreign = |fingerprint| {
        Revocation {
            deployment: ca.deployment.clone(),
            tenant: ca.tenant.clone(),
            fingerprint,
            reason: "not ours".into(),
            time: now,
        }
        .sign(&ca.key)
    };
    let of_member = foreign(victim.fingerprint);
    let of_newcomer = foreign(newcomer.identity.fingerprint);
    let keys = meeting.members[1]
        .frame_sender(entente_e2ee::frames::Kind::Camera, now)
        .unwrap();
    let message = meeting.members[1].encrypt(b"still here", now).unwrap();
    let member = &mut meeting.members[0];
    member.revoke(&of_member, now).unwrap();
    member.revoke(&of_newcomer, now).unwrap();
    joiners[0].revoke(&of_member, now).unwrap();
    assert!(!member.roster().unwrap()[1].revoked);
    assert!(member.frame_receiver(keys.kid, now + 2_001).is_ok());
    assert!(member.decrypt(&message, now + 2_001).is_ok());
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    assert!(meeting.join(&mut joiners[0], &submitted, 0).is_ok());
}

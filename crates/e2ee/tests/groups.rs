//! Which group a newcomer and the server take up (K2.6, K3.1, K3.2): the one their deployment describes, and no extra in it.

mod support;

use entente_e2ee::bytes::{B32, Bytes, sha256};
use entente_e2ee::signed::State;
use entente_e2ee::wire::Wire;
use entente_e2ee::{Code, Error, GroupParams, Member, PublicGroup, SUITE_CLASSICAL, SUITE_HYBRID};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{
    BasicCredential, CredentialType, Extension, ExtensionType, ExternalSender,
    OpenMlsProvider as _, RequiredCapabilitiesExtension, UnknownExtension,
};
use support::raw::{
    Committing, EXTENSION, OTHER_EXTENSION, Person, Raw, capabilities, message_of,
    strange_extension, with_secret,
};
use support::weak::WeakProvider;
use support::{Meeting, Submitted, code, hub_key};

/// A submission of one addition, committed by leaf 0 of three, and its joiner.
fn submitted() -> (Meeting, Submitted, Vec<Member>) {
    let mut meeting = Meeting::of(3);
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(0, 0, &mut joiners, &[]);
    let submitted = meeting.submit(announced);
    (meeting, submitted, joiners)
}

#[test]
fn k3_1_a_joiner_refuses_a_group_that_its_deployment_does_not_describe() {
    let (meeting, submitted, _) = submitted();
    let now = meeting.now;
    let change = |spoil: &dyn Fn(&mut GroupParams)| {
        let mut params = meeting.params.clone();
        spoil(&mut params);
        let mut pen = meeting.pen.clone();
        pen.params = params.clone();
        let hash = sha256(&[&submitted.commit.commit.0]);
        let entry = pen.write(State::Proposed, 2, 0, hash, &[]);
        let mut joiner = meeting.world.person(0, "other");
        joiner.key_package(now).unwrap();
        code(joiner.join(
            &entry,
            &submitted.commit.welcome.as_ref().unwrap().0,
            &submitted.tree,
            params,
            now,
        ))
    };
    assert_eq!(change(&|p| p.version = 2), Code::ParamsVersion);
    assert_eq!(
        change(&|p| p.manifest_set_hash.0[0] ^= 1),
        Code::ManifestSetChanged
    );
    assert_eq!(change(&|p| p.hub = "nl".into()), Code::HubUnknown);
    assert_eq!(change(&|p| p.hub_keys = vec![]), Code::HubUnknown);
    assert_eq!(
        change(&|p| p.hub_keys.push(sha256(&[b"nobody"]))),
        Code::HubUnknown
    );
}

#[test]
fn k3_1_a_joiner_compares_the_groups_own_words_with_its_deployments() {
    for (spoil, expected) in [
        (
            (|p| p.policy_hash.0[0] ^= 1) as fn(&mut GroupParams),
            Code::ParamsMismatch,
        ),
        (|p| p.suite = SUITE_CLASSICAL, Code::SuiteChanged),
    ] {
        let (meeting, submitted, mut joiners) = submitted();
        let mut params = meeting.params.clone();
        spoil(&mut params);
        let welcome = &submitted.commit.welcome.as_ref().unwrap().0;
        let result = joiners[0].join(
            &submitted.entry,
            welcome,
            &submitted.tree,
            params,
            meeting.now,
        );
        assert_eq!(code(result), expected);
    }
}

#[test]
fn k3_2_a_spoilt_welcome_or_tree_is_refused() {
    let (meeting, submitted, mut joiners) = submitted();
    let now = meeting.now;
    let welcome = submitted.commit.welcome.clone().unwrap().0;
    let mut join = |welcome: &[u8], tree: &[u8]| {
        joiners[0]
            .join(&submitted.entry, welcome, tree, meeting.params.clone(), now)
            .map_err(|error| error.code)
    };
    let mut long = welcome.clone();
    long.push(0);
    assert_eq!(join(&long, &submitted.tree), Err(Code::MessageTrailing));
    let mut bad = welcome.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    assert_eq!(join(&bad, &submitted.tree), Err(Code::WelcomeRefused));
    let mut long = submitted.tree.clone();
    long.push(0);
    assert_eq!(join(&welcome, &long), Err(Code::MessageTrailing));
    let mut bad = submitted.tree.clone();
    let at = bad.len() / 2;
    bad[at] ^= 1;
    assert!(join(&welcome, &bad).is_err());
    assert!(
        join(&welcome, &submitted.tree).is_ok(),
        "the right ones still work"
    );
}

/// What the server says to a group that was made for `params`, when its deployment describes what `spoil` makes of them.
fn taken_up(spoil: impl Fn(&mut GroupParams)) -> Result<(), Error> {
    let meeting = Meeting::of(1);
    let (world, now) = (&meeting.world, meeting.now);
    let mut creator = world.person(0, "creator");
    let created = creator.create(meeting.params.clone(), now).unwrap();
    let mut params = meeting.params.clone();
    spoil(&mut params);
    let (info, tree) = (&created.group_info.0, &created.tree.0);
    PublicGroup::from_group_info(info, tree, params, world.trust(0), now).map(|_| ())
}

#[test]
fn k3_1_a_group_that_is_not_the_described_one_is_refused_and_the_difference_named() {
    let differs = |spoil: fn(&mut GroupParams)| {
        let error = taken_up(spoil).unwrap_err();
        assert_eq!(error.code, Code::ParamsMismatch);
        error.detail
    };
    assert_eq!(taken_up(|_| ()), Ok(()));
    assert_eq!(differs(|p| p.term = 2), "term");
    assert_eq!(differs(|p| p.meeting.0[0] ^= 1), "meeting");
    assert_eq!(differs(|p| p.policy_hash.0[0] ^= 1), "policy");
    assert_eq!(
        differs(|p| p.group_id = Bytes(b"another".to_vec())),
        "another group"
    );
    let code = taken_up(|p| p.suite = SUITE_CLASSICAL).map_err(|error| error.code);
    assert_eq!(code, Err(Code::SuiteChanged));
}

/// The extensions that a group's context has, from a group of ours.
fn context_of(meeting: &Meeting) -> Vec<Extension> {
    let required = RequiredCapabilitiesExtension::new(
        &[ExtensionType::Unknown(EXTENSION)],
        &[],
        &[CredentialType::X509],
    );
    vec![
        Extension::RequiredCapabilities(required),
        senders(&meeting.params.hub, &meeting.params.hub_keys),
        Extension::Unknown(EXTENSION, UnknownExtension(meeting.params.encode())),
    ]
}

fn senders(name: &str, keys: &[B32]) -> Extension {
    let sender = |key: &B32| {
        let name = BasicCredential::new(name.as_bytes().to_vec());
        ExternalSender::new(key.as_ref().to_vec().into(), name.into())
    };
    Extension::ExternalSenders(keys.iter().map(sender).collect())
}

/// What the server says to a group that raw MLS made under this id with these extensions.
fn raw_group(meeting: &Meeting, id: &[u8], context: Vec<Extension>) -> Result<(), Error> {
    let mut person = Person::new(meeting, "creator");
    person.capabilities = capabilities(
        &[
            ExtensionType::Unknown(EXTENSION),
            ExtensionType::Unknown(OTHER_EXTENSION),
        ],
        &[CredentialType::X509],
    );
    let group = person.create(meeting, id, context);
    let info = group
        .export_group_info(person.provider.crypto(), &person.key, false)
        .unwrap()
        .tls_serialize_detached()
        .unwrap();
    let tree = group
        .export_ratchet_tree()
        .tls_serialize_detached()
        .unwrap();
    let (params, trust) = (meeting.params.clone(), meeting.world.trust(0));
    PublicGroup::from_group_info(&info, &tree, params, trust, meeting.now).map(|_| ())
}

#[test]
fn k3_1_a_group_under_another_id_than_its_own_words_say_is_refused() {
    let meeting = Meeting::of(1);
    let id = meeting.params.group_id.clone();
    assert_eq!(
        raw_group(&meeting, id.as_ref(), context_of(&meeting)),
        Ok(())
    );
    let other = raw_group(&meeting, b"another", context_of(&meeting));
    assert_eq!(code(other), Code::ParamsMismatch);
}

#[test]
fn k3_1_a_group_with_more_in_its_context_than_the_rules_say_is_refused() {
    let meeting = Meeting::of(1);
    let id = meeting.params.group_id.clone();
    let mut context = context_of(&meeting);
    context[0] = Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
        &[
            ExtensionType::Unknown(EXTENSION),
            ExtensionType::Unknown(OTHER_EXTENSION),
        ],
        &[],
        &[CredentialType::X509],
    ));
    context.push(strange_extension());
    let refused = raw_group(&meeting, id.as_ref(), context).unwrap_err();
    assert_eq!(refused.code, Code::ParamsMismatch);
    assert_eq!(refused.detail, "other extensions");
}

#[test]
fn k3_2_a_group_that_lets_a_stranger_propose_is_refused() {
    let meeting = Meeting::of(1);
    let id = meeting.params.group_id.clone();
    let strangers = [
        senders(&meeting.params.hub, &[hub_key(&[9; 32])]),
        senders(
            &meeting.params.hub,
            &[meeting.params.hub_keys[0], hub_key(&[9; 32])],
        ),
        senders("somebody", &meeting.params.hub_keys),
    ];
    for stranger in strangers {
        let mut context = context_of(&meeting);
        context[1] = stranger;
        let refused = raw_group(&meeting, id.as_ref(), context);
        assert_eq!(code(refused), Code::ExternalSenders);
    }
}

#[test]
fn k2_6_a_joiner_refuses_params_of_another_suite_before_it_reads_a_welcome() {
    let (meeting, submitted, mut joiners) = submitted();
    let mut params = meeting.params.clone();
    params.suite = SUITE_CLASSICAL;
    let refused = joiners[0].join(&submitted.entry, b"no welcome", b"", params, meeting.now);
    assert_eq!(code(refused), Code::SuiteChanged);
}

/// A joiner who is added by a raw member, and what it says to the Welcome that `spoil` brings about.
fn welcomed_by_a_raw_member(
    spoil: impl for<'a> FnOnce(Committing<'a>, &WeakProvider) -> Committing<'a>,
    with_tree: bool,
) -> Result<Vec<u8>, Error> {
    let mut meeting = Meeting::of(2);
    let person = Person::new(&meeting, "raw");
    let mut raw = Raw::enter(&mut meeting, person);
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.announce(raw.leaf(), 0, &mut joiners, &[]);
    raw.with_tree = with_tree;
    let made = raw.commit(&announced.proposals, spoil);
    // The tree comes from the raw member too: a server that helps it would give the same.
    let tree = raw.next_tree();
    let entry = meeting
        .pen
        .write(State::Proposed, 3, 0, sha256(&[&made.commit]), &[]);
    let welcome = made.welcome.unwrap();
    joiners[0].join(&entry, &welcome, &tree, meeting.params.clone(), meeting.now)
}

#[test]
fn a_raw_members_unspoilt_welcome_is_accepted() {
    assert!(welcomed_by_a_raw_member(|builder, _| builder, false).is_ok());
}

#[test]
fn k3_2_a_welcome_that_brings_its_own_tree_is_refused() {
    let refused = welcomed_by_a_raw_member(|builder, _| builder, true);
    assert_eq!(code(refused), Code::WelcomeRefused);
}

#[test]
fn k3_2_a_welcome_that_demands_a_secret_is_refused() {
    let refused = welcomed_by_a_raw_member(with_secret, false);
    assert_eq!(code(refused), Code::WelcomeRefused);
}

#[test]
fn k3_2_a_welcome_to_another_leaf_of_ours_is_refused() {
    let mut meeting = Meeting::of(2);
    let person = Person::new(&meeting, "twice");
    let first = person.key_bundle(&meeting, |builder| builder);
    let announced = meeting.propose_package(&message_of(&first));
    let submitted = meeting.submit(announced);
    // The same person asks for a second key package, and a server and a member cut the Welcome to that one, while the tree
    // holds the leaf of the first.
    let now = meeting.now;
    let trust = meeting.world.trust(0);
    let (key, chain) = (person.key.clone(), person.chain.clone());
    let mut joiner = Member::new(key, chain, trust, SUITE_HYBRID, false, now).unwrap();
    let second = joiner.key_package(now).unwrap();
    let welcome = &submitted.commit.welcome.as_ref().unwrap().0;
    let recut = person.recut(welcome, &first, &second);
    let params = meeting.params.clone();
    let refused = joiner.join(&submitted.entry, &recut, &submitted.tree, params, now);
    assert_eq!(code(refused), Code::WelcomeOwnLeaf);
}

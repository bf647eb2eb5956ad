//! A member who commits as it likes (K3.2, K4.1): raw MLS behind a real leaf and a good signature. Hub and members refuse
//! alike, but for what only members can see. Attacks 14 and 17.

mod support;

use entente_e2ee::bytes::sha256;
use entente_e2ee::group::external_remove;
use entente_e2ee::signed::{FailureReport, State, Submission};
use entente_e2ee::{Code, Member, pack};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;
use support::raw::{
    Committing, EXTENSION, Made, OTHER_EXTENSION, Person, Raw, capabilities, strange_extension,
    verdicts, vouch, with_secret,
};
use support::weak::WeakProvider;
use support::{Announced, HUB_SEED, Meeting, code, hub_key, leaf_signer};

/// Three of ours and a raw member at leaf 3, who is to commit one addition.
fn invited() -> (Meeting, Raw, Announced) {
    let mut meeting = Meeting::of(3);
    let person = Person::new(&meeting, "raw");
    let raw = Raw::enter(&mut meeting, person);
    assert_eq!(raw.leaf(), 3);
    let mut joiners = [meeting.world.person(1, "late")];
    let announced = meeting.announce(raw.leaf(), 0, &mut joiners, &[]);
    (meeting, raw, announced)
}

/// What hub and members say to a commit that is made differently.
fn refused(
    spoil: impl for<'a> FnOnce(Committing<'a>, &WeakProvider) -> Committing<'a>,
) -> (Code, Code) {
    let (mut meeting, mut raw, announced) = invited();
    let made = raw.commit(&announced.proposals, spoil);
    said(&mut meeting, &raw, &announced, &made)
}

fn said(meeting: &mut Meeting, raw: &Raw, announced: &Announced, made: &Made) -> (Code, Code) {
    let signature = raw.vouch(meeting, announced, &made.commit);
    verdicts(meeting, announced, &made.commit, &signature)
}

#[test]
fn a_raw_members_unspoilt_commit_is_accepted() {
    let (mut meeting, mut raw, announced) = invited();
    let made = raw.commit(&announced.proposals, |builder, _| builder);
    let signature = raw.vouch(&meeting, &announced, &made.commit);
    let now = meeting.now;
    let staged = meeting
        .server
        .stage(3, 0, &announced.proposals, &made.commit, &signature, 3, now);
    assert!(staged.is_ok());
    let hash = sha256(&[&made.commit]);
    let entry = meeting.pen.write(State::Proposed, 3, 0, hash, &[]);
    for member in &mut meeting.members {
        let receipt = member.stage(&entry, &made.commit, &signature, now);
        assert!(receipt.unwrap().is_some());
    }
}

#[test]
fn k3_2_a_commit_with_a_proposal_of_its_own_is_refused() {
    let both = (Code::CommitInlineProposal, Code::CommitInlineProposal);
    let remove = refused(|builder, _| builder.propose_removals([LeafNodeIndex::new(1)]));
    assert_eq!(remove, both);
}

#[test]
fn attack_14_a_ghost_that_a_member_adds_by_itself_is_refused() {
    let (mut meeting, mut raw, announced) = invited();
    let ghost = Person::new(&meeting, "ghost").key_bundle(&meeting, |builder| builder);
    let ghost = ghost.key_package().clone();
    let made = raw.commit(&announced.proposals, |builder, _| {
        builder.propose_adds([ghost])
    });
    let both = (Code::CommitInlineProposal, Code::CommitInlineProposal);
    assert_eq!(said(&mut meeting, &raw, &announced, &made), both);
}

#[test]
fn k3_2_a_commit_that_brings_a_secret_is_refused() {
    // Members hold no such secret, so that MLS refuses before our rule is asked.
    let both = (Code::CommitInlineProposal, Code::MessageRefused);
    assert_eq!(refused(with_secret), both);
}

#[test]
fn k3_2_a_commit_of_nothing_is_refused() {
    let mut meeting = Meeting::of(3);
    let person = Person::new(&meeting, "raw");
    let raw = Raw::enter(&mut meeting, person);
    let announced = meeting.announce(raw.leaf(), 0, &mut [], &[]);
    let commit = raw.empty_commit();
    let signature = raw.vouch(&meeting, &announced, &commit);
    // The hub's MLS misses a path; the members' already misses the tags, which nobody can make without an epoch.
    let both = (Code::MessageRefused, Code::CommitTags);
    assert_eq!(
        verdicts(&mut meeting, &announced, &commit, &signature),
        both
    );
}

#[test]
fn k3_2_a_commit_that_changes_the_context_is_refused() {
    let (mut meeting, mut raw, announced) = invited();
    let mut context = raw.group.extensions().clone();
    let hubs = ExternalSender::new(
        hub_key(&[9; 32]).as_ref().to_vec().into(),
        BasicCredential::new(b"fr".to_vec()).into(),
    );
    context
        .add_or_replace(Extension::ExternalSenders(vec![hubs]))
        .unwrap();
    let made = raw.commit(&announced.proposals, |builder, _| {
        builder.propose_group_context_extensions(context).unwrap()
    });
    let both = (Code::CommitContext, Code::CommitContext);
    assert_eq!(said(&mut meeting, &raw, &announced, &made), both);
}

#[test]
fn k3_2_a_commit_that_changes_its_authors_certificate_or_key_is_refused() {
    let (mut meeting, mut raw, announced) = invited();
    let other = Person::new(&meeting, "somebody else");
    let made = raw.commit_as(&announced.proposals, &other);
    let both = (Code::CommitCredential, Code::CommitCredential);
    assert_eq!(said(&mut meeting, &raw, &announced, &made), both);
}

#[test]
fn k3_2_a_commit_that_changes_its_authors_leaf_is_refused() {
    let more = |extensions: Vec<Extension>| {
        LeafNodeParameters::builder()
            .with_capabilities(capabilities(
                &[
                    ExtensionType::Unknown(EXTENSION),
                    ExtensionType::Unknown(OTHER_EXTENSION),
                ],
                &[CredentialType::X509],
            ))
            .with_extensions(Extensions::from_vec(extensions).unwrap())
            .build()
    };
    let both = (Code::CommitCredential, Code::CommitCredential);
    let capable = refused(|builder, _| builder.leaf_node_parameters(more(vec![])));
    assert_eq!(capable, both);
    let extended =
        refused(|builder, _| builder.leaf_node_parameters(more(vec![strange_extension()])));
    assert_eq!(extended, both);
}

#[test]
fn attack_14_an_external_commit_is_refused_by_hub_and_members() {
    let mut meeting = Meeting::of(3);
    let person = Person::new(&meeting, "raw");
    let raw = Raw::enter(&mut meeting, person);
    let ghost = Person::new(&meeting, "ghost");
    let info = raw
        .group
        .export_group_info(raw.person.provider.crypto(), &raw.person.key, false)
        .unwrap()
        .tls_serialize_detached()
        .unwrap();
    let tree = raw.group.export_ratchet_tree();
    let tree = tree.tls_serialize_detached().unwrap();
    let commit = ghost.external_commit(&info, &tree);
    // A member helps: it is to commit, and vouches for the stranger's bytes.
    let announced = meeting.announce(raw.leaf(), 0, &mut [], &[]);
    let signature = raw.vouch(&meeting, &announced, &commit);
    let both = (Code::ExternalCommit, Code::ExternalCommit);
    assert_eq!(
        verdicts(&mut meeting, &announced, &commit, &signature),
        both
    );
    // So does the ghost by itself, whom nobody named.
    let signature = vouch(&ghost.signer, &meeting, &announced, &commit);
    let both = (Code::SubmissionSignature, Code::SubmissionSignature);
    assert_eq!(
        verdicts(&mut meeting, &announced, &commit, &signature),
        both
    );
}

#[test]
fn k3_2_a_proposal_of_a_member_or_of_a_successor_is_refused() {
    let mut world = support::World::new();
    // The other deployment's hub may follow this one; until then it proposes nothing.
    let successor = [201; 32];
    world.successors = vec![hub_key(&successor)];
    let mut meeting = Meeting::with(world, 3, entente_e2ee::SUITE_HYBRID);
    let person = Person::new(&meeting, "raw");
    let mut raw = Raw::enter(&mut meeting, person);
    let (now, group) = (meeting.now, meeting.params.group_id.0.clone());
    let (own, _) = raw
        .group
        .propose_remove_member(&raw.person.provider, &raw.person.key, LeafNodeIndex::new(1))
        .unwrap();
    let own = own.tls_serialize_detached().unwrap();
    let early = external_remove(&successor, &group, 2, 1, 1).unwrap();
    for proposal in [own, early] {
        let announced = Announced {
            epoch: 3,
            attempt: 0,
            committer: 0,
            proposals: vec![proposal],
            references: vec![],
        };
        let told = meeting.members[0].propose(3, 0, 0, &announced.proposals, now);
        assert_eq!(code(told), Code::ProposalSender);
        let commit = b"never looked at";
        let signature = vouch(&leaf_signer(1), &meeting, &announced, commit);
        let proposals = &announced.proposals;
        let staged = meeting
            .server
            .stage(3, 0, proposals, commit, &signature, 0, now);
        assert_eq!(code(staged), Code::ProposalSender);
    }
    let hubs = external_remove(&HUB_SEED, &group, 2, 0, 1).unwrap();
    meeting.members[0].propose(3, 0, 0, &[hubs], now).unwrap();
}

#[test]
fn attack_17_a_commit_with_a_low_order_leaf_key_is_refused() {
    let (mut meeting, mut raw, announced) = invited();
    // Three parents stand above leaf 3 once the newcomer is at leaf 4; the fourth key pair is the leaf's own.
    raw.person.provider.weaken_key(3);
    let made = raw.commit(&announced.proposals, |builder, _| {
        builder.force_self_update(true)
    });
    let both = (Code::MessageRefused, Code::MessageRefused);
    assert_eq!(said(&mut meeting, &raw, &announced, &made), both);
}

/// Stages at the hub and at every member: the hub's word, then theirs.
fn staged_by_all(
    meeting: &mut Meeting,
    announced: &Announced,
    commit: &[u8],
    signature: &[u8],
) -> (Result<(), Code>, Vec<Result<(), Code>>) {
    let (now, leaf) = (meeting.now, announced.committer);
    let (epoch, attempt) = (announced.epoch, announced.attempt);
    let proposals = &announced.proposals;
    let hub = meeting
        .server
        .stage(epoch, attempt, proposals, commit, signature, leaf, now);
    let hash = sha256(&[commit]);
    let entry = meeting
        .pen
        .write(State::Proposed, epoch, attempt, hash, &[]);
    let stage = |member: &mut Member| {
        let staged = member.stage(&entry, commit, signature, now);
        staged.map(|_| ()).map_err(|error| error.code)
    };
    let theirs = meeting.members.iter_mut().map(stage).collect();
    (hub.map(|_| ()).map_err(|error| error.code), theirs)
}

#[test]
fn attack_17_a_low_order_key_or_share_in_the_path_is_refused_by_whoever_needs_it() {
    for weaken in [
        (|provider| provider.weaken_key(0)) as fn(&WeakProvider),
        WeakProvider::weaken_shares,
    ] {
        let (mut meeting, mut raw, announced) = invited();
        weaken(&raw.person.provider);
        let made = raw.commit(&announced.proposals, |builder, _| {
            builder.force_self_update(true)
        });
        let signature = raw.vouch(&meeting, &announced, &made.commit);
        let (hub, members) = staged_by_all(&mut meeting, &announced, &made.commit, &signature);
        assert_eq!(hub, Ok(()), "only who holds the secrets can tell");
        assert!(members.contains(&Err(Code::MessageRefused)), "{members:?}");
    }
}

#[test]
fn k4_1_bad_tags_under_a_good_signature_convict_the_author_and_cost_one_attempt() {
    // The membership tag is the end of a PublicMessage, the confirmation tag the 32 bytes before it.
    for from_end in [1, 40] {
        let (mut meeting, mut raw, announced) = invited();
        let now = meeting.now;
        let mut bad = raw
            .commit(&announced.proposals, |builder, _| builder)
            .commit;
        let at = bad.len() - from_end;
        bad[at] ^= 1;
        let signature = raw.vouch(&meeting, &announced, &bad);
        let (hub, members) = staged_by_all(&mut meeting, &announced, &bad, &signature);
        assert_eq!(hub, Ok(()), "the tags need secrets that the hub lacks");
        assert_eq!(members, vec![Err(Code::CommitTags); 3]);
        // Every report is about the very bytes that the author vouched for.
        let word = meeting
            .server
            .check_signed("submission", &signature)
            .unwrap();
        let word: Submission = pack::from_slice(&word).unwrap();
        assert!(word.leaf == raw.leaf() && word.commit_hash == sha256(&[&bad]));
        for member in &meeting.members {
            let code = Code::CommitTags.as_str();
            let report = member.failure_report(3, 0, sha256(&[&bad]), code).unwrap();
            let report = meeting.server.check_signed("failure_report", &report);
            let report: FailureReport = pack::from_slice(&report.unwrap()).unwrap();
            assert!(report.commit_hash == word.commit_hash && report.code == code);
        }
        // Withdrawn, and the next one named commits the same.
        meeting.server.discard();
        let hash = sha256(&[&bad]);
        let entry = meeting.pen.write(State::Withdrawn, 3, 0, hash, &[]);
        for member in &mut meeting.members {
            member.withdrawn(&entry, now).unwrap();
        }
        let next = Announced {
            attempt: 1,
            committer: 0,
            ..announced
        };
        meeting.tell(&next);
        let submitted = meeting.submit(next);
        let receipts = meeting.collect(&submitted, &mut []);
        let entry = meeting.reach(&submitted, &receipts);
        for member in &mut meeting.members {
            assert_eq!(member.reached(&entry, &receipts, now).unwrap().epoch, 3);
        }
    }
}

#[test]
fn k4_1_tags_that_the_server_broke_do_not_pass_for_the_authors() {
    for from_end in [1, 40] {
        let (mut meeting, mut raw, announced) = invited();
        let mut bad = raw
            .commit(&announced.proposals, |builder, _| builder)
            .commit;
        let signature = raw.vouch(&meeting, &announced, &bad);
        let at = bad.len() - from_end;
        bad[at] ^= 1;
        let both = (Code::SubmissionSignature, Code::SubmissionSignature);
        assert_eq!(verdicts(&mut meeting, &announced, &bad, &signature), both);
    }
}

//! The encryption's targets with seeded bytes: random ones, and real messages with a few bytes changed, cut or grown. A failing
//! seed is printed; `ENTENTE_SEED` plays it alone.

#[path = "../../e2ee/tests/support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use entente_e2ee::bytes::sha256;
use entente_e2ee::group::split_welcome;
use entente_e2ee::signed::{Receipt, Signed, State};
use entente_e2ee::wire::Wire;
use entente_fuzz::Dice;
use entente_fuzz::e2ee::{Scene, TARGETS};
use support::{HUB_SEED, Meeting, leaf_signer};

/// A scene and the real messages in it.
struct Stage {
    scene: Scene,
    commit: Vec<u8>,
    package: Vec<u8>,
    welcome: Vec<u8>,
    tree: Vec<u8>,
    message: Vec<u8>,
    receipt: Vec<u8>,
    info: (Vec<u8>, Vec<u8>),
    meeting: Meeting,
}

fn stage() -> Stage {
    let mut meeting = Meeting::of(3);
    let now = meeting.now;
    let mut creator = meeting.world.person(0, "creator");
    let created = creator.create(meeting.params.clone(), now).unwrap();
    let message = meeting.members[0].encrypt(b"hello", now).unwrap();
    let mut joiners = vec![meeting.world.person(0, "late")];
    let announced = meeting.prepare(0, 0, &mut joiners, &[]);
    let proposals = announced.proposals.clone();
    let mut committer = meeting.members.remove(0);
    committer.propose(2, 0, 0, &proposals, now).unwrap();
    let made = committer.commit(2, 0, true, now).unwrap();
    // A second view of the group tells the tree that the commit leads to.
    let (signature, commit) = (made.signature.0, made.commit.0);
    meeting
        .server
        .stage(2, 0, &proposals, &commit, &signature, 0, now)
        .unwrap();
    let tree = meeting.server.tree().unwrap();
    meeting.server.discard();
    let welcome = split_welcome(&made.welcome.unwrap().0, &announced.references[0]).unwrap();
    let receipt = Receipt {
        group: meeting.params.group_id.clone(),
        epoch: 2,
        attempt: 0,
        leaf: 0,
        authenticator: sha256(&[b"another epoch"]),
        entry_hash: sha256(&[b"another entry"]),
    };
    let package = meeting.world.person(1, "next").key_package(now).unwrap();
    let scene = Scene {
        member: meeting.members.remove(0),
        joiner: joiners.remove(0),
        server: std::mem::replace(&mut meeting.server, Meeting::of(1).server),
        params: meeting.params.clone(),
        proposals,
        committer: (0, leaf_signer(1)),
        hub: ed25519_dalek::SigningKey::from_bytes(&HUB_SEED),
        next: (meeting.pen.seq, meeting.pen.head),
        attempt: 0,
        now,
    };
    Stage {
        scene,
        commit,
        package,
        welcome,
        tree,
        message,
        receipt: receipt.sign(&leaf_signer(1)),
        info: (created.group_info.0, created.tree.0),
        meeting,
    }
}

fn play(rounds: u64, mut round: impl FnMut(&mut Dice)) {
    let only = std::env::var("ENTENTE_SEED").ok();
    let only: Option<u64> = only.map(|seed| seed.parse().expect("a number"));
    let (first, last) = only.map_or((0, rounds), |seed| (seed, seed + 1));
    for seed in first..last {
        let ran = catch_unwind(AssertUnwindSafe(|| round(&mut Dice(seed))));
        assert!(ran.is_ok(), "failed with ENTENTE_SEED={seed}");
    }
}

#[test]
fn no_parser_of_the_encryption_panics_on_seeded_bytes() {
    let Stage {
        meeting,
        scene,
        commit,
        package,
        welcome,
        receipt,
        ..
    } = stage();
    let hash = sha256(&[&commit]);
    let entry = meeting.pen.clone().write(State::Proposed, 2, 0, hash, &[]);
    let fields = entente_e2ee::signed::peek("entry", &entry).unwrap();
    let seeds = [
        meeting.world.manifests[0].clone(),
        meeting.world.policy(0, &[0x4f]),
        meeting.world.cas[0].root.clone(),
        scene.params.encode(),
        entente_e2ee::pack::to_vec(&scene.params).unwrap(),
        entry,
        fields,
        receipt,
        package,
        welcome,
    ];
    for (name, target) in TARGETS {
        play(1_500, |dice| {
            let bytes = match dice.below(4) {
                0 => dice.bytes(300),
                _ => {
                    let seed = &seeds[dice.below(seeds.len())];
                    dice.spoil(seed)
                }
            };
            let ran = catch_unwind(|| target(&bytes));
            assert!(ran.is_ok(), "{name}");
        });
    }
}

#[test]
fn no_spoilt_commit_or_proposal_is_taken_though_everybody_signs_it() {
    let mut stage = stage();
    assert_eq!(stage.scene.commit(&stage.commit.clone()), (true, true));
    let good = stage.scene.proposals[0].clone();
    play(400, |dice| {
        let (_, member) = stage.scene.commit(&dice.spoil(&stage.commit));
        assert!(!member, "a spoilt commit was staged");
        assert!(!stage.scene.proposal(&dice.spoil(&good)));
    });
    assert!(stage.scene.proposal(&good));
}

#[test]
fn no_spoilt_key_package_welcome_tree_or_group_info_is_taken() {
    let mut stage = stage();
    let trust = stage.meeting.world.trust(0);
    let (info, tree) = stage.info.clone();
    assert!(stage.scene.package(&stage.package));
    assert!(stage.scene.group(&trust, &info, &tree));
    play(300, |dice| {
        let scene = &mut stage.scene;
        assert!(!scene.package(&dice.spoil(&stage.package)));
        assert!(!scene.welcome(&dice.spoil(&stage.welcome), &stage.tree));
        assert!(!scene.welcome(&stage.welcome, &dice.spoil(&stage.tree)));
        assert!(!scene.group(&trust, &dice.spoil(&info), &tree));
        assert!(!scene.group(&trust, &info, &dice.spoil(&tree)));
    });
    assert!(stage.scene.welcome(&stage.welcome, &stage.tree));
}

#[test]
fn no_stray_bytes_are_taken_for_anybodys_word() {
    let mut stage = stage();
    let seeds = [
        stage.message.clone(),
        stage.receipt.clone(),
        stage.commit.clone(),
    ];
    play(600, |dice| {
        let seed = &seeds[dice.below(seeds.len())];
        stage.scene.stray(&dice.spoil(seed));
    });
    let now = stage.scene.now;
    assert!(stage.scene.member.decrypt(&stage.message, now).is_ok());
}

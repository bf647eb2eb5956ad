//! The signed structures' vectors, byte for byte, and the table of refusals. `ENTENTE_WRITE_VECTORS=1` writes both anew;
//! without it a change of any layout turns this red.

use ed25519_dalek::SigningKey;
use entente_e2ee::bytes::{B32, Bytes};
use entente_e2ee::signed::{self, *};
use entente_e2ee::wire::Wire;
use entente_e2ee::{Code, pack};
use serde_json::{Value, json};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors")
        .join(name)
}

/// Compares with the committed file, or writes it.
fn committed(name: &str, value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var("ENTENTE_WRITE_VECTORS").is_ok() {
        std::fs::write(path(name), &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path(name)).unwrap_or_default() == text,
        "{name} differs"
    );
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn b32(fill: u8) -> B32 {
    B32([fill; 32])
}

fn vector<T: Signed>(kind: &str, value: &T) -> Value {
    let seed = [kind.len() as u8; 32];
    let data = value.sign(&SigningKey::from_bytes(&seed));
    json!({
        "kind": kind,
        "seed": hex(seed),
        "public_key": hex(SigningKey::from_bytes(&seed).verifying_key().to_bytes()),
        "fields_msgpack": hex(pack::to_vec(value).unwrap()),
        "to_be_signed": hex(value.to_be_signed()),
        "signed": hex(&data),
        "hash": hex(structure_hash(&data).unwrap()),
    })
}

fn manifest() -> Manifest {
    Manifest {
        deployment: "fr".into(),
        serial: 7,
        not_before: 1_700_000_000_000,
        not_after: 1_800_000_000_000,
        key: b32(1),
        hub_keys: vec![b32(2), b32(3)],
        witness_key: Bytes(vec![]),
        endpoints: vec!["https://meet.example".into()],
        tenants: vec![TenantRoots {
            tenant: "interior".into(),
            name: "Ministère de l’Intérieur".into(),
            roots: vec![Bytes(vec![0x30; 70])],
            policy_key: b32(4),
        }],
    }
}

fn policy() -> Policy {
    Policy {
        deployment: "fr".into(),
        tenant: "interior".into(),
        serial: 3,
        not_before: 1_700_000_000_000,
        not_after: 1_800_000_000_000,
        suites: vec![0x004f, 0x0001],
        guests: true,
    }
}

fn entry(state: State, seq: u64) -> Entry {
    Entry {
        meeting: b32(5),
        group: Bytes(b"group".to_vec()),
        term: 1,
        seq,
        epoch: 12,
        attempt: 2,
        state,
        prev_hash: b32(6),
        commit_hash: b32(7),
        time: 1_750_000_000_123,
        receipts_hash: receipts_hash(&[b"one".as_slice(), b"two"]),
    }
}

fn receipt() -> Receipt {
    let group = Bytes(b"group".to_vec());
    Receipt {
        group,
        epoch: 12,
        attempt: 2,
        leaf: 4095,
        authenticator: b32(8),
        entry_hash: b32(9),
    }
}

fn all() -> Vec<Value> {
    let group = || Bytes(b"group".to_vec());
    let (nonce, participant) = (Bytes(vec![1, 2, 3]), "p_abcdefghijklmnop".to_owned());
    vec![
        vector("manifest", &manifest()),
        vector("policy", &policy()),
        vector("entry", &entry(State::Proposed, 41)),
        vector("entry", &entry(State::Reached, 42)),
        vector("entry", &entry(State::Withdrawn, u64::MAX)),
        vector("receipt", &receipt()),
        vector(
            "submission",
            &Submission {
                group: group(),
                epoch: 12,
                attempt: 2,
                leaf: 3,
                commit_hash: b32(7),
            },
        ),
        vector(
            "revocation",
            &Revocation {
                deployment: "fr".into(),
                tenant: "interior".into(),
                fingerprint: b32(10),
                reason: "lost".into(),
                time: 1_750_000_000_123,
            },
        ),
        vector(
            "certify",
            &Certify {
                nonce: nonce.clone(),
                participant: participant.clone(),
                public_key: b32(11),
            },
        ),
        vector(
            "resume",
            &Resume {
                nonce,
                participant,
                public_key: b32(11),
            },
        ),
        vector(
            "snapshot",
            &Snapshot {
                group: group(),
                epoch: 12,
                leaf: 1,
                purpose: "notes".into(),
                order: 99,
                content_hash: b32(12),
            },
        ),
        vector(
            "failure_report",
            &FailureReport {
                group: group(),
                epoch: 12,
                attempt: 2,
                leaf: 1,
                commit_hash: b32(7),
                code: "commit_tags".into(),
            },
        ),
    ]
}

#[test]
fn every_signed_structure_has_the_bytes_that_its_vector_says() {
    let vectors = all();
    for kind in signed::KINDS {
        assert!(
            vectors.iter().any(|vector| vector["kind"] == *kind),
            "no vector for {kind}"
        );
    }
    committed("structures.json", &Value::Array(vectors));
}

#[test]
fn the_table_of_refusals_is_the_committed_one() {
    let lines = Code::ALL
        .iter()
        .map(|code| json!({"code": code.as_str(), "rule": code.rule(), "text": code.text()}));
    committed("e2ee_errors.json", &Value::Array(lines.collect()));
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len(), "codes are unique");
}

#[test]
fn k_every_bit_of_a_signed_structure_counts() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = B32(key.verifying_key().to_bytes());
    let data = receipt().sign(&key);
    assert!(Receipt::open(&data, &public).is_ok());
    for at in 0..data.len() * 8 {
        let mut bad = data.clone();
        bad[at / 8] ^= 1 << (at % 8);
        assert!(Receipt::open(&bad, &public).is_err(), "bit {at}");
    }
    for cut in 0..data.len() {
        assert!(Receipt::open(&data[..cut], &public).is_err(), "cut {cut}");
    }
    let mut long = receipt().to_be_signed();
    long.push(0);
    let long = assemble(&long, &[0; 64]).unwrap();
    assert_eq!(
        Receipt::peek(&long).map(|_| ()).map_err(|error| error.code),
        Err(Code::SignedMalformed)
    );
}

#[test]
fn k_a_structure_is_never_taken_for_another() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = B32(key.verifying_key().to_bytes());
    let vectors = all();
    for vector in &vectors {
        let text = vector["signed"].as_str().unwrap();
        let data: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        for kind in signed::KINDS.iter().filter(|kind| vector["kind"] != **kind) {
            assert_eq!(
                signed::open(kind, &data, &public).map_err(|error| error.code),
                Err(Code::SignedLabel)
            );
        }
    }
    // A version from the future.
    let mut tbs = receipt().to_be_signed();
    let at = 1 + Receipt::LABEL.len() + 1;
    tbs[at] = 2;
    let future = assemble(&tbs, &[0; 64]).unwrap();
    assert_eq!(
        Receipt::peek(&future)
            .map(|_| ())
            .map_err(|error| error.code),
        Err(Code::SignedVersion)
    );
}

#[test]
fn one_value_has_one_encoding() {
    assert!(
        Bytes::decode(&[0x40, 0x01, 7]).is_none(),
        "a length longer than needed"
    );
    assert!(Bytes::decode(&[0x80, 0, 0, 1, 7]).is_none());
    assert!(
        Bytes::decode(&[0xc0, 0, 0, 0, 0, 0, 0, 0]).is_none(),
        "eight-byte lengths do not exist"
    );
    assert!(Bytes::decode(&[2, 7]).is_none(), "too short");
    assert!(Bytes::decode(&[1, 7, 7]).is_none(), "bytes behind the end");
    assert!(bool::decode(&[2]).is_none());
    assert!(State::decode(&[0]).is_none() && State::decode(&[4]).is_none());
    assert!(String::decode(&[1, 0xff]).is_none(), "not UTF-8");
    for length in [0, 63, 64, 16_383, 16_384, 70_000] {
        let bytes = Bytes(vec![1; length]);
        assert!(Bytes::decode(&bytes.encode()) == Some(bytes));
    }
}

#[test]
fn msgpack_fields_are_strict() {
    let fields = pack::to_vec(&receipt()).unwrap();
    assert!(signed::encode("receipt", &fields).unwrap() == receipt().to_be_signed());
    let mut long = fields.clone();
    long.push(0xc0);
    assert_eq!(
        signed::encode("receipt", &long).map_err(|error| error.code),
        Err(Code::ArgumentMalformed)
    );
    assert_eq!(
        signed::encode("policy", &fields).map_err(|error| error.code),
        Err(Code::ArgumentMalformed)
    );
    assert_eq!(
        signed::encode("nothing", &fields).map_err(|error| error.code),
        Err(Code::ArgumentMalformed)
    );
}

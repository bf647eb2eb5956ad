//! Fuzz targets of the end-to-end encryption: one per parser of bytes, and a scene in which a hub and a member that hold real
//! keys sign whatever bytes come, so that nothing stops at the first signature.

use ed25519_dalek::SigningKey;
use entente_e2ee::bytes::{B32, sha256};
use entente_e2ee::frames::{self, Codec, Kid, Opener, Sealer};
use entente_e2ee::signed::{self, Entry, Receipt, Signed, State, Submission, structure_hash};
use entente_e2ee::wire::Wire;
use entente_e2ee::{GroupParams, Member, PublicGroup, Trust, group, identity, pack};

use crate::Target;

/// Every target of plain bytes with its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("signed", signed),
    ("signed_fields", signed_fields),
    ("manifest", manifest),
    ("certificate", certificate),
    ("group_params", group_params),
    ("key_package", key_package),
    ("split_welcome", split_welcome),
    ("sframe", sframe),
    ("synthetic", synthetic),
    ("kid", kid),
];

/// A signed structure: what parses has no other encoding, and no stranger's key opens it.
pub fn signed(bytes: &[u8]) {
    let stranger = B32(SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes());
    for kind in signed::KINDS {
        if let Ok(fields) = signed::peek(kind, bytes) {
            let again = signed::encode(kind, &fields).expect("what was read is written");
            assert_eq!(again, bytes[..bytes.len() - signed::SIGNATURE_LENGTH]);
        }
        assert!(signed::open(kind, bytes, &stranger).is_err());
    }
}

/// Msgpack fields of a signed structure: what is taken reads back.
pub fn signed_fields(bytes: &[u8]) {
    for kind in signed::KINDS {
        if let Ok(tbs) = signed::encode(kind, bytes) {
            let assembled = signed::assemble(&tbs, &[0; 64]).expect("64 bytes");
            assert!(signed::peek(kind, &assembled).is_ok());
        }
    }
}

/// Manifest and policy of whoever: no trust comes of them.
pub fn manifest(bytes: &[u8]) {
    let _ = identity::manifest_set_hash(&[bytes]);
    assert!(Trust::new(&[bytes], bytes, "fr", 1).is_err());
}

/// A DER certificate.
pub fn certificate(bytes: &[u8]) {
    let _ = identity::Certificate::parse(bytes);
}

/// The GroupContext's extension: one encoding for each value, in both forms.
pub fn group_params(bytes: &[u8]) {
    if let Some(params) = GroupParams::decode(bytes) {
        assert_eq!(params.encode(), bytes);
        let packed = pack::to_vec(&params).expect("what was read is written");
        assert!(pack::from_slice::<GroupParams>(&packed) == Ok(params));
    }
    let _ = pack::from_slice::<GroupParams>(bytes);
}

/// A key package on its way into the hub's proposal.
pub fn key_package(bytes: &[u8]) {
    let _ = group::external_add(&[7; 32], b"group", 1, 0, bytes);
}

/// A Welcome that is cut to one joiner, named by its first bytes.
pub fn split_welcome(bytes: &[u8]) {
    let _ = group::split_welcome(bytes, bytes.get(9..41).unwrap_or_default());
    let _ = group::split_welcome(bytes, &[]);
}

const CODECS: [Codec; 5] = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];

/// SFrame of a stranger never opens.
pub fn sframe(bytes: &[u8]) {
    for codec in CODECS {
        let header = frames::parse_header(bytes, codec);
        let kid = header.map_or(0, |header| header.kid);
        if let Ok(mut opener) = Opener::new(kid, &[1; 16], &[2; 12]) {
            assert!(opener.open(codec, bytes).is_err());
        }
    }
}

/// Whatever frame is sealed opens as it was, once, behind the synthetic header of each codec.
pub fn synthetic(bytes: &[u8]) {
    let (Some((first, frame)), kid) = (bytes.split_first(), 1 << 20) else {
        return;
    };
    for codec in CODECS {
        let mut sealer = Sealer::new(kid, &[1; 16], &[2; 12], 0).expect("a camera's key id");
        let Ok(wire) = sealer.seal(codec, first & 1 == 0, frame) else {
            assert!(frame.is_empty());
            continue;
        };
        let mut opener = Opener::new(kid, &[1; 16], &[2; 12]).expect("a camera's key id");
        assert!(opener.open(codec, &wire) == Ok(frame.to_vec()), "{codec:?}");
        assert!(opener.open(codec, &wire).is_err());
    }
}

/// A key id has one number.
pub fn kid(bytes: &[u8]) {
    let number = bytes
        .first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    for number in [number, number >> 25] {
        if let Ok(kid) = Kid::unpack(number) {
            assert_eq!(kid.pack(), number);
        }
    }
}

/// A meeting in which everybody signs anything: a member and the hub's public group wait for the commit of `committer`.
pub struct Scene {
    /// The member under attack.
    pub member: Member,
    /// Somebody whose key package was added, and who waits for a Welcome.
    pub joiner: Member,
    /// The hub's view.
    pub server: PublicGroup,
    /// What the hub's deployment describes.
    pub params: GroupParams,
    /// The announced proposals.
    pub proposals: Vec<Vec<u8>>,
    /// Who is to commit, and its leaf key.
    pub committer: (u32, SigningKey),
    /// The hub's key.
    pub hub: SigningKey,
    /// Place and hash of the next entry in the history.
    pub next: (u64, B32),
    /// The next attempt.
    pub attempt: u32,
    /// The time, unix ms.
    pub now: u64,
}

impl Scene {
    /// A commit under its author's and the hub's signatures: whether the hub's group and the member take it.
    pub fn commit(&mut self, bytes: &[u8]) -> (bool, bool) {
        let (epoch, attempt) = (self.server.epoch() + 1, self.attempt);
        let (leaf, now) = (self.committer.0, self.now);
        self.attempt += 1;
        let told = self
            .member
            .propose(epoch, attempt, leaf, &self.proposals, now);
        told.expect("the hub's own proposals");
        let commit_hash = sha256(&[bytes]);
        let signature = Submission {
            group: self.params.group_id.clone(),
            epoch,
            attempt,
            leaf,
            commit_hash,
        }
        .sign(&self.committer.1);
        let hub = self
            .server
            .stage(
                epoch,
                attempt,
                &self.proposals,
                bytes,
                &signature,
                leaf,
                now,
            )
            .is_ok();
        self.server.discard();
        let entry = self.entry(State::Proposed, epoch, attempt, commit_hash);
        let taken = self.member.stage(&entry, bytes, &signature, now).is_ok();
        let entry = self.entry(State::Withdrawn, epoch, attempt, commit_hash);
        let withdrawn = self.member.withdrawn(&entry, now);
        withdrawn.expect("a withdrawal in its place");
        (hub, taken)
    }

    fn entry(&mut self, state: State, epoch: u64, attempt: u32, commit_hash: B32) -> Vec<u8> {
        let entry = Entry {
            meeting: self.params.meeting,
            group: self.params.group_id.clone(),
            term: self.params.term,
            seq: self.next.0,
            epoch,
            attempt,
            state,
            prev_hash: self.next.1,
            commit_hash,
            time: self.now,
            receipts_hash: signed::receipts_hash::<Vec<u8>>(&[]),
        }
        .sign(&self.hub);
        let hash = structure_hash(&entry).expect("it is signed");
        self.next = (self.next.0 + 1, hash);
        entry
    }

    /// A proposal: whether the member takes it for the hub's.
    pub fn proposal(&mut self, bytes: &[u8]) -> bool {
        let (epoch, attempt) = (self.server.epoch() + 1, self.attempt);
        self.attempt += 1;
        self.member
            .propose(epoch, attempt, self.committer.0, &[bytes], self.now)
            .is_ok()
    }

    /// A key package: whether the hub would propose it.
    pub fn package(&mut self, bytes: &[u8]) -> bool {
        self.server.check_key_package(bytes, self.now).is_ok()
    }

    /// A Welcome and a tree, of which one is from elsewhere: whether the joiner takes them.
    pub fn welcome(&mut self, welcome: &[u8], tree: &[u8]) -> bool {
        let epoch = self.server.epoch() + 1;
        let mut next = self.next;
        let commit_hash = sha256(&[b"whatever was committed"]);
        let entry = self.entry(State::Proposed, epoch, 0, commit_hash);
        std::mem::swap(&mut self.next, &mut next);
        let params = self.params.clone();
        self.joiner
            .join(&entry, welcome, tree, params, self.now)
            .is_ok()
    }

    /// A GroupInfo and a tree that a creator brings: whether the hub takes up the group.
    pub fn group(&self, trust: &std::sync::Arc<Trust>, info: &[u8], tree: &[u8]) -> bool {
        let (params, trust) = (self.params.clone(), trust.clone());
        PublicGroup::from_group_info(info, tree, params, trust, self.now).is_ok()
    }

    /// An application message, an entry or a receipt that anybody sends: none of it is taken.
    pub fn stray(&mut self, bytes: &[u8]) {
        let now = self.now;
        assert!(self.member.decrypt(bytes, now).is_err());
        assert!(self.member.receipt(bytes, now).is_err());
        assert!(self.member.reached(bytes, &[bytes], now).is_err());
        assert!(self.member.withdrawn(bytes, now).is_err());
        assert!(self.member.revoke(bytes, now).is_err());
        assert!(self.member.open_snapshot(0, bytes, bytes).is_err());
        for kind in signed::KINDS {
            assert!(self.server.check_signed(kind, bytes).is_err());
        }
        let _ = Receipt::peek(bytes);
    }
}

//! Fuzz targets of the engine's transport: one per parser, and one that plays a sequence of operations against a
//! whole worker; those of the encryption are in `e2ee`. Each is a plain function of bytes that must neither panic nor break what it asserts, so a
//! coverage-guided fuzzer can call it as it is, and the tests here feed it seeded bytes on stable Rust.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod dice;
pub mod e2ee;
mod sequence;

use entente_media::rtp;
use entente_media::srtp::{Inbound, Keys, Outbound, Profile, is_rtcp, rtp_header_len};
use entente_media::stun::{IntegrityKey, Message, looks_like_stun};
use entente_media::types::Command;

pub use dice::Dice;
pub use sequence::operations;

/// A fuzz target: any bytes, no panic.
pub type Target = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("stun", stun),
    ("srtp", srtp),
    ("srtcp", srtcp),
    ("seal", seal),
    ("rtp_header", rtp_header),
    ("command", command),
    ("operations", operations),
];

/// STUN: whatever parses also answers every question, and no guess is authentic.
pub fn stun(bytes: &[u8]) {
    if let Ok(message) = Message::parse(bytes) {
        assert!(looks_like_stun(bytes));
        let _ = (
            message.username(),
            message.priority(),
            message.mapped_address(),
            message.error_code(),
        );
        assert!(!message.verify(&IntegrityKey::new(b"a password nobody guessed")));
    }
}

fn keys() -> Keys {
    Keys::new(Profile::AeadAes128Gcm, &[7; 16], &[9; 12]).expect("lengths are right")
}

/// SRTP of a stranger never opens, with any profile.
pub fn srtp(bytes: &[u8]) {
    let mut inbound = Inbound::new(&keys()).expect("keys are right");
    assert!(inbound.open_rtp(&mut bytes.to_vec()).is_err());
}

/// SRTCP of a stranger never opens.
pub fn srtcp(bytes: &[u8]) {
    let mut inbound = Inbound::new(&keys()).expect("keys are right");
    assert!(inbound.open_rtcp(&mut bytes.to_vec()).is_err());
}

/// What can be sealed opens again as it was, and a second time it can not be sealed.
pub fn seal(bytes: &[u8]) {
    let Some(header) = rtp_header_len(bytes).filter(|_| !is_rtcp(bytes)) else {
        return;
    };
    let (mut outbound, mut inbound) = (
        Outbound::new(&keys()).expect("keys are right"),
        Inbound::new(&keys()).expect("keys are right"),
    );
    let mut sealed = Vec::new();
    outbound
        .seal_rtp(bytes, &[], header, &mut sealed)
        .expect("a fresh index");
    let length = inbound.open_rtp(&mut sealed).expect("our own packet");
    assert_eq!(&sealed[..length], bytes);
    assert!(outbound.seal_rtp(bytes, &[], header, &mut sealed).is_err());
}

/// Two readers of the RTP header agree on where it ends.
pub fn rtp_header(bytes: &[u8]) {
    if rtp::Header::parse(bytes).is_ok() {
        assert!(rtp_header_len(bytes).is_some());
    }
}

/// msgpack of the core, or of whoever reached its queue.
pub fn command(bytes: &[u8]) {
    if let Ok(command) = rmp_serde::from_slice::<Command>(bytes) {
        let again = rmp_serde::to_vec_named(&command).expect("a command serialises");
        assert_eq!(
            rmp_serde::from_slice::<Command>(&again).expect("and reads back"),
            command
        );
    }
}

//! A sender's key and salt from the epoch's base key and the key id (RFC 9605 §4.4.2).

use super::sealing::SUITE;
use crate::{Code, Result};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Label of the MLS exporter for an epoch's base key.
pub const BASE_LABEL: &str = "entente sframe v1";
/// Bytes of a base key and of a sender key: AES-128 (RFC 9605 §4.5).
pub const KEY_LENGTH: usize = 16;
/// Bytes of a salt.
pub const SALT_LENGTH: usize = 12;

/// Key and salt of one key id; wiped when dropped.
pub struct FrameKeys {
    /// AES-128 key.
    pub key: Zeroizing<[u8; KEY_LENGTH]>,
    /// Salt that the counter is xored into.
    pub salt: Zeroizing<[u8; SALT_LENGTH]>,
}

/// Derives what RFC 9605 §4.4.2 derives from a base key and a key id.
pub fn derive(base: &[u8], kid: u64) -> Result<FrameKeys> {
    let secret = Hkdf::<Sha256>::new(Some(&[]), base);
    let label = |text: &[u8]| [text, &kid.to_be_bytes(), &SUITE.to_be_bytes()].concat();
    let mut keys = FrameKeys {
        key: Zeroizing::new([0; KEY_LENGTH]),
        salt: Zeroizing::new([0; SALT_LENGTH]),
    };
    secret
        .expand(&label(b"SFrame 1.0 Secret key "), keys.key.as_mut())
        .map_err(|_| Code::Library)?;
    secret
        .expand(&label(b"SFrame 1.0 Secret salt "), keys.salt.as_mut())
        .map_err(|_| Code::Library)?;
    Ok(keys)
}

//! From DTLS keying material to session keys (RFC 5764 §4.2, RFC 3711 §4.3, RFC 7714 §11).

use std::fmt;

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

/// SRTP protection profiles, best first (M2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// RFC 7714.
    AeadAes256Gcm,
    /// RFC 7714.
    AeadAes128Gcm,
    /// RFC 5764 §4.1.2.
    Aes128CmSha1_80,
}

impl Profile {
    /// Every profile, best first.
    pub const ALL: [Self; 3] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::Aes128CmSha1_80,
    ];

    /// Its IANA name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
            Self::Aes128CmSha1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
        }
    }

    /// Bytes of a master key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm => 32,
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 => 16,
        }
    }

    /// Bytes of a master salt.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 12,
            Self::Aes128CmSha1_80 => 14,
        }
    }

    /// Bytes of keying material both directions take.
    #[must_use]
    pub const fn material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }
}

/// Why keys could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// The material has another length than the profile takes.
    WrongLength,
    /// The cryptographic library refused; it never does for keys of the right length.
    Library,
}

/// Master key and salt of one direction; they do not print.
#[derive(Clone)]
pub struct Keys {
    pub(super) profile: Profile,
    key: Vec<u8>,
    salt: Vec<u8>,
}

impl Keys {
    /// One direction's master key and salt.
    ///
    /// # Errors
    /// [`KeyError::WrongLength`] when either does not fit the profile.
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, KeyError> {
        if key.len() != profile.key_len() || salt.len() != profile.salt_len() {
            return Err(KeyError::WrongLength);
        }
        Ok(Self {
            profile,
            key: key.to_vec(),
            salt: salt.to_vec(),
        })
    }

    /// Key and salt, for a trace (M1.2): release builds cannot write them down.
    #[cfg(debug_assertions)]
    pub(crate) fn parts(&self) -> [Vec<u8>; 2] {
        [self.key.clone(), self.salt.clone()]
    }

    /// Splits exported material into the client's and the server's sending keys (RFC 5764 §4.2).
    ///
    /// # Errors
    /// [`KeyError::WrongLength`] when the material is not exactly what the profile takes.
    pub fn from_material(profile: Profile, material: &[u8]) -> Result<(Self, Self), KeyError> {
        if material.len() != profile.material_len() {
            return Err(KeyError::WrongLength);
        }
        let (keys, salts) = material.split_at(2 * profile.key_len());
        let (client_key, server_key) = keys.split_at(profile.key_len());
        let (client_salt, server_salt) = salts.split_at(profile.salt_len());
        Ok((
            Self::new(profile, client_key, client_salt)?,
            Self::new(profile, server_key, server_salt)?,
        ))
    }

    /// AES-CM key derivation with key derivation rate 0 (RFC 3711 §4.3.3); `label` 0..=5.
    pub(super) fn derive(&self, label: u8, length: usize) -> Result<Vec<u8>, KeyError> {
        let mut counter = [0u8; 16];
        counter[..self.salt.len()].copy_from_slice(&self.salt);
        counter[7] ^= label;
        let mut out = vec![0; length];
        counter_mode(&self.key, counter)?.apply(&mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.profile.name())
    }
}

/// An AES key in counter mode with the counter block to start from.
pub(super) struct CounterMode {
    key: EncryptingKey,
    counter: [u8; 16],
}

impl CounterMode {
    fn apply(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        xor_keystream(&self.key, self.counter, bytes)
    }
}

fn counter_mode(key: &[u8], counter: [u8; 16]) -> Result<CounterMode, KeyError> {
    Ok(CounterMode {
        key: counter_key(key)?,
        counter,
    })
}

/// A key for [`xor_keystream`]: AES-128 or AES-256 by its length.
pub(super) fn counter_key(key: &[u8]) -> Result<EncryptingKey, KeyError> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    UnboundCipherKey::new(algorithm, key)
        .and_then(EncryptingKey::ctr)
        .map_err(|_| KeyError::Library)
}

/// XORs AES counter-mode keystream over the bytes; encrypts and decrypts.
pub(super) fn xor_keystream(
    key: &EncryptingKey,
    counter: [u8; 16],
    bytes: &mut [u8],
) -> Result<(), KeyError> {
    key.less_safe_encrypt(bytes, EncryptionContext::Iv128(FixedLength::from(counter)))
        .map(|_| ())
        .map_err(|_| KeyError::Library)
}

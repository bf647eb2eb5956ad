//! The leaf key: made fresh for each join, kept in memory, wiped when dropped, printable and exportable by nobody.

use crate::bytes::{B32, Bytes};
use crate::signed::{Certify, Resume, Signed};
use crate::{Code, Error, Result};
use ed25519_dalek::{Signer as _, SigningKey};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;

/// A member's Ed25519 key. It signs only what the rules name; `SigningKey` wipes itself when dropped.
#[derive(Clone)]
pub struct LeafKey(SigningKey);

impl LeafKey {
    /// A fresh key from the system's randomness.
    pub fn generate() -> Result<Self> {
        use openmls_traits::random::OpenMlsRand;
        let seed: [u8; 32] = openmls_rust_crypto::RustCrypto::default()
            .random_array()
            .map_err(|_| Error::new(Code::Library, "no randomness"))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// A repeatable key for tests and vectors.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> B32 {
        B32(self.0.verifying_key().to_bytes())
    }

    /// An assembled proof of possession for the CA (K2.1).
    #[must_use]
    pub fn sign_certify(&self, nonce: &[u8], participant: &str) -> Vec<u8> {
        Certify {
            nonce: Bytes::from(nonce),
            participant: participant.to_owned(),
            public_key: self.public(),
        }
        .sign(&self.0)
    }

    /// An assembled proof that a returning socket is ours (K2.5).
    #[must_use]
    pub fn sign_resume(&self, nonce: &[u8], participant: &str) -> Vec<u8> {
        Resume {
            nonce: Bytes::from(nonce),
            participant: participant.to_owned(),
            public_key: self.public(),
        }
        .sign(&self.0)
    }

    /// Signs a structure that the rules give to leaf keys.
    pub(crate) fn sign<T: Signed>(&self, value: &T) -> Vec<u8> {
        value.sign(&self.0)
    }
}

impl Signer for LeafKey {
    fn sign(&self, payload: &[u8]) -> std::result::Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

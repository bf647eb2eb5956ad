//! Every structure that is signed outside MLS. To-be-signed bytes are a label, a version and the fields in canonical form
//! ([`crate::wire`]); an assembled structure is those bytes followed by the 64 bytes of an Ed25519 signature.

mod structures;

pub use structures::*;

use crate::bytes::{B32, sha256};
use crate::wire::{Reader, Wire};
use crate::{Code, Error, Result, pack};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use serde::{Serialize, de::DeserializeOwned};

/// Bytes of a signature at the end of an assembled structure.
pub const SIGNATURE_LENGTH: usize = 64;

/// A structure with a label and a version of its own.
pub trait Signed: Wire + Serialize + DeserializeOwned {
    /// Domain-separation label; never reused for another layout.
    const LABEL: &'static str;
    /// Version of the layout.
    const VERSION: u16 = 1;

    /// Label, version and fields.
    fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Vec::new();
        Self::LABEL.to_owned().put(&mut out);
        Self::VERSION.put(&mut out);
        self.put(&mut out);
        out
    }

    /// Signs and assembles.
    fn sign(&self, key: &SigningKey) -> Vec<u8> {
        use ed25519_dalek::Signer;
        let tbs = self.to_be_signed();
        let signature = key.sign(&tbs).to_bytes();
        [tbs, signature.to_vec()].concat()
    }

    /// The fields, without a look at the signature: only to learn whose key must check it.
    fn peek(data: &[u8]) -> Result<Self> {
        let (tbs, _) = split(data)?;
        let mut reader = Reader::new(tbs);
        let label = String::get(&mut reader).ok_or(Code::SignedMalformed)?;
        guard!(
            "K.label",
            label == Self::LABEL,
            SignedLabel,
            "{} expected",
            Self::LABEL
        );
        let version = u16::get(&mut reader).ok_or(Code::SignedMalformed)?;
        guard!(
            "K.version",
            version == Self::VERSION,
            SignedVersion,
            "{} {version}",
            Self::LABEL
        );
        let value = Self::get(&mut reader).ok_or(Code::SignedMalformed)?;
        if reader.is_empty() {
            Ok(value)
        } else {
            Err(Error::new(Code::SignedMalformed, "bytes behind the end"))
        }
    }

    /// The fields, once the signature is checked.
    fn open(data: &[u8], public_key: &B32) -> Result<Self> {
        let value = Self::peek(data)?;
        let (tbs, signature) = split(data)?;
        guard!(
            "K.signature",
            verify(public_key, tbs, signature),
            SignedSignature,
            "{}",
            Self::LABEL
        );
        Ok(value)
    }
}

fn split(data: &[u8]) -> Result<(&[u8], &[u8; SIGNATURE_LENGTH])> {
    data.split_last_chunk::<SIGNATURE_LENGTH>()
        .ok_or_else(|| Code::SignedMalformed.into())
}

/// Strict Ed25519: no small-order keys, no malleable signatures.
#[must_use]
pub fn verify(public_key: &B32, message: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> bool {
    VerifyingKey::from_bytes(&public_key.0).is_ok_and(|key| {
        key.verify_strict(message, &Signature::from_bytes(signature))
            .is_ok()
    })
}

/// Whether a key is none, or of small order.
#[must_use]
pub fn is_weak(public_key: &B32) -> bool {
    VerifyingKey::from_bytes(&public_key.0).map_or(true, |key| key.is_weak())
}

/// SHA-256 over what the signer signed; signatures stay out, so that signing twice makes no second history.
pub fn structure_hash(data: &[u8]) -> Result<B32> {
    Ok(sha256(&[split(data)?.0]))
}

/// SHA-256 over receipts, each with its length, in the order in which an entry carries them.
#[must_use]
pub fn receipts_hash<T: AsRef<[u8]>>(receipts: &[T]) -> B32 {
    let mut all = Vec::new();
    for receipt in receipts {
        crate::wire::put_length(&mut all, receipt.as_ref().len());
        all.extend(receipt.as_ref());
    }
    sha256(&[&all])
}

/// Appends a signature to to-be-signed bytes.
pub fn assemble(tbs: &[u8], signature: &[u8]) -> Result<Vec<u8>> {
    if signature.len() != SIGNATURE_LENGTH {
        return Err(Error::new(
            Code::ArgumentMalformed,
            "a signature has 64 bytes",
        ));
    }
    Ok([tbs, signature].concat())
}

macro_rules! kinds {
    ($($kind:literal $t:ty,)*) => {
        /// The names of all structures.
        pub const KINDS: &[&str] = &[$($kind),*];

        /// Msgpack fields to the bytes to sign.
        pub fn encode(kind: &str, fields: &[u8]) -> Result<Vec<u8>> {
            match kind {
                $($kind => Ok(pack::from_slice::<$t>(fields)?.to_be_signed()),)*
                _ => Err(Error::new(Code::ArgumentMalformed, "no such structure")),
            }
        }

        /// Verified msgpack fields.
        pub fn open(kind: &str, data: &[u8], public_key: &B32) -> Result<Vec<u8>> {
            match kind {
                $($kind => pack::to_vec(&<$t>::open(data, public_key)?),)*
                _ => Err(Error::new(Code::ArgumentMalformed, "no such structure")),
            }
        }

        /// Msgpack fields without a check of the signature.
        pub fn peek(kind: &str, data: &[u8]) -> Result<Vec<u8>> {
            match kind {
                $($kind => pack::to_vec(&<$t>::peek(data)?),)*
                _ => Err(Error::new(Code::ArgumentMalformed, "no such structure")),
            }
        }
    };
}

kinds! {
    "manifest" Manifest,
    "policy" Policy,
    "entry" Entry,
    "receipt" Receipt,
    "submission" Submission,
    "revocation" Revocation,
    "certify" Certify,
    "resume" Resume,
    "snapshot" Snapshot,
    "failure_report" FailureReport,
}

//! STUN messages as ICE uses them (RFC 8489, RFC 8445 §7): parse, check, build.
//!
//! The parser borrows from the datagram and allocates nothing; a message is only worth anything after
//! [`Message::verify`]. Nothing here knows peers or sockets: the ICE agent does.

mod attribute;
mod build;

use std::net::SocketAddr;

use aws_lc_rs::{constant_time, hmac};

pub use attribute::ErrorCode;
use attribute::{Attributes, kind};
pub use build::Builder;

/// The fixed value in bytes 4..8 of every message (RFC 8489 §5).
pub const MAGIC_COOKIE: u32 = 0x2112_A442;
/// Length of the header in front of the attributes.
pub const HEADER_LEN: usize = 20;
/// XOR mask of FINGERPRINT (RFC 8489 §14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554e;
/// A request with more attributes than this is not from an ICE agent; raising it only buys an attacker time.
const MAX_ATTRIBUTES: usize = 32;

/// The 96-bit number that pairs a response with its request.
pub type TransactionId = [u8; 12];

/// The four classes of a message (RFC 8489 §5); ICE uses one method only, Binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Asks for an answer.
    Request,
    /// Keeps a NAT binding open; never answered.
    Indication,
    /// The mapped address of the request.
    Success,
    /// An error code.
    Error,
}

/// Why bytes are not a message that an ICE agent may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// Shorter than its header or than the length the header states.
    Truncated,
    /// The two first bits, the cookie or the alignment are wrong: not STUN.
    NotStun,
    /// A method other than Binding.
    UnknownMethod,
    /// An attribute reaches past the end, or there are too many.
    BadAttribute,
    /// FINGERPRINT is missing or wrong (RFC 8445 §7.1.1 demands it).
    BadFingerprint,
    /// A comprehension-required attribute is unknown (RFC 8489 §6.3).
    UnknownAttribute,
}

/// A parsed Binding message; fields are what its sender claims until [`Message::verify`] returned true.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    class: Class,
    transaction: TransactionId,
    attributes: Attributes<'a>,
}

/// Tells STUN from everything else on the port (RFC 7983 §7: first byte 0..=3, and the cookie).
#[must_use]
pub fn looks_like_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER_LEN && bytes[0] < 4 && bytes[4..8] == MAGIC_COOKIE.to_be_bytes()
}

impl<'a> Message<'a> {
    /// Parses one whole datagram; FINGERPRINT must be there, last and right (RFC 8489 §14.7).
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (class, transaction) = header(bytes)?;
        let attributes = attributes(bytes)?;
        if !attributes
            .fingerprint_at
            .is_some_and(|at| fingerprint_is_right(bytes, at))
        {
            return Err(ParseError::BadFingerprint);
        }
        if attributes.unknown_required {
            return Err(ParseError::UnknownAttribute);
        }
        Ok(Self {
            bytes,
            class,
            transaction,
            attributes,
        })
    }

    /// Request, indication, success or error.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The transaction this message belongs to.
    #[must_use]
    pub fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// USERNAME as sent: `<receiver's ufrag>:<sender's ufrag>`.
    #[must_use]
    pub fn username(&self) -> Option<&'a [u8]> {
        self.attributes.username
    }

    /// PRIORITY of the peer-reflexive candidate this check would make (RFC 8445 §7.1.1).
    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        self.attributes.priority
    }

    /// USE-CANDIDATE: the controlling side nominates this pair.
    #[must_use]
    pub fn use_candidate(&self) -> bool {
        self.attributes.use_candidate
    }

    /// Tie-breaker of a sender that believes it controls.
    #[must_use]
    pub fn controlling(&self) -> Option<u64> {
        self.attributes.controlling
    }

    /// Tie-breaker of a sender that believes it is controlled.
    #[must_use]
    pub fn controlled(&self) -> Option<u64> {
        self.attributes.controlled
    }

    /// The mapped address of a success response.
    #[must_use]
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        self.attributes.mapped
    }

    /// The code of an error response, such as 487.
    #[must_use]
    pub fn error_code(&self) -> Option<u16> {
        self.attributes.error
    }

    /// Checks MESSAGE-INTEGRITY with a short-term password (RFC 8489 §14.5), in constant time.
    ///
    /// False also where the attribute is missing. What stands behind it, but FINGERPRINT, was not read by
    /// the parser.
    #[must_use]
    pub fn verify(&self, key: &IntegrityKey) -> bool {
        let Some(at) = self.attributes.integrity_at else {
            return false;
        };
        let Some(sent) = self.bytes.get(at + 4..at + 24) else {
            return false;
        };
        let computed = key.tag_with_length(self.bytes, at, at + 24 - HEADER_LEN);
        constant_time::verify_slices_are_equal(computed.as_ref(), sent).is_ok()
    }
}

/// A short-term credential ready for HMAC; it does not print.
pub struct IntegrityKey(hmac::Key);

impl IntegrityKey {
    /// The key of one ICE password, used as it is (RFC 8489 §9.1.1).
    #[must_use]
    pub fn new(password: &[u8]) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            password,
        ))
    }

    /// HMAC-SHA1 over `bytes[..end]` with the header's length field replaced by `length`.
    fn tag_with_length(&self, bytes: &[u8], end: usize, length: usize) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&bytes[..2]);
        context.update(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        context.update(&bytes[4..end]);
        context.sign()
    }
}

impl std::fmt::Debug for IntegrityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IntegrityKey")
    }
}

fn header(bytes: &[u8]) -> Result<(Class, TransactionId), ParseError> {
    if bytes.len() < HEADER_LEN {
        return Err(ParseError::Truncated);
    }
    let kind = u16::from_be_bytes([bytes[0], bytes[1]]);
    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    if !looks_like_stun(bytes) || length % 4 != 0 {
        return Err(ParseError::NotStun);
    }
    if bytes.len() != HEADER_LEN + length {
        return Err(ParseError::Truncated);
    }
    let class = match kind {
        0x0001 => Class::Request,
        0x0011 => Class::Indication,
        0x0101 => Class::Success,
        0x0111 => Class::Error,
        _ => return Err(ParseError::UnknownMethod),
    };
    let mut transaction = [0; 12];
    transaction.copy_from_slice(&bytes[8..20]);
    Ok((class, transaction))
}

fn attributes(bytes: &[u8]) -> Result<Attributes<'_>, ParseError> {
    let mut found = Attributes::default();
    let mut at = HEADER_LEN;
    for _ in 0..MAX_ATTRIBUTES {
        if at == bytes.len() {
            return Ok(found);
        }
        let head = bytes.get(at..at + 4).ok_or(ParseError::BadAttribute)?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = bytes
            .get(at + 4..at + 4 + length)
            .ok_or(ParseError::BadAttribute)?;
        found.read(kind, value, at, &bytes[8..20])?;
        at += 4 + length.next_multiple_of(4);
        if at > bytes.len() || (kind == kind::FINGERPRINT && at != bytes.len()) {
            return Err(ParseError::BadAttribute);
        }
    }
    if at == bytes.len() {
        Ok(found)
    } else {
        Err(ParseError::BadAttribute)
    }
}

fn fingerprint_is_right(bytes: &[u8], at: usize) -> bool {
    let Some(value) = bytes.get(at + 4..at + 8) else {
        return false;
    };
    (crc32(&bytes[..at]) ^ FINGERPRINT_XOR).to_be_bytes() == value
}

/// CRC-32 of ITU V.42, as FINGERPRINT and zip use it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        CRC_TABLE[usize::from((crc as u8) ^ byte)] ^ (crc >> 8)
    })
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0u32; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xEDB8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests;

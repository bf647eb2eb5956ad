//! Building a message: attributes in order, then MESSAGE-INTEGRITY, then FINGERPRINT.

use std::net::{IpAddr, SocketAddr};

use super::attribute::{ErrorCode, kind, xor_with_mask};
use super::{Class, FINGERPRINT_XOR, HEADER_LEN, IntegrityKey, MAGIC_COOKIE, TransactionId, crc32};

/// Writes one message: `new`, then attributes, then [`Builder::finish`].
pub struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    /// Starts a Binding message.
    #[must_use]
    pub fn new(class: Class, transaction: TransactionId) -> Self {
        let kind: u16 = match class {
            Class::Request => 0x0001,
            Class::Indication => 0x0011,
            Class::Success => 0x0101,
            Class::Error => 0x0111,
        };
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
        bytes.extend_from_slice(&transaction);
        Self { bytes }
    }

    /// USERNAME, `<receiver's ufrag>:<own ufrag>`.
    #[must_use]
    pub fn username(self, username: &[u8]) -> Self {
        self.attribute(kind::USERNAME, username)
    }

    /// PRIORITY (RFC 8445 §7.1.1).
    #[must_use]
    pub fn priority(self, priority: u32) -> Self {
        self.attribute(kind::PRIORITY, &priority.to_be_bytes())
    }

    /// USE-CANDIDATE: nominate.
    #[must_use]
    pub fn use_candidate(self) -> Self {
        self.attribute(kind::USE_CANDIDATE, &[])
    }

    /// ICE-CONTROLLING with the tie-breaker.
    #[must_use]
    pub fn controlling(self, tie_breaker: u64) -> Self {
        self.attribute(kind::ICE_CONTROLLING, &tie_breaker.to_be_bytes())
    }

    /// ICE-CONTROLLED with the tie-breaker.
    #[must_use]
    pub fn controlled(self, tie_breaker: u64) -> Self {
        self.attribute(kind::ICE_CONTROLLED, &tie_breaker.to_be_bytes())
    }

    /// XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
    #[must_use]
    pub fn mapped_address(self, address: SocketAddr) -> Self {
        let port = (address.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes();
        match address.ip() {
            IpAddr::V4(ip) => {
                let masked = (u32::from(ip) ^ MAGIC_COOKIE).to_be_bytes();
                let value = [&[0, 1], &port[..], &masked[..]].concat();
                self.attribute(kind::XOR_MAPPED_ADDRESS, &value)
            }
            IpAddr::V6(ip) => {
                let mut masked = ip.octets();
                xor_with_mask(&mut masked, &self.bytes[8..20]);
                let value = [&[0, 2], &port[..], &masked[..]].concat();
                self.attribute(kind::XOR_MAPPED_ADDRESS, &value)
            }
        }
    }

    /// ERROR-CODE with its phrase (RFC 8489 §14.8).
    #[must_use]
    pub fn error(self, error: ErrorCode) -> Self {
        let (code, phrase) = error.code_and_phrase();
        let head = [0, 0, (code / 100) as u8, (code % 100) as u8];
        self.attribute(kind::ERROR_CODE, &[&head, phrase.as_bytes()].concat())
    }

    /// Adds MESSAGE-INTEGRITY and FINGERPRINT; the message is complete.
    #[must_use]
    pub fn finish(mut self, key: &IntegrityKey) -> Vec<u8> {
        let end = self.bytes.len();
        let tag = key.tag_with_length(&self.bytes, end, end + 24 - HEADER_LEN);
        self = self.attribute(kind::MESSAGE_INTEGRITY, tag.as_ref());
        let with_fingerprint = self.bytes.len() + 8 - HEADER_LEN;
        self.set_length(with_fingerprint);
        let value = (crc32(&self.bytes) ^ FINGERPRINT_XOR).to_be_bytes();
        self = self.attribute(kind::FINGERPRINT, &value);
        self.bytes
    }

    /// An attribute of any kind, for tests of what must be refused.
    #[cfg(test)]
    pub(super) fn raw(self, kind: u16, value: &[u8]) -> Self {
        self.attribute(kind, value)
    }

    fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        self.bytes
            .extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.set_length(self.bytes.len() - HEADER_LEN);
        self
    }

    fn set_length(&mut self, length: usize) {
        self.bytes[2..4].copy_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    }
}

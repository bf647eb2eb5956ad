//! The attributes that ICE needs, read one by one (RFC 8489 §14, RFC 8445 §16.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{MAGIC_COOKIE, ParseError};

/// Attribute types on the wire.
pub(super) mod kind {
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const PRIORITY: u16 = 0x0024;
    pub const USE_CANDIDATE: u16 = 0x0025;
    pub const FINGERPRINT: u16 = 0x8028;
    pub const ICE_CONTROLLED: u16 = 0x8029;
    pub const ICE_CONTROLLING: u16 = 0x802A;
    /// Comprehension-required attributes that say nothing to an ICE agent but are legal in a check.
    pub const HARMLESS: [u16; 6] = [0x0001, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E];
}

/// Error codes that this agent sends or understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// 487: both ends believe that they hold the same role (RFC 8445 §7.3.1.1).
    RoleConflict,
}

impl ErrorCode {
    /// The number on the wire and its reason phrase.
    #[must_use]
    pub fn code_and_phrase(self) -> (u16, &'static str) {
        match self {
            Self::RoleConflict => (487, "Role Conflict"),
        }
    }
}

/// What was found; offsets point into the message.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attributes<'a> {
    pub username: Option<&'a [u8]>,
    pub priority: Option<u32>,
    pub use_candidate: bool,
    pub controlling: Option<u64>,
    pub controlled: Option<u64>,
    pub mapped: Option<SocketAddr>,
    pub error: Option<u16>,
    pub integrity_at: Option<usize>,
    pub fingerprint_at: Option<usize>,
    pub unknown_required: bool,
}

impl<'a> Attributes<'a> {
    /// Reads one attribute; after MESSAGE-INTEGRITY only FINGERPRINT counts (RFC 8489 §14.5).
    pub(super) fn read(
        &mut self,
        kind: u16,
        value: &'a [u8],
        at: usize,
        tail: &[u8],
    ) -> Result<(), ParseError> {
        if self.integrity_at.is_some() && kind != kind::FINGERPRINT {
            return Ok(());
        }
        match kind {
            kind::USERNAME if value.len() > 513 => return Err(ParseError::BadAttribute),
            kind::USERNAME => self.username = self.username.or(Some(value)),
            kind::PRIORITY => self.priority = Some(u32::from_be_bytes(exact(value)?)),
            kind::USE_CANDIDATE if value.is_empty() => self.use_candidate = true,
            kind::USE_CANDIDATE => return Err(ParseError::BadAttribute),
            kind::ICE_CONTROLLING => self.controlling = Some(u64::from_be_bytes(exact(value)?)),
            kind::ICE_CONTROLLED => self.controlled = Some(u64::from_be_bytes(exact(value)?)),
            kind::XOR_MAPPED_ADDRESS => self.mapped = Some(xor_address(value, tail)?),
            kind::ERROR_CODE => self.error = Some(error_code(value)?),
            kind::MESSAGE_INTEGRITY => {
                exact::<20>(value)?;
                self.integrity_at = Some(at);
            }
            kind::FINGERPRINT => {
                exact::<4>(value)?;
                self.fingerprint_at = Some(at);
            }
            other if other < 0x8000 && !kind::HARMLESS.contains(&other) => {
                self.unknown_required = true
            }
            _ => {}
        }
        Ok(())
    }
}

fn exact<const N: usize>(value: &[u8]) -> Result<[u8; N], ParseError> {
    value.try_into().map_err(|_| ParseError::BadAttribute)
}

fn error_code(value: &[u8]) -> Result<u16, ParseError> {
    let head = value.get(..4).ok_or(ParseError::BadAttribute)?;
    Ok(u16::from(head[2] & 7) * 100 + u16::from(head[3] % 100))
}

fn xor_address(value: &[u8], transaction: &[u8]) -> Result<SocketAddr, ParseError> {
    let (head, address) = value.split_at_checked(4).ok_or(ParseError::BadAttribute)?;
    let port = u16::from_be_bytes([head[2], head[3]]) ^ (MAGIC_COOKIE >> 16) as u16;
    let ip = match head[1] {
        1 => IpAddr::V4(Ipv4Addr::from(
            u32::from_be_bytes(exact(address)?) ^ MAGIC_COOKIE,
        )),
        2 => {
            let mut bytes = exact::<16>(address)?;
            xor_with_mask(&mut bytes, transaction);
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return Err(ParseError::BadAttribute),
    };
    Ok(SocketAddr::new(ip, port))
}

/// XORs a v6 address with cookie and transaction (RFC 8489 §14.2); its own inverse.
pub(super) fn xor_with_mask(bytes: &mut [u8; 16], transaction: &[u8]) {
    let mask = MAGIC_COOKIE.to_be_bytes();
    for (byte, mask) in bytes.iter_mut().zip(mask.iter().chain(transaction)) {
        *byte ^= mask;
    }
}

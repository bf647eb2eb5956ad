//! The SFrame header (RFC 9605 §4.3): one byte of lengths, then key id and counter in as few bytes as they need.

use super::synthetic::Codec;
use crate::{Code, Error, Result};

/// Where a frame's keys are named.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct FrameHeader {
    /// Key id.
    pub kid: u64,
    /// Counter.
    pub ctr: u64,
    /// Bytes of synthetic header in front of it.
    pub offset: usize,
}

/// Reads the header of a frame on the wire, behind its codec's synthetic header.
pub fn parse_header(wire: &[u8], codec: Codec) -> Result<FrameHeader> {
    let offset = codec
        .offset(wire)
        .ok_or(Error::new(Code::FrameMalformed, "synthetic header"))?;
    let (_, sealed) = codec
        .unwrap(wire)
        .ok_or(Error::new(Code::FrameMalformed, "synthetic header"))?;
    let (kid, ctr, _) = read(&sealed).ok_or(Error::new(Code::FrameMalformed, "SFrame header"))?;
    Ok(FrameHeader { kid, ctr, offset })
}

/// Appends one field; returns the four bits that describe it.
fn put(value: u64, out: &mut Vec<u8>) -> u8 {
    if value < 8 {
        return value as u8;
    }
    let bytes = value.to_be_bytes();
    let skip = value.leading_zeros() as usize / 8;
    out.extend(&bytes[skip..]);
    8 | (7 - skip) as u8
}

/// The header for a key id and counter.
pub fn write(kid: u64, ctr: u64) -> Vec<u8> {
    let mut out = vec![0];
    let kid = put(kid, &mut out);
    let ctr = put(ctr, &mut out);
    out[0] = (kid << 4) | ctr;
    out
}

/// Reads key id, counter and length; fields that are longer than needed are refused (RFC 9605 §4.3).
pub fn read(bytes: &[u8]) -> Option<(u64, u64, usize)> {
    let (&config, mut rest) = bytes.split_first()?;
    let mut field = |bits: u8| -> Option<u64> {
        if bits & 8 == 0 {
            return Some(u64::from(bits));
        }
        let (value, tail) = rest.split_at_checked(usize::from(bits & 7) + 1)?;
        rest = tail;
        let number = value
            .iter()
            .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        (value[0] != 0 && number >= 8).then_some(number)
    };
    let kid = field(config >> 4)?;
    let ctr = field(config & 15)?;
    Some((kid, ctr, bytes.len() - rest.len()))
}

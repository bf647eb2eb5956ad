//! Opus in RTP (RFC 7587): no descriptor, every packet a frame by itself.

use super::{CodecError, Payload};

/// Samples a second of the RTP clock, whatever the encoder's bandwidth (RFC 7587 §4.1).
pub const CLOCK: u32 = 48_000;

/// Every packet begins a frame that can be decoded without another; the SFrame header stands first.
#[inline]
pub fn parse(payload: &[u8]) -> Result<Payload, CodecError> {
    if payload.is_empty() {
        return Err(CodecError::Truncated);
    }
    Ok(Payload::whole_frame())
}

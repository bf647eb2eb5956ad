//! SRTP and SRTCP of one peer (RFC 3711, RFC 7714): open in place, seal into an arena, forget nothing.
//!
//! Two directions, two types: [`Inbound`] opens what the peer sends and [`Outbound`] seals what goes to it.
//! Nothing on the path of a packet allocates. An index is opened once (replay window) and sealed once: a
//! second seal under one index would give away the keystream, so it is an error of its own.

mod cipher;
mod inbound;
mod keys;
mod outbound;
mod window;

pub use inbound::{Inbound, OpenError};
pub use keys::{KeyError, Keys, Profile};
pub use outbound::{Outbound, SealError};

/// SSRCs one peer may use in one direction. A session needs fewer than 100 (M3.1 with growth); raising it lets
/// a peer fill more memory, lowering it below the slots' number silences some of them.
pub const MAX_STREAMS: usize = 256;

/// Most bytes that sealing adds: SRTCP's index word and an AEAD tag.
pub const MAX_OVERHEAD: usize = 4 + 16;

/// Length of an RTP header with CSRCs and extension, if the packet is RTP and holds them whole (RFC 3550 §5.1).
#[must_use]
pub fn rtp_header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    if first >> 6 != 2 {
        return None;
    }
    let fixed = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 == 0 {
        return (packet.len() >= fixed).then_some(fixed);
    }
    let words = packet.get(fixed + 2..fixed + 4)?;
    let whole = fixed + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    (packet.len() >= whole).then_some(whole)
}

/// Tells RTCP from RTP by the packet type (RFC 5761 §4).
#[must_use]
pub fn is_rtcp(packet: &[u8]) -> bool {
    packet.len() >= 2 && (192..=223).contains(&packet[1])
}

fn ssrc_at(packet: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(packet.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;

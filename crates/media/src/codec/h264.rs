//! H.264 in RTP (RFC 6184, packetization mode 1): frame starts by NAL type, and the slice NAL whose payload is
//! the SFrame ciphertext with emulation prevention (SPS and PPS stay clear).

use super::{CodecError, Descriptor, Payload};

const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Reads the NAL units of one packet.
pub fn parse(payload: &[u8]) -> Result<Payload, CodecError> {
    let first = *payload.first().ok_or(CodecError::Truncated)?;
    let found = match first & 0x1f {
        kind @ 1..=23 => Found::of(kind, 1),
        STAP_A => aggregated(payload)?,
        FU_A => {
            let header = *payload.get(1).ok_or(CodecError::Truncated)?;
            let begins = header & 0x80 != 0;
            if begins {
                Found::of(header & 0x1f, 2)
            } else {
                Found::default()
            }
        }
        _ => return Err(CodecError::Unsupported),
    };
    Ok(Payload {
        start: found.start,
        keyframe: found.start && found.key,
        descriptor_len: 0,
        descriptor: Descriptor::Plain,
        sframe_at: found.slice_at.filter(|at| (*at as usize) < payload.len()),
    })
}

#[derive(Default)]
struct Found {
    start: bool,
    key: bool,
    slice_at: Option<u16>,
}

impl Found {
    /// One NAL unit of type `kind` whose payload begins at `at`.
    fn of(kind: u8, at: usize) -> Found {
        let slice = matches!(kind, 1..=IDR);
        Found {
            start: slice || kind == SPS,
            key: kind == IDR || kind == SPS,
            slice_at: slice.then_some(at as u16),
        }
    }
}

/// RFC 6184 §5.7.1: several NAL units, each behind its length.
fn aggregated(payload: &[u8]) -> Result<Found, CodecError> {
    let mut all = Found::default();
    let mut at = 1;
    while at < payload.len() {
        let len = payload.get(at..at + 2).ok_or(CodecError::Truncated)?;
        let len = u16::from_be_bytes([len[0], len[1]]) as usize;
        let unit = payload
            .get(at + 2..at + 2 + len)
            .ok_or(CodecError::Truncated)?;
        let kind = *unit.first().ok_or(CodecError::Truncated)? & 0x1f;
        let found = Found::of(kind, at + 3);
        all.start |= found.start;
        all.key |= found.key;
        all.slice_at = all.slice_at.or(found.slice_at);
        at += 2 + len;
    }
    Ok(all)
}

/// Removes emulation prevention bytes (ITU-T H.264 §7.4.1.1) until `clear` is full; returns how many bytes
/// were written.
pub fn unescape(bytes: &[u8], clear: &mut [u8]) -> usize {
    let (mut zeroes, mut written) = (0, 0);
    for &byte in bytes {
        if zeroes >= 2 && byte == 3 {
            zeroes = 0;
            continue;
        }
        if written == clear.len() {
            break;
        }
        clear[written] = byte;
        written += 1;
        zeroes = if byte == 0 { zeroes + 1 } else { 0 };
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6184_frame_starts_and_key_frames_by_nal_type() {
        let read = |bytes: &[u8]| parse(bytes).map(|p| (p.start, p.keyframe, p.sframe_at));
        assert_eq!(read(&[0x41, 9]), Ok((true, false, Some(1))));
        assert_eq!(read(&[0x65, 9]), Ok((true, true, Some(1))));
        assert_eq!(read(&[0x7c, 0x85, 9]), Ok((true, true, Some(2))));
        assert_eq!(read(&[0x7c, 0x05, 9]), Ok((false, false, None)));
        assert_eq!(
            read(&[0x78, 0, 2, 0x67, 1, 0, 2, 0x65, 7]),
            Ok((true, true, Some(8)))
        );
        assert_eq!(read(&[0x78, 0, 9, 0x67]), Err(CodecError::Truncated));
        assert_eq!(read(&[0x78, 0, 0]), Err(CodecError::Truncated));
        assert_eq!(read(&[0x1d, 0]), Err(CodecError::Unsupported));
        assert_eq!(read(&[]), Err(CodecError::Truncated));
    }

    #[test]
    fn emulation_prevention_is_removed_before_the_key_id_is_read() {
        let mut clear = [0; 8];
        let len = unescape(&[0x93, 0, 0, 3, 1, 0, 0, 3, 0, 5], &mut clear);
        assert_eq!(&clear[..len], &[0x93, 0, 0, 1, 0, 0, 0, 5]);
        assert_eq!(unescape(&[1, 2, 3], &mut clear[..2]), 2);
    }
}

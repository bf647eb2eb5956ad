//! The few clear bytes in front of a sealed frame that keep packetisers working (DESIGN §4); they tell nothing of the frame.
//!
//! VP8: ten constant bytes on key frames, one on the others. VP9 and Opus: none. AV1: one OBU header and its size. H.264: the
//! parameter sets as they are, then one slice NAL whose payload is the sealed frame under emulation prevention.

use crate::{Code, Error, Result};

/// Codec of a frame; its number is the first byte of the authenticated metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Opus.
    Opus = 0,
    /// VP8.
    Vp8 = 1,
    /// VP9.
    Vp9 = 2,
    /// H.264, Annex B.
    H264 = 3,
    /// AV1, low-overhead format.
    Av1 = 4,
}

/// A VP8 key frame of 640 × 360: browsers read no more than the lowest bit of the first byte.
const VP8_KEY: [u8; 10] = [0x10, 0x7d, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
const VP8_DELTA: [u8; 1] = [0x31];
/// OBU_FRAME with a size field.
const AV1_FRAME: u8 = 0x32;
/// First bytes of an IDR slice and of another slice: first macroblock 0, slice type, parameter set 0.
const H264_KEY: [u8; 7] = [0, 0, 0, 1, 0x65, 0x88, 0x84];
const H264_DELTA: [u8; 7] = [0, 0, 0, 1, 0x41, 0x9a, 0x24];
/// Ends the NAL, so that no packetiser cuts zeros off a ciphertext.
const H264_END: u8 = 0x80;
/// NAL types of the sequence and picture parameter sets.
const PARAMETER_SETS: [u8; 2] = [7, 8];

impl Codec {
    /// By its name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "opus" => Ok(Codec::Opus),
            "vp8" => Ok(Codec::Vp8),
            "vp9" => Ok(Codec::Vp9),
            "h264" => Ok(Codec::H264),
            "av1" => Ok(Codec::Av1),
            _ => Err(Error::new(Code::ArgumentMalformed, "no such codec")),
        }
    }

    /// The clear bytes for a frame whose sealed form has this length.
    #[must_use]
    pub fn header(self, key_frame: bool, frame: &[u8], sealed: usize) -> Vec<u8> {
        match self {
            Codec::Opus | Codec::Vp9 => Vec::new(),
            Codec::Vp8 if key_frame => VP8_KEY.to_vec(),
            Codec::Vp8 => VP8_DELTA.to_vec(),
            Codec::Av1 => {
                let mut out = vec![AV1_FRAME];
                put_leb128(sealed, &mut out);
                out
            }
            Codec::H264 => {
                let mut out = Vec::new();
                for nal in nals(frame).filter(|nal| {
                    nal.first()
                        .is_some_and(|byte| PARAMETER_SETS.contains(&(byte & 0x1f)))
                }) {
                    out.extend([0, 0, 0, 1]);
                    out.extend(nal);
                }
                out.extend(if key_frame { H264_KEY } else { H264_DELTA });
                out
            }
        }
    }

    /// Header and sealed bytes as they go to the packetiser.
    #[must_use]
    pub fn wrap(self, mut header: Vec<u8>, sealed: &[u8]) -> Vec<u8> {
        if self == Codec::H264 {
            // The header's last byte is never zero, so prevention may start afresh behind it.
            header.extend(escape(sealed));
            header.push(H264_END);
        } else {
            header.extend(sealed);
        }
        header
    }

    /// Where the sealed bytes begin.
    #[must_use]
    pub fn offset(self, wire: &[u8]) -> Option<usize> {
        match self {
            Codec::Opus | Codec::Vp9 => Some(0),
            Codec::Vp8 => {
                let offset = if wire.first()? & 1 == 0 {
                    VP8_KEY.len()
                } else {
                    VP8_DELTA.len()
                };
                (wire.len() >= offset).then_some(offset)
            }
            Codec::Av1 => {
                let (size, length) = read_leb128(wire.get(1..)?)?;
                (wire[0] == AV1_FRAME && wire.len() == 1 + length + size).then_some(1 + length)
            }
            Codec::H264 => {
                let start = wire.windows(4).rposition(|window| window == [0, 0, 0, 1])?;
                (wire.len() >= start + H264_KEY.len()).then_some(start + H264_KEY.len())
            }
        }
    }

    /// Takes a frame from the wire apart: clear header and sealed bytes.
    #[must_use]
    pub fn unwrap(self, wire: &[u8]) -> Option<(&[u8], Vec<u8>)> {
        let (header, body) = wire.split_at_checked(self.offset(wire)?)?;
        let sealed = match self {
            Codec::H264 => unescape(body.strip_suffix(&[H264_END])?),
            _ => body.to_vec(),
        };
        Some((header, sealed))
    }
}

/// The NAL units of an Annex B stream, without their start codes.
fn nals(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts: Vec<usize> = Vec::new();
    for at in 0..stream.len().saturating_sub(2) {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at + 3);
        }
    }
    let ends: Vec<usize> = starts
        .iter()
        .skip(1)
        .map(|start| start - 3)
        .chain([stream.len()])
        .collect();
    starts.into_iter().zip(ends).map(|(start, end)| {
        let nal = &stream[start..end];
        let zeros = nal.iter().rev().take_while(|byte| **byte == 0).count();
        &nal[..nal.len() - zeros]
    })
}

/// Emulation prevention (ITU-T H.264 §7.4.1).
fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 128);
    let mut zeros = 0;
    for &byte in bytes {
        if zeros == 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros == 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn put_leb128(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Value and length; at most four bytes and no longer than needed.
fn read_leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (index == 0 || *byte != 0).then_some((value, index + 1));
        }
    }
    None
}

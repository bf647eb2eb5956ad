//! Writing RTCP: each function appends one packet to a buffer, so that a compound is a sequence of calls.

use super::{ReportBlock, SenderInfo, feedback_type as fmt, packet_type as pt};

/// Most report blocks one packet can carry (five bits).
pub const MAX_BLOCKS: usize = 31;

/// Writes the first word with a length to be filled in by [`close`].
fn open(to: &mut Vec<u8>, kind: u8, count: u8) -> usize {
    let begin = to.len();
    to.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    begin
}

/// Pads to whole words and fills in the length.
fn close(to: &mut Vec<u8>, begin: usize) {
    while !(to.len() - begin).is_multiple_of(4) {
        to.push(0);
    }
    let words = ((to.len() - begin) / 4 - 1) as u16;
    to[begin + 2..begin + 4].copy_from_slice(&words.to_be_bytes());
}

fn word(to: &mut Vec<u8>, value: u32) {
    to.extend_from_slice(&value.to_be_bytes());
}

/// Sender report without blocks (RFC 3550 §6.4.1).
pub fn sender_report(to: &mut Vec<u8>, info: &SenderInfo) {
    let begin = open(to, pt::SR, 0);
    word(to, info.ssrc);
    to.extend_from_slice(&info.ntp.to_be_bytes());
    word(to, info.rtp);
    word(to, info.packets);
    word(to, info.octets);
    close(to, begin);
}

/// Receiver report with at most [`MAX_BLOCKS`] blocks (RFC 3550 §6.4.2).
pub fn receiver_report(to: &mut Vec<u8>, sender: u32, blocks: &[ReportBlock]) {
    let blocks = &blocks[..blocks.len().min(MAX_BLOCKS)];
    let begin = open(to, pt::RR, blocks.len() as u8);
    word(to, sender);
    for block in blocks {
        word(to, block.ssrc);
        word(
            to,
            (block.fraction_lost as u32) << 24 | block.lost as u32 & 0x00ff_ffff,
        );
        word(to, block.highest);
        word(to, block.jitter);
        word(to, block.last_sr);
        word(to, block.delay);
    }
    close(to, begin);
}

/// Source description with one CNAME for each source (RFC 3550 §6.5.1).
pub fn source_description(to: &mut Vec<u8>, sources: &[(u32, &str)]) {
    let sources = &sources[..sources.len().min(MAX_BLOCKS)];
    let begin = open(to, pt::SDES, sources.len() as u8);
    for (ssrc, cname) in sources {
        let name = &cname.as_bytes()[..cname.len().min(255)];
        word(to, *ssrc);
        to.extend_from_slice(&[1, name.len() as u8]);
        to.extend_from_slice(name);
        // A chunk ends with at least one zero, at a whole word.
        to.push(0);
        while !(to.len() - begin).is_multiple_of(4) {
            to.push(0);
        }
    }
    close(to, begin);
}

/// Goodbye (RFC 3550 §6.6).
pub fn bye(to: &mut Vec<u8>, sources: &[u32]) {
    let sources = &sources[..sources.len().min(MAX_BLOCKS)];
    let begin = open(to, pt::BYE, sources.len() as u8);
    sources.iter().for_each(|ssrc| word(to, *ssrc));
    close(to, begin);
}

/// Generic NACK (RFC 4585 §6.2.1); `lost` in ascending order of sending.
pub fn nack(to: &mut Vec<u8>, sender: u32, media: u32, lost: &[u16]) {
    let begin = open(to, pt::RTPFB, fmt::NACK);
    word(to, sender);
    word(to, media);
    let mut rest = lost;
    while let Some((&first, mut following)) = rest.split_first() {
        let mut mask = 0u16;
        while let Some((&next, more)) = following.split_first() {
            let distance = next.wrapping_sub(first);
            if !(1..=16).contains(&distance) {
                break;
            }
            mask |= 1 << (distance - 1);
            following = more;
        }
        word(to, (first as u32) << 16 | mask as u32);
        rest = following;
    }
    close(to, begin);
}

/// Picture loss indication (RFC 4585 §6.3.1).
pub fn pli(to: &mut Vec<u8>, sender: u32, media: u32) {
    let begin = open(to, pt::PSFB, fmt::PLI);
    word(to, sender);
    word(to, media);
    close(to, begin);
}

/// Full intra request (RFC 5104 §4.3.1.1).
pub fn fir(to: &mut Vec<u8>, sender: u32, media: u32, number: u8) {
    let begin = open(to, pt::PSFB, fmt::FIR);
    word(to, sender);
    word(to, 0);
    word(to, media);
    word(to, (number as u32) << 24);
    close(to, begin);
}

/// Receiver estimated maximum bitrate in bit/s for those sources (draft-alvestrand-rmcat-remb-03 §2.2).
pub fn remb(to: &mut Vec<u8>, sender: u32, bitrate: u64, sources: &[u32]) {
    let sources = &sources[..sources.len().min(255)];
    let begin = open(to, pt::PSFB, fmt::ALFB);
    word(to, sender);
    word(to, 0);
    to.extend_from_slice(b"REMB");
    let exponent = (64 - bitrate.leading_zeros()).saturating_sub(18);
    let mantissa = (bitrate >> exponent) as u32;
    word(to, (sources.len() as u32) << 24 | exponent << 18 | mantissa);
    sources.iter().for_each(|ssrc| word(to, *ssrc));
    close(to, begin);
}

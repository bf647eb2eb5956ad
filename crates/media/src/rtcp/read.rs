//! Reading a compound RTCP packet: an iterator of borrowed packets, and the few bodies the worker acts on. A
//! malformed packet ends the walk; what came before it stands.

use super::{ReportBlock, RtcpError, SenderInfo, feedback_type as fmt, packet_type as pt};

/// One packet of a compound, as far as the worker acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Sender report.
    SenderReport(SenderInfo, Blocks<'a>),
    /// Receiver report.
    ReceiverReport(Blocks<'a>),
    /// Goodbye of these sources.
    Bye(Words<'a>),
    /// Generic NACK for a media source.
    Nack {
        /// Whose packets are missing.
        media: u32,
        /// Which ones.
        lost: Lost<'a>,
    },
    /// Picture loss indication for a media source.
    Pli {
        /// Whose picture is lost.
        media: u32,
    },
    /// Full intra request.
    Fir(Firs<'a>),
    /// Receiver estimated maximum bitrate in bit/s.
    Remb {
        /// The estimate.
        bitrate: u64,
    },
    /// Transport-wide feedback, opaque here.
    TransportCc(&'a [u8]),
    /// Anything else.
    Other,
}

/// Walks a compound packet (RFC 3550 §6.1); reduced-size ones as well (RFC 5506).
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Starts at the first packet.
    pub fn new(bytes: &'a [u8]) -> Self {
        Compound { rest: bytes }
    }

    fn split(&mut self) -> Result<Packet<'a>, RtcpError> {
        let head: &[u8; 4] = self.rest.first_chunk().ok_or(RtcpError::Truncated)?;
        if head[0] >> 6 != 2 {
            return Err(RtcpError::Version);
        }
        let len = 4 * (u16::from_be_bytes([head[2], head[3]]) as usize + 1);
        let (packet, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(RtcpError::Truncated)?;
        let mut body = &packet[4..];
        if head[0] & 0x20 != 0 {
            let padding = *body.last().ok_or(RtcpError::Padding)? as usize;
            if padding == 0 || padding > body.len() {
                return Err(RtcpError::Padding);
            }
            body = &body[..body.len() - padding];
        }
        self.rest = rest;
        parse_body(head[1], head[0] & 0x1f, body)
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Packet<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let packet = self.split();
        if packet.is_err() {
            self.rest = &[];
        }
        Some(packet)
    }
}

fn parse_body(kind: u8, count: u8, body: &[u8]) -> Result<Packet<'_>, RtcpError> {
    let blocks = |from: usize| {
        let bytes = body
            .get(from..from + 24 * count as usize)
            .ok_or(RtcpError::Truncated)?;
        Ok(Blocks { bytes })
    };
    match (kind, count) {
        (pt::SR, _) => {
            let info = SenderInfo {
                ssrc: word(body, 0)?,
                ntp: (word(body, 4)? as u64) << 32 | word(body, 8)? as u64,
                rtp: word(body, 12)?,
                packets: word(body, 16)?,
                octets: word(body, 20)?,
            };
            Ok(Packet::SenderReport(info, blocks(24)?))
        }
        (pt::RR, _) => Ok(Packet::ReceiverReport(blocks(4)?)),
        (pt::BYE, _) => {
            let bytes = body.get(..4 * count as usize).ok_or(RtcpError::Truncated)?;
            Ok(Packet::Bye(Words { bytes }))
        }
        (pt::RTPFB, fmt::NACK) => {
            let lost = Lost {
                bytes: body.get(8..).ok_or(RtcpError::Truncated)?,
                mask: None,
            };
            Ok(Packet::Nack {
                media: word(body, 4)?,
                lost,
            })
        }
        (pt::RTPFB, fmt::TRANSPORT_CC) => Ok(Packet::TransportCc(
            body.get(8..).ok_or(RtcpError::Truncated)?,
        )),
        (pt::PSFB, fmt::PLI) => Ok(Packet::Pli {
            media: word(body, 4)?,
        }),
        (pt::PSFB, fmt::FIR) => Ok(Packet::Fir(Firs {
            bytes: body.get(8..).ok_or(RtcpError::Truncated)?,
        })),
        (pt::PSFB, fmt::ALFB) if body.get(8..12) == Some(b"REMB") => {
            let value = word(body, 12)?;
            let (exponent, mantissa) = (value >> 18 & 0x3f, (value & 0x3_ffff) as u64);
            let bitrate = mantissa
                .checked_shl(exponent)
                .filter(|b| b >> exponent == mantissa);
            Ok(Packet::Remb {
                bitrate: bitrate.unwrap_or(u64::MAX),
            })
        }
        _ => Ok(Packet::Other),
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u32, RtcpError> {
    let word = bytes.get(at..at + 4).ok_or(RtcpError::Truncated)?;
    Ok(u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

/// Report blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a> {
    bytes: &'a [u8],
}

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.bytes.split_at_checked(24)?;
        self.bytes = rest;
        let lost = word(block, 4).ok()?;
        Some(ReportBlock {
            ssrc: word(block, 0).ok()?,
            fraction_lost: (lost >> 24) as u8,
            // Sign extension of 24 bits.
            lost: (lost << 8) as i32 >> 8,
            highest: word(block, 8).ok()?,
            jitter: word(block, 12).ok()?,
            last_sr: word(block, 16).ok()?,
            delay: word(block, 20).ok()?,
        })
    }
}

/// SSRCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    bytes: &'a [u8],
}

impl Iterator for Words<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.bytes.split_at_checked(4)?;
        self.bytes = rest;
        word(first, 0).ok()
    }
}

/// Sequence numbers named by a NACK (RFC 4585 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost<'a> {
    bytes: &'a [u8],
    mask: Option<(u16, u16)>,
}

impl Iterator for Lost<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some((first, mask)) = self.mask.filter(|(_, mask)| *mask != 0) {
            let bit = mask.trailing_zeros() as u16;
            self.mask = Some((first, mask & (mask - 1)));
            return Some(first.wrapping_add(bit + 1));
        }
        let (item, rest) = self.bytes.split_at_checked(4)?;
        self.bytes = rest;
        let first = u16::from_be_bytes([item[0], item[1]]);
        self.mask = Some((first, u16::from_be_bytes([item[2], item[3]])));
        Some(first)
    }
}

/// Media sources named by a FIR, with their command numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firs<'a> {
    bytes: &'a [u8],
}

impl Iterator for Firs<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        let (item, rest) = self.bytes.split_at_checked(8)?;
        self.bytes = rest;
        Some((word(item, 0).ok()?, item[4]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let info = SenderInfo {
            ssrc: 5,
            ntp: 0x0102_0304_0506_0708,
            rtp: 9,
            packets: 10,
            octets: 11,
        };
        let block = ReportBlock {
            ssrc: 7,
            fraction_lost: 12,
            lost: -3,
            highest: 70_000,
            jitter: 8,
            last_sr: 6,
            delay: 4,
        };
        let mut bytes = Vec::new();
        write::sender_report(&mut bytes, &info);
        write::receiver_report(&mut bytes, 1, &[block, block]);
        write::source_description(&mut bytes, &[(5, "slots")]);
        write::nack(&mut bytes, 1, 7, &[65_530, 65_531, 3, 40]);
        write::pli(&mut bytes, 1, 7);
        write::fir(&mut bytes, 1, 7, 3);
        write::remb(&mut bytes, 1, 4_000_000, &[7, 8]);
        write::bye(&mut bytes, &[7, 8]);
        let all: Vec<_> = Compound::new(&bytes)
            .map(|packet| packet.unwrap())
            .collect();
        assert_eq!(all.len(), 8);
        assert!(matches!(all[0], Packet::SenderReport(read, _) if read == info));
        let Packet::ReceiverReport(blocks) = all[1] else {
            panic!("{:?}", all[1])
        };
        assert_eq!(blocks.collect::<Vec<_>>(), vec![block, block]);
        let Packet::Nack { media: 7, lost } = all[3] else {
            panic!("{:?}", all[3])
        };
        assert_eq!(lost.collect::<Vec<_>>(), vec![65_530, 65_531, 3, 40]);
        assert_eq!(all[4], Packet::Pli { media: 7 });
        let Packet::Fir(firs) = all[5] else {
            panic!("{:?}", all[5])
        };
        assert_eq!(firs.collect::<Vec<_>>(), vec![(7, 3)]);
        assert_eq!(all[6], Packet::Remb { bitrate: 4_000_000 });
        let Packet::Bye(words) = all[7] else {
            panic!("{:?}", all[7])
        };
        assert_eq!(words.collect::<Vec<_>>(), vec![7, 8]);
    }

    #[test]
    fn rfc3550_6_1_a_malformed_packet_ends_the_walk_by_name() {
        let first = |bytes: &[u8]| Compound::new(bytes).next().unwrap().unwrap_err();
        assert_eq!(first(&[0x80, 200]), RtcpError::Truncated);
        assert_eq!(first(&[0x40, 200, 0, 0]), RtcpError::Version);
        assert_eq!(first(&[0x80, 200, 0, 9]), RtcpError::Truncated);
        assert_eq!(first(&[0x80, 200, 0, 0]), RtcpError::Truncated);
        assert_eq!(first(&[0x82, 201, 0, 1, 0, 0, 0, 1]), RtcpError::Truncated);
        assert_eq!(first(&[0xa0, 201, 0, 1, 0, 0, 0, 9]), RtcpError::Padding);
        assert_eq!(Compound::new(&[0x40, 200, 0, 0]).count(), 1);
    }
}

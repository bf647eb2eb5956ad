//! RTP packets as bytes (RFC 3550 §5.1) with their header extensions (RFC 8285): parsed once on arrival,
//! written anew for each receiver. Nothing here remembers anything.

use crate::types::{Extension, ExtensionKind};

/// Why bytes are not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpError {
    /// Shorter than the fixed header.
    Truncated,
    /// Version is not 2.
    Version,
    /// The list of contributing sources runs past the end.
    Csrc,
    /// The extension block or one of its elements runs past its end.
    Extension,
    /// More padding than payload, or a padding length of zero.
    Padding,
}

/// The fixed header and the places of what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Marker bit.
    pub marker: bool,
    /// Payload type.
    pub pt: u8,
    /// Sequence number.
    pub seq: u16,
    /// Media timestamp in the codec's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Where the payload begins.
    pub payload: u16,
    /// Where the payload ends: before padding.
    pub end: u16,
    /// Where the extension elements begin; equal to `extension_end` when there are none.
    extension: u16,
    extension_end: u16,
    two_byte: bool,
}

impl Header {
    /// Parses and checks the header, the extension block's bounds and the padding (RFC 3550 §5.1).
    pub fn parse(packet: &[u8]) -> Result<Header, RtpError> {
        let fixed: &[u8; 12] = packet.first_chunk().ok_or(RtpError::Truncated)?;
        if packet.len() > u16::MAX as usize {
            return Err(RtpError::Truncated);
        }
        if fixed[0] >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let mut at = 12 + 4 * (fixed[0] & 0x0f) as usize;
        if at > packet.len() {
            return Err(RtpError::Csrc);
        }
        let (mut extension, mut extension_end, mut two_byte) = (at, at, false);
        if fixed[0] & 0x10 != 0 {
            let head = packet.get(at..at + 4).ok_or(RtpError::Extension)?;
            let profile = u16::from_be_bytes([head[0], head[1]]);
            let len = 4 * u16::from_be_bytes([head[2], head[3]]) as usize;
            at += 4;
            if packet.len() < at + len {
                return Err(RtpError::Extension);
            }
            // Unknown profiles are skipped whole, as RFC 3550 §5.3.1 demands.
            two_byte = profile & 0xfff0 == 0x1000;
            extension = at;
            at += len;
            extension_end = if two_byte || profile == 0xbede {
                at
            } else {
                extension
            };
        }
        let mut end = packet.len();
        if fixed[0] & 0x20 != 0 {
            let padding = *packet.last().unwrap_or(&0) as usize;
            if padding == 0 || at + padding > end {
                return Err(RtpError::Padding);
            }
            end -= padding;
        }
        Ok(Header {
            marker: fixed[1] & 0x80 != 0,
            pt: fixed[1] & 0x7f,
            seq: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            payload: at as u16,
            end: end as u16,
            extension: extension as u16,
            extension_end: extension_end as u16,
            two_byte,
        })
    }

    /// Reads the extension elements whose meaning `ids` knows.
    pub fn extensions<'a>(
        &self,
        packet: &'a [u8],
        ids: &ExtensionIds,
    ) -> Result<Extensions<'a>, RtpError> {
        let mut found = Extensions::default();
        let block = &packet[..self.extension_end as usize];
        let mut at = self.extension as usize;
        while at < block.len() {
            let first = block[at];
            if first == 0 {
                at += 1;
                continue;
            }
            let (id, len) = if self.two_byte {
                let len = *block.get(at + 1).ok_or(RtpError::Extension)?;
                at += 2;
                (first, len as usize)
            } else if first >> 4 == 15 {
                break;
            } else {
                at += 1;
                (first >> 4, (first & 0x0f) as usize + 1)
            };
            let value = block.get(at..at + len).ok_or(RtpError::Extension)?;
            if let Some(kind) = ids.kind(id) {
                found.set(kind, value, at as u16);
            }
            at += len;
        }
        Ok(found)
    }
}

/// Extension elements of one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// Media identification.
    pub mid: Option<&'a [u8]>,
    /// RTP stream id.
    pub rid: Option<&'a [u8]>,
    /// Stream id that a retransmission repairs.
    pub repaired_rid: Option<&'a [u8]>,
    /// Transport-wide sequence number.
    pub transport_cc: Option<u16>,
    /// Voice flag and −dBov (RFC 6464).
    pub audio_level: Option<u8>,
    /// Camera, flip and rotation bits.
    pub video_orientation: Option<u8>,
    /// Place of the Dependency Descriptor: offset and length in the packet.
    pub dependency_descriptor: Option<(u16, u16)>,
}

impl<'a> Extensions<'a> {
    fn set(&mut self, kind: ExtensionKind, value: &'a [u8], at: u16) {
        match kind {
            ExtensionKind::Mid => self.mid = Some(value),
            ExtensionKind::Rid => self.rid = Some(value),
            ExtensionKind::RepairedRid => self.repaired_rid = Some(value),
            ExtensionKind::AbsSendTime => {}
            ExtensionKind::TransportCc => {
                self.transport_cc = value.first_chunk().map(|b| u16::from_be_bytes(*b));
            }
            ExtensionKind::AudioLevel => self.audio_level = value.first().copied(),
            ExtensionKind::VideoOrientation => self.video_orientation = value.first().copied(),
            ExtensionKind::DependencyDescriptor if value.len() >= 3 => {
                self.dependency_descriptor = Some((at, value.len() as u16));
            }
            ExtensionKind::DependencyDescriptor => {}
        }
    }
}

/// Meaning of extension ids within one bundle, both ways.
#[derive(Clone, Debug)]
pub struct ExtensionIds {
    kinds: [Option<ExtensionKind>; 256],
}

impl Default for ExtensionIds {
    fn default() -> Self {
        ExtensionIds { kinds: [None; 256] }
    }
}

impl ExtensionIds {
    /// Adds what a section negotiated; within a bundle an id means the same everywhere (RFC 9143 §9).
    pub fn extend(&mut self, extensions: &[Extension]) {
        for extension in extensions {
            self.kinds[extension.id as usize] = Some(extension.kind);
        }
    }

    #[inline]
    fn kind(&self, id: u8) -> Option<ExtensionKind> {
        self.kinds[id as usize]
    }
}

/// Ids under which one slot's receiver wants extensions; zero where it wants none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutIds {
    /// abs-send-time.
    pub abs_send_time: u8,
    /// Audio level.
    pub audio_level: u8,
    /// Video orientation.
    pub video_orientation: u8,
    /// Dependency Descriptor.
    pub dependency_descriptor: u8,
}

impl OutIds {
    /// Picks those the worker writes out of a section's extensions.
    pub fn of(extensions: &[Extension]) -> OutIds {
        let mut ids = OutIds::default();
        for extension in extensions {
            match extension.kind {
                ExtensionKind::AbsSendTime => ids.abs_send_time = extension.id,
                ExtensionKind::AudioLevel => ids.audio_level = extension.id,
                ExtensionKind::VideoOrientation => ids.video_orientation = extension.id,
                ExtensionKind::DependencyDescriptor => ids.dependency_descriptor = extension.id,
                _ => {}
            }
        }
        ids
    }
}

/// What the fixed header of an outgoing packet says.
#[derive(Clone, Copy, Debug)]
pub struct OutHeader {
    /// Marker bit.
    pub marker: bool,
    /// Payload type.
    pub pt: u8,
    /// Sequence number.
    pub seq: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// SSRC.
    pub ssrc: u32,
}

/// Extension values of an outgoing packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutExtensions<'a> {
    /// 6.18 fixed-point seconds (24 bits) of the moment of sending.
    pub abs_send_time: u32,
    /// Voice flag and level.
    pub audio_level: Option<u8>,
    /// Orientation byte.
    pub video_orientation: Option<u8>,
    /// Descriptor and the frame number to write into it.
    pub dependency_descriptor: Option<(&'a [u8], u16)>,
}

/// Appends an RTP header with those extensions that the receiver has ids for; returns its length.
pub fn write_header(
    to: &mut Vec<u8>,
    header: &OutHeader,
    ids: &OutIds,
    values: &OutExtensions<'_>,
) -> usize {
    let begin = to.len();
    let mut fixed = [0u8; 16];
    fixed[0] = 0x80;
    fixed[1] = (header.marker as u8) << 7 | header.pt;
    fixed[2..4].copy_from_slice(&header.seq.to_be_bytes());
    fixed[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    fixed[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
    to.extend_from_slice(&fixed);
    let elements = to.len();
    let descriptor = values
        .dependency_descriptor
        .filter(|_| ids.dependency_descriptor != 0);
    let highest = ids
        .abs_send_time
        .max(ids.audio_level)
        .max(ids.video_orientation);
    let two_byte = highest.max(ids.dependency_descriptor) > 14
        || descriptor.is_some_and(|(bytes, _)| bytes.len() > 16);
    if ids.abs_send_time != 0 {
        let value = values.abs_send_time.to_be_bytes();
        put_element(to, two_byte, ids.abs_send_time, &value[1..]);
    }
    if let Some(level) = values.audio_level.filter(|_| ids.audio_level != 0) {
        put_element(to, two_byte, ids.audio_level, &[level]);
    }
    if let Some(orientation) = values
        .video_orientation
        .filter(|_| ids.video_orientation != 0)
    {
        put_element(to, two_byte, ids.video_orientation, &[orientation]);
    }
    if let Some((bytes, frame)) = descriptor {
        put_element(to, two_byte, ids.dependency_descriptor, bytes);
        let number = to.len() - bytes.len() + 1;
        to[number..number + 2].copy_from_slice(&frame.to_be_bytes());
    }
    let len = to.len() - elements;
    if len == 0 {
        to.truncate(begin + 12);
        return 12;
    }
    let words = len.div_ceil(4);
    to.resize(elements + 4 * words, 0);
    to[begin] |= 0x10;
    let profile: u16 = if two_byte { 0x1000 } else { 0xbede };
    to[begin + 12..begin + 14].copy_from_slice(&profile.to_be_bytes());
    to[begin + 14..begin + 16].copy_from_slice(&(words as u16).to_be_bytes());
    to.len() - begin
}

fn put_element(to: &mut Vec<u8>, two_byte: bool, id: u8, value: &[u8]) {
    if two_byte {
        to.extend_from_slice(&[id, value.len() as u8]);
    } else {
        to.push(id << 4 | (value.len() as u8 - 1));
    }
    to.extend_from_slice(value);
}

/// How far `a` is ahead of `b` on the circle of sequence numbers; negative when behind.
#[inline]
pub fn seq_diff(a: u16, b: u16) -> i16 {
    a.wrapping_sub(b) as i16
}

/// How far `a` is ahead of `b` on the circle of timestamps; negative when behind.
#[inline]
pub fn ts_diff(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(list: &[(u8, ExtensionKind)]) -> Vec<Extension> {
        list.iter()
            .map(|&(id, kind)| Extension { id, kind })
            .collect()
    }

    fn map(list: &[(u8, ExtensionKind)]) -> ExtensionIds {
        let mut map = ExtensionIds::default();
        map.extend(&ids(list));
        map
    }

    #[test]
    fn a_written_header_reads_back_in_both_extension_forms() {
        for (id, expected) in [(5u8, 0xbedeu16), (40, 0x1000)] {
            let list = [
                (3, ExtensionKind::AbsSendTime),
                (id, ExtensionKind::AudioLevel),
                (7, ExtensionKind::DependencyDescriptor),
            ];
            let header = OutHeader {
                marker: true,
                pt: 96,
                seq: 65_535,
                timestamp: 9,
                ssrc: 0xdead_beef,
            };
            let values = OutExtensions {
                abs_send_time: 0x0012_3456,
                audio_level: Some(0x85),
                video_orientation: Some(1),
                dependency_descriptor: Some((&[0xc0, 0, 9, 7, 7], 0x1234)),
            };
            let mut packet = Vec::new();
            let len = write_header(&mut packet, &header, &OutIds::of(&ids(&list)), &values);
            assert_eq!(len, packet.len());
            assert_eq!(u16::from_be_bytes([packet[12], packet[13]]), expected);
            packet.extend_from_slice(b"payload");
            let read = Header::parse(&packet).unwrap();
            assert_eq!((read.marker, read.pt, read.seq), (true, 96, 65_535));
            assert_eq!((read.timestamp, read.ssrc), (9, 0xdead_beef));
            assert_eq!(
                &packet[read.payload as usize..read.end as usize],
                b"payload"
            );
            let found = read.extensions(&packet, &map(&list)).unwrap();
            assert_eq!(found.audio_level, Some(0x85));
            assert_eq!(
                found.video_orientation, None,
                "the receiver has no id for it"
            );
            let (at, len) = found.dependency_descriptor.unwrap();
            assert_eq!(
                &packet[at as usize..(at + len) as usize],
                &[0xc0, 0x12, 0x34, 7, 7]
            );
        }
    }

    #[test]
    fn rfc3550_5_1_malformed_headers_are_refused_by_name() {
        let good = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2];
        assert!(Header::parse(&good).is_ok());
        assert_eq!(Header::parse(&good[..11]), Err(RtpError::Truncated));
        let with = |at: usize, value: u8| {
            let mut bad = good;
            bad[at] = value;
            Header::parse(&bad)
        };
        assert_eq!(with(0, 0x40), Err(RtpError::Version));
        assert_eq!(with(0, 0x81), Err(RtpError::Csrc));
        assert_eq!(with(0, 0x90), Err(RtpError::Extension));
        let padded = |padding: u8| {
            let mut packet = good;
            packet[0] = 0xa0;
            packet[13] = padding;
            Header::parse(&packet).map(|h| h.end)
        };
        assert_eq!(padded(0), Err(RtpError::Padding));
        assert_eq!(padded(3), Err(RtpError::Padding));
        assert_eq!(padded(2), Ok(12));
    }

    #[test]
    fn rfc8285_truncated_elements_are_refused_and_unknown_profiles_skipped() {
        let mut packet = vec![
            0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0x1f, 1, 2, 3,
        ];
        let header = Header::parse(&packet).unwrap();
        let ids = map(&[(1, ExtensionKind::Mid)]);
        assert_eq!(header.extensions(&packet, &ids), Err(RtpError::Extension));
        packet[12] = 0xab;
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.extensions(&packet, &ids), Ok(Extensions::default()));
        assert_eq!(header.payload, 20);
    }
}

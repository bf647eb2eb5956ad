//! The VP8 payload descriptor (RFC 7741 §4.2): read on arrival, written with a slot's own numbers. A key frame
//! is known by the clear synthetic header's lowest bit (M3.4).

use super::{CodecError, Descriptor as AnyDescriptor, Payload};

/// The synthetic header of a key frame (640 × 360 whatever the picture's size).
pub const KEY_HEADER: [u8; 10] = [0x10, 0x7d, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];

/// The synthetic header of any other frame.
pub const DELTA_HEADER: [u8; 1] = [0x31];

/// Numbers of the descriptor; what a sender leaves out stays out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// Non-reference, start and partition bits of the first byte, without X.
    pub first: u8,
    /// PictureID, seven or fifteen bits as it came.
    pub picture_id: Option<u16>,
    /// Whether the PictureID came in fifteen bits.
    pub long_picture_id: bool,
    /// TL0PICIDX.
    pub tl0_pic_idx: Option<u8>,
    /// Temporal layer and sync bit, in their places in the last byte.
    pub temporal: Option<u8>,
    /// KEYIDX, five bits.
    pub key_idx: Option<u8>,
}

/// Reads descriptor and frame start of one packet.
pub fn parse(payload: &[u8]) -> Result<Payload, CodecError> {
    let mut at = 0;
    let mut next = || {
        let byte = payload.get(at).copied().ok_or(CodecError::Truncated);
        at += 1;
        byte
    };
    let first = next()?;
    let mut descriptor = Descriptor {
        first: first & 0x37,
        ..Descriptor::default()
    };
    if first & 0x80 != 0 {
        let flags = next()?;
        if flags & 0x80 != 0 {
            let high = next()?;
            if high & 0x80 != 0 {
                descriptor.picture_id = Some(((high & 0x7f) as u16) << 8 | next()? as u16);
                descriptor.long_picture_id = true;
            } else {
                descriptor.picture_id = Some(high as u16);
            }
        }
        if flags & 0x40 != 0 {
            descriptor.tl0_pic_idx = Some(next()?);
        }
        if flags & 0x30 != 0 {
            let byte = next()?;
            descriptor.temporal = (flags & 0x20 != 0).then_some(byte & 0xe0);
            descriptor.key_idx = (flags & 0x10 != 0).then_some(byte & 0x1f);
        }
    }
    let head = *payload.get(at).ok_or(CodecError::Truncated)?;
    // S must be checked, and partition zero: half of the other packets look like key frames (M3.4).
    let start = first & 0x17 == 0x10;
    let keyframe = start && head & 1 == 0;
    let synthetic = if keyframe {
        KEY_HEADER.len()
    } else {
        DELTA_HEADER.len()
    };
    Ok(Payload {
        start,
        keyframe,
        descriptor_len: at as u8,
        descriptor: AnyDescriptor::Vp8(descriptor),
        sframe_at: start.then_some((at + synthetic) as u16),
    })
}

impl Descriptor {
    /// Appends the descriptor. PictureIDs are always written in fifteen bits, so that sources with seven and
    /// with fifteen can follow one another.
    pub fn write(&self, to: &mut Vec<u8>) {
        let flags = (self.picture_id.is_some() as u8) << 7
            | (self.tl0_pic_idx.is_some() as u8) << 6
            | (self.temporal.is_some() as u8) << 5
            | (self.key_idx.is_some() as u8) << 4;
        if flags == 0 {
            to.push(self.first);
            return;
        }
        to.extend_from_slice(&[self.first | 0x80, flags]);
        if let Some(id) = self.picture_id {
            to.extend_from_slice(&(id | 0x8000).to_be_bytes());
        }
        if let Some(index) = self.tl0_pic_idx {
            to.push(index);
        }
        if flags & 0x30 != 0 {
            to.push(self.temporal.unwrap_or(0) | self.key_idx.unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7741_4_2_a_descriptor_reads_and_writes() {
        let mut payload = vec![0x90, 0xf0, 0x92, 0x34, 0x56, 0x6a];
        payload.extend_from_slice(&KEY_HEADER);
        let read = parse(&payload).unwrap();
        let AnyDescriptor::Vp8(descriptor) = read.descriptor else {
            panic!("not VP8")
        };
        assert!(read.start && read.keyframe);
        assert_eq!((read.descriptor_len, read.sframe_at), (6, Some(16)));
        assert_eq!(descriptor.picture_id, Some(0x1234));
        assert_eq!(
            (descriptor.tl0_pic_idx, descriptor.temporal),
            (Some(0x56), Some(0x60))
        );
        assert_eq!(descriptor.key_idx, Some(0x0a));
        let mut written = Vec::new();
        descriptor.write(&mut written);
        assert_eq!(written, payload[..6]);
    }

    #[test]
    fn m3_4_only_the_first_packet_of_partition_zero_can_begin_a_key_frame() {
        for (first, start) in [(0x10, true), (0x00, false), (0x11, false), (0x30, true)] {
            let read = parse(&[first, 0x10, 0]).unwrap();
            assert_eq!((read.start, read.keyframe), (start, start), "{first:02x}");
            assert!(!parse(&[first, 0x31, 0]).unwrap().keyframe);
        }
        assert_eq!(parse(&[0x10, 0x31, 9]).unwrap().sframe_at, Some(2));
    }

    #[test]
    fn a_seven_bit_picture_id_grows_to_fifteen() {
        let read = parse(&[0x90, 0x80, 0x05, 0x31]).unwrap();
        let AnyDescriptor::Vp8(descriptor) = read.descriptor else {
            panic!("not VP8")
        };
        assert!(!descriptor.long_picture_id);
        let mut written = Vec::new();
        descriptor.write(&mut written);
        assert_eq!(written, [0x90, 0x80, 0x80, 0x05]);
    }

    #[test]
    fn every_cut_descriptor_is_an_error() {
        let whole = [0x90, 0xf0, 0x92, 0x34, 0x56, 0x6a, 0x31];
        for len in 0..whole.len() {
            assert_eq!(parse(&whole[..len]), Err(CodecError::Truncated), "{len}");
        }
    }
}

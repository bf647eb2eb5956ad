//! The VP9 payload descriptor (RFC 9628 §4.2): PictureID and TL0PICIDX are rewritten in place, everything else
//! is passed on. With a Dependency Descriptor (M3.3) its frame number is rewritten as well, by the caller.

use super::{CodecError, Descriptor as AnyDescriptor, Payload};

/// Numbers of the descriptor and where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// PictureID, seven or fifteen bits as it came.
    pub picture_id: Option<u16>,
    /// Whether the PictureID came in fifteen bits.
    pub long_picture_id: bool,
    /// TL0PICIDX.
    pub tl0_pic_idx: Option<u8>,
    /// Offset of TL0PICIDX in the descriptor; zero without one.
    pub tl0_at: u8,
    /// Frame number of the packet's Dependency Descriptor.
    pub frame: Option<u16>,
}

/// Longest run of reference indices a flexible-mode packet may carry (RFC 9628 §4.2).
const MAX_REFERENCES: usize = 3;

/// Reads descriptor and frame start of one packet.
pub fn parse(payload: &[u8], dependency: Option<&[u8]>) -> Result<Payload, CodecError> {
    let mut reader = Reader { payload, at: 0 };
    let first = reader.next()?;
    let (predicted, flexible) = (first & 0x40 != 0, first & 0x10 != 0);
    let start = first & 0x08 != 0;
    let mut descriptor = Descriptor::default();
    if first & 0x80 != 0 {
        let high = reader.next()?;
        if high & 0x80 != 0 {
            descriptor.picture_id = Some(((high & 0x7f) as u16) << 8 | reader.next()? as u16);
            descriptor.long_picture_id = true;
        } else {
            descriptor.picture_id = Some(high as u16);
        }
    }
    let mut base = true;
    if first & 0x20 != 0 {
        base = reader.next()? & 0x0e == 0;
        if !flexible {
            descriptor.tl0_at = reader.at as u8;
            descriptor.tl0_pic_idx = Some(reader.next()?);
        }
    }
    if flexible && predicted {
        for n in 1.. {
            if reader.next()? & 1 == 0 {
                break;
            }
            if n == MAX_REFERENCES {
                return Err(CodecError::Unsupported);
            }
        }
    }
    if first & 0x02 != 0 {
        reader.skip_scalability_structure()?;
    }
    if reader.at >= payload.len() || reader.at > u8::MAX as usize {
        return Err(CodecError::Truncated);
    }
    descriptor.frame = dependency.and_then(super::dependency_descriptor::frame_number);
    Ok(Payload {
        start,
        keyframe: start && base && !predicted,
        descriptor_len: reader.at as u8,
        descriptor: AnyDescriptor::Vp9(descriptor),
        sframe_at: start.then_some(reader.at as u16),
    })
}

struct Reader<'a> {
    payload: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<u8, CodecError> {
        let byte = *self.payload.get(self.at).ok_or(CodecError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, n: usize) -> Result<(), CodecError> {
        self.at += n;
        if self.at > self.payload.len() {
            Err(CodecError::Truncated)
        } else {
            Ok(())
        }
    }

    /// RFC 9628 §4.2.1: sizes of the spatial layers and the group of frames.
    fn skip_scalability_structure(&mut self) -> Result<(), CodecError> {
        let flags = self.next()?;
        if flags & 0x10 != 0 {
            self.skip(4 * ((flags >> 5) as usize + 1))?;
        }
        if flags & 0x08 != 0 {
            for _ in 0..self.next()? {
                let references = (self.next()? >> 2 & 3) as usize;
                self.skip(references)?;
            }
        }
        Ok(())
    }
}

impl Descriptor {
    /// Appends `original` with this descriptor's PictureID and TL0PICIDX; a PictureID always in fifteen bits.
    pub fn write(&self, original: &[u8], to: &mut Vec<u8>) {
        let begin = to.len();
        let Some(id) = self.picture_id else {
            to.extend_from_slice(original);
            return;
        };
        let taken = if self.long_picture_id { 3 } else { 2 };
        to.push(original[0]);
        to.extend_from_slice(&(id | 0x8000).to_be_bytes());
        to.extend_from_slice(&original[taken..]);
        if let Some(index) = self.tl0_pic_idx {
            to[begin + self.tl0_at as usize + 3 - taken] = index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9628_4_2_a_descriptor_reads_and_writes() {
        // I, L, B, V; 15-bit id; layer indices; TL0PICIDX; one spatial layer with size.
        let payload = [0xaa, 0x81, 0x02, 0x00, 0x44, 0x10, 1, 2, 3, 4, 0xff];
        let read = parse(&payload, None).unwrap();
        assert!(read.start && read.keyframe);
        assert_eq!((read.descriptor_len, read.sframe_at), (10, Some(10)));
        let AnyDescriptor::Vp9(mut descriptor) = read.descriptor else {
            panic!("not VP9")
        };
        assert_eq!(
            (descriptor.picture_id, descriptor.tl0_pic_idx),
            (Some(0x102), Some(0x44))
        );
        descriptor.picture_id = Some(0x7fff);
        descriptor.tl0_pic_idx = Some(0x45);
        let mut written = Vec::new();
        descriptor.write(&payload[..10], &mut written);
        assert_eq!(written, [0xaa, 0xff, 0xff, 0x00, 0x45, 0x10, 1, 2, 3, 4]);
    }

    #[test]
    fn a_seven_bit_picture_id_grows_and_the_rest_moves_along() {
        let payload = [0xa8, 0x05, 0x00, 0x44, 0xff];
        let AnyDescriptor::Vp9(descriptor) = parse(&payload, None).unwrap().descriptor else {
            panic!("not VP9")
        };
        let mut written = Vec::new();
        Descriptor {
            tl0_pic_idx: Some(9),
            ..descriptor
        }
        .write(&payload[..4], &mut written);
        assert_eq!(written, [0xa8, 0x80, 0x05, 0x00, 9]);
    }

    #[test]
    fn cut_descriptors_and_endless_references_are_refused() {
        let payload = [
            0xaa, 0x81, 0x02, 0x00, 0x44, 0x18, 1, 2, 3, 4, 1, 0x0c, 1, 2, 3, 0xff,
        ];
        for len in 0..payload.len() {
            assert!(parse(&payload[..len], None).is_err(), "{len}");
        }
        assert!(parse(&payload, None).is_ok());
        assert_eq!(
            parse(&[0x50, 3, 3, 3, 2, 9], None),
            Err(CodecError::Unsupported)
        );
    }
}

//! The Dependency Descriptor header extension of the AV1 RTP specification (§A.8): its mandatory fields and the
//! start of its extended ones, which say whether a new structure, and so a key frame, begins. AV1's own
//! aggregation header is read here too, since without the descriptor AV1 is not forwarded (M3.3).

use super::{CodecError, Descriptor, Payload};

/// Mandatory fields and flags of one descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// First packet of a frame.
    pub start: bool,
    /// Last packet of a frame.
    pub end: bool,
    /// Template of the frame's dependencies.
    pub template: u8,
    /// Frame number modulo 65,536.
    pub frame: u16,
    /// Whether a template structure is attached: a key frame.
    pub structure: bool,
}

impl DependencyDescriptor {
    /// Parses the mandatory fields and, where present, the flags of the extended ones.
    pub fn parse(bytes: &[u8]) -> Result<DependencyDescriptor, CodecError> {
        let head: &[u8; 3] = bytes.first_chunk().ok_or(CodecError::Truncated)?;
        Ok(DependencyDescriptor {
            start: head[0] & 0x80 != 0,
            end: head[0] & 0x40 != 0,
            template: head[0] & 0x3f,
            frame: u16::from_be_bytes([head[1], head[2]]),
            structure: bytes.get(3).is_some_and(|flags| flags & 0x80 != 0),
        })
    }
}

/// The frame number of a descriptor, if it is long enough to have one.
pub fn frame_number(bytes: &[u8]) -> Option<u16> {
    DependencyDescriptor::parse(bytes)
        .ok()
        .map(|descriptor| descriptor.frame)
}

/// Reads an AV1 payload: the aggregation header (§4.4) and the first OBU, behind whose header SFrame begins.
pub fn parse_av1(payload: &[u8], dependency: Option<&[u8]>) -> Result<Payload, CodecError> {
    let dependency = DependencyDescriptor::parse(dependency.ok_or(CodecError::Unsupported)?)?;
    let aggregation = *payload.first().ok_or(CodecError::Truncated)?;
    let continues = aggregation & 0x80 != 0;
    let start = dependency.start && !continues;
    let mut at = 1;
    if aggregation & 0x30 != 0x10 {
        at += leb128_len(&payload[at..])?;
    }
    let obu = *payload.get(at).ok_or(CodecError::Truncated)?;
    if !continues {
        at += if obu & 0x04 != 0 { 2 } else { 1 };
        if obu & 0x02 != 0 {
            at += leb128_len(payload.get(at..).ok_or(CodecError::Truncated)?)?;
        }
    }
    Ok(Payload {
        start,
        keyframe: start && (dependency.structure || aggregation & 0x08 != 0),
        descriptor_len: 0,
        descriptor: Descriptor::Dependency {
            frame: dependency.frame,
        },
        sframe_at: start.then_some(at as u16),
    })
}

/// Bytes a leb128 number takes (AV1 §4.10.5).
fn leb128_len(bytes: &[u8]) -> Result<usize, CodecError> {
    let len = bytes.iter().take(8).position(|byte| byte & 0x80 == 0);
    len.map(|len| len + 1).ok_or(CodecError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn av1_a_8_mandatory_fields_and_the_structure_flag() {
        let key = DependencyDescriptor::parse(&[0x81, 0x12, 0x34, 0x80]).unwrap();
        assert!(key.start && !key.end && key.structure);
        assert_eq!((key.template, key.frame), (1, 0x1234));
        assert!(
            !DependencyDescriptor::parse(&[0x40, 0, 1])
                .unwrap()
                .structure
        );
        assert_eq!(
            DependencyDescriptor::parse(&[1, 2]),
            Err(CodecError::Truncated)
        );
    }

    #[test]
    fn av1_4_4_sframe_begins_behind_the_first_obu_header() {
        let dependency = [0x80, 0, 7, 0x80];
        let one = parse_av1(&[0x18, 0x30, 0xaa], Some(&dependency)).unwrap();
        assert!(one.start && one.keyframe);
        assert_eq!(
            (one.sframe_at, one.descriptor),
            (Some(2), Descriptor::Dependency { frame: 7 })
        );
        let sized = parse_av1(&[0x00, 0x03, 0x32, 0x01, 0xaa], Some(&[0x80, 0, 7])).unwrap();
        assert_eq!((sized.sframe_at, sized.keyframe), (Some(4), false));
        assert!(!parse_av1(&[0x90, 0xaa], Some(&[0x00, 0, 7])).unwrap().start);
        assert_eq!(parse_av1(&[0x10, 0x30], None), Err(CodecError::Unsupported));
        assert_eq!(
            parse_av1(&[0x00, 0xff], Some(&dependency)),
            Err(CodecError::Truncated)
        );
    }
}

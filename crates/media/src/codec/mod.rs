//! What the forwarder must know of a payload: where a frame begins, whether it is a key frame, the numbers a
//! slot rewrites, and where the SFrame header stands. Each codec has a file; here they meet in one value.

pub mod dependency_descriptor;
pub mod h264;
pub mod opus;
pub mod vp8;
pub mod vp9;

use crate::sframe_header::{MAX_LEN, SframeHeader};
use crate::types::CodecName;

/// Why a payload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The descriptor is cut off or the payload behind it is empty.
    Truncated,
    /// A form that was not negotiated or does not exist.
    Unsupported,
}

/// Numbers of a payload descriptor that a slot rewrites (M4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// No descriptor.
    Plain,
    /// RFC 7741 §4.2.
    Vp8(vp8::Descriptor),
    /// RFC 9628 §4.2.
    Vp9(vp9::Descriptor),
    /// The Dependency Descriptor's frame number, which stands in a header extension.
    Dependency {
        /// Frame number modulo 65,536.
        frame: u16,
    },
}

/// What one packet's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// First packet of an encoded frame.
    pub start: bool,
    /// Belongs to the start of a key frame; only ever set together with `start`.
    pub keyframe: bool,
    /// Bytes of the payload descriptor, rewritten for each slot.
    pub descriptor_len: u8,
    /// Rewritten numbers.
    pub descriptor: Descriptor,
    /// Offset in the payload at which the SFrame header stands, on packets that have one.
    pub sframe_at: Option<u16>,
}

impl Payload {
    /// A payload without descriptor that is a frame by itself.
    pub const fn whole_frame() -> Payload {
        Payload {
            start: true,
            keyframe: true,
            descriptor_len: 0,
            descriptor: Descriptor::Plain,
            sframe_at: Some(0),
        }
    }

    /// Reads one payload. `dependency` is the Dependency Descriptor of the packet, if it carries one.
    #[inline]
    pub fn parse(
        codec: CodecName,
        payload: &[u8],
        dependency: Option<&[u8]>,
    ) -> Result<Payload, CodecError> {
        match codec {
            CodecName::Opus => opus::parse(payload),
            CodecName::Vp8 => vp8::parse(payload),
            CodecName::Vp9 => vp9::parse(payload, dependency),
            CodecName::H264 => h264::parse(payload),
            CodecName::Av1 => dependency_descriptor::parse_av1(payload, dependency),
        }
    }

    /// Reads the SFrame header of a packet that has one (K5.4).
    #[inline]
    pub fn sframe(&self, codec: CodecName, payload: &[u8]) -> Option<SframeHeader> {
        let bytes = payload.get(self.sframe_at? as usize..)?;
        if codec == CodecName::H264 {
            let mut clear = [0u8; MAX_LEN];
            let len = h264::unescape(bytes, &mut clear);
            return SframeHeader::parse(&clear[..len]);
        }
        SframeHeader::parse(bytes)
    }
}

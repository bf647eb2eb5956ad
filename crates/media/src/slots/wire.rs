//! How one slot's packets look to its receiver: constant SSRCs, its own payload types and extension ids.

use super::rewrite::Numbers;
use super::slot::Forwarded;
use crate::codec::Descriptor;
use crate::rtp::{OutExtensions, OutHeader, OutIds, write_header};
use crate::types::{CodecName, Content, Section};

/// Payload types of one codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes {
    /// Of media.
    pub media: u8,
    /// Of repairs.
    pub rtx: Option<u8>,
    /// RTP clock in Hz.
    pub clock: u32,
}

/// Negotiated form of one slot.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The slot's SSRC.
    pub ssrc: u32,
    /// SSRC of its repairs.
    pub rtx_ssrc: Option<u32>,
    /// CNAME of all slots of the peer.
    pub cname: String,
    types: [Option<PayloadTypes>; 5],
    ids: OutIds,
}

impl Wire {
    /// Reads a slot's section; none for a section that publishes.
    pub fn of(section: &Section) -> Option<Wire> {
        let Content::Slot {
            ssrc,
            rtx_ssrc,
            cname,
            ..
        } = &section.content
        else {
            return None;
        };
        let mut types = [None; 5];
        for codec in &section.codecs {
            let known = &mut types[codec.name as usize];
            if known.is_none() {
                *known = Some(PayloadTypes {
                    media: codec.pt,
                    rtx: codec.rtx_pt,
                    clock: codec.clock,
                });
            }
        }
        Some(Wire {
            ssrc: *ssrc,
            rtx_ssrc: *rtx_ssrc,
            cname: cname.clone(),
            types,
            ids: OutIds::of(&section.extensions),
        })
    }

    /// Payload types of a codec, if the receiver takes it.
    #[inline]
    pub fn types(&self, codec: CodecName) -> Option<PayloadTypes> {
        self.types[codec as usize]
    }

    /// Appends header and descriptor of a packet; returns the length of the RTP header. With `original`, a
    /// repair is written: its header, then the original sequence number (RFC 4588 §4).
    #[inline]
    pub fn write(
        &self,
        to: &mut Vec<u8>,
        header: &OutHeader,
        numbers: &Numbers,
        source: &Forwarded<'_>,
        original: Option<u16>,
    ) -> usize {
        let (parsed, packet) = (source.parsed, source.packet);
        let frame = match numbers.descriptor {
            Descriptor::Dependency { frame } => Some(frame),
            Descriptor::Vp9(vp9) => vp9.frame,
            _ => None,
        };
        let values = OutExtensions {
            abs_send_time: source.abs_send_time,
            audio_level: parsed.audio_level,
            video_orientation: parsed.video_orientation,
            dependency_descriptor: frame
                .and_then(|frame| Some((parsed.dependency(packet)?, frame))),
        };
        let len = write_header(to, header, &self.ids, &values);
        if let Some(seq) = original {
            to.extend_from_slice(&seq.to_be_bytes());
        }
        match numbers.descriptor {
            Descriptor::Vp8(vp8) => vp8.write(to),
            Descriptor::Vp9(vp9) => vp9.write(parsed.descriptor(packet), to),
            Descriptor::Plain | Descriptor::Dependency { .. } => {}
        }
        len
    }
}

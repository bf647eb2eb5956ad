//! What the worker remembers of each stream a publisher sends: which numbers came, which are missing, what the
//! publisher's clock says, whether its frames carry its own key id, and the last packets for repairs.

pub mod binding;
pub mod clock;
pub mod guard;
pub mod layer;
pub mod missing;
pub mod reception;
pub mod ring;
pub mod transport_cc;

use crate::codec::Payload;
use crate::types::CodecName;

/// One accepted packet, parsed once for all receivers. Offsets point into the packet's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Parsed {
    /// Sequence number extended over its wraps; never backwards within a layer's life.
    pub extended: u64,
    /// Sequence number as sent.
    pub seq: u16,
    /// Timestamp as sent.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
    /// Which codec.
    pub codec: CodecName,
    /// What the payload is.
    pub payload: Payload,
    /// Where the payload, and in it the descriptor, begins.
    pub payload_at: u16,
    /// Where it ends.
    pub end: u16,
    /// Voice flag and level.
    pub audio_level: Option<u8>,
    /// Orientation byte.
    pub video_orientation: Option<u8>,
    /// Offset and length of the Dependency Descriptor.
    pub dependency: Option<(u16, u16)>,
}

impl Parsed {
    /// The payload descriptor's bytes.
    #[inline]
    pub fn descriptor<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        let at = self.payload_at as usize;
        &packet[at..at + self.payload.descriptor_len as usize]
    }

    /// What follows the descriptor.
    #[inline]
    pub fn body<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        &packet[self.payload_at as usize + self.payload.descriptor_len as usize..self.end as usize]
    }

    /// The Dependency Descriptor's bytes.
    #[inline]
    pub fn dependency<'a>(&self, packet: &'a [u8]) -> Option<&'a [u8]> {
        self.dependency
            .map(|(at, len)| &packet[at as usize..(at + len) as usize])
    }
}

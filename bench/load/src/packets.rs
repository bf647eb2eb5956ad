//! A publisher's plain RTP packets, as long as the recording says, with everything that the engine reads in its place:
//! header extensions, VP8 descriptor, synthetic header and SFrame header; behind them anything.

use entente_media::codec::vp8::{DELTA_HEADER, Descriptor, KEY_HEADER};
use entente_media::sframe_header::{KeyId, write};
use entente_media::types::Source;

use crate::sections::{AUDIO_LEVEL, MID, OPUS, RID, TRANSPORT_CC, VP8};
use crate::trace::Step;

/// SSRC of a camera's first layer; the others follow.
const CAMERA: u32 = 0x0100_0000;
/// SSRC of the microphone, which the offer names.
pub const MICROPHONE: u32 = 0x0180_0000;
/// Rids of the layers, lowest first.
pub const RIDS: [&str; 3] = ["q", "h", "f"];
/// Packets that name mid and rid, as browsers do until they are heard.
const NAMED: u64 = 40;

/// The SSRC that receivers watch: a microphone's only one, a camera's highest layer.
pub const fn watched(source: Source) -> u32 {
    if source.is_video() {
        CAMERA + 2
    } else {
        MICROPHONE
    }
}

/// One plain packet.
pub struct Plain {
    /// The whole packet.
    pub bytes: Vec<u8>,
    /// Length of the RTP header with extensions.
    pub header: usize,
    /// Its stream.
    pub ssrc: u32,
    /// SRTP index.
    pub index: u64,
}

#[derive(Clone, Copy, Default)]
struct Layer {
    index: u64,
    timestamp: u32,
    picture: u16,
    begun: bool,
}

/// A camera or a microphone of the peer with leaf 1.
pub struct Publisher {
    source: Source,
    layers: [Layer; 3],
    counter: u64,
    transport: u16,
}

impl Publisher {
    pub fn new(source: Source) -> Self {
        Self {
            source,
            layers: Default::default(),
            counter: 0,
            transport: 0,
        }
    }

    /// The next packet.
    pub fn packet(&mut self, step: &Step) -> Plain {
        let source = self.source;
        let first = if source.is_video() {
            CAMERA
        } else {
            MICROPHONE
        };
        let ssrc = first + u32::from(step.layer);
        self.transport = self.transport.wrapping_add(1);
        let layer = &mut self.layers[step.layer as usize];
        if step.first {
            self.counter += 1;
            layer.timestamp =
                layer
                    .timestamp
                    .wrapping_add(if source.is_video() { 3_000 } else { 960 });
            layer.picture = (layer.picture + 1) & 0x7fff;
        }
        let pt = if source.is_video() { VP8 } else { OPUS };
        let mut bytes = vec![0x90, u8::from(step.marker && source.is_video()) << 7 | pt];
        bytes.extend_from_slice(&(layer.index as u16).to_be_bytes());
        bytes.extend_from_slice(&layer.timestamp.to_be_bytes());
        bytes.extend_from_slice(&ssrc.to_be_bytes());
        let named = layer.index < NAMED;
        extend(&mut bytes, source, step.layer, named, self.transport);
        let header = bytes.len();
        let key = !std::mem::replace(&mut layer.begun, true);
        if source.is_video() {
            describe(&mut bytes, step.first, layer.picture);
            if step.first {
                bytes.extend_from_slice(if key { &KEY_HEADER } else { &DELTA_HEADER });
            }
        }
        if step.first {
            let id = KeyId {
                generation: 1,
                kind: source.kind(),
                leaf: 1,
                epoch: 1,
            };
            write(&mut bytes, id.to_u64(), self.counter);
        }
        bytes.resize((header + step.len).max(bytes.len()), 0x5a);
        let index = layer.index;
        layer.index += 1;
        Plain {
            bytes,
            header,
            ssrc,
            index,
        }
    }
}

fn extend(bytes: &mut Vec<u8>, source: Source, layer: u8, named: bool, transport: u16) {
    let mut block = Vec::new();
    let mut add = |id: u8, value: &[u8]| {
        block.push(id << 4 | (value.len() as u8 - 1));
        block.extend_from_slice(value);
    };
    if source.is_video() {
        add(TRANSPORT_CC, &transport.to_be_bytes());
        if named {
            add(MID, format!("v{}", source.kind()).as_bytes());
            add(RID, RIDS[layer as usize].as_bytes());
        }
    } else {
        add(AUDIO_LEVEL, &[30]);
    }
    block.resize(block.len().next_multiple_of(4), 0);
    bytes.extend_from_slice(&[0xbe, 0xde, 0, (block.len() / 4) as u8]);
    bytes.extend_from_slice(&block);
}

fn describe(bytes: &mut Vec<u8>, first: bool, picture: u16) {
    Descriptor {
        first: if first { 0x10 } else { 0 },
        picture_id: Some(picture),
        long_picture_id: true,
        tl0_pic_idx: Some(picture as u8),
        temporal: Some(0),
        key_idx: Some(1),
    }
    .write(bytes);
}

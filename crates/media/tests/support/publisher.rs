//! A publisher of dark frames: VP8 in several layers with retransmission, and Opus with levels.

use std::collections::HashMap;

use entente_media::codec::vp8::{DELTA_HEADER, Descriptor, KEY_HEADER};
use entente_media::sframe_header::{KeyId, write};
use entente_media::types::Source;

use super::sections::{AUDIO_LEVEL, MID, OPUS, REPAIRED_RID, RID, VP8, VP8_RTX};

/// Length of what stands in place of ciphertext.
pub const TAG: usize = 60;

/// One encoding.
pub struct Encoding {
    pub ssrc: u32,
    pub rtx_ssrc: u32,
    pub rid: &'static str,
    pub seq: u16,
    rtx_seq: u16,
    picture: u16,
    tl0: u8,
    key_idx: u8,
    sent: HashMap<u16, Vec<u8>>,
}

/// A camera, a screen or a microphone of one peer.
pub struct Publisher {
    pub source: Source,
    pub leaf: u16,
    pub epoch: u8,
    pub generation: u16,
    pub counter: u64,
    pub encodings: Vec<Encoding>,
    pub timestamp: u32,
    /// The next frame is a key frame.
    pub key: bool,
    pub frames: u32,
    /// Names mid and rid in each packet, as browsers do until they are heard.
    pub named: bool,
}

impl Publisher {
    /// A publisher whose numbers begin anywhere `seed` says.
    pub fn new(source: Source, leaf: u16, seed: u64, rids: &[&'static str]) -> Publisher {
        let mut dice = super::Dice(seed);
        let rids = if rids.is_empty() { &[""] } else { rids };
        let encodings = rids.iter().map(|rid| Encoding {
            ssrc: dice.roll() as u32,
            rtx_ssrc: dice.roll() as u32,
            rid,
            seq: dice.roll() as u16,
            rtx_seq: dice.roll() as u16,
            picture: dice.roll() as u16 & 0x7fff,
            tl0: dice.roll() as u8,
            key_idx: dice.roll() as u8 & 0x1f,
            sent: HashMap::new(),
        });
        let encodings = encodings.collect();
        Publisher {
            source,
            leaf,
            epoch: 1,
            generation: 1,
            counter: 0,
            encodings,
            timestamp: dice.roll() as u32,
            key: true,
            frames: 0,
            named: true,
        }
    }

    fn kid(&self) -> u64 {
        let (generation, leaf, epoch) = (self.generation, self.leaf, self.epoch);
        KeyId {
            generation,
            kind: self.source.kind(),
            leaf,
            epoch,
        }
        .to_u64()
    }

    /// The packets of one picture in one layer, `count` of them; moves that layer on.
    pub fn picture(&mut self, layer: usize, count: usize) -> Vec<Vec<u8>> {
        let (kid, key, timestamp, frame) = (self.kid(), self.key, self.timestamp, self.frames);
        self.counter += 1;
        let (counter, leaf) = (self.counter, self.leaf);
        let mid = self.named.then(|| format!("v{}", self.source.kind()));
        let encoding = &mut self.encodings[layer];
        encoding.picture = (encoding.picture + 1) & 0x7fff;
        encoding.tl0 = encoding.tl0.wrapping_add(1);
        if key {
            encoding.key_idx = (encoding.key_idx + 1) & 0x1f;
        }
        let mut packets = Vec::new();
        for part in 0..count {
            let mut packet = header(
                part + 1 == count,
                VP8,
                encoding.seq,
                timestamp,
                encoding.ssrc,
            );
            if let Some(mid) = &mid {
                extend(
                    &mut packet,
                    &[(MID, mid.as_bytes()), (RID, encoding.rid.as_bytes())],
                );
            }
            Descriptor {
                first: if part == 0 { 0x10 } else { 0 },
                picture_id: Some(encoding.picture),
                long_picture_id: true,
                tl0_pic_idx: Some(encoding.tl0),
                temporal: Some(0),
                key_idx: Some(encoding.key_idx),
            }
            .write(&mut packet);
            if part == 0 {
                packet.extend_from_slice(if key { &KEY_HEADER } else { &DELTA_HEADER });
                write(&mut packet, kid, counter);
            }
            packet.extend_from_slice(&tag(leaf, layer as u8, frame, part as u8, key));
            encoding.sent.insert(encoding.seq, packet.clone());
            encoding.seq = encoding.seq.wrapping_add(1);
            packets.push(packet);
        }
        packets
    }

    /// A picture in every layer; then time moves on by `ticks`.
    pub fn pictures(&mut self, counts: &[usize], ticks: u32) -> Vec<Vec<u8>> {
        let all = (0..counts.len())
            .flat_map(|layer| self.picture(layer, counts[layer]))
            .collect();
        self.next(ticks);
        all
    }

    /// Ends the present picture.
    pub fn next(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.frames += 1;
        self.key = false;
    }

    /// One packet of 20 ms of voice.
    pub fn voice(&mut self, level: u8) -> Vec<u8> {
        self.counter += 1;
        let (kid, leaf, frame) = (self.kid(), self.leaf, self.frames);
        let encoding = &mut self.encodings[0];
        let mut packet = header(false, OPUS, encoding.seq, self.timestamp, encoding.ssrc);
        extend(&mut packet, &[(AUDIO_LEVEL, &[level])]);
        write(&mut packet, kid, self.counter);
        packet.extend_from_slice(&tag(leaf, 0, frame, 0, true));
        encoding.seq = encoding.seq.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(960);
        self.frames += 1;
        packet
    }

    /// Answers a NACK by retransmission (RFC 4588).
    pub fn repair(&mut self, media: u32, lost: impl Iterator<Item = u16>) -> Vec<Vec<u8>> {
        let mid = format!("v{}", self.source.kind());
        let Some(encoding) = self.encodings.iter_mut().find(|e| e.ssrc == media) else {
            return vec![];
        };
        let mut repairs = Vec::new();
        for seq in lost {
            let Some(original) = encoding.sent.get(&seq) else {
                continue;
            };
            let parsed = entente_media::rtp::Header::parse(original).unwrap();
            encoding.rtx_seq = encoding.rtx_seq.wrapping_add(1);
            let (marker, ts) = (parsed.marker, parsed.timestamp);
            let mut packet = header(marker, VP8_RTX, encoding.rtx_seq, ts, encoding.rtx_ssrc);
            let rid = encoding.rid.as_bytes();
            extend(&mut packet, &[(MID, mid.as_bytes()), (REPAIRED_RID, rid)]);
            packet.extend_from_slice(&seq.to_be_bytes());
            packet.extend_from_slice(&original[parsed.payload as usize..]);
            repairs.push(packet);
        }
        repairs
    }
}

/// What stands in place of ciphertext, so that a receiver knows what it got.
fn tag(leaf: u16, layer: u8, frame: u32, part: u8, key: bool) -> Vec<u8> {
    let mut tag = vec![0xaa, 0xbb];
    tag.extend_from_slice(&leaf.to_be_bytes());
    tag.push(layer);
    tag.extend_from_slice(&frame.to_be_bytes());
    tag.extend_from_slice(&[part, key as u8]);
    tag.resize(TAG, 0x5a);
    tag
}

pub fn header(marker: bool, pt: u8, seq: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, (marker as u8) << 7 | pt];
    packet.extend_from_slice(&seq.to_be_bytes());
    packet.extend_from_slice(&timestamp.to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet
}

fn extend(packet: &mut Vec<u8>, elements: &[(u8, &[u8])]) {
    packet[0] |= 0x10;
    let mut block = Vec::new();
    for (id, value) in elements.iter().filter(|(_, value)| !value.is_empty()) {
        block.push(id << 4 | (value.len() as u8 - 1));
        block.extend_from_slice(value);
    }
    block.resize(block.len().next_multiple_of(4), 0);
    packet.extend_from_slice(&[0xbe, 0xde, 0, (block.len() / 4) as u8]);
    packet.extend_from_slice(&block);
}

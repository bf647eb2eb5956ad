//! Fuzz targets as plain functions of bytes: one for each parser, and one that reads bytes as a sequence of
//! operations on a forwarder and checks what must hold after each.

use std::collections::HashSet;
use std::time::Duration;

use entente_media::codec::dependency_descriptor::DependencyDescriptor;
use entente_media::codec::{Descriptor, Payload};
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::rtcp::transport_cc;
use entente_media::rtp::{ExtensionIds, Header};
use entente_media::sframe_header::{KeyId, SframeHeader};
use entente_media::types::{
    CodecName, Extension, ExtensionKind, PeerId, SlotAssignment, SlotKind, Source, TrackId,
};

use super::house::{House, ROOM};
use super::publisher::Publisher;
use super::sections::{client, slot_ssrc};

/// RTP headers and their extensions.
pub fn rtp(bytes: &[u8]) {
    let mut ids = ExtensionIds::default();
    let kinds = [
        ExtensionKind::Mid,
        ExtensionKind::Rid,
        ExtensionKind::RepairedRid,
        ExtensionKind::TransportCc,
        ExtensionKind::AudioLevel,
        ExtensionKind::VideoOrientation,
        ExtensionKind::DependencyDescriptor,
    ];
    let all = kinds.iter().enumerate().map(|(n, kind)| Extension {
        id: n as u8 + 1,
        kind: *kind,
    });
    ids.extend(&all.collect::<Vec<_>>());
    if let Ok(header) = Header::parse(bytes) {
        assert!(header.payload <= header.end && header.end as usize <= bytes.len());
        if let Ok(found) = header.extensions(bytes, &ids)
            && let Some((at, len)) = found.dependency_descriptor
        {
            assert!((at + len) as usize <= header.payload as usize);
        }
    }
}

/// RTCP compounds and transport-wide feedback.
pub fn rtcp(bytes: &[u8]) {
    for packet in Compound::new(bytes).flatten() {
        match packet {
            Packet::SenderReport(_, blocks) | Packet::ReceiverReport(blocks) => {
                assert!(blocks.count() <= 31);
            }
            Packet::Nack { lost, .. } => assert!(lost.count() <= 17 * bytes.len() / 4),
            Packet::Bye(sources) => assert!(sources.count() <= 31),
            Packet::Fir(list) => assert!(list.count() <= bytes.len() / 8),
            Packet::TransportCc(body) => {
                transport_cc::read(body);
            }
            _ => {}
        }
    }
}

/// Payload descriptors of every codec, and the key id behind them. The first byte picks the codec.
pub fn payload(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let codecs = [
        CodecName::Opus,
        CodecName::Vp8,
        CodecName::Vp9,
        CodecName::H264,
        CodecName::Av1,
    ];
    let codec = codecs[*first as usize % codecs.len()];
    let (dependency, payload) = rest.split_at((*first >> 4) as usize % (rest.len() + 1));
    let _ = DependencyDescriptor::parse(dependency);
    let Ok(parsed) = Payload::parse(codec, payload, Some(dependency)) else {
        return;
    };
    assert!(parsed.descriptor_len as usize <= payload.len());
    assert!(parsed.start || !parsed.keyframe);
    let mut written = Vec::new();
    let original = &payload[..parsed.descriptor_len as usize];
    match parsed.descriptor {
        Descriptor::Vp8(vp8) => vp8.write(&mut written),
        Descriptor::Vp9(vp9) => vp9.write(original, &mut written),
        Descriptor::Plain | Descriptor::Dependency { .. } => {
            return sframe(codec, &parsed, payload);
        }
    }
    // What is written reads back as the same numbers.
    written.extend_from_slice(&payload[original.len()..]);
    let again = Payload::parse(codec, &written, Some(dependency)).expect("what was written parses");
    assert_eq!(
        (again.start, again.keyframe),
        (parsed.start, parsed.keyframe)
    );
    match (parsed.descriptor, again.descriptor) {
        (Descriptor::Vp8(one), Descriptor::Vp8(two)) => {
            assert_eq!(
                (one.picture_id, one.tl0_pic_idx),
                (two.picture_id, two.tl0_pic_idx)
            );
            assert_eq!((one.key_idx, one.temporal), (two.key_idx, two.temporal));
        }
        (Descriptor::Vp9(one), Descriptor::Vp9(two)) => {
            assert_eq!(
                (one.picture_id, one.tl0_pic_idx),
                (two.picture_id, two.tl0_pic_idx)
            );
        }
        other => panic!("the codec changed: {other:?}"),
    }
    sframe(codec, &parsed, payload);
}

fn sframe(codec: CodecName, parsed: &Payload, payload: &[u8]) {
    if let Some(header) = parsed.sframe(codec, payload) {
        assert!(header.len <= 17);
        if let Some(id) = KeyId::from_u64(header.kid) {
            assert_eq!(id.to_u64(), header.kid);
        }
    }
    let _ = SframeHeader::parse(payload);
}

/// People with cameras and microphones who come, go, show, mute, lose and lie, as the bytes say.
struct Stage {
    house: House,
    cameras: Vec<Publisher>,
    voices: Vec<Publisher>,
    present: HashSet<u64>,
}

const PEOPLE: u64 = 4;

/// A sequence of operations on a forwarder.
pub fn operations(bytes: &[u8]) {
    let mut stage = Stage {
        house: House::new(),
        cameras: (1..=PEOPLE)
            .map(|peer| Publisher::new(Source::Camera, peer as u16, peer, &["q", "h", "f"]))
            .collect(),
        voices: (1..=PEOPLE)
            .map(|peer| Publisher::new(Source::Microphone, peer as u16, peer, &[]))
            .collect(),
        present: HashSet::new(),
    };
    for (n, voice) in stage.voices.iter_mut().enumerate() {
        voice.encodings[0].ssrc = 11 + n as u32;
    }
    let mut sealed = HashSet::new();
    for operation in bytes.chunks(4) {
        let mut padded = [0u8; 4];
        padded[..operation.len()].copy_from_slice(operation);
        stage.act(padded);
        for sent in stage.house.sent() {
            assert!(
                stage.present.contains(&sent.to),
                "something was sent to somebody who left"
            );
            if sent.rtcp {
                assert!(Compound::new(&sent.bytes).all(|packet| packet.is_ok()));
                continue;
            }
            let header = Header::parse(&sent.bytes).expect("our RTP is well-formed");
            assert!(
                sealed.insert((sent.to, header.ssrc, header.seq)),
                "a number left twice: {header:?}"
            );
            assert_ne!(sent.bytes.len(), header.payload as usize, "an empty packet");
        }
    }
    let drops = stage.house.forwarder.drops().total();
    assert!(drops < 1_000_000);
}

impl Stage {
    fn act(&mut self, [what, who, a, b]: [u8; 4]) {
        let peer = who as u64 % PEOPLE + 1;
        let other = a as u64 % PEOPLE + 1;
        let at = peer as usize - 1;
        let now = self.house.now;
        match what % 16 {
            0 => {
                let sections = client(10 + peer as u32);
                let added = self
                    .house
                    .forwarder
                    .add_peer(now, PeerId(peer), ROOM, &sections);
                assert_eq!(added.is_ok(), self.present.insert(peer));
                self.house
                    .forwarder
                    .set_publish(now, PeerId(peer), &Source::ALL);
                let out = &mut self.house.out;
                self.house.forwarder.peer_connected(now, PeerId(peer), out);
                self.house
                    .forwarder
                    .set_leaf(PeerId(peer), Some(peer as u16));
            }
            1 if b == 0 => {
                self.house.forwarder.remove_peer(now, PeerId(peer));
                // Its slots begin anew when it returns, under keys of a new session.
                self.present.remove(&peer);
                self.house.out.clear();
            }
            2 | 3 => {
                let track = (b & 1 == 0).then_some((other, Source::Camera));
                self.house
                    .show(peer, SlotKind::Video, b >> 5, track, b >> 1 & 3);
            }
            4 => self.house.show(
                peer,
                SlotKind::Audio,
                b & 3,
                Some((other, Source::Microphone)),
                0,
            ),
            5 if b & 1 == 1 => {
                let sources = &Source::ALL[usize::from(a & 3)..];
                self.house.forwarder.set_publish(now, PeerId(peer), sources);
            }
            5 => self
                .house
                .forwarder
                .set_muted(now, PeerId(peer), Source::Camera, a & 1 == 1),
            6 => self
                .house
                .forwarder
                .set_leaf(PeerId(peer), (a & 3 != 0).then_some(peer as u16)),
            7 => self.house.wait(1 << (a % 12)),
            8 => {
                let voice = self.voices[at].voice(a);
                self.house.rtp(peer, &voice);
            }
            9 => self.lie(peer, a, b),
            10 => self.lose(peer, a, b),
            11 => self.skip(at, a, b),
            12 => {
                let track = TrackId {
                    peer: PeerId(other),
                    source: Source::Camera,
                };
                let list = [SlotAssignment {
                    kind: SlotKind::Video,
                    index: b & 3,
                    track: Some(track),
                    max_layer: 2,
                    await_epoch: Some(b >> 4),
                }];
                self.house
                    .forwarder
                    .set_slots(now, PeerId(peer), &list, &mut self.house.out);
            }
            _ => {
                self.cameras[at].key |= a & 7 == 0;
                self.cameras[at].epoch = b >> 4;
                for packet in self.cameras[at].pictures(&[1, 2, 2], 3_000) {
                    self.house.rtp(peer, &packet);
                }
            }
        }
    }

    /// A packet with bytes changed, or sent by another peer.
    fn lie(&mut self, peer: u64, a: u8, b: u8) {
        let mut packets = self.cameras[a as usize % PEOPLE as usize].pictures(&[1, 1, 1], 3_000);
        let packet = &mut packets[b as usize % 3];
        let place = (a as usize * 7 + b as usize) % packet.len();
        packet[place] ^= b | 1;
        packet.truncate(packet.len() - (a as usize & 3) * 9);
        self.house.rtp(peer, packet);
        self.house.rtcp(peer, packet);
    }

    /// Feedback about slots, true or not.
    fn lose(&mut self, peer: u64, a: u8, b: u8) {
        let media = slot_ssrc(SlotKind::Video, a & 7);
        let mut bytes = Vec::new();
        let seqs: Vec<_> = (0..a as u16)
            .map(|n| n.wrapping_mul(b as u16 * 3 + 1))
            .collect();
        entente_media::rtcp::write::nack(&mut bytes, 1, media, &seqs);
        entente_media::rtcp::write::pli(&mut bytes, 1, media);
        entente_media::rtcp::write::bye(
            &mut bytes,
            &[self.cameras[b as usize & 3].encodings[0].ssrc],
        );
        self.house.rtcp(peer, &bytes);
    }

    /// A publisher's numbers jump, or its SSRC changes.
    fn skip(&mut self, at: usize, a: u8, b: u8) {
        let encoding = &mut self.cameras[at].encodings[b as usize % 3];
        encoding.seq = encoding.seq.wrapping_add((a as u16) << (b & 7));
        if a & 0x70 == 0 {
            encoding.ssrc = encoding.ssrc.wrapping_add(1_000);
        }
        self.house.now += Duration::from_millis(b as u64);
    }
}

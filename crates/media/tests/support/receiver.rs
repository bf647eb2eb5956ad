//! A receiver that remembers every packet of every slot, asks for what is missing, and at the end says whether
//! each slot was one unbroken stream.

use std::collections::{BTreeMap, HashSet};

use entente_media::codec::{Descriptor, Payload};
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::rtcp::write;
use entente_media::rtp::{Header, seq_diff, ts_diff};
use entente_media::types::CodecName;

use super::publisher::TAG;

/// What a packet in a slot was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Got {
    pub timestamp: u32,
    pub picture: Option<u16>,
    pub tl0: Option<u8>,
    pub leaf: u16,
    pub layer: u8,
    pub frame: u32,
    pub part: u8,
    pub key: bool,
    pub marker: bool,
    pub repaired: bool,
}

/// One slot.
#[derive(Default)]
pub struct Slot {
    highest: Option<u64>,
    pub got: BTreeMap<u64, Got>,
    asked: BTreeMap<u64, (u64, u8)>,
    rtx_seqs: HashSet<u16>,
}

/// A receiving client.
#[derive(Default)]
pub struct Receiver {
    pub slots: BTreeMap<u32, Slot>,
    pub reports: Vec<(u32, u64, u32)>,
    pub packets: u64,
}

impl Receiver {
    /// Takes a packet of any kind.
    pub fn receive(&mut self, packet: &[u8]) {
        if (192..=223).contains(&packet[1]) {
            for part in Compound::new(packet) {
                if let Packet::SenderReport(info, _) = part.expect("our RTCP is well-formed") {
                    self.reports.push((info.ssrc, info.ntp, info.rtp));
                }
            }
            return;
        }
        self.packets += 1;
        let header = Header::parse(packet).expect("our RTP is well-formed");
        let mut payload = &packet[header.payload as usize..header.end as usize];
        let (codec, repaired) = match header.pt {
            100 => (CodecName::Vp8, false),
            101 => (CodecName::Vp8, true),
            109 => (CodecName::Opus, false),
            other => panic!("payload type {other} was not negotiated"),
        };
        let (ssrc, mut seq) = (header.ssrc - repaired as u32, header.seq);
        let slot = self.slots.entry(ssrc).or_default();
        if repaired {
            if !slot.rtx_seqs.insert(seq) {
                return;
            }
            seq = u16::from_be_bytes([payload[0], payload[1]]);
            payload = &payload[2..];
        }
        slot.take(seq, got(codec, payload, &header, repaired));
    }

    /// Requests for what is missing at `ms`: a few times, some time apart; then a lost picture is reported.
    pub fn feedback(&mut self, ms: u64) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for (ssrc, slot) in &mut self.slots {
            let (mut ask, mut given_up) = (Vec::new(), false);
            for missing in slot.missing() {
                let (at, tries) = slot.asked.entry(missing).or_insert((ms + 15, 0));
                if *tries < 12 && ms >= *at {
                    (*at, *tries) = (ms + 80, *tries + 1);
                    given_up |= *tries == 12;
                    ask.push(missing as u16);
                }
            }
            let mut feedback = Vec::new();
            if !ask.is_empty() {
                write::nack(&mut feedback, 1, *ssrc, &ask);
            }
            if given_up {
                write::pli(&mut feedback, 1, *ssrc);
            }
            if !feedback.is_empty() {
                all.push(feedback);
            }
        }
        all
    }
}

fn got(codec: CodecName, payload: &[u8], header: &Header, repaired: bool) -> Got {
    let parsed = Payload::parse(codec, payload, None).expect("what we send parses");
    let (picture, tl0) = match parsed.descriptor {
        Descriptor::Vp8(vp8) => (vp8.picture_id, vp8.tl0_pic_idx),
        _ => (None, None),
    };
    let tag = payload[payload.len() - TAG..]
        .strip_prefix(&[0xaa, 0xbb])
        .expect("the tag ends a packet");
    Got {
        timestamp: header.timestamp,
        picture,
        tl0,
        leaf: u16::from_be_bytes([tag[0], tag[1]]),
        layer: tag[2],
        frame: u32::from_be_bytes([tag[3], tag[4], tag[5], tag[6]]),
        part: tag[7],
        key: tag[8] == 1,
        marker: header.marker,
        repaired,
    }
}

impl Slot {
    fn take(&mut self, seq: u16, got: Got) {
        let highest = *self.highest.get_or_insert(1 << 20 | seq as u64);
        let extended = highest.wrapping_add_signed(seq_diff(seq, highest as u16) as i64);
        self.highest = Some(highest.max(extended));
        if let Some(before) = self.got.insert(extended, got) {
            let same = Got {
                repaired: false,
                ..before
            } == Got {
                repaired: false,
                ..got
            };
            assert!(same, "two packets under one number: {before:?} {got:?}");
        }
    }

    /// Numbers between the first and the newest that did not come.
    pub fn missing(&self) -> Vec<u64> {
        let (Some(first), Some(highest)) = (self.got.keys().next(), self.highest) else {
            return vec![];
        };
        (*first..highest)
            .filter(|n| !self.got.contains_key(n))
            .collect()
    }

    /// How many source changes the slot has seen, in the order of its numbers.
    pub fn switches(&self) -> usize {
        let sources: Vec<_> = self.got.values().map(|got| (got.leaf, got.layer)).collect();
        sources.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    /// Checks M4.1 over the whole stream: timestamps and pictures never go back, a picture's packets stand
    /// together, each new source begins with the first packet of a key frame.
    pub fn assert_seamless(&self, name: &str) {
        let all: Vec<_> = self.got.iter().collect();
        for pair in all.windows(2) {
            let ((n, old), (m, new)) = (pair[0], pair[1]);
            let step = ts_diff(new.timestamp, old.timestamp);
            assert!(
                step >= 0,
                "{name}: time went back by {step} at {n}..{m}: {old:?} {new:?}"
            );
            let same_source = (old.leaf, old.layer) == (new.leaf, new.layer);
            if let (Some(before), Some(after)) = (old.picture, new.picture) {
                let step = after.wrapping_sub(before) & 0x7fff;
                assert!(
                    step < 0x4000,
                    "{name}: pictures went back at {n}..{m}: {old:?} {new:?}"
                );
                if m - n == 1 {
                    // Entered anew at a key frame, the slot goes on as if nothing had been in between.
                    let entered = new.key && new.part == 0;
                    let frames = if same_source && !entered {
                        new.frame - old.frame
                    } else {
                        1
                    };
                    assert_eq!(
                        step as u32, frames,
                        "{name}: a picture is missing at {n}..{m}: {old:?} {new:?}"
                    );
                    let tl0 = new.tl0.unwrap().wrapping_sub(old.tl0.unwrap());
                    assert_eq!(
                        tl0 as u32,
                        frames & 0xff,
                        "{name}: TL0PICIDX jumps at {n}..{m}"
                    );
                }
            }
            if !same_source && m - n == 1 {
                assert!(
                    new.key && new.part == 0,
                    "{name}: not entered at a key frame: {old:?} {new:?}"
                );
                assert!(step > 0, "{name}: two sources share a moment");
            }
        }
    }
}

//! Sections as a browser's offer and our answer leave them (M3.1).

use std::collections::BTreeMap;

use entente_media::types::{
    Codec, CodecName, Content, Extension, ExtensionKind, Section, SlotKind, Source,
};

pub const VP8: u8 = 96;
pub const VP8_RTX: u8 = 97;
pub const OPUS: u8 = 111;

/// Extension ids a publisher uses; a receiver's differ where noted.
pub const MID: u8 = 4;
pub const RID: u8 = 10;
pub const REPAIRED_RID: u8 = 11;
pub const TRANSPORT_CC: u8 = 3;
pub const AUDIO_LEVEL: u8 = 1;
/// The receiver's id for audio levels.
pub const SLOT_AUDIO_LEVEL: u8 = 6;

fn codec(name: CodecName, pt: u8, clock: u32, rtx_pt: Option<u8>) -> Codec {
    Codec {
        pt,
        name,
        clock,
        channels: 1,
        fmtp: None,
        rtx_pt,
        nack: rtx_pt.is_some(),
        pli: rtx_pt.is_some(),
        fir: false,
        transport_cc: true,
        remb: false,
    }
}

fn extensions(list: &[(u8, ExtensionKind)]) -> Vec<Extension> {
    list.iter()
        .map(|&(id, kind)| Extension { id, kind })
        .collect()
}

/// A camera or screen with rids and no SSRCs, as Chromium offers it.
pub fn video(source: Source, rids: &[&str]) -> Section {
    Section {
        mid: format!("v{}", source.kind()),
        content: Content::Publish {
            source,
            rids: rids.iter().map(|rid| rid.to_string()).collect(),
            ssrcs: vec![],
            rtx: BTreeMap::new(),
        },
        codecs: vec![codec(CodecName::Vp8, VP8, 90_000, Some(VP8_RTX))],
        extensions: extensions(&[
            (MID, ExtensionKind::Mid),
            (RID, ExtensionKind::Rid),
            (REPAIRED_RID, ExtensionKind::RepairedRid),
            (TRANSPORT_CC, ExtensionKind::TransportCc),
        ]),
    }
}

/// A microphone with its SSRC named.
pub fn microphone(ssrc: u32) -> Section {
    Section {
        mid: "a0".into(),
        content: Content::Publish {
            source: Source::Microphone,
            rids: vec![],
            ssrcs: vec![ssrc],
            rtx: BTreeMap::new(),
        },
        codecs: vec![codec(CodecName::Opus, OPUS, 48_000, None)],
        extensions: extensions(&[
            (MID, ExtensionKind::Mid),
            (AUDIO_LEVEL, ExtensionKind::AudioLevel),
        ]),
    }
}

/// SSRC of a slot.
pub fn slot_ssrc(kind: SlotKind, index: u8) -> u32 {
    0x5000 + 0x100 * kind as u32 + 2 * index as u32
}

/// A receive slot; its payload types differ from the publishers'.
pub fn slot(kind: SlotKind, index: u8) -> Section {
    let ssrc = slot_ssrc(kind, index);
    let codecs = if kind.is_video() {
        vec![codec(CodecName::Vp8, 100, 90_000, Some(101))]
    } else {
        vec![codec(CodecName::Opus, 109, 48_000, None)]
    };
    Section {
        mid: format!("s{ssrc}"),
        content: Content::Slot {
            kind,
            index,
            ssrc,
            rtx_ssrc: kind.is_video().then_some(ssrc + 1),
            cname: "slots".into(),
            stream: format!("slot-{index}"),
        },
        codecs,
        extensions: extensions(&[(SLOT_AUDIO_LEVEL, ExtensionKind::AudioLevel)]),
    }
}

/// What every client negotiates: microphone, camera, and some slots of each kind.
pub fn client(microphone_ssrc: u32) -> Vec<Section> {
    let mut all = vec![
        microphone(microphone_ssrc),
        video(Source::Camera, &["q", "h", "f"]),
        video(Source::Screen, &["l", "f"]),
    ];
    all.extend((0..4).map(|index| slot(SlotKind::Audio, index)));
    all.extend((0..9).map(|index| slot(SlotKind::Video, index)));
    all.extend((0..2).map(|index| slot(SlotKind::Screen, index)));
    all
}

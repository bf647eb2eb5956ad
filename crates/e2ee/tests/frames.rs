//! Sealing and opening whole frames (K5): clear headers, replay, forgery, padding, and another implementation as oracle.
//! Attack 18 of the list.

use entente_e2ee::frames::{Codec, Kid, Kind, Opener, ReplayWindow, Sealer, derive, parse_header};
use entente_e2ee::{Code, Error};

const KEY: [u8; 16] = [7; 16];
const SALT: [u8; 12] = [9; 12];

fn kid(kind: Kind) -> u64 {
    Kid {
        generation: 3,
        kind,
        leaf: 5,
        epoch: 200,
    }
    .pack()
}

fn pair(kind: Kind) -> (Sealer, Opener) {
    (
        Sealer::new(kid(kind), &KEY, &SALT, 0).unwrap(),
        Opener::new(kid(kind), &KEY, &SALT).unwrap(),
    )
}

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code)
}

/// A frame with everything that could be mistaken for a start code.
fn frame(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| if i % 7 < 4 { 0 } else { (i % 5) as u8 })
        .collect()
}

#[test]
fn each_codec_has_its_clear_header_and_comes_back_whole() {
    let plain = frame(3_000);
    for (codec, key_frame, header) in [
        (
            Codec::Vp8,
            true,
            &[0x10, 0x7d, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1][..],
        ),
        (Codec::Vp8, false, &[0x31]),
        (Codec::Vp9, true, &[]),
        (Codec::Vp9, false, &[]),
    ] {
        let (mut sealer, mut opener) = pair(Kind::Camera);
        let wire = sealer.seal(codec, key_frame, &plain).unwrap();
        assert_eq!(&wire[..header.len()], header);
        let parsed = parse_header(&wire, codec).unwrap();
        assert!(
            parsed.offset == header.len() && parsed.kid == kid(Kind::Camera) && parsed.ctr == 0
        );
        assert_eq!(opener.open(codec, &wire).unwrap(), plain);
    }
}

#[test]
fn av1_frames_are_one_obu_that_fills_the_frame() {
    for length in [1, 60, 100, 127, 128, 3_000, 100_000] {
        let (mut sealer, mut opener) = pair(Kind::Camera);
        let wire = sealer.seal(Codec::Av1, true, &frame(length)).unwrap();
        assert_eq!(wire[0], 0x32);
        assert_eq!(opener.open(Codec::Av1, &wire).unwrap(), frame(length));
        let mut longer = wire.clone();
        longer.push(0);
        assert_eq!(
            code(opener.open(Codec::Av1, &longer)),
            Some(Code::FrameMalformed)
        );
    }
}

#[test]
fn h264_frames_keep_parameter_sets_clear_and_hold_no_other_start_code() {
    let plain = [
        &[0, 0, 0, 1, 0x67, 1, 2, 3][..],
        &[0, 0, 0, 1, 0x68, 4, 5],
        &[0, 0, 1, 0x65, 9, 9],
        &frame(2_000),
    ]
    .concat();
    let (mut sealer, mut opener) = pair(Kind::Camera);
    let wire = sealer.seal(Codec::H264, true, &plain).unwrap();
    assert_eq!(&wire[..15], &plain[..15]);
    assert_eq!(wire[15..20], [0, 0, 0, 1, 0x65]);
    let codes = wire[20..]
        .windows(3)
        .filter(|window| window[..2] == [0, 0] && window[2] < 3)
        .count();
    assert_eq!(codes, 0);
    assert_eq!(opener.open(Codec::H264, &wire).unwrap(), plain);
    for i in 0..500 {
        let wire = sealer.seal(Codec::H264, false, &frame(20 + i)).unwrap();
        assert_eq!(opener.open(Codec::H264, &wire).unwrap(), frame(20 + i));
    }
}

#[test]
fn k5_3_every_bit_of_a_frame_is_authenticated() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264, Codec::Opus] {
        let (mut sealer, opener) = pair(if codec == Codec::Opus {
            Kind::Microphone
        } else {
            Kind::Camera
        });
        let wire = sealer.seal(codec, true, &frame(50)).unwrap();
        drop(opener);
        for at in 0..wire.len() * 8 {
            let mut bad = wire.clone();
            bad[at / 8] ^= 1 << (at % 8);
            let (_, mut opener) = pair(if codec == Codec::Opus {
                Kind::Microphone
            } else {
                Kind::Camera
            });
            assert!(opener.open(codec, &bad).is_err(), "{codec:?} bit {at}");
        }
        for cut in 0..wire.len() {
            let (_, mut opener) = pair(if codec == Codec::Opus {
                Kind::Microphone
            } else {
                Kind::Camera
            });
            assert!(
                opener.open(codec, &wire[..cut]).is_err(),
                "{codec:?} cut {cut}"
            );
        }
    }
}

#[test]
fn k5_3_a_frame_of_another_codec_or_key_is_refused() {
    let (mut sealer, mut opener) = pair(Kind::Camera);
    let wire = sealer.seal(Codec::Vp9, true, &frame(50)).unwrap();
    assert_eq!(
        code(opener.open(Codec::Opus, &wire)),
        Some(Code::FrameForged)
    );
    let mut other = Opener::new(kid(Kind::Screen), &KEY, &SALT).unwrap();
    assert_eq!(code(other.open(Codec::Vp9, &wire)), Some(Code::FrameKid));
    let mut stranger = Opener::new(kid(Kind::Camera), &[8; 16], &SALT).unwrap();
    assert_eq!(
        code(stranger.open(Codec::Vp9, &wire)),
        Some(Code::FrameForged)
    );
    assert!(opener.open(Codec::Vp9, &wire).is_ok());
}

#[test]
fn k5_3_a_frame_is_delivered_at_most_once_within_a_window_of_1024() {
    let (mut sealer, mut opener) = pair(Kind::Camera);
    let wires: Vec<Vec<u8>> = (0..1_100)
        .map(|_| sealer.seal(Codec::Vp8, false, &frame(9)).unwrap())
        .collect();
    assert!(opener.open(Codec::Vp8, &wires[1_030]).is_ok());
    assert_eq!(
        code(opener.open(Codec::Vp8, &wires[1_030])),
        Some(Code::FrameReplayed)
    );
    assert!(
        opener.open(Codec::Vp8, &wires[7]).is_ok(),
        "1,023 behind is inside"
    );
    assert_eq!(
        code(opener.open(Codec::Vp8, &wires[6])),
        Some(Code::FrameReplayed),
        "1,024 behind is outside"
    );
    assert_eq!(
        code(opener.open(Codec::Vp8, &wires[7])),
        Some(Code::FrameReplayed)
    );
    // A forged frame far ahead must not move the window.
    let mut forged = wires[1_099].clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        code(opener.open(Codec::Vp8, &forged)),
        Some(Code::FrameForged)
    );
    assert!(opener.open(Codec::Vp8, &wires[8]).is_ok());
}

#[test]
fn the_replay_window_agrees_with_a_list_of_everything_seen() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..200 {
        let (mut window, mut seen, mut highest) = (
            ReplayWindow::default(),
            std::collections::HashSet::new(),
            None,
        );
        let mut at = random() % 2_000;
        for _ in 0..300 {
            at = if random() % 10 == 0 {
                at + random() % 3_000
            } else {
                at.saturating_sub(random() % 40) + random() % 43
            };
            let fresh = highest.is_none_or(|highest: u64| {
                at > highest || (highest - at < 1_024 && !seen.contains(&at))
            });
            assert_eq!(window.is_new(at), fresh);
            if fresh {
                window.accept(at);
                seen.insert(at);
                highest = highest.max(Some(at));
            }
        }
    }
}

#[test]
fn k5_6_sound_is_padded_to_one_size_that_never_shrinks() {
    let (mut sealer, mut opener) = pair(Kind::Microphone);
    let mut sizes = Vec::new();
    for length in [1, 63, 64, 120, 127, 128, 3, 100] {
        let wire = sealer.seal(Codec::Opus, false, &frame(length)).unwrap();
        sizes.push(wire.len());
        assert_eq!(opener.open(Codec::Opus, &wire).unwrap(), frame(length));
    }
    let header = 1 + 4;
    let expected: Vec<usize> = [64, 64, 128, 128, 128, 192, 192, 192]
        .iter()
        .map(|size| size + header + 16)
        .collect();
    assert_eq!(sizes, expected);
    let mut next = Sealer::new(kid(Kind::Microphone), &KEY, &[1; 12], sealer.floor()).unwrap();
    assert_eq!(
        next.seal(Codec::Opus, false, &[1]).unwrap().len(),
        192 + header + 16
    );
}

#[test]
fn k5_7_an_empty_frame_is_not_sealed() {
    let (mut sealer, _) = pair(Kind::Microphone);
    assert_eq!(
        code(sealer.seal(Codec::Opus, false, &[])),
        Some(Code::FrameMalformed)
    );
}

#[test]
fn another_implementation_opens_our_frames_and_we_open_its() {
    use sframe::CipherSuite;
    use sframe::frame::{EncryptedFrameView, MediaFrameView};
    use sframe::key::{DecryptionKey, EncryptionKey};
    let (base, kid) = ([42u8; 16], kid(Kind::Camera));
    let keys = derive(&base, kid).unwrap();
    let mut sealer = Sealer::new(kid, &keys.key, &keys.salt, 0).unwrap();
    let theirs = DecryptionKey::derive_from(CipherSuite::AesGcm128Sha256, kid, base).unwrap();
    let metadata = [1, 0x31];
    for _ in 0..300 {
        let wire = sealer
            .seal(Codec::Vp8, false, b"to another implementation")
            .unwrap();
        let mut buffer = Vec::new();
        let view = EncryptedFrameView::try_with_meta_data(&wire[1..], &metadata).unwrap();
        let opened = view.decrypt_into(&theirs, &mut buffer).unwrap();
        assert_eq!(opened.payload(), b"to another implementation");
    }
    let ours = EncryptionKey::derive_from(CipherSuite::AesGcm128Sha256, kid, base).unwrap();
    let mut opener = Opener::new(kid, &keys.key, &keys.salt).unwrap();
    let mut counter = sframe::frame::MonotonicCounter::default();
    for _ in 0..300 {
        let mut buffer = Vec::new();
        let view = MediaFrameView::try_with_meta_data(
            &mut counter,
            b"from another implementation",
            &metadata,
        )
        .unwrap();
        view.encrypt_into(&ours, &mut buffer).unwrap();
        let sealed = buffer.strip_prefix(&metadata[..]).unwrap_or(&buffer);
        assert_eq!(
            opener
                .open(Codec::Vp8, &[&[0x31], sealed].concat())
                .unwrap(),
            b"from another implementation"
        );
    }
}

//! Whole sealed frames of every codec, as the browser must write and read them too: `tests/vectors/frames.json`. Write them
//! anew with `ENTENTE_WRITE_VECTORS=1`.

use entente_e2ee::frames::{Codec, Kid, Kind, Opener, Sealer};
use serde_json::{Value, json};
use std::path::PathBuf;

const KEY: [u8; 16] = [7; 16];
const SALT: [u8; 12] = [9; 12];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Zeros and small numbers: whatever could be taken for a start code.
fn treacherous(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| if i % 7 < 4 { 0 } else { (i % 5) as u8 })
        .collect()
}

/// Parameter sets, then a slice; the start codes of both lengths, and zeros that belong to none.
fn h264_key() -> Vec<u8> {
    [
        &[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f][..],
        &[0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0],
        &[0, 0, 1, 0x65, 0x88, 0x84],
        &treacherous(200),
    ]
    .concat()
}

/// What each codec is asked to carry: its name, whether it is a key frame, the clear frame.
fn frames() -> Vec<(&'static str, bool, Vec<u8>)> {
    let mut all = vec![
        ("opus", false, treacherous(80)),
        ("vp8", true, treacherous(90)),
        ("vp8", false, treacherous(1)),
        ("vp9", true, treacherous(90)),
        ("vp9", false, treacherous(90)),
        ("h264", true, h264_key()),
        (
            "h264",
            false,
            [&[0, 0, 0, 1, 0x41][..], &treacherous(50)].concat(),
        ),
    ];
    // On both sides of each length of a leb128, with the header and the tag.
    for length in [1, 104, 105, 106, 107, 16_370] {
        all.push(("av1", length == 1, treacherous(length)));
    }
    all
}

/// Ciphertexts look like start codes once in a million: here is every case of emulation prevention, at every end.
fn slices() -> Vec<Value> {
    (1..=40)
        .map(|length| {
            let sealed = treacherous(length);
            let wire = Codec::H264.wrap(Codec::H264.header(false, &[], length), &sealed);
            assert_eq!(Codec::H264.unwrap(&wire).unwrap().1, sealed);
            json!({"sealed": hex(&sealed), "wire": hex(&wire)})
        })
        .collect()
}

/// Sealed in one go: the counter rises, and its length changes on the way.
fn vectors() -> Value {
    let kid = Kid {
        generation: 3,
        kind: Kind::Camera,
        leaf: 5,
        epoch: 200,
    }
    .pack();
    let sound = Kid {
        generation: 3,
        kind: Kind::Microphone,
        leaf: 5,
        epoch: 200,
    }
    .pack();
    let mut pictures = Sealer::new(kid, &KEY, &SALT, 0).unwrap();
    let mut opener = Opener::new(kid, &KEY, &SALT).unwrap();
    let mut counter = 0;
    let lines = frames().into_iter().map(|(name, key_frame, plain)| {
        let codec = Codec::parse(name).unwrap();
        let (kid, counter, wire) = if codec == Codec::Opus {
            let mut sealer = Sealer::new(sound, &KEY, &SALT, 0).unwrap();
            (sound, 0, sealer.seal(codec, key_frame, &plain).unwrap())
        } else {
            let wire = pictures.seal(codec, key_frame, &plain).unwrap();
            assert_eq!(opener.open(codec, &wire).unwrap(), plain);
            counter += 1;
            (kid, counter - 1, wire)
        };
        json!({"codec": name, "key_frame": key_frame, "kid": kid, "counter": counter,
               "plain": hex(&plain), "wire": hex(&wire)})
    });
    json!({"key": hex(&KEY), "salt": hex(&SALT), "frames": lines.collect::<Vec<_>>(), "slices": slices()})
}

#[test]
fn frames_of_every_codec_are_sealed_as_written_down() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/frames.json");
    let text = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var("ENTENTE_WRITE_VECTORS").is_ok() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text, committed,
        "write them anew with ENTENTE_WRITE_VECTORS=1"
    );
}

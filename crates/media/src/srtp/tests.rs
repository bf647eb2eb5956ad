//! Vectors of RFC 3711 Appendix B and RFC 7714 §16 and §17, round trips, and what must be refused.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};

use super::cipher::Cipher;
use super::keys::{counter_key, xor_keystream};
use super::*;

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn key_derivation_matches_rfc_3711_appendix_b3() {
    let key = unhex("E1F97A0D3E018BE0D64FA32C06DE4139");
    let salt = unhex("0EC675AD498AFEEBB6960B3AABE6");
    let keys = Keys::new(Profile::Aes128CmSha1_80, &key, &salt).unwrap();
    assert_eq!(
        keys.derive(0, 16).unwrap(),
        unhex("C61E7A93744F39EE10734AFE3FF7A087")
    );
    assert_eq!(
        keys.derive(2, 14).unwrap(),
        unhex("30CBBC08863D8C85D49DB34A9AE1")
    );
    assert_eq!(
        keys.derive(1, 20).unwrap(),
        unhex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
}

#[test]
fn the_keystream_matches_rfc_3711_appendix_b2() {
    let key = counter_key(&unhex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let mut counter = [0; 16];
    counter.copy_from_slice(&unhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"));
    let mut stream = [0; 48];
    xor_keystream(&key, counter, &mut stream).unwrap();
    let expected = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(&stream[..], unhex(expected));
}

const SALT: &str = "517569642070726f2071756f";
const PLAIN_RTP: &str = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361\
    20696e207061727465732074726573";

fn gcm(bytes: u8) -> Cipher {
    let key: Vec<u8> = (0..bytes).collect();
    let algorithm = if bytes == 32 {
        &AES_256_GCM
    } else {
        &AES_128_GCM
    };
    let salt = unhex(SALT).try_into().unwrap();
    Cipher::Gcm {
        key: LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap()),
        salt,
    }
}

#[test]
fn rtp_under_gcm_matches_rfc_7714_section_16() {
    let with_128 = "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d1\
        9b36de3adf8833899d7f27beb16a9152cf765ee4390cce";
    let with_256 = "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae\
        0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13";
    for (bytes, expected) in [(16, with_128), (32, with_256)] {
        let mut packet = unhex(PLAIN_RTP);
        gcm(bytes)
            .seal_rtp(&mut packet, 0, 12, 0x5501_a0b2, 0xf17b)
            .unwrap();
        assert_eq!(packet, unhex(expected));
        let length = gcm(bytes)
            .open_rtp(&mut packet, 12, 0x5501_a0b2, 0xf17b)
            .unwrap();
        assert_eq!(packet[..length], unhex(PLAIN_RTP));
    }
}

#[test]
fn rtcp_under_gcm_matches_rfc_7714_section_17() {
    let plain = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeef\
        deadbeefdeadbeef";
    let sealed = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46\
        86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4";
    let mut packet = unhex(plain);
    gcm(16)
        .seal_rtcp(&mut packet, 0, 0x4d61_7273, 0x5d4)
        .unwrap();
    assert_eq!(packet, unhex(sealed));
    let word = gcm(16).rtcp_word(&packet).unwrap();
    let length = gcm(16).open_rtcp(&mut packet, 0x4d61_7273, word).unwrap();
    assert_eq!(packet[..length], unhex(plain));
}

fn pair(profile: Profile) -> (Outbound, Inbound) {
    let material: Vec<u8> = (0..profile.material_len()).map(|n| n as u8).collect();
    let (client, _) = Keys::from_material(profile, &material).unwrap();
    (
        Outbound::new(&client).unwrap(),
        Inbound::new(&client).unwrap(),
    )
}

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x90, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 9]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0xbe, 0xde, 0, 1, 0x10, 7, 0, 0]);
    packet.extend_from_slice(b"a payload nobody may read");
    packet
}

#[test]
fn every_profile_goes_there_and_back_across_a_rollover() {
    for profile in Profile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        for step in 0..200_000u32 {
            let plain = rtp((65_000u32 + step * 7) as u16, 1);
            let mut sealed = Vec::new();
            sender
                .seal_rtp(&plain[..22], &plain[22..], 20, &mut sealed)
                .unwrap();
            assert_eq!(sealed[..20], plain[..20]);
            assert_ne!(sealed[20..plain.len()], plain[20..]);
            let length = receiver.open_rtp(&mut sealed).unwrap();
            assert_eq!(sealed[..length], plain, "{profile:?} {step}");
            if step > 40_000 && profile == Profile::Aes128CmSha1_80 {
                break;
            }
        }
        let report = unhex("81c8000d4d6172734e5450314e545032525450200000042a0000e930");
        let mut sealed = Vec::new();
        for _ in 0..3 {
            sealed.clear();
            sender.seal_rtcp(&report, &mut sealed).unwrap();
            let mut copy = sealed.clone();
            let length = receiver.open_rtcp(&mut copy).unwrap();
            assert_eq!(copy[..length], report);
        }
        assert_eq!(receiver.open_rtcp(&mut sealed), Err(OpenError::Replay));
    }
}

#[test]
fn no_index_is_sealed_twice_and_late_ones_only_once() {
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    let mut out = Vec::new();
    let mut seal = |sequence| {
        let plain = rtp(sequence, 1);
        sender.seal_rtp(&plain, &[], 20, &mut out)
    };
    assert_eq!(seal(10), Ok(()));
    assert_eq!(seal(12), Ok(()));
    assert_eq!(seal(11), Ok(()));
    assert_eq!(seal(11), Err(SealError::IndexUsed));
    assert_eq!(seal(10), Err(SealError::IndexUsed));
    assert_eq!(seal(2000), Ok(()));
    assert_eq!(
        seal(13),
        Err(SealError::IndexUsed),
        "older than the window, so perhaps sealed"
    );
    assert_eq!(
        out.len(),
        4 * (45 + 16),
        "a refused packet left bytes behind"
    );
}

#[test]
fn replays_and_forgeries_are_refused_and_change_nothing() {
    for profile in Profile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        let mut sealed = Vec::new();
        let plain = rtp(100, 1);
        sender.seal_rtp(&plain, &[], 20, &mut sealed).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                receiver.open_rtp(&mut forged).is_err(),
                "{profile:?} bit {bit}"
            );
        }
        let mut far = rtp(100, 1);
        far[2..4].copy_from_slice(&40_000u16.to_be_bytes());
        assert_eq!(receiver.open_rtp(&mut far), Err(OpenError::Authentication));
        assert_eq!(receiver.open_rtp(&mut sealed.clone()), Ok(plain.len()));
        assert_eq!(receiver.open_rtp(&mut sealed), Err(OpenError::Replay));
    }
}

#[test]
fn truncated_headers_are_refused_without_a_look_at_the_keys() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes256Gcm);
    let mut sealed = Vec::new();
    sender.seal_rtp(&rtp(1, 1), &[], 20, &mut sealed).unwrap();
    for end in 0..sealed.len() {
        assert!(receiver.open_rtp(&mut sealed[..end].to_vec()).is_err());
        assert!(receiver.open_rtcp(&mut sealed[..end].to_vec()).is_err());
    }
    let mut csrcs = rtp(2, 1);
    csrcs[0] |= 0x0f;
    assert_eq!(receiver.open_rtp(&mut csrcs), Err(OpenError::Malformed));
}

#[test]
fn a_peer_cannot_fill_memory_with_ssrcs() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes128Gcm);
    for ssrc in 0..MAX_STREAMS as u32 {
        let mut sealed = Vec::new();
        sender
            .seal_rtp(&rtp(1, ssrc), &[], 20, &mut sealed)
            .unwrap();
        receiver.open_rtp(&mut sealed).unwrap();
    }
    let mut out = Vec::new();
    assert_eq!(
        sender.seal_rtp(&rtp(1, 9999), &[], 20, &mut out),
        Err(SealError::TooManyStreams)
    );
    let (mut other, _) = pair(Profile::AeadAes128Gcm);
    other.seal_rtp(&rtp(1, 9999), &[], 20, &mut out).unwrap();
    assert_eq!(receiver.open_rtp(&mut out), Err(OpenError::TooManyStreams));
}

#[test]
fn keys_do_not_print_and_wrong_lengths_are_refused() {
    let keys = Keys::new(Profile::AeadAes128Gcm, &[7; 16], &[9; 12]).unwrap();
    assert_eq!(format!("{keys:?}"), "Keys(SRTP_AEAD_AES_128_GCM)");
    assert_eq!(
        Keys::from_material(Profile::AeadAes256Gcm, &[0; 87]).unwrap_err(),
        KeyError::WrongLength
    );
}

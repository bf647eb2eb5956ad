//! RFC 5769's vectors, and what a hostile sender may try.

use super::*;

const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

/// RFC 5769 §2.1.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
    002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020\
    000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
/// RFC 5769 §2.2.
const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220\
    002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// RFC 5769 §2.3.
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220\
    002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed41\
    80280004c8fb0b4c";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key() -> IntegrityKey {
    IntegrityKey::new(PASSWORD)
}

#[test]
fn the_sample_request_of_rfc_5769_verifies() {
    let bytes = unhex(REQUEST);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.class(), Class::Request);
    assert_eq!(message.username(), Some(&b"evtj:h6vY"[..]));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(message.controlled(), Some(0x932f_f9b1_5126_3b36));
    assert!(message.verify(&key()));
    assert!(!message.verify(&IntegrityKey::new(b"another password")));
}

#[test]
fn the_sample_responses_of_rfc_5769_verify() {
    for (text, address) in [
        (RESPONSE_V4, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let bytes = unhex(text);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.mapped_address(), Some(address.parse().unwrap()));
        assert!(message.verify(&key()));
    }
}

#[test]
fn what_is_built_is_what_is_read() {
    for address in ["192.0.2.7:9", "[2001:db8::9]:65535"] {
        let bytes = Builder::new(Class::Request, [7; 12])
            .username(b"ours:theirs")
            .priority(42)
            .controlling(99)
            .use_candidate()
            .mapped_address(address.parse().unwrap())
            .finish(&key());
        let message = Message::parse(&bytes).unwrap();
        assert!(message.verify(&key()) && message.use_candidate());
        assert_eq!(message.controlling(), Some(99));
        assert_eq!(message.mapped_address(), Some(address.parse().unwrap()));
    }
    let bytes = Builder::new(Class::Error, [1; 12])
        .error(ErrorCode::RoleConflict)
        .finish(&key());
    assert_eq!(Message::parse(&bytes).unwrap().error_code(), Some(487));
}

#[test]
fn no_flipped_bit_survives_fingerprint_and_integrity() {
    let original = unhex(REQUEST);
    for bit in 0..original.len() * 8 {
        let mut bytes = original.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(message) = Message::parse(&bytes) {
            assert!(!message.verify(&key()), "bit {bit}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = unhex(REQUEST);
    for end in 0..bytes.len() {
        assert!(Message::parse(&bytes[..end]).is_err(), "{end}");
    }
}

#[test]
fn attributes_behind_message_integrity_are_not_believed() {
    let mut bytes = Builder::new(Class::Request, [7; 12])
        .username(b"a:b")
        .finish(&key());
    bytes.truncate(bytes.len() - 8);
    bytes.extend_from_slice(&[0, 0x25, 0, 0]);
    let length = (bytes.len() + 8 - HEADER_LEN) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let crc = (crc32(&bytes) ^ FINGERPRINT_XOR).to_be_bytes();
    bytes.extend_from_slice(&[0x80, 0x28, 0, 4]);
    bytes.extend_from_slice(&crc);
    let message = Message::parse(&bytes).unwrap();
    assert!(message.verify(&key()));
    assert!(
        !message.use_candidate(),
        "an unauthenticated USE-CANDIDATE nominated"
    );
}

#[test]
fn a_message_without_fingerprint_or_with_a_foreign_required_attribute_is_refused() {
    let whole = unhex(REQUEST);
    let mut bytes = whole[..whole.len() - 8].to_vec();
    let length = (bytes.len() - HEADER_LEN) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(
        Message::parse(&bytes).unwrap_err(),
        ParseError::BadFingerprint
    );

    let mut builder = Builder::new(Class::Request, [7; 12]).username(b"a:b");
    builder = builder.raw(0x7fff, &[1, 2, 3, 4]);
    assert_eq!(
        Message::parse(&builder.finish(&key())).unwrap_err(),
        ParseError::UnknownAttribute
    );
}

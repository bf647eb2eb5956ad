//! X25519 keys that make every shared secret zero: whoever publishes one has others encrypt to everybody (attack 17). The
//! classical HPKE fails late on them, the hybrid one not at all (RFC 9180 §7.1.4 leaves it to its caller).

/// The u-coordinates of small order and their other representatives below 2^255, little-endian (RFC 7748 §6.1): 0, 1, the
/// two of order eight, and p - 1, p, p + 1.
const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    with(0, 1, 0),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    with(0xff, 0xec, 0x7f),
    with(0xff, 0xed, 0x7f),
    with(0xff, 0xee, 0x7f),
];

const fn with(fill: u8, first: u8, last: u8) -> [u8; 32] {
    let mut point = [fill; 32];
    point[0] = first;
    point[31] = last;
    point
}

/// Whether the X25519 part of an HPKE public key has small order. Both suites have it in the last 32 bytes, behind the
/// ML-KEM part where there is one; X25519 ignores its highest bit.
pub fn is_low_order(key: &[u8]) -> bool {
    key.last_chunk::<32>().is_some_and(|point| {
        let mut point = *point;
        point[31] &= 0x7f;
        LOW_ORDER.contains(&point)
    })
}

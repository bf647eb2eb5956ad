//! The clear header of an SFrame (RFC 9605 §4.3) and what our key ids say (K5.1). The worker reads it to drop
//! frames that are not the publisher's own (K5.4); it holds no key and checks no tag.

use crate::types::Source;

/// Longest header: one configuration byte, eight of key id, eight of counter.
pub const MAX_LEN: usize = 17;

/// A parsed SFrame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SframeHeader {
    /// Key id.
    pub kid: u64,
    /// Counter.
    pub counter: u64,
    /// Bytes the header takes.
    pub len: u8,
}

impl SframeHeader {
    /// Parses the header at the beginning of `bytes`; none if it is cut off. Longer forms than needed are read
    /// as well: only the receiver's authentication decides.
    pub fn parse(bytes: &[u8]) -> Option<SframeHeader> {
        let (&config, rest) = bytes.split_first()?;
        let (kid, rest) = field(config >> 4, rest)?;
        let (counter, after) = field(config & 0x0f, rest)?;
        Some(SframeHeader {
            kid,
            counter,
            len: (bytes.len() - after.len()) as u8,
        })
    }
}

/// A four-bit field: a small value, or the length less one of the value that follows.
fn field(nibble: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let low = nibble & 7;
    if nibble & 8 == 0 {
        return Some((low as u64, rest));
    }
    let (bytes, rest) = rest.split_at_checked(low as usize + 1)?;
    let value = bytes
        .iter()
        .fold(0u64, |value, byte| value << 8 | *byte as u64);
    Some((value, rest))
}

/// A key id of ours: generation (16) ‖ kind (3) ‖ leaf (12) ‖ epoch mod 256 (8), top bits zero (K5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId {
    /// One use of a sealer (K5.2).
    pub generation: u16,
    /// Kind of media; see [`Source::kind`].
    pub kind: u8,
    /// Leaf of the sender in the group.
    pub leaf: u16,
    /// Epoch modulo 256.
    pub epoch: u8,
}

impl KeyId {
    /// Splits a key id; none if the top bits are not zero.
    #[inline]
    pub fn from_u64(kid: u64) -> Option<KeyId> {
        (kid >> 39 == 0).then_some(KeyId {
            generation: (kid >> 23) as u16,
            kind: (kid >> 20 & 7) as u8,
            leaf: (kid >> 8 & 0xfff) as u16,
            epoch: kid as u8,
        })
    }

    /// The number that stands in an SFrame header.
    pub fn to_u64(self) -> u64 {
        (self.generation as u64) << 23
            | (self.kind as u64 & 7) << 20
            | (self.leaf as u64 & 0xfff) << 8
            | self.epoch as u64
    }

    /// Whether the frame is of that kind of media.
    #[inline]
    pub fn is_of(self, source: Source) -> bool {
        self.kind == source.kind()
    }
}

/// Appends an SFrame header in its shortest form; tests and simulations send with it.
pub fn write(to: &mut Vec<u8>, kid: u64, counter: u64) {
    let at = to.len();
    to.push(0);
    let high = put(to, kid);
    let low = put(to, counter);
    to[at] = high << 4 | low;
}

fn put(to: &mut Vec<u8>, value: u64) -> u8 {
    if value < 8 {
        return value as u8;
    }
    let skip = value.leading_zeros() as usize / 8;
    to.extend_from_slice(&value.to_be_bytes()[skip..]);
    8 | (7 - skip as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9605_4_3_headers_round_trip_in_their_shortest_form() {
        for kid in [0, 7, 8, 255, 256, 0x7f_ffff_ffff, u64::MAX] {
            for counter in [0, 7, 8, 0xffff, 0x1_0000, u64::MAX] {
                let mut bytes = Vec::new();
                write(&mut bytes, kid, counter);
                let len = bytes.len() as u8;
                assert!(bytes.len() <= MAX_LEN);
                assert_eq!(
                    SframeHeader::parse(&bytes),
                    Some(SframeHeader { kid, counter, len })
                );
                assert_eq!(
                    SframeHeader::parse(&bytes[..bytes.len() - 1]),
                    None,
                    "{kid} {counter}"
                );
            }
        }
    }

    #[test]
    fn rfc9605_4_3_an_empty_or_cut_header_is_none() {
        assert_eq!(SframeHeader::parse(&[]), None);
        assert_eq!(SframeHeader::parse(&[0xff, 1, 2, 3]), None);
    }

    #[test]
    fn k5_1_the_layout_of_a_key_id() {
        let id = KeyId {
            generation: 0xabcd,
            kind: 4,
            leaf: 0x123,
            epoch: 0xef,
        };
        assert_eq!(id.to_u64(), 0xabcd << 23 | 4 << 20 | 0x123 << 8 | 0xef);
        assert_eq!(KeyId::from_u64(id.to_u64()), Some(id));
        assert_eq!(KeyId::from_u64(1 << 39), None);
        assert!(id.is_of(Source::ConsentMicrophone) && !id.is_of(Source::Microphone));
    }
}

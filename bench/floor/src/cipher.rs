//! AEAD_AES_256_GCM of SRTP (RFC 7714 §8) under keys that both ends make from a number, since no handshake is measured.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Bytes of a tag.
pub const TAG: usize = 16;

/// One direction's key and salt.
pub struct Key {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Key {
    /// The key with that number. Each receiver has its own, as each DTLS session gives one.
    ///
    /// # Panics
    /// When the library refuses a key of the right length, which it does not.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        let mut bytes = [0x5c; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let key = UnboundKey::new(&AES_256_GCM, &bytes).expect("32 bytes make a key");
        let mut salt = [0xa6; 12];
        salt[..4].copy_from_slice(&number.to_be_bytes());
        Self {
            key: LessSafeKey::new(key),
            salt,
        }
    }

    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = self.salt;
        let parts = ssrc
            .to_be_bytes()
            .into_iter()
            .chain(index.to_be_bytes().into_iter().skip(2));
        for (byte, part) in nonce[2..].iter_mut().zip(parts) {
            *byte ^= part;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// Seals `out[start..]` in place behind its first `header` bytes and appends the tag.
    ///
    /// # Panics
    /// When the library refuses.
    #[inline]
    pub fn seal(&self, out: &mut Vec<u8>, start: usize, header: usize, ssrc: u32, index: u64) {
        let (clear, body) = out[start..].split_at_mut(header);
        let nonce = self.nonce(ssrc, index);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(&*clear), body)
            .expect("sealing");
        out.extend_from_slice(tag.as_ref());
    }

    /// Opens a packet in place; the plain packet is `packet[..returned]`, none if the tag is wrong.
    #[inline]
    pub fn open(&self, packet: &mut [u8], header: usize, ssrc: u32, index: u64) -> Option<usize> {
        let end = packet.len().checked_sub(TAG).filter(|end| *end >= header)?;
        let nonce = self.nonce(ssrc, index);
        let (clear, sealed) = packet.split_at_mut(header);
        self.key
            .open_in_place(nonce, Aad::from(&*clear), sealed)
            .ok()?;
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_the_same_number_only() {
        let mut packet = vec![7; 40];
        Key::numbered(3).seal(&mut packet, 0, 12, 9, 70_000);
        assert_eq!(packet.len(), 40 + TAG);
        assert_eq!(
            Key::numbered(4).open(&mut packet.clone(), 12, 9, 70_000),
            None
        );
        assert_eq!(
            Key::numbered(3).open(&mut packet.clone(), 12, 9, 70_001),
            None
        );
        assert_eq!(Key::numbered(3).open(&mut packet, 12, 9, 70_000), Some(40));
        assert_eq!(packet[..40], [7; 40]);
    }
}

//! The two ways to protect a packet, behind one enum so that the hot path calls nothing through `dyn` (M1.2):
//! AES-GCM (RFC 7714) and AES counter mode with HMAC-SHA1-80 (RFC 3711).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::EncryptingKey;
use aws_lc_rs::{constant_time, hmac};

use super::keys::{KeyError, Keys, Profile, counter_key, xor_keystream};

/// Bytes of an AES-GCM tag.
const GCM_TAG: usize = 16;
/// Bytes of a truncated HMAC-SHA1 tag.
const SHA1_TAG: usize = 10;

/// Authentication failed or the packet is too short to hold a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// Session keys for one kind of packet (RTP or RTCP) in one direction.
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and a box would cost a cache miss per packet"
)]
pub(super) enum Cipher {
    Gcm {
        key: LessSafeKey,
        salt: [u8; 12],
    },
    CounterSha1 {
        key: EncryptingKey,
        auth: hmac::Key,
        salt: [u8; 14],
    },
}

impl Cipher {
    /// Session keys for SRTP.
    pub(super) fn rtp(keys: &Keys) -> Result<Self, KeyError> {
        Self::derive(keys, 0)
    }

    /// Session keys for SRTCP.
    pub(super) fn rtcp(keys: &Keys) -> Result<Self, KeyError> {
        Self::derive(keys, 3)
    }

    fn derive(keys: &Keys, label: u8) -> Result<Self, KeyError> {
        let key = keys.derive(label, keys.profile.key_len())?;
        let salt = keys.derive(label + 2, keys.profile.salt_len())?;
        if keys.profile == Profile::Aes128CmSha1_80 {
            let auth = keys.derive(label + 1, 20)?;
            return Ok(Self::CounterSha1 {
                key: counter_key(&key)?,
                auth: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &auth),
                salt: salt.try_into().map_err(|_| KeyError::WrongLength)?,
            });
        }
        let algorithm = if key.len() == 32 {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        let key = UnboundKey::new(algorithm, &key).map_err(|_| KeyError::Library)?;
        let salt = salt.try_into().map_err(|_| KeyError::WrongLength)?;
        Ok(Self::Gcm {
            key: LessSafeKey::new(key),
            salt,
        })
    }

    pub(super) const fn tag_len(&self) -> usize {
        match self {
            Self::Gcm { .. } => GCM_TAG,
            Self::CounterSha1 { .. } => SHA1_TAG,
        }
    }

    /// Seals the RTP packet `out[start..]` in place, its first `header` bytes in clear, and appends the tag.
    pub(super) fn seal_rtp(
        &self,
        out: &mut Vec<u8>,
        start: usize,
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), Refused> {
        let (clear, body) = out[start..].split_at_mut(header);
        match self {
            Self::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(rtp_nonce(salt, ssrc, index));
                let tag = key
                    .seal_in_place_separate_tag(nonce, Aad::from(&*clear), body)
                    .map_err(|_| Refused)?;
                out.extend_from_slice(tag.as_ref());
            }
            Self::CounterSha1 { key, auth, salt } => {
                xor_keystream(key, counter_block(salt, ssrc, index), body).map_err(|_| Refused)?;
                let tag = sha1_tag(auth, &out[start..], (index >> 16) as u32);
                out.extend_from_slice(&tag.as_ref()[..SHA1_TAG]);
            }
        }
        Ok(())
    }

    /// Opens an SRTP packet in place; the plain packet is `packet[..returned]`.
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, Refused> {
        let end = packet
            .len()
            .checked_sub(self.tag_len())
            .filter(|end| *end >= header)
            .ok_or(Refused)?;
        match self {
            Self::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(rtp_nonce(salt, ssrc, index));
                let (clear, sealed) = packet.split_at_mut(header);
                key.open_in_place(nonce, Aad::from(&*clear), sealed)
                    .map_err(|_| Refused)?;
            }
            Self::CounterSha1 { key, auth, salt } => {
                let tag = sha1_tag(auth, &packet[..end], (index >> 16) as u32);
                constant_time::verify_slices_are_equal(&tag.as_ref()[..SHA1_TAG], &packet[end..])
                    .map_err(|_| Refused)?;
                xor_keystream(
                    key,
                    counter_block(salt, ssrc, index),
                    &mut packet[header..end],
                )
                .map_err(|_| Refused)?;
            }
        }
        Ok(end)
    }

    /// Seals the RTCP compound `out[start..]` in place and appends tag and index word (E bit set).
    pub(super) fn seal_rtcp(
        &self,
        out: &mut Vec<u8>,
        start: usize,
        ssrc: u32,
        index: u32,
    ) -> Result<(), Refused> {
        let word = (index | 1 << 31).to_be_bytes();
        match self {
            Self::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(rtcp_nonce(salt, ssrc, index));
                let aad = rtcp_aad(&out[start..], word)?;
                let tag = key
                    .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut out[start + 8..])
                    .map_err(|_| Refused)?;
                out.extend_from_slice(tag.as_ref());
                out.extend_from_slice(&word);
            }
            Self::CounterSha1 { key, auth, salt } => {
                let body = out.get_mut(start + 8..).ok_or(Refused)?;
                xor_keystream(key, counter_block(salt, ssrc, u64::from(index)), body)
                    .map_err(|_| Refused)?;
                out.extend_from_slice(&word);
                let tag = hmac::sign(auth, &out[start..]);
                out.extend_from_slice(&tag.as_ref()[..SHA1_TAG]);
            }
        }
        Ok(())
    }

    /// Opens an SRTCP packet in place; the plain compound is `packet[..returned]`. Clear RTCP (E bit not set)
    /// is refused: both ends of a DTLS-SRTP session encrypt.
    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        ssrc: u32,
        word: u32,
    ) -> Result<usize, Refused> {
        let index = word & !(1 << 31);
        if index == word {
            return Err(Refused);
        }
        let end = packet
            .len()
            .checked_sub(self.tag_len() + 4)
            .filter(|end| *end >= 8)
            .ok_or(Refused)?;
        match self {
            Self::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(rtcp_nonce(salt, ssrc, index));
                let aad = rtcp_aad(packet, word.to_be_bytes())?;
                let sealed = &mut packet[8..end + GCM_TAG];
                key.open_in_place(nonce, Aad::from(aad), sealed)
                    .map_err(|_| Refused)?;
            }
            Self::CounterSha1 { key, auth, salt } => {
                let tag = hmac::sign(auth, &packet[..end + 4]);
                constant_time::verify_slices_are_equal(
                    &tag.as_ref()[..SHA1_TAG],
                    &packet[end + 4..],
                )
                .map_err(|_| Refused)?;
                xor_keystream(
                    key,
                    counter_block(salt, ssrc, u64::from(index)),
                    &mut packet[8..end],
                )
                .map_err(|_| Refused)?;
            }
        }
        Ok(end)
    }

    /// The index word of an SRTCP packet: behind the tag with GCM, in front of it with SHA-1.
    pub(super) fn rtcp_word(&self, packet: &[u8]) -> Option<u32> {
        let behind = match self {
            Self::Gcm { .. } => 0,
            Self::CounterSha1 { .. } => SHA1_TAG,
        };
        let at = packet.len().checked_sub(behind + 4)?;
        super::ssrc_at(packet, at)
    }
}

/// RFC 7714 §8.1: two zero bytes, SSRC, rollover counter, sequence number, XOR salt.
fn rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &ssrc.to_be_bytes());
    xor(&mut nonce[6..12], &index.to_be_bytes()[2..]);
    nonce
}

/// RFC 7714 §9.1: two zero bytes, SSRC, two zero bytes, the 31-bit index, XOR salt.
fn rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> [u8; 12] {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &ssrc.to_be_bytes());
    xor(&mut nonce[8..12], &index.to_be_bytes());
    nonce
}

/// RFC 7714 §9.2: the compound's first eight bytes and the index word.
fn rtcp_aad(packet: &[u8], word: [u8; 4]) -> Result<[u8; 12], Refused> {
    let mut aad = [0; 12];
    aad[..8].copy_from_slice(packet.get(..8).ok_or(Refused)?);
    aad[8..].copy_from_slice(&word);
    Ok(aad)
}

/// RFC 3711 §4.1.1: salt, SSRC and index make the first counter block.
fn counter_block(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut block = [0; 16];
    block[..14].copy_from_slice(salt);
    xor(&mut block[4..8], &ssrc.to_be_bytes());
    xor(&mut block[8..14], &index.to_be_bytes()[2..]);
    block
}

fn sha1_tag(auth: &hmac::Key, packet: &[u8], rollover: u32) -> hmac::Tag {
    let mut context = hmac::Context::with_key(auth);
    context.update(packet);
    context.update(&rollover.to_be_bytes());
    context.sign()
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}

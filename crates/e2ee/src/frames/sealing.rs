//! Sealing and opening with suite 4 of RFC 9605, AES_128_GCM_SHA256_128: nonce = salt ⊕ counter, AAD = header ‖ metadata.

use super::keys::{KEY_LENGTH, SALT_LENGTH};
use super::{Codec, Kid, ReplayWindow, header, padding};
use crate::{Code, Error, Result};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Nonce};
use zeroize::Zeroizing;

/// The suite's number in key derivation.
pub(super) const SUITE: u16 = 4;
/// Bytes of an authentication tag.
pub const TAG_LENGTH: usize = 16;
/// Frames that one key may seal. AES-GCM's bounds are far away; at 180 frames a second this is nine months.
const LAST_COUNTER: u64 = u32::MAX as u64;

/// Cipher, salt and key id that both directions share.
struct Context {
    kid: u64,
    cipher: Aes128Gcm,
    salt: Zeroizing<[u8; SALT_LENGTH]>,
    sound: bool,
}

impl Context {
    fn new(kid: u64, key: &[u8; KEY_LENGTH], salt: &[u8; SALT_LENGTH]) -> Result<Self> {
        let sound = Kid::unpack(kid)?.kind.is_sound();
        Ok(Self {
            kid,
            cipher: Aes128Gcm::new(key.into()),
            salt: Zeroizing::new(*salt),
            sound,
        })
    }

    /// One SFrame ciphertext (RFC 9605 §4.4.3): header, sealed bytes, tag.
    fn seal(&self, ctr: u64, metadata: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let mut out = header::write(self.kid, ctr);
        let aad = [&out, metadata].concat();
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let sealed = self
            .cipher
            .encrypt(Nonce::from_slice(&self.nonce(ctr)), payload)
            .map_err(|_| Code::Library)?;
        out.extend(sealed);
        Ok(out)
    }

    /// The plain bytes behind a header of this length (RFC 9605 §4.4.4).
    fn open(&self, ctr: u64, header: usize, metadata: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let (header, ciphertext) = sealed.split_at(header);
        let aad = [header, metadata].concat();
        let payload = Payload {
            msg: ciphertext,
            aad: &aad,
        };
        self.cipher
            .decrypt(Nonce::from_slice(&self.nonce(ctr)), payload)
            .map_err(|_| Code::FrameForged.into())
    }

    fn nonce(&self, ctr: u64) -> [u8; SALT_LENGTH] {
        let mut nonce = *self.salt;
        nonce[4..]
            .iter_mut()
            .zip(ctr.to_be_bytes())
            .for_each(|(byte, counter)| *byte ^= counter);
        nonce
    }
}

/// What is authenticated beside the header (K5.3): the codec, and the clear bytes in front.
fn metadata(codec: Codec, synthetic: &[u8]) -> Vec<u8> {
    [&[codec as u8], synthetic].concat()
}

/// Seals whole frames under one key id; owns its counter. Make one for each call of `frame_sender` and never two (K5.2).
pub struct Sealer {
    context: Context,
    ctr: u64,
    floor: usize,
}

impl Sealer {
    /// A sealer at counter 0. `floor` is the padded size that an earlier sealer of the same sound reached.
    pub fn new(
        kid: u64,
        key: &[u8; KEY_LENGTH],
        salt: &[u8; SALT_LENGTH],
        floor: usize,
    ) -> Result<Self> {
        Ok(Self {
            context: Context::new(kid, key, salt)?,
            ctr: 0,
            floor,
        })
    }

    /// The padded size so far, for the next sealer (K5.6).
    #[must_use]
    pub fn floor(&self) -> usize {
        self.floor
    }

    /// One frame as it goes to the packetiser.
    pub fn seal(&mut self, codec: Codec, key_frame: bool, frame: &[u8]) -> Result<Vec<u8>> {
        if frame.is_empty() {
            return Err(Error::new(Code::FrameMalformed, "empty"));
        }
        guard!("K5.2.counter", self.ctr < LAST_COUNTER, CounterExhausted);
        let plain = if self.context.sound {
            padding::pad(frame, self.floor)
        } else {
            frame.to_vec()
        };
        if self.context.sound {
            self.floor = plain.len();
        }
        let length = header::write(self.context.kid, self.ctr).len() + plain.len() + TAG_LENGTH;
        let synthetic = codec.header(key_frame, frame, length);
        let sealed = self
            .context
            .seal(self.ctr, &metadata(codec, &synthetic), &plain)?;
        self.ctr += 1;
        Ok(codec.wrap(synthetic, &sealed))
    }
}

/// Opens frames of one key id, each at most once (K5.3).
pub struct Opener {
    context: Context,
    window: ReplayWindow,
}

impl Opener {
    /// An opener that has seen nothing.
    pub fn new(kid: u64, key: &[u8; KEY_LENGTH], salt: &[u8; SALT_LENGTH]) -> Result<Self> {
        Ok(Self {
            context: Context::new(kid, key, salt)?,
            window: ReplayWindow::default(),
        })
    }

    /// The frame, once.
    pub fn open(&mut self, codec: Codec, wire: &[u8]) -> Result<Vec<u8>> {
        let (synthetic, sealed) = codec
            .unwrap(wire)
            .ok_or(Error::new(Code::FrameMalformed, "synthetic header"))?;
        let (kid, ctr, length) =
            header::read(&sealed).ok_or(Error::new(Code::FrameMalformed, "SFrame header"))?;
        guard!("K5.1.frame-kid", kid == self.context.kid, FrameKid);
        guard!(
            "K5.3.replay",
            self.window.is_new(ctr),
            FrameReplayed,
            "{ctr}"
        );
        let plain = self
            .context
            .open(ctr, length, &metadata(codec, synthetic), &sealed)?;
        self.window.accept(ctr);
        if self.context.sound {
            padding::strip(plain)
        } else {
            Ok(plain)
        }
    }
}

#[cfg(test)]
mod tests {
    //! RFC 9605, appendix C: the vectors of our suite, down to the nonce.

    use super::*;
    use crate::frames::derive;

    fn vectors() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../../tests/vectors/rfc9605.json")).unwrap()
    }

    fn hex(value: &serde_json::Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn rfc9605_headers_are_written_and_read_alike() {
        for vector in vectors()["header"].as_array().unwrap() {
            let (kid, ctr) = (
                vector["kid"].as_u64().unwrap(),
                vector["ctr"].as_u64().unwrap(),
            );
            let encoded = hex(&vector["encoded"]);
            assert_eq!(header::write(kid, ctr), encoded);
            assert_eq!(header::read(&encoded), Some((kid, ctr, encoded.len())));
        }
    }

    #[test]
    fn rfc9605_suite_4_gives_the_published_keys_nonce_and_ciphertext() {
        let vector = &vectors()["sframe"];
        let (kid, ctr) = (
            vector["kid"].as_u64().unwrap(),
            vector["ctr"].as_u64().unwrap(),
        );
        let keys = derive(&hex(&vector["base_key"]), kid).unwrap();
        assert_eq!(keys.key.to_vec(), hex(&vector["sframe_key"]));
        assert_eq!(keys.salt.to_vec(), hex(&vector["sframe_salt"]));
        let context = Context::new(kid, &keys.key, &keys.salt).unwrap();
        assert_eq!(context.nonce(ctr).to_vec(), hex(&vector["nonce"]));
        let (metadata, plain) = (hex(&vector["metadata"]), hex(&vector["pt"]));
        let sealed = context.seal(ctr, &metadata, &plain).unwrap();
        assert_eq!(sealed, hex(&vector["ct"]));
        let (_, _, length) = header::read(&sealed).unwrap();
        assert_eq!(
            context.open(ctr, length, &metadata, &sealed).unwrap(),
            plain
        );
    }

    #[test]
    fn k5_2_a_key_seals_no_more_frames_than_its_counter_allows() {
        let kid = Kid::unpack(1 << 20).unwrap().pack(); // a camera
        let mut sealer = Sealer::new(kid, &[1; KEY_LENGTH], &[2; SALT_LENGTH], 0).unwrap();
        sealer.ctr = LAST_COUNTER - 1;
        assert!(sealer.seal(Codec::Vp9, false, b"the last").is_ok());
        let refused = sealer.seal(Codec::Vp9, false, b"one too many");
        assert_eq!(
            refused.map_err(|error| error.code),
            Err(Code::CounterExhausted)
        );
    }

    #[test]
    fn headers_longer_than_needed_are_refused() {
        for bad in [
            &[0x80, 0x07][..],
            &[0x90, 0x00, 0x09],
            &[0x08, 0x00],
            &[0x80],
            &[],
        ] {
            assert_eq!(header::read(bad), None, "{bad:02x?}");
        }
    }
}

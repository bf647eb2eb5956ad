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
        Ok(Self { kid, cipher: Aes128Gcm::new(key.into()), salt: Zeroizing::new(*salt), sound })
    }

    fn nonce(&self, ctr: u64) -> [u8; SALT_LENGTH] {
        let mut nonce = *self.salt;
        nonce[4..].iter_mut().zip(ctr.to_be_bytes()).for_each(|(byte, counter)| *byte ^= counter);
        nonce
    }
}

fn aad(header: &[u8], codec: Codec, synthetic: &[u8]) -> Vec<u8> {
    [header, &[codec as u8], synthetic].concat()
}

/// Seals whole frames under one key id; owns its counter. Make one for each call of `frame_sender` and never two (K5.2).
pub struct Sealer {
    context: Context,
    ctr: u64,
    floor: usize,
}

impl Sealer {
    /// A sealer at counter 0. `floor` is the padded size that an earlier sealer of the same sound reached.
    pub fn new(kid: u64, key: &[u8; KEY_LENGTH], salt: &[u8; SALT_LENGTH], floor: usize) -> Result<Self> {
        Ok(Self { context: Context::new(kid, key, salt)?, ctr: 0, floor })
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
        let plain = if self.context.sound { padding::pad(frame, self.floor) } else { frame.to_vec() };
        if self.context.sound {
            self.floor = plain.len();
        }
        let mut sealed = header::write(self.context.kid, self.ctr);
        let synthetic = codec.header(key_frame, frame, sealed.len() + plain.len() + TAG_LENGTH);
        let aad = aad(&sealed, codec, &synthetic);
        let nonce = self.context.nonce(self.ctr);
        let payload = Payload { msg: &plain, aad: &aad };
        let ciphertext = self.context.cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| Code::Library)?;
        self.ctr += 1;
        sealed.extend(ciphertext);
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
        Ok(Self { context: Context::new(kid, key, salt)?, window: ReplayWindow::default() })
    }

    /// The frame, once.
    pub fn open(&mut self, codec: Codec, wire: &[u8]) -> Result<Vec<u8>> {
        let (synthetic, sealed) = codec.unwrap(wire).ok_or(Error::new(Code::FrameMalformed, "synthetic header"))?;
        let (kid, ctr, length) = header::read(&sealed).ok_or(Error::new(Code::FrameMalformed, "SFrame header"))?;
        guard!("K5.1.frame-kid", kid == self.context.kid, FrameKid);
        guard!("K5.3.replay", self.window.is_new(ctr), FrameReplayed, "{ctr}");
        let (header, ciphertext) = sealed.split_at(length);
        let aad = aad(header, codec, synthetic);
        let nonce = self.context.nonce(ctr);
        let payload = Payload { msg: ciphertext, aad: &aad };
        let plain = self.context.cipher.decrypt(Nonce::from_slice(&nonce), payload).map_err(|_| Code::FrameForged)?;
        self.window.accept(ctr);
        if self.context.sound { padding::strip(plain) } else { Ok(plain) }
    }
}

//! A cryptography that misbehaves once: the nth key pair, or every key share, gets an X25519 part of small order (attack 17).
//! The MLS library then signs and tags what it would never make by itself.

use openmls::prelude::tls_codec::SecretVLBytes;
use openmls::prelude::*;
use openmls_rust_crypto::{OpenMlsRustCrypto, RustCrypto};
use openmls_traits::crypto::OpenMlsCrypto;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

type Result<T> = std::result::Result<T, CryptoError>;

/// The library's provider with a crack.
#[derive(Default)]
pub struct WeakProvider {
    inner: OpenMlsRustCrypto,
    crypto: Weak,
}

/// `RustCrypto`, spoilt on demand.
pub struct Weak {
    inner: RustCrypto,
    countdown: AtomicI64,
    shares: AtomicBool,
}

impl Default for Weak {
    fn default() -> Self {
        Self {
            inner: RustCrypto::default(),
            countdown: AtomicI64::new(-1),
            shares: AtomicBool::new(false),
        }
    }
}

impl WeakProvider {
    /// Spoils the public key of the nth key pair that is derived from now on, counted from 0.
    pub fn weaken_key(&self, nth: i64) {
        self.crypto.countdown.store(nth, Ordering::SeqCst);
    }

    /// Spoils the key share of everything that is sealed from now on.
    pub fn weaken_shares(&self) {
        self.crypto.shares.store(true, Ordering::SeqCst);
    }
}

impl OpenMlsProvider for WeakProvider {
    type CryptoProvider = Weak;
    type RandProvider = RustCrypto;
    type StorageProvider = <OpenMlsRustCrypto as OpenMlsProvider>::StorageProvider;

    fn storage(&self) -> &Self::StorageProvider {
        self.inner.storage()
    }
    fn crypto(&self) -> &Weak {
        &self.crypto
    }
    fn rand(&self) -> &RustCrypto {
        self.inner.rand()
    }
}

/// The last 32 bytes, which are the X25519 part in both suites, become the point zero.
fn weaken(key: &mut [u8]) {
    let at = key.len() - 32;
    key[at..].fill(0);
}

impl OpenMlsCrypto for Weak {
    fn supports(&self, suite: Ciphersuite) -> Result<()> {
        self.inner.supports(suite)
    }
    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.inner.supported_ciphersuites()
    }
    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes> {
        self.inner.hkdf_extract(hash, salt, ikm)
    }
    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes> {
        self.inner.hmac(hash, key, message)
    }
    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes> {
        self.inner.hkdf_expand(hash, prk, info, length)
    }
    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>> {
        self.inner.hash(hash, data)
    }
    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.inner.aead_encrypt(alg, key, data, nonce, aad)
    }
    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.inner.aead_decrypt(alg, key, data, nonce, aad)
    }
    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>)> {
        self.inner.signature_key_gen(alg)
    }
    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        self.inner.verify_signature(alg, data, key, signature)
    }
    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>> {
        self.inner.sign(alg, data, key)
    }
    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk: &[u8],
        info: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> Result<HpkeCiphertext> {
        let mut sealed = self.inner.hpke_seal(config, pk, info, aad, plain)?;
        if self.shares.load(Ordering::SeqCst) {
            let mut share = sealed.kem_output.as_slice().to_vec();
            weaken(&mut share);
            sealed.kem_output = share.into();
        }
        Ok(sealed)
    }
    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.inner.hpke_open(config, input, sk, info, aad)
    }
    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret)> {
        self.inner
            .hpke_setup_sender_and_export(config, pk, info, context, length)
    }
    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret> {
        self.inner
            .hpke_setup_receiver_and_export(config, enc, sk, info, context, length)
    }
    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair> {
        let mut pair = self.inner.derive_hpke_keypair(config, ikm)?;
        if self.countdown.fetch_sub(1, Ordering::SeqCst) == 0 {
            weaken(&mut pair.public);
        }
        Ok(pair)
    }
}

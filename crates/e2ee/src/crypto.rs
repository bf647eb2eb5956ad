//! The cryptography of a member: the MLS library's provider, less every suite and signature that K2.6 does not know.
//!
//! Signatures are verified by our own strict Ed25519, like everything else that is signed. What is left out is not in the
//! browser's module either, which keeps it inside its budget.

use crate::bytes::B32;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::types::*;
use tls_codec::SecretVLBytes;

/// `RustCrypto`, narrowed.
#[derive(Default)]
pub(crate) struct Crypto(RustCrypto);

type Result<T> = std::result::Result<T, CryptoError>;

/// The two suites of K2.6.
fn known(suite: Ciphersuite) -> bool {
    [crate::SUITE_HYBRID, crate::SUITE_CLASSICAL].contains(&u16::from(suite))
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, suite: Ciphersuite) -> Result<()> {
        if known(suite) {
            self.0.supports(suite)
        } else {
            Err(CryptoError::UnsupportedCiphersuite)
        }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.0
            .supported_ciphersuites()
            .into_iter()
            .filter(|suite| known(*suite))
            .collect()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes> {
        self.0.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes> {
        self.0.hmac(hash, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes> {
        self.0.hkdf_expand(hash, prk, info, length)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>> {
        self.0.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.0.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.0.aead_decrypt(alg, key, data, nonce, aad)
    }

    fn signature_key_gen(&self, _: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>)> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        if scheme != SignatureScheme::ED25519 {
            return Err(CryptoError::UnsupportedSignatureScheme);
        }
        let key = B32::from_slice(key).ok_or(CryptoError::InvalidPublicKey)?;
        let signature = signature
            .try_into()
            .map_err(|_| CryptoError::SignatureDecodingError)?;
        if crate::signed::verify(&key, data, signature) {
            Ok(())
        } else {
            Err(CryptoError::InvalidSignature)
        }
    }

    fn sign(&self, _: SignatureScheme, _: &[u8], _: &[u8]) -> Result<Vec<u8>> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk: &[u8],
        info: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> Result<HpkeCiphertext> {
        self.0.hpke_seal(config, pk, info, aad, plain)
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.0.hpke_open(config, input, sk, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret)> {
        self.0
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
        self.0
            .hpke_setup_receiver_and_export(config, enc, sk, info, context, length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair> {
        self.0.derive_hpke_keypair(config, ikm)
    }
}

impl OpenMlsRand for Crypto {
    type Error = <RustCrypto as OpenMlsRand>::Error;

    fn random_array<const N: usize>(&self) -> std::result::Result<[u8; N], Self::Error> {
        self.0.random_array()
    }

    fn random_vec(&self, length: usize) -> std::result::Result<Vec<u8>, Self::Error> {
        self.0.random_vec(length)
    }
}

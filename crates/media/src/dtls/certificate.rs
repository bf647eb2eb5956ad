//! A worker's self-signed certificate: made at start, never stored, known to clients by its fingerprint.

use std::fmt;

use dimpl::DtlsCertificate;
use dimpl::certificate::generate_self_signed_certificate;

use crate::types::Fingerprint;

/// No certificate could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateError;

/// An ECDSA P-256 certificate with its key; it does not print.
#[derive(Clone)]
pub struct Certificate {
    pub(super) inner: DtlsCertificate,
}

impl Certificate {
    /// Makes a fresh one from the system's randomness.
    ///
    /// # Errors
    /// [`CertificateError`] when the library refuses.
    pub fn generate() -> Result<Self, CertificateError> {
        generate_self_signed_certificate()
            .map(|inner| Self { inner })
            .map_err(|_| CertificateError)
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            hash: "sha-256".into(),
            value: self.inner.fingerprint(),
        }
    }

    /// As SDP writes it: `sha-256 AA:BB:…`.
    #[must_use]
    pub fn fingerprint_sdp(&self) -> String {
        format!("sha-256 {}", self.inner.fingerprint_str())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint_sdp())
    }
}

//! The DTLS handshake of one peer, over dimpl (M2.3): who is at the other end, and the keys for SRTP.
//!
//! No certificate authority is involved. The peer's certificate must hash to a fingerprint that signalling gave
//! (RFC 8122 §5, RFC 8827 §5); until it does, no keys leave this module.

mod certificate;
#[cfg(debug_assertions)]
pub(crate) mod script;

use std::sync::Arc;
use std::time::Instant as SystemInstant;

use aws_lc_rs::{constant_time, digest};
use dimpl::{Config as DimplConfig, Dtls, Output, ProtocolVersion, SrtpProfile};

pub use certificate::{Certificate, CertificateError};
use serde::{Deserialize, Serialize};

use crate::srtp::{Keys, Profile};
use crate::types::{Fingerprint, Instant, Setup};

/// Which versions are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// 1.2 only: both browsers then take AES-256-GCM (M2.3).
    #[default]
    V12,
    /// 1.3 where the peer offers it, else 1.2.
    Auto,
    /// 1.3 only.
    V13,
}

/// Why a handshake or session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DtlsError {
    /// The peer's certificate matches none of the fingerprints from signalling (attack 6).
    FingerprintMismatch,
    /// The handshake failed, timed out or was refused.
    Failed,
    /// No SRTP profile was agreed on.
    NoProfile,
    /// The peer said goodbye.
    Closed,
}

/// A finished handshake.
#[derive(Debug)]
pub struct Established {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// The SRTP profile.
    pub profile: Profile,
    /// Our sending keys.
    pub sending: Keys,
    /// The peer's sending keys.
    pub receiving: Keys,
}

/// Shared by all handshakes of a worker: certificate, library configuration, the origin of time.
pub struct Context {
    config: Arc<DimplConfig>,
    certificate: Certificate,
    version: Version,
    started: SystemInstant,
    /// Recording and replay (M1.2).
    #[cfg(debug_assertions)]
    pub(crate) script: std::sync::Mutex<script::Script>,
}

impl Context {
    /// `started` is the moment that [`Instant::ZERO`] stands for.
    ///
    /// # Errors
    /// [`DtlsError::Failed`] if the cryptographic library does not offer what DTLS needs.
    pub fn new(
        certificate: Certificate,
        version: Version,
        started: SystemInstant,
    ) -> Result<Self, DtlsError> {
        let config = DimplConfig::builder()
            // Smallest path MTU that WebRTC endpoints assume, less IP and UDP headers.
            .mtu(1200)
            // ICE has verified the tuple already, so a cookie would cost a round trip and prove nothing.
            .use_server_cookie(false)
            // A join should survive a lost flight unnoticed; doubles on each retry (RFC 6347 §4.2.4.1).
            .flight_start_rto(std::time::Duration::from_millis(250))
            .flight_retries(7)
            .handshake_timeout(std::time::Duration::from_secs(20))
            .build()
            .map_err(|_| DtlsError::Failed)?;
        Ok(Self {
            config: Arc::new(config),
            certificate,
            version,
            started,
            #[cfg(debug_assertions)]
            script: std::sync::Mutex::default(),
        })
    }

    /// Our certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    fn system(&self, now: Instant) -> SystemInstant {
        self.started + now.since(Instant::ZERO)
    }
}

/// One handshake and what follows it. Feed with `handle_packet` and `handle_timeout`; after each, call `drain`.
pub struct Endpoint {
    dtls: Dtls,
    context: Arc<Context>,
    setup: Setup,
    expected: Vec<Fingerprint>,
    verified: bool,
    established: Option<Established>,
    deadline: Option<SystemInstant>,
    buffer: Vec<u8>,
}

impl Endpoint {
    /// Starts in the given role; a client's first flight comes out of the next `drain`.
    #[must_use]
    pub fn new(
        context: &Arc<Context>,
        setup: Setup,
        expected: Vec<Fingerprint>,
        now: Instant,
    ) -> Self {
        let certificate = context.certificate.inner.clone();
        let (config, at) = (context.config.clone(), context.system(now));
        let mut dtls = match context.version {
            Version::V12 => Dtls::new_12(config, certificate, at),
            Version::Auto => Dtls::new_auto(config, certificate, at),
            Version::V13 => Dtls::new_13(config, certificate, at),
        };
        dtls.set_active(setup == Setup::Active);
        Self {
            dtls,
            context: context.clone(),
            setup,
            expected,
            verified: false,
            established: None,
            deadline: None,
            buffer: vec![0; 2048],
        }
    }

    /// Takes one datagram of the peer.
    ///
    /// # Errors
    /// Every error ends the peer.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) -> Result<(), DtlsError> {
        let feed = |endpoint: &mut Self| {
            endpoint.tell_time(now)?;
            let taken = endpoint.dtls.handle_packet(packet);
            taken.map_err(|_| DtlsError::Failed)
        };
        #[cfg(debug_assertions)]
        return self.scripted(feed);
        #[cfg(not(debug_assertions))]
        feed(self)
    }

    /// Moves the library's clock; retransmits what is due.
    ///
    /// # Errors
    /// Every error ends the peer.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsError> {
        let feed = |endpoint: &mut Self| endpoint.tell_time(now);
        #[cfg(debug_assertions)]
        return self.scripted(feed);
        #[cfg(not(debug_assertions))]
        feed(self)
    }

    fn tell_time(&mut self, now: Instant) -> Result<(), DtlsError> {
        let at = self.context.system(now);
        self.dtls.handle_timeout(at).map_err(|_| DtlsError::Failed)
    }

    /// When `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let since = self
            .deadline?
            .saturating_duration_since(self.context.started);
        Some(Instant::ZERO + since)
    }

    /// Hands every datagram that must leave to `send`; returns the keys once, when the handshake is done.
    ///
    /// # Errors
    /// Every error ends the peer; datagrams handed out before it may still be sent.
    pub fn drain(&mut self, send: impl FnMut(&[u8])) -> Result<Option<Established>, DtlsError> {
        #[cfg(debug_assertions)]
        return self.scripted_drain(send);
        #[cfg(not(debug_assertions))]
        self.pump(send)
    }

    fn pump(&mut self, mut send: impl FnMut(&[u8])) -> Result<Option<Established>, DtlsError> {
        let mut done = None;
        loop {
            match self.dtls.poll_output(&mut self.buffer) {
                Output::Packet(packet) => send(packet),
                Output::BufferTooSmall { needed } => self.buffer.resize(needed, 0),
                Output::PeerCert(der) => {
                    self.verified = matches_any(der, &self.expected);
                    if !self.verified {
                        return Err(DtlsError::FingerprintMismatch);
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    let version = self.dtls.protocol_version();
                    self.established = Some(establish(self.setup, version, profile, &material)?);
                }
                Output::Connected => done = Some(()),
                Output::CloseNotify => return Err(DtlsError::Closed),
                Output::Timeout(at) => {
                    self.deadline = Some(at);
                    break;
                }
                // Application data has no meaning here: there are no data channels.
                _ => {}
            }
        }
        self.release(done.is_some())
    }

    /// Keys leave only when the handshake is done *and* the certificate was recognised.
    fn release(&mut self, connected: bool) -> Result<Option<Established>, DtlsError> {
        match (connected, self.verified) {
            (false, _) => Ok(None),
            (true, false) => Err(DtlsError::FingerprintMismatch),
            (true, true) => self
                .established
                .take()
                .map(Some)
                .ok_or(DtlsError::NoProfile),
        }
    }

    /// Says goodbye; the alert comes out of the next `drain`.
    pub fn close(&mut self) {
        // An endpoint that cannot say goodbye is closed as well.
        let _ = self.dtls.close();
    }
}

fn establish(
    setup: Setup,
    version: Option<ProtocolVersion>,
    profile: SrtpProfile,
    material: &[u8],
) -> Result<Established, DtlsError> {
    let profile = match profile {
        SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
        SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
        SrtpProfile::AES128_CM_SHA1_80 => Profile::Aes128CmSha1_80,
        _ => return Err(DtlsError::NoProfile),
    };
    let (client, server) =
        Keys::from_material(profile, material).map_err(|_| DtlsError::NoProfile)?;
    let (sending, receiving) = match setup {
        Setup::Active => (client, server),
        Setup::Passive => (server, client),
    };
    let version = if version == Some(ProtocolVersion::DTLS1_3) {
        "1.3"
    } else {
        "1.2"
    };
    Ok(Established {
        version,
        profile,
        sending,
        receiving,
    })
}

/// One match is enough (RFC 8122 §5); hashes weaker than SHA-256 never match.
fn matches_any(der: &[u8], expected: &[Fingerprint]) -> bool {
    expected.iter().any(|fingerprint| {
        let algorithm = match fingerprint.hash.to_ascii_lowercase().as_str() {
            "sha-256" => &digest::SHA256,
            "sha-384" => &digest::SHA384,
            "sha-512" => &digest::SHA512,
            _ => return false,
        };
        let actual = digest::digest(algorithm, der);
        constant_time::verify_slices_are_equal(actual.as_ref(), &fingerprint.value).is_ok()
    })
}

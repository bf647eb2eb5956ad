//! One transport session: ICE, DTLS and SRTP of one peer, and how long it may stay silent.

use std::time::Duration;

use crate::bucket::Bucket;
use crate::config::Allowance;
use crate::dtls::{DtlsError, Endpoint, Established};
use crate::guard::active;
use crate::ice::{Agent, Tuple};
use crate::srtp::{Inbound, KeyError, Outbound};
use crate::types::{Instant, PeerId, RoomId, Setup};

/// M1.7: no valid STUN or SRTP for this long, and the peer is lost.
pub const SILENCE: Duration = Duration::from_secs(10);
/// From `add_peer` to the first valid check: a browser that asks its user's permission late, or a slow network,
/// needs more than M1.7's ten seconds. Longer keeps dead peers in memory, shorter loses slow ones.
pub const CONNECT: Duration = Duration::from_secs(20);
/// A lost peer is kept this long for an ICE restart, twice the 30 s in which a socket may resume.
pub const LINGER: Duration = Duration::from_secs(60);

/// STUN messages a second that are looked at on a peer's own account, and at once. A browser that tries all its pairs
/// sends one in 20 ms, and answers our challenges; more lets a forger cost more HMACs, less slows an honest beginning.
const STUN: u32 = 100;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No keys yet.
    Connecting,
    /// Media may flow.
    Connected,
    /// Silent for too long; an ICE restart or fresh traffic brings it back.
    Silent,
}

/// Where our part of a handshake went: if it was to one tuple alone, the peer that finished it reads there (M2.2).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flights {
    first: Option<Tuple>,
    several: bool,
}

impl Flights {
    pub(crate) fn went(&mut self, tuple: Tuple) {
        self.several |= *self.first.get_or_insert(tuple) != tuple;
    }

    pub(crate) fn only(self) -> Option<Tuple> {
        self.first.filter(|_| !self.several)
    }
}

/// SRTP in both directions, there once the handshake is done.
pub(crate) struct Session {
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) version: &'static str,
    pub(crate) profile: &'static str,
}

impl Session {
    pub(crate) fn new(established: &Established) -> Result<Self, KeyError> {
        Ok(Self {
            inbound: Inbound::new(&established.receiving)?,
            outbound: Outbound::new(&established.sending)?,
            version: established.version,
            profile: established.profile.name(),
        })
    }
}

/// What one peer may still send. It is charged for authenticated packets alone, so that nobody else can use it up.
struct Budget {
    bytes: Bucket,
    packets: Bucket,
    compounds: Bucket,
}

impl Budget {
    /// One second's worth may come at once: what a network held back arrives in a burst.
    fn new(allowance: Allowance) -> Self {
        Self {
            bytes: Bucket::new(allowance.bytes, f64::from(allowance.bytes)),
            packets: Bucket::new(allowance.packets, f64::from(allowance.packets)),
            compounds: Bucket::new(allowance.compounds, f64::from(allowance.compounds)),
        }
    }

    #[inline]
    fn media(&mut self, now: Instant, length: usize) -> bool {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        (self.packets.take(now, 1) || !active("client-packets"))
            && (self.bytes.take(now, length) || !active("client-bytes"))
    }
}

/// All that one peer is to the transport.
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) room: RoomId,
    pub(crate) ice: Agent,
    pub(crate) dtls: Endpoint,
    pub(crate) session: Option<Session>,
    pub(crate) phase: Phase,
    /// Where our part of the handshake went.
    pub(crate) flights: Flights,
    /// A DTLS client starts only when it has a path.
    pub(crate) started: bool,
    /// Last authenticated packet, or when the peer was added.
    pub(crate) last_valid: Instant,
    heard: bool,
    budget: Budget,
    stun: Bucket,
    /// Packets of the outbox that go here, while a flush runs.
    pub(crate) pending: Vec<u32>,
}

impl Peer {
    pub(crate) fn new(
        id: PeerId,
        room: RoomId,
        ice: Agent,
        dtls: Endpoint,
        setup: Setup,
        allowance: Allowance,
        now: Instant,
    ) -> Self {
        Self {
            id,
            room,
            ice,
            dtls,
            session: None,
            phase: Phase::Connecting,
            flights: Flights::default(),
            started: setup == Setup::Passive,
            last_valid: now,
            heard: false,
            budget: Budget::new(allowance),
            stun: Bucket::new(STUN, f64::from(STUN)),
            pending: Vec::new(),
        }
    }

    /// Whether one more STUN message is looked at on this peer's account.
    pub(crate) fn affords_stun(&mut self, now: Instant) -> bool {
        self.stun.take(now, 1)
    }

    /// Whether an authenticated RTP packet of that length is within what the peer may send.
    #[inline]
    pub(crate) fn affords_media(&mut self, now: Instant, length: usize) -> bool {
        self.budget.media(now, length)
    }

    /// Whether one more authenticated RTCP compound is. Apart from media: who sends too much of that still has its losses
    /// repaired and its key frames asked for.
    #[inline]
    pub(crate) fn affords_compound(&mut self, now: Instant) -> bool {
        self.budget.compounds.take(now, 1) || !active("client-compounds")
    }

    /// Notes an authenticated packet.
    #[inline]
    pub(crate) fn heard(&mut self, now: Instant) {
        self.last_valid = now;
        self.heard = true;
    }

    /// How long this peer may still be silent.
    pub(crate) fn patience(&self) -> Duration {
        match self.phase {
            Phase::Silent => LINGER,
            _ if self.heard => SILENCE,
            _ => CONNECT,
        }
    }

    /// The next moment at which something of this peer is due.
    pub(crate) fn due(&self) -> Instant {
        let mut due = self.last_valid + self.patience();
        if let Some(at) = self.ice.poll_timeout() {
            due = due.min(at);
        }
        if self.started
            && let Some(at) = self.dtls.poll_timeout()
        {
            due = due.min(at);
        }
        due
    }
}

/// The reason by which the core knows an end (`lost {reason}`).
pub(crate) const fn reason(error: DtlsError) -> &'static str {
    match error {
        DtlsError::FingerprintMismatch => "fingerprint_mismatch",
        DtlsError::Failed | DtlsError::NoProfile => "dtls_failed",
        DtlsError::Closed => "closed",
    }
}

//! The controlling half towards one given candidate (M2.1): signed checks that nominate at once, for links.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::stun::{Builder, Class, IntegrityKey, TransactionId};
use crate::types::Instant;

/// Between checks once one was answered (M2.1). Consent needs one answer in 30 s; a dead link shows in 10 s.
const KEEPALIVE: Duration = Duration::from_millis(2500);
/// First and longest wait for an answer; doubles in between (RFC 8445 §14.3 asks for at least 500 ms in the end).
const FIRST_RTO: Duration = Duration::from_millis(100);
const LAST_RTO: Duration = Duration::from_millis(1600);
/// Checks in flight whose answers still count.
const REMEMBERED: usize = 8;
/// PRIORITY of a host candidate with the highest local preference (RFC 8445 §5.1.2.1).
const PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;

/// A candidate that no peer can have (attack 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateError {
    /// 0.0.0.0, `::` or port 0.
    Unspecified,
    /// Multicast or broadcast.
    NotUnicast,
    /// A link-local address, where cloud metadata services live.
    LinkLocal,
    /// An IPv4 address dressed as IPv6.
    Mapped,
}

/// Refuses addresses that lead elsewhere than to a peer.
pub(super) fn admissible(candidate: SocketAddr) -> Result<(), CandidateError> {
    let ip = candidate.ip();
    if ip.is_unspecified() || candidate.port() == 0 {
        return Err(CandidateError::Unspecified);
    }
    match ip {
        IpAddr::V4(v4) if v4.is_multicast() || v4.is_broadcast() => Err(CandidateError::NotUnicast),
        IpAddr::V4(v4) if v4.is_link_local() => Err(CandidateError::LinkLocal),
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Err(CandidateError::Unspecified),
        IpAddr::V6(v6) if v6.is_multicast() => Err(CandidateError::NotUnicast),
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80 => Err(CandidateError::LinkLocal),
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Err(CandidateError::Mapped),
        _ => Ok(()),
    }
}

/// The state of our checks.
pub(super) struct Controlling {
    candidate: SocketAddr,
    tie_breaker: u64,
    pending: Vec<TransactionId>,
    rto: Duration,
    due: Instant,
}

impl Controlling {
    pub(super) fn new(
        candidate: SocketAddr,
        tie_breaker: u64,
        now: Instant,
    ) -> Result<Self, CandidateError> {
        admissible(candidate)?;
        Ok(Self {
            candidate,
            tie_breaker,
            pending: Vec::new(),
            rto: FIRST_RTO,
            due: now,
        })
    }

    /// When the next check leaves.
    pub(super) const fn due(&self) -> Instant {
        self.due
    }

    /// Checks again at once, with the new credentials; answers to older checks no longer count.
    pub(super) fn restart(&mut self, now: Instant) {
        self.pending.clear();
        self.rto = FIRST_RTO;
        self.due = now;
    }

    pub(super) fn expects(&self, from: SocketAddr, transaction: TransactionId) -> bool {
        from == self.candidate && self.pending.contains(&transaction)
    }

    pub(super) fn answered(&mut self, now: Instant) {
        self.pending.clear();
        self.rto = FIRST_RTO;
        self.due = now + KEEPALIVE;
    }

    pub(super) fn check(
        &mut self,
        now: Instant,
        transaction: TransactionId,
        username: &[u8],
        key: &IntegrityKey,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        if now < self.due {
            return None;
        }
        if self.pending.len() >= REMEMBERED {
            self.pending.remove(0);
        }
        self.pending.push(transaction);
        self.due = now + self.rto;
        self.rto = (self.rto * 2).min(LAST_RTO);
        let bytes = Builder::new(Class::Request, transaction)
            .username(username)
            .priority(PRIORITY)
            .controlling(self.tie_breaker)
            .use_candidate()
            .finish(key);
        Some((self.candidate, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 4.
    #[test]
    fn addresses_that_lead_elsewhere_are_refused() {
        for (text, error) in [
            ("0.0.0.0:9", CandidateError::Unspecified),
            ("0.1.2.3:9", CandidateError::Unspecified),
            ("[::]:9", CandidateError::Unspecified),
            ("192.0.2.1:0", CandidateError::Unspecified),
            ("224.0.0.1:9", CandidateError::NotUnicast),
            ("255.255.255.255:9", CandidateError::NotUnicast),
            ("[ff02::1]:9", CandidateError::NotUnicast),
            ("169.254.169.254:80", CandidateError::LinkLocal),
            ("[fe80::1]:9", CandidateError::LinkLocal),
            ("[::ffff:127.0.0.1]:9", CandidateError::Mapped),
        ] {
            assert_eq!(admissible(text.parse().unwrap()), Err(error), "{text}");
        }
        assert_eq!(admissible("192.0.2.1:9".parse().unwrap()), Ok(()));
        assert_eq!(admissible("[2001:db8::1]:9".parse().unwrap()), Ok(()));
    }
}

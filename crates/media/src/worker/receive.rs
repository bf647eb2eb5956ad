//! From a datagram to plain packets: who sent it, is it authentic, what is it (RFC 7983).

use super::{MediaHalf, Worker};
use crate::dtls::DtlsError;
use crate::guard::active;
use crate::ice::{Refusal, Tuple};
use crate::peer::{Phase, Session, reason};
use crate::srtp::{OpenError, is_rtcp};
use crate::stun::{Class, Message, looks_like_stun};
use crate::types::{DropReason, Event, Instant};

/// How long a tuple stays with a peer that was heard. Every client sends RTCP or a check within 2.5 s; longer delays
/// a reloaded page on the same port, shorter lets a forged check in between.
const HOLD: std::time::Duration = std::time::Duration::from_secs(3);

/// Longest datagram that is looked at: what an Ethernet frame carries. Clients send 1,200 to 1,300 bytes; what is longer
/// came in fragments, and would let one person fill the memory for repairs forty times as fast.
const MAX_DATAGRAM: usize = 1_500;

impl<M: MediaHalf> Worker<M> {
    /// Takes datagrams of one tuple that the kernel has joined, each of `segment` bytes but the last; as the bytes of one,
    /// they are worthless afterwards. `send` is called, in between, as often as too much waits: flush, send and forget it.
    pub fn handle_datagrams(
        &mut self,
        now: Instant,
        tuple: Tuple,
        joined: &mut [u8],
        segment: usize,
        mut send: impl FnMut(&mut Self),
    ) {
        for datagram in joined.chunks_mut(segment.max(1)) {
            self.handle_datagram(now, tuple, datagram);
            if self.must_flush() {
                send(self);
            }
        }
    }

    /// Takes one datagram; its bytes are worthless afterwards (SRTP is opened in place).
    pub fn handle_datagram(&mut self, now: Instant, tuple: Tuple, datagram: &mut [u8]) {
        self.counters.packets_in += 1;
        self.counters.bytes_in += datagram.len() as u64;
        if let Some(reason) = inadmissible(tuple, datagram) {
            return self.drop_packet(reason);
        }
        self.guarded(now, |worker| match datagram.first() {
            Some(0..=3) if looks_like_stun(datagram) => worker.handle_stun(now, tuple, datagram),
            Some(20..=63) => worker.handle_dtls(now, tuple, datagram),
            Some(128..=191) => worker.handle_srtp(now, tuple, datagram),
            _ => worker.drop_packet(DropReason::NotOurs),
        });
    }

    fn owner(&mut self, tuple: Tuple) -> Option<u32> {
        self.current = self.by_tuple.get(&tuple.key()).copied();
        self.current
    }

    fn handle_stun(&mut self, now: Instant, tuple: Tuple, datagram: &[u8]) {
        if !self.affords_stun(now, tuple) {
            return self.drop_packet(DropReason::StunRate);
        }
        let Ok(message) = Message::parse(datagram) else {
            return self.drop_packet(DropReason::StunMalformed);
        };
        match message.class() {
            Class::Request => self.handle_check(now, tuple, &message),
            Class::Success | Class::Error => self.handle_answer(now, tuple, &message),
            // Keeps a NAT binding open and proves nothing (RFC 8445 §11).
            Class::Indication => {}
        }
    }

    /// Whether one more STUN message from there may be looked at. A peer's own share comes first, so that a flood from
    /// elsewhere does not reach it; what goes beyond it competes with the unknown, so that nobody who forges one
    /// person's address keeps this person out for less than what keeps everybody out.
    fn affords_stun(&mut self, now: Instant, tuple: Tuple) -> bool {
        let owner = self.owner(tuple).and_then(|index| self.peer(index));
        owner.is_some_and(|peer| peer.affords_stun(now)) || self.affords_unknown()
    }

    /// Whether one more STUN message of nobody we know, or beyond a peer's share, may be looked at.
    fn affords_unknown(&mut self) -> bool {
        let left = self.stun_left.checked_sub(1);
        self.stun_left = left.unwrap_or(0);
        left.is_some()
    }

    fn handle_check(&mut self, now: Instant, tuple: Tuple, message: &Message<'_>) {
        let ufrag = message
            .username()
            .and_then(|name| name.split(|byte| *byte == b':').next());
        let Some(&index) = ufrag.and_then(|ufrag| self.by_ufrag.get(ufrag)) else {
            return self.drop_packet(DropReason::StunUnknownUser);
        };
        if self.taken(now, tuple, index) {
            return self.drop_packet(DropReason::TupleTaken);
        }
        self.current = Some(index);
        let Some(peer) = self.peer(index) else {
            return self.drop_packet(DropReason::StunUnknownUser);
        };
        let outcome = peer.ice.handle_request(now, tuple, message);
        self.finish_stun(now, tuple, index, outcome);
    }

    fn handle_answer(&mut self, now: Instant, tuple: Tuple, message: &Message<'_>) {
        let found = match self.asked(tuple, message) {
            Some(owner) => Some(owner),
            None if self.affords_unknown() => self.seeking(tuple, message),
            None => return self.drop_packet(DropReason::StunRate),
        };
        let Some(index) = found else {
            return self.drop_packet(DropReason::StunUnknownUser);
        };
        self.current = Some(index);
        if let Some(peer) = self.peer(index) {
            let outcome = peer.ice.handle_response(now, tuple, message);
            self.finish_stun(now, tuple, index, outcome);
        }
    }

    /// The owner of a tuple, if it asked there what this response may answer.
    fn asked(&self, tuple: Tuple, message: &Message<'_>) -> Option<u32> {
        let index = *self.by_tuple.get(&tuple.key())?;
        let owner = self.peers.get(index as usize)?.as_deref()?;
        let asked = owner.ice.asked(tuple, message.transaction());
        asked.then_some(index)
    }

    /// The controlling end that still looks for its peer and may have found it here. The search goes through all
    /// peers, so each is counted.
    fn seeking(&self, tuple: Tuple, message: &Message<'_>) -> Option<u32> {
        let seeks = |peer: &crate::peer::Peer| peer.ice.awaits(tuple.remote, message.transaction());
        let found = self
            .peers
            .iter()
            .position(|peer| peer.as_deref().is_some_and(seeks));
        found.map(|index| index as u32)
    }

    fn finish_stun(
        &mut self,
        now: Instant,
        tuple: Tuple,
        index: u32,
        outcome: Result<crate::ice::Outcome, Refusal>,
    ) {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Refusal::Integrity) => return self.drop_packet(DropReason::StunIntegrity),
            Err(Refusal::WrongUser | Refusal::Unexpected) => {
                return self.drop_packet(DropReason::StunUnknownUser);
            }
        };
        if let Some(gone) = outcome.evicted {
            self.by_tuple.remove(&gone.key());
        }
        if outcome.verified {
            self.claim(tuple, index);
        }
        if let Some(answer) = outcome.answer {
            self.send_plain(tuple, &answer);
        }
        self.send_challenge(now, index, tuple);
        if self
            .peer(index)
            .is_some_and(|peer| peer.ice.believes(now, tuple))
        {
            self.heard(now, index);
        }
        self.start_client(now, index);
    }

    /// Asks a tuple that was nominated to prove that the peer reads there (M2.2).
    fn send_challenge(&mut self, now: Instant, index: u32, tuple: Tuple) {
        let due = |peer: &mut crate::peer::Peer| peer.ice.challenge_due(now, tuple);
        if !self.peer(index).is_some_and(due) {
            return;
        }
        let transaction = self.transaction();
        let challenge = self
            .peer(index)
            .and_then(|peer| peer.ice.poll_challenge(now, tuple, transaction));
        if let Some(bytes) = challenge {
            self.send_plain(tuple, &bytes);
        }
    }

    /// Whether another peer lives on this tuple: somebody who forges a source address must not draw its owner's
    /// packets away (attack 3). A browser that reloads on the same port waits for [`HOLD`] at most.
    fn taken(&self, now: Instant, tuple: Tuple, index: u32) -> bool {
        let owner = self
            .by_tuple
            .get(&tuple.key())
            .filter(|owner| **owner != index);
        let owner = owner.and_then(|owner| self.peers.get(*owner as usize)?.as_deref());
        owner.is_some_and(|owner| {
            owner.phase == Phase::Connected && now.since(owner.last_valid) < HOLD
        })
    }

    /// A tuple belongs to the peer that verified it last: a browser that reloads reuses its port.
    fn claim(&mut self, tuple: Tuple, index: u32) {
        if let Some(previous) = self.by_tuple.insert(tuple.key(), index)
            && previous != index
            && let Some(peer) = self.peer(previous)
        {
            peer.ice.forget(tuple);
        }
    }

    /// Notes life, and tells the core when a silent peer is back.
    fn heard(&mut self, now: Instant, index: u32) {
        let Some(peer) = self.peer(index) else { return };
        peer.heard(now);
        if peer.phase == Phase::Silent {
            peer.phase = if peer.session.is_some() {
                Phase::Connected
            } else {
                Phase::Connecting
            };
            self.announce(now, index);
        }
        self.reschedule(index);
    }

    /// A DTLS client speaks as soon as there is a path.
    fn start_client(&mut self, now: Instant, index: u32) {
        let Some(peer) = self.peer(index) else { return };
        if !peer.started && peer.ice.path().is_some() {
            peer.started = true;
            let result = peer.dtls.handle_timeout(now);
            self.drain_dtls(now, index, result);
        }
    }

    fn handle_dtls(&mut self, now: Instant, tuple: Tuple, datagram: &[u8]) {
        let Some(index) = self.owner(tuple) else {
            return self.drop_packet(DropReason::UnknownTuple);
        };
        let Some(peer) = self.peer(index) else {
            return self.drop_packet(DropReason::UnknownPeer);
        };
        if !peer.started {
            return self.drop_packet(DropReason::DtlsRefused);
        }
        let result = peer.dtls.handle_packet(now, datagram);
        self.drain_dtls(now, index, result);
    }

    /// Sends what DTLS wants to say and takes the keys when they are there.
    pub(super) fn drain_dtls(&mut self, now: Instant, index: u32, fed: Result<(), DtlsError>) {
        let Self {
            peers,
            transmits,
            counters,
            drops,
            ..
        } = self;
        let Some(peer) = peers.get_mut(index as usize).and_then(Option::as_deref_mut) else {
            return;
        };
        let path = peer.ice.path();
        let flights = &mut peer.flights;
        let drained = peer.dtls.drain(|packet| {
            let Some(tuple) = path else {
                return drops.count(DropReason::NotConnected);
            };
            flights.went(tuple);
            // Appending to memory cannot fail, so there is no error to carry.
            let _ = transmits.with::<()>(tuple, |arena| {
                arena.extend_from_slice(packet);
                Ok(())
            });
            counters.packets_out += 1;
            counters.bytes_out += packet.len() as u64;
        });
        match fed.and(drained) {
            Ok(None) => self.reschedule(index),
            Ok(Some(established)) => {
                let Ok(session) = Session::new(&established) else {
                    return self.lose(now, index, reason(DtlsError::Failed));
                };
                peer.session = Some(session);
                peer.phase = Phase::Connected;
                peer.ice.connected(now, peer.flights.only());
                if let Some(wanted) = peer.ice.wanted() {
                    self.send_challenge(now, index, wanted);
                }
                self.announce(now, index);
                self.reschedule(index);
            }
            Err(error) => {
                self.drop_packet(DropReason::DtlsRefused);
                self.lose(now, index, reason(error));
            }
        }
    }

    fn announce(&mut self, now: Instant, index: u32) {
        let Some(peer) = self.peer(index) else { return };
        let Some(session) = &peer.session else { return };
        let (id, dtls, profile) = (peer.id, session.version.into(), session.profile.into());
        self.events.push_back(Event::Connected {
            peer: id,
            dtls,
            profile,
        });
        self.media.peer_connected(now, id, &mut self.outbox);
    }

    fn handle_srtp(&mut self, now: Instant, tuple: Tuple, datagram: &mut [u8]) {
        let Some(index) = self.owner(tuple) else {
            return self.drop_packet(DropReason::UnknownTuple);
        };
        let Self {
            peers,
            drops,
            media,
            outbox,
            ..
        } = self;
        let Some(peer) = peers.get_mut(index as usize).and_then(Option::as_deref_mut) else {
            return;
        };
        let Some(session) = &mut peer.session else {
            return drops.count(DropReason::BeforeKeys);
        };
        let rtcp = is_rtcp(datagram);
        let opened = if rtcp {
            session.inbound.open_rtcp(datagram)
        } else {
            session.inbound.open_rtp(datagram)
        };
        let length = match opened {
            Ok(length) => length,
            Err(error) => return drops.count(refused(error, rtcp)),
        };
        let unproven = peer.ice.authenticated(now, tuple);
        peer.heard(now);
        let (id, back) = (peer.id, peer.phase == Phase::Silent);
        let plain = &mut datagram[..length];
        match rtcp {
            true if peer.affords_compound(now) => media.handle_rtcp(now, id, plain, outbox),
            true => drops.count(DropReason::RtcpRate),
            false if peer.affords_media(now, length) => media.handle_rtp(now, id, plain, outbox),
            false => {
                drops.count(DropReason::ClientRate);
                media.refuse_rtp(now, id, plain);
            }
        }
        if unproven {
            self.send_challenge(now, index, tuple);
        }
        if back {
            self.heard(now, index);
        }
    }
}

/// What is dropped before anybody asks whose it is.
fn inadmissible(tuple: Tuple, datagram: &[u8]) -> Option<DropReason> {
    if datagram.len() > MAX_DATAGRAM && active("datagram-length") {
        Some(DropReason::TooLarge)
    } else if tuple.remote.port() == 0 && active("port-0") {
        Some(DropReason::Unanswerable)
    } else {
        None
    }
}

const fn refused(error: OpenError, rtcp: bool) -> DropReason {
    match (error, rtcp) {
        (OpenError::Malformed, false) => DropReason::RtpMalformed,
        (OpenError::Malformed, true) => DropReason::RtcpMalformed,
        (OpenError::Authentication, false) => DropReason::SrtpAuth,
        (OpenError::Authentication, true) => DropReason::SrtcpAuth,
        (OpenError::Replay, false) => DropReason::SrtpReplay,
        (OpenError::Replay, true) => DropReason::SrtcpReplay,
        (OpenError::TooManyStreams, _) => DropReason::TooManySsrcs,
    }
}

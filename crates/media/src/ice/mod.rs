//! ICE of one peer (RFC 8445): the lite, controlled end towards clients, and the controlling end of links (M2.1).
//!
//! The agent owns which tuples are verified, which were nominated, which are proven, and the one that is sent to
//! (M2.2). A check says nothing of who sent it from there: it may be a copy, or carry a false source. So once media may
//! flow, a tuple is sent to only when something that went to it has come back: the handshake, or the answer to a check
//! of our own, the challenge.
//!
//! The agent builds STUN messages but sends nothing: answers, checks and challenges are returned. A tuple that shows no
//! valid check for [`TUPLE_LIFETIME`] stops being verified.

mod challenge;
mod controlling;
mod tuple;

use std::time::Duration;

use challenge::Challenge;
pub use controlling::CandidateError;
use controlling::Controlling;
pub use tuple::Tuple;

use crate::guard::active;
use crate::stun::{Builder, Class, ErrorCode, IntegrityKey, Message};
use crate::types::{IceCredentials, IceRole, Instant};

/// Consent ends 30 s after the last check (RFC 7675 §5.1).
pub const TUPLE_LIFETIME: Duration = Duration::from_secs(30);
/// Tuples one peer may hold. A laptop with several interfaces and relays uses fewer than ten; more would let
/// a peer fill the worker's table, fewer would refuse an honest check.
pub const MAX_TUPLES: usize = 16;

/// Why a STUN message was not believed. Nothing is ever answered then: an answer would be amplification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// USERNAME is missing or names other credentials.
    WrongUser,
    /// MESSAGE-INTEGRITY is missing or wrong.
    Integrity,
    /// A response to nothing we asked, or from elsewhere.
    Unexpected,
}

/// What an accepted message led to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// A datagram for the tuple it came from.
    pub answer: Option<Vec<u8>>,
    /// The tuple is verified now and was not before.
    pub verified: bool,
    /// A tuple that had to make room.
    pub evicted: Option<Tuple>,
}

/// One generation of credentials of both ends; it does not print.
struct Credentials {
    local_ufrag: Vec<u8>,
    remote_ufrag: Vec<u8>,
    local_key: IntegrityKey,
    remote_key: IntegrityKey,
}

impl Credentials {
    fn new(local: &IceCredentials, remote: &IceCredentials) -> Self {
        Self {
            local_ufrag: local.ufrag.clone().into_bytes(),
            remote_ufrag: remote.ufrag.clone().into_bytes(),
            local_key: IntegrityKey::new(local.pwd.as_bytes()),
            remote_key: IntegrityKey::new(remote.pwd.as_bytes()),
        }
    }

    /// `<ours>:<theirs>`, as the peer must write it.
    fn addressed_by(&self, username: &[u8]) -> bool {
        let rest = username
            .strip_prefix(&self.local_ufrag[..])
            .and_then(|rest| rest.strip_prefix(b":"));
        rest == Some(&self.remote_ufrag[..])
    }

    /// `<theirs>:<ours>`, as we must write it.
    fn username(&self) -> Vec<u8> {
        [&self.remote_ufrag[..], b":", &self.local_ufrag[..]].concat()
    }
}

/// A tuple on which a check of the peer was authenticated.
struct Verified {
    tuple: Tuple,
    nominated: bool,
    /// Something that was sent there has come back.
    proven: bool,
    /// When the peer last showed that it is there by what cannot be a copy: an answer, or SRTP.
    shown: Instant,
    /// The last check of our own that went there.
    challenge: Option<Challenge>,
    /// Its checks still use the credentials from before a restart.
    old: bool,
    last_check: Instant,
}

/// ICE of one peer: `handle_*` with what came in, `poll_*` for checks to send, [`Agent::path`] for where to send the
/// handshake, [`Agent::media_path`] for everything after it.
pub struct Agent {
    role: IceRole,
    credentials: Credentials,
    previous: Option<Credentials>,
    tie_breaker: u64,
    tuples: Vec<Verified>,
    selected: Option<Tuple>,
    /// The tuple nominated last; never one that was removed.
    wanted: Option<Tuple>,
    /// Where media goes, kept because it is asked for with every packet.
    media: Option<Tuple>,
    /// When SRTP last came from there; moves into `shown` when media goes elsewhere.
    media_heard: Instant,
    /// Media may flow, so a tuple must be proven.
    connected: bool,
    controlling: Option<Controlling>,
}

impl Agent {
    /// A lite, controlled agent.
    #[must_use]
    pub fn lite(local: &IceCredentials, remote: &IceCredentials, tie_breaker: u64) -> Self {
        Self {
            role: IceRole::Lite,
            credentials: Credentials::new(local, remote),
            previous: None,
            tie_breaker,
            tuples: Vec::new(),
            selected: None,
            wanted: None,
            media: None,
            media_heard: Instant::ZERO,
            connected: false,
            controlling: None,
        }
    }

    /// A controlling agent that checks one given candidate, starting now.
    ///
    /// # Errors
    /// [`CandidateError`] when the address is one that no peer can have (attack 4).
    pub fn controlling(
        local: &IceCredentials,
        remote: &IceCredentials,
        tie_breaker: u64,
        candidate: std::net::SocketAddr,
        now: Instant,
    ) -> Result<Self, CandidateError> {
        let controlling = Controlling::new(candidate, tie_breaker, now)?;
        Ok(Self {
            role: IceRole::Controlling,
            controlling: Some(controlling),
            ..Self::lite(local, remote, tie_breaker)
        })
    }

    /// New credentials (RFC 8445 §9); the old ones keep the session alive until the first new nomination.
    pub fn restart(&mut self, local: &IceCredentials, remote: &IceCredentials, now: Instant) {
        let new = Credentials::new(local, remote);
        self.previous = Some(std::mem::replace(&mut self.credentials, new));
        if let Some(controlling) = &mut self.controlling {
            controlling.restart(now);
        }
    }

    /// Our user fragment and, during a restart, the previous one.
    #[must_use]
    pub fn local_ufrags(&self) -> [Option<&[u8]>; 2] {
        [
            Some(&self.credentials.local_ufrag),
            self.previous.as_ref().map(|old| &old.local_ufrag[..]),
        ]
    }

    /// Takes a Binding request from `tuple`.
    ///
    /// # Errors
    /// [`Refusal`]: nothing changed, nothing is answered.
    pub fn handle_request(
        &mut self,
        now: Instant,
        tuple: Tuple,
        message: &Message<'_>,
    ) -> Result<Outcome, Refusal> {
        let username = message.username().ok_or(Refusal::WrongUser)?;
        let current = self.credentials.addressed_by(username);
        let credentials = match &self.previous {
            _ if current => &self.credentials,
            Some(previous) if previous.addressed_by(username) => previous,
            _ => return Err(Refusal::WrongUser),
        };
        if !message.verify(&credentials.local_key) {
            return Err(Refusal::Integrity);
        }
        if self.conflicts(message) {
            let answer = Builder::new(Class::Error, message.transaction())
                .error(ErrorCode::RoleConflict)
                .finish(&credentials.local_key);
            return Ok(Outcome {
                answer: Some(answer),
                ..Outcome::default()
            });
        }
        let answer = Builder::new(Class::Success, message.transaction())
            .mapped_address(tuple.remote)
            .finish(&credentials.local_key);
        let (verified, evicted) = self.verify(now, tuple);
        if let Some(known) = self.known(tuple) {
            known.old = !current;
        }
        if message.use_candidate() && self.role == IceRole::Lite {
            self.nominate(now, tuple);
            if current {
                self.previous = None;
            }
        }
        Ok(Outcome {
            answer: Some(answer),
            verified,
            evicted,
        })
    }

    /// Whether a response with this transaction from there may answer a check by which we look for the peer. Only a
    /// controlling end has such.
    #[must_use]
    #[inline]
    pub fn awaits(&self, from: std::net::SocketAddr, transaction: [u8; 12]) -> bool {
        self.controlling
            .as_ref()
            .is_some_and(|controlling| controlling.expects(from, transaction))
    }

    /// Whether a response with this transaction from that tuple may answer any check of ours.
    #[must_use]
    pub fn asked(&self, tuple: Tuple, transaction: [u8; 12]) -> bool {
        let challenged = |known: &Verified| known.answered_by(tuple, transaction);
        self.awaits(tuple.remote, transaction) || self.tuples.iter().any(challenged)
    }

    /// Takes a response to one of our checks.
    ///
    /// # Errors
    /// [`Refusal`]: nothing changed.
    pub fn handle_response(
        &mut self,
        now: Instant,
        tuple: Tuple,
        message: &Message<'_>,
    ) -> Result<Outcome, Refusal> {
        let Some(controlling) = self.controlling.as_mut() else {
            return self.handle_proof(now, tuple, message);
        };
        if !controlling.expects(tuple.remote, message.transaction()) {
            return Err(Refusal::Unexpected);
        }
        if !message.verify(&self.credentials.remote_key) {
            return Err(Refusal::Integrity);
        }
        if message.class() != Class::Success {
            return Err(Refusal::Unexpected);
        }
        controlling.answered(now);
        self.previous = None;
        let (verified, evicted) = self.verify(now, tuple);
        self.prove(now, tuple);
        self.nominate(now, tuple);
        Ok(Outcome {
            answer: None,
            verified,
            evicted,
        })
    }

    /// Tells that SRTP of the peer was authenticated on a tuple (M2.2); says whether it is a tuple to ask for a proof.
    #[inline]
    pub fn authenticated(&mut self, now: Instant, tuple: Tuple) -> bool {
        if self.media == Some(tuple) {
            self.media_heard = now;
            return false;
        }
        let Some(known) = self.known(tuple).filter(|known| known.nominated) else {
            return false;
        };
        known.shown = now;
        let proven = known.proven;
        if self.admits(proven) {
            self.selected = Some(tuple);
            self.choose_media();
        }
        self.challenge_due(now, tuple)
    }

    /// Where the handshake goes: the selected nominated tuple, else the one verified last.
    #[must_use]
    #[inline]
    pub fn path(&self) -> Option<Tuple> {
        self.selected
            .or_else(|| self.tuples.last().map(|last| last.tuple))
    }

    /// Where everything else goes: the selected tuple if it is proven, else the one proven last.
    #[must_use]
    #[inline]
    pub fn media_path(&self) -> Option<Tuple> {
        self.media
    }

    /// Every verified tuple.
    pub fn tuples(&self) -> impl Iterator<Item = Tuple> + '_ {
        self.tuples.iter().map(|known| known.tuple)
    }

    /// The check that is due, and where it goes.
    pub fn poll_check(
        &mut self,
        now: Instant,
        transaction: [u8; 12],
    ) -> Option<(std::net::SocketAddr, Vec<u8>)> {
        let controlling = self.controlling.as_mut()?;
        let (username, key) = (self.credentials.username(), &self.credentials.remote_key);
        controlling.check(now, transaction, &username, key)
    }

    /// Whether [`Agent::poll_check`] has something to send.
    #[must_use]
    pub fn check_due(&self, now: Instant) -> bool {
        self.controlling
            .as_ref()
            .is_some_and(|controlling| controlling.due() <= now)
    }

    /// When the next check is due or the next tuple ends.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let check = self.controlling.as_ref().map(Controlling::due);
        let expiry = self
            .tuples
            .iter()
            .map(|known| known.last_check + TUPLE_LIFETIME)
            .min();
        check.into_iter().chain(expiry).min()
    }

    /// Forgets one tuple whose consent has ended; call until it returns `None`.
    pub fn expire(&mut self, now: Instant) -> Option<Tuple> {
        let at = self
            .tuples
            .iter()
            .position(|known| now.since(known.last_check) >= TUPLE_LIFETIME)?;
        Some(self.remove(at))
    }

    /// Forgets a tuple that now belongs to another peer.
    pub fn forget(&mut self, tuple: Tuple) {
        if let Some(at) = self.tuples.iter().position(|known| known.tuple == tuple) {
            self.remove(at);
        }
    }

    /// Both ends in one role: ours is fixed by who we are, so the other one must yield (RFC 8445 §7.3.1.1).
    fn conflicts(&self, message: &Message<'_>) -> bool {
        match self.role {
            IceRole::Lite => message.controlled().is_some(),
            IceRole::Controlling => message.controlling().is_some(),
        }
    }

    fn verify(&mut self, now: Instant, tuple: Tuple) -> (bool, Option<Tuple>) {
        let may_be_copy = self.may_be_copy(now, tuple);
        if let Some(known) = self.known(tuple) {
            if !may_be_copy {
                known.last_check = now;
            }
            return (false, None);
        }
        let mut evicted = None;
        if self.tuples.len() >= MAX_TUPLES {
            let oldest = self
                .tuples
                .iter()
                .enumerate()
                .filter(|(_, known)| self.selected != Some(known.tuple));
            let oldest = oldest
                .min_by_key(|(_, known)| (known.proven, known.last_check))
                .map(|(at, _)| at);
            evicted = oldest.map(|at| self.remove(at));
        }
        self.tuples.push(Verified {
            tuple,
            nominated: false,
            proven: false,
            shown: Instant::ZERO,
            challenge: None,
            old: false,
            last_check: now,
        });
        (true, evicted)
    }

    fn nominate(&mut self, now: Instant, tuple: Tuple) {
        let may_be_copy = self.may_be_copy(now, tuple);
        let Some(known) = self.known(tuple) else {
            return;
        };
        known.nominated = true;
        let proven = known.proven && !may_be_copy;
        self.wanted = Some(tuple);
        if self.admits(proven) {
            self.selected = Some(tuple);
        }
        self.choose_media();
    }

    /// Whether a nominated tuple may take over now: a proven one always, another while none is proven.
    fn admits(&self, proven: bool) -> bool {
        proven || !self.bound() || !active("M2.2.proof")
    }

    /// Whether the selected tuple is a proven one, which only another proven one replaces.
    fn bound(&self) -> bool {
        self.selected.is_some_and(|tuple| self.is_proven(tuple))
    }

    fn known(&mut self, tuple: Tuple) -> Option<&mut Verified> {
        self.tuples.iter_mut().find(|known| known.tuple == tuple)
    }

    fn remove(&mut self, at: usize) -> Tuple {
        let gone = self.tuples.remove(at).tuple;
        if self.selected == Some(gone) {
            let nominated = || self.tuples.iter().rev().filter(|known| known.nominated);
            let next = nominated().find(|known| known.proven);
            let next = next.or_else(|| nominated().next());
            self.selected = next.map(|known| known.tuple);
        }
        self.wanted = self.wanted.filter(|wanted| *wanted != gone);
        self.choose_media();
        gone
    }

    /// Follows every change of what is selected or proven.
    fn choose_media(&mut self) {
        let proven = |tuple: &Tuple| self.is_proven(*tuple) || !active("M2.2.media-path");
        let media = self.selected.filter(proven).or_else(|| {
            let last = self.tuples.iter().rev().find(|known| known.proven);
            last.map(|known| known.tuple)
        });
        let before = std::mem::replace(&mut self.media, media);
        if before != media {
            let heard = std::mem::replace(&mut self.media_heard, Instant::ZERO);
            if let Some(known) = before.and_then(|before| self.known(before)) {
                known.shown = known.shown.max(heard);
            }
        }
    }

    /// Our tie-breaker, for checks and tests.
    #[must_use]
    pub fn tie_breaker(&self) -> u64 {
        self.tie_breaker
    }
}

#[cfg(test)]
mod tests;

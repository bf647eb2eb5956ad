//! Proof that a peer lives where its checks come from (M2.2): what was sent there has come back. A copied check, or one
//! with a false source, would else draw a person's media to somebody who never asked for it, until consent ends.
//!
//! A lite end sends no checks to find paths (RFC 8445 §2.5). This one serves another end, that of RFC 9000 §8.2, and every
//! full agent answers it as any check.

use std::time::Duration;

use super::{Agent, Outcome, Refusal, Tuple, Verified};
use crate::guard::active;
use crate::stun::{Builder, Class, Message, TransactionId};
use crate::types::{IceRole, Instant};

/// Between two challenges to one tuple. Each leaves for a packet that came from there, a check or SRTP, so that
/// forged ones amplify nothing worth the name.
const SPACING: Duration = Duration::from_millis(100);
/// How long a proof is good for. A check from a tuple that showed nothing for longer may be a copy of one that was sent
/// before: it keeps nothing alive until it is proven anew. Longer lets a copier draw out media to somebody who has gone,
/// shorter loses an honest peer whose answers were lost a few times.
const LEASE: Duration = Duration::from_secs(10);
/// After this long without SRTP or an answer a check asks for another, so that who only listens is never near the end of
/// its lease: browsers check each two to five seconds.
const RENEW: Duration = Duration::from_secs(2);
/// PRIORITY of a peer-reflexive candidate with the highest local preference (RFC 8445 §5.1.2.1).
const PRIORITY: u32 = (110 << 24) | (65_535 << 8) | 255;

/// A check of ours that waits for its answer. It is sent again as it was (RFC 8489 §6.2.1): an answer counts however
/// long it takes, and nobody who replays checks can make us forget what we asked.
#[derive(Clone, Copy)]
pub(super) struct Challenge {
    transaction: TransactionId,
    at: Instant,
}

impl Challenge {
    pub(super) fn is(&self, transaction: TransactionId) -> bool {
        self.transaction == transaction
    }
}

impl Verified {
    /// Whether a response with this transaction from there may answer the challenge that went to this tuple.
    pub(super) fn answered_by(&self, from: Tuple, transaction: TransactionId) -> bool {
        (self.tuple == from || !active("M2.2.proof-tuple"))
            && self.challenge.is_some_and(|last| last.is(transaction))
    }
}

impl Agent {
    /// Media may flow from now on. `flight` is the one tuple to which all of our handshake went, if it was only one:
    /// the peer could not have finished without reading it there.
    pub fn connected(&mut self, now: Instant, flight: Option<Tuple>) {
        self.connected = true;
        if let Some(tuple) = flight {
            self.prove(now, tuple);
        }
    }

    /// Whether a check from there shows that the peer lives: one from a tuple that is not proven, or was long ago, may be a
    /// copy.
    #[must_use]
    pub fn believes(&self, now: Instant, tuple: Tuple) -> bool {
        let proven = self.is_proven(tuple) && !self.may_be_copy(now, tuple);
        !self.connected || proven || !active("M1.7.life-is-proven")
    }

    /// Whether a tuple was proven so long ago that a check from there may be a copy of an earlier one.
    pub(super) fn may_be_copy(&self, now: Instant, tuple: Tuple) -> bool {
        let stale = |known: &Verified| {
            known.tuple == tuple && known.proven && self.silent(now, known) >= LEASE
        };
        self.connected && self.tuples.iter().any(stale) && active("M2.2.proof-lease")
    }

    /// How long a tuple has shown nothing that cannot be a copy.
    fn silent(&self, now: Instant, known: &Verified) -> Duration {
        let heard = if self.media == Some(known.tuple) {
            self.media_heard
        } else {
            Instant::ZERO
        };
        now.since(known.shown.max(heard))
    }

    /// Whether a tuple from which something just came must be asked for a proof now: any that was nominated, because
    /// Firefox nominates all of its pairs and then keeps to one of them, not always the last (M2.2); and one whose proof
    /// is getting old.
    #[must_use]
    pub fn challenge_due(&self, now: Instant, tuple: Tuple) -> bool {
        let due = |known: &Verified| {
            let soon =
                |last: Challenge| now.since(last.at) < SPACING && active("M2.2.proof-spacing");
            let asks = if known.proven {
                self.silent(now, known) >= RENEW
            } else {
                known.nominated || !active("M2.2.proof-of-nominated")
            };
            known.tuple == tuple && asks && !known.challenge.is_some_and(soon)
        };
        self.role == IceRole::Lite && self.connected && self.tuples.iter().any(due)
    }

    /// The tuple nominated last.
    #[must_use]
    pub fn wanted(&self) -> Option<Tuple> {
        self.wanted
    }

    /// The challenge to that tuple, if it is due; with the transaction of the one that still waits there, if any.
    pub fn poll_challenge(
        &mut self,
        now: Instant,
        tuple: Tuple,
        transaction: TransactionId,
    ) -> Option<Vec<u8>> {
        if !self.challenge_due(now, tuple) {
            return None;
        }
        let tie_breaker = self.tie_breaker;
        let known = self.known(tuple)?;
        let pending = known.challenge.filter(|_| active("M2.2.proof-resent"));
        let transaction = pending.map_or(transaction, |last| last.transaction);
        known.challenge = Some(Challenge {
            transaction,
            at: now,
        });
        let old = known.old;
        let credentials = self.generation(old);
        let request = Builder::new(Class::Request, transaction)
            .username(&credentials.username())
            .priority(PRIORITY)
            .controlled(tie_breaker);
        Some(request.finish(&credentials.remote_key))
    }

    /// Takes the answer to a challenge; it counts only from the very tuple that was asked.
    pub(super) fn handle_proof(
        &mut self,
        now: Instant,
        tuple: Tuple,
        message: &Message<'_>,
    ) -> Result<Outcome, Refusal> {
        let asked = |known: &&Verified| known.answered_by(tuple, message.transaction());
        let known = self.tuples.iter().find(asked).ok_or(Refusal::Unexpected)?;
        let key = &self.generation(known.old).remote_key;
        if !message.verify(key) && active("M2.2.proof-integrity") {
            return Err(Refusal::Integrity);
        }
        if message.class() != Class::Success {
            return Err(Refusal::Unexpected);
        }
        self.prove(now, tuple);
        self.verify(now, tuple);
        Ok(Outcome::default())
    }

    /// Something that was sent to this tuple has come back.
    pub(super) fn prove(&mut self, now: Instant, tuple: Tuple) {
        let bound = self.bound();
        let wanted = self.wanted == Some(tuple);
        let Some(known) = self.known(tuple) else {
            return;
        };
        known.proven = true;
        known.shown = now;
        known.challenge = None;
        if known.nominated && (wanted || !bound) {
            self.selected = Some(tuple);
        }
        self.choose_media();
    }

    pub(super) fn is_proven(&self, tuple: Tuple) -> bool {
        self.tuples
            .iter()
            .any(|known| known.tuple == tuple && known.proven)
    }

    fn generation(&self, old: bool) -> &super::Credentials {
        match &self.previous {
            Some(previous) if old => previous,
            _ => &self.credentials,
        }
    }
}

//! What happens by itself: silence, consent, checks, handshake retransmissions, statistics.

use super::{MediaHalf, STATS, STUN_PER_SECOND, Worker};
use crate::ice::Tuple;
use crate::peer::{LINGER, Phase};
use crate::types::{Event, Instant};

impl<M: MediaHalf> Worker<M> {
    /// Does everything that is due; call when [`Worker::poll_timeout`] has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now >= self.transport_due {
            self.transport_timeouts(now);
        }
        if self.media.poll_timeout().is_some_and(|due| now >= due) {
            self.media.handle_timeout(now, &mut self.outbox);
        }
        if now >= self.stats_due {
            self.stats_due = now + STATS;
            self.stun_left = STUN_PER_SECOND;
            let stats = self.stats();
            self.events.push_back(Event::Stats(stats));
        }
    }

    /// Brings the transport's deadline forward to what this peer needs.
    pub(super) fn reschedule(&mut self, index: u32) {
        if let Some(due) = self.peer(index).map(|peer| peer.due()) {
            self.transport_due = self.transport_due.min(due);
        }
    }

    fn transport_timeouts(&mut self, now: Instant) {
        for index in 0..self.peers.len() as u32 {
            if self.peers[index as usize]
                .as_ref()
                .is_some_and(|peer| peer.due() <= now)
            {
                self.guarded(now, |worker| {
                    worker.current = Some(index);
                    worker.peer_timeout(now, index);
                });
            }
        }
        let due = self.peers.iter().flatten().map(|peer| peer.due()).min();
        self.transport_due = due
            .unwrap_or(now + LINGER)
            .max(Instant::from_nanos(now.as_nanos() + 1));
    }

    fn peer_timeout(&mut self, now: Instant, index: u32) {
        self.end_tuples(now, index);
        self.send_check(now, index);
        if let Some(peer) = self.peer(index)
            && peer.started
            && peer.dtls.poll_timeout().is_some_and(|due| due <= now)
        {
            let result = peer.dtls.handle_timeout(now);
            self.drain_dtls(now, index, result);
        }
        self.end_silence(now, index);
    }

    fn end_tuples(&mut self, now: Instant, index: u32) {
        while let Some(gone) = self.peer(index).and_then(|peer| peer.ice.expire(now)) {
            self.by_tuple.remove(&gone.key());
        }
    }

    fn send_check(&mut self, now: Instant, index: u32) {
        if !self.peer(index).is_some_and(|peer| peer.ice.check_due(now)) {
            return;
        }
        let transaction = self.transaction();
        let check = self
            .peer(index)
            .and_then(|peer| peer.ice.poll_check(now, transaction));
        if let Some((to, bytes)) = check {
            self.send_plain(Tuple::new(to, None), &bytes);
        }
    }

    /// M1.7: says once that a peer is lost, keeps it for an ICE restart, and at last forgets it
    /// and says that as well, since only then its number is free.
    fn end_silence(&mut self, now: Instant, index: u32) {
        let Some(peer) = self.peer(index) else { return };
        if now.since(peer.last_valid) < peer.patience() {
            return;
        }
        if peer.phase == Phase::Silent {
            return self.lose(now, index, "forgotten");
        }
        peer.phase = Phase::Silent;
        let id = peer.id;
        self.events.push_back(Event::Lost {
            peer: id,
            reason: "timeout".into(),
        });
    }
}

//! Which track fills which slot, and which of its layers (M4): the core decides the first, the worker the second
//! by what flows and by how large the slot is.

use super::forwarder::Forwarder;
use super::track::{NONE, Subscription};
use crate::guard::active;
use crate::outbox::Outbox;
use crate::pli::Need;
use crate::types::{Event, Instant, PeerId, SlotAssignment, Source, TrackId};

impl Forwarder {
    /// Fills and empties slots of one peer; those not listed stay. A track of another room, of the peer itself
    /// or of the wrong kind empties the slot: own tracks are never sent back.
    pub fn set_slots(
        &mut self,
        now: Instant,
        id: PeerId,
        list: &[SlotAssignment],
        out: &mut Outbox,
    ) {
        let Some(&place) = self.by_id.get(&id) else {
            return;
        };
        let mut wanted = Vec::with_capacity(list.len());
        for assignment in list {
            let Some(slot) = self.find_slot(place, assignment) else {
                continue;
            };
            let track = assignment
                .track
                .and_then(|track| self.allowed(place, assignment, track));
            if self.slots.get(slot).is_some_and(|slot| slot.track != track) {
                self.unsubscribe(now, slot, track.is_some());
            }
            wanted.push((slot, track, assignment));
        }
        for (slot, track, assignment) in wanted {
            match track {
                None => self.empty_slot(slot),
                Some(track) => self.fill_slot(now, place, slot, track, assignment, out),
            }
        }
    }

    fn find_slot(&self, place: u32, wanted: &SlotAssignment) -> Option<u32> {
        self.peers.get(place)?.slots.iter().copied().find(|at| {
            let slot = self.slots.get(*at);
            slot.is_some_and(|slot| slot.kind == wanted.kind && slot.index == wanted.index)
        })
    }

    /// The track, if this peer may see it in such a slot.
    fn allowed(&self, place: u32, wanted: &SlotAssignment, track: TrackId) -> Option<u32> {
        let receiver = self.peers.get(place)?;
        let publisher = self.peers.get(*self.by_id.get(&track.peer)?)?;
        let fits = (publisher.room == receiver.room || !active("own-room"))
            && (publisher.id != receiver.id || !active("own-track"))
            && (wanted.kind.accepts(track.source) || !active("K5.3.kind-of-slot"));
        fits.then_some(publisher.tracks[track.source as usize])
            .flatten()
    }

    fn fill_slot(
        &mut self,
        now: Instant,
        place: u32,
        at: u32,
        track_at: u32,
        assignment: &SlotAssignment,
        out: &mut Outbox,
    ) {
        if active("K5.3.one-slot") {
            self.leave_other_slots(now, place, at, track_at);
        }
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        slot.max_layer = assignment.max_layer;
        slot.await_epoch = assignment.await_epoch;
        let new = slot.track.replace(track_at) != Some(track_at);
        let Some(track) = self.tracks.get_mut(track_at) else {
            return;
        };
        // A key frame sent before the receiver has keys would be lost on it.
        let connected = self
            .peers
            .get(place)
            .is_some_and(|peer| peer.connected || !active("before-keys"));
        let target = if connected {
            track.best(assignment.max_layer)
        } else {
            NONE
        };
        let subscribed = track.subscriptions.iter_mut().find(|sub| sub.slot == at);
        let showing = match subscribed {
            Some(sub) => {
                sub.target = target;
                sub.current
            }
            None => {
                track.subscriptions.push(Subscription {
                    slot: at,
                    current: NONE,
                    target,
                    past: NONE,
                });
                NONE
            }
        };
        let reached = assignment
            .await_epoch
            .is_some_and(|e| track.epoch.is_some_and(|(now, _)| not_before(now, e)));
        if reached {
            slot.await_epoch = None;
        }
        if showing != target || new {
            slot.wished = true;
            slot.ask = Some((now, 0));
            self.note_busy(track_at, now);
        } else if reached {
            self.force_keyframe(now, track_at, out);
        }
        self.work(now, track_at, out);
    }

    /// A peer's handshake is done: its slots begin to ask for what they are to show.
    pub fn peer_connected(&mut self, now: Instant, id: PeerId, out: &mut Outbox) {
        let Some(peer) = self.by_id.get(&id).and_then(|at| self.peers.get_mut(*at)) else {
            return;
        };
        peer.connected = true;
        for at in peer.slots.clone() {
            let Some(slot) = self.slots.get_mut(at) else {
                continue;
            };
            let Some(track_at) = slot.track else { continue };
            slot.ask = Some((now, 0));
            let max = slot.max_layer;
            let Some(track) = self.tracks.get_mut(track_at) else {
                continue;
            };
            let best = track.best(max);
            let own = track.subscriptions.iter_mut().filter(|sub| sub.slot == at);
            own.for_each(|sub| sub.target = best);
            self.work(now, track_at, out);
        }
    }

    /// A frame is opened at most once by a client (K5.3), so a track fills at most one of its slots.
    fn leave_other_slots(&mut self, now: Instant, place: u32, at: u32, track_at: u32) {
        let Some(peer) = self.peers.get(place) else {
            return;
        };
        let twice = |other: &u32| {
            *other != at
                && self
                    .slots
                    .get(*other)
                    .is_some_and(|slot| slot.track == Some(track_at))
        };
        let others: Vec<_> = peer.slots.iter().copied().filter(twice).collect();
        for other in others {
            self.unsubscribe(now, other, false);
            self.empty_slot(other);
        }
    }

    /// Takes a slot out of its track's list. With `gaps`, late packets of that track may still fill them.
    pub(super) fn unsubscribe(&mut self, now: Instant, at: u32, gaps: bool) {
        if self.slots.get(at).is_some_and(|slot| slot.past.is_some()) {
            self.forget_past(at);
        }
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        slot.ask = None;
        let Some(track) = slot.track.take().and_then(|at| self.tracks.get_mut(at)) else {
            return;
        };
        let Some(n) = track.subscriptions.iter().position(|sub| sub.slot == at) else {
            return;
        };
        let current = track.subscriptions[n].current;
        if gaps && current != NONE {
            slot.leave(now);
            track.subscriptions[n] = Subscription {
                slot: at,
                current: NONE,
                target: NONE,
                past: current,
            };
        } else {
            track.subscriptions.swap_remove(n);
        }
    }

    /// Removes every trace of a slot's earlier sources from other tracks.
    pub(super) fn forget_past(&mut self, at: u32) {
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        slot.past = None;
        let keep = slot.track;
        for n in 0..self.tracks.places() {
            let Some(track) = self.tracks.get_mut(n) else {
                continue;
            };
            if keep == Some(n) {
                let own = track.subscriptions.iter_mut().filter(|sub| sub.slot == at);
                own.for_each(|sub| sub.past = NONE);
            } else {
                track.subscriptions.retain(|sub| sub.slot != at);
            }
        }
    }

    /// Leaves a slot without a track and tells the core.
    pub(super) fn empty_slot(&mut self, at: u32) {
        self.forget_past(at);
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        slot.track = None;
        slot.ask = None;
        slot.await_epoch = None;
        let (peer, kind, index) = (slot.peer_id, slot.kind, slot.index);
        self.events.push_back(Event::Slot {
            peer,
            kind,
            index,
            track: None,
            layer: 0,
        });
    }

    /// Layers of a track came or went: every slot gets the best one for it.
    pub(super) fn choose_layers(&mut self, now: Instant, at: u32) {
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        let mut changed = false;
        let mut subscriptions = std::mem::take(&mut track.subscriptions);
        for sub in subscriptions.iter_mut().filter(|sub| sub.target != NONE) {
            let Some(slot) = self.slots.get_mut(sub.slot) else {
                continue;
            };
            let best = track.best(slot.max_layer);
            if best != sub.target {
                sub.target = best;
                slot.ask = (best != sub.current).then_some((now, 0));
                changed = true;
            }
        }
        track.subscriptions = subscriptions;
        let (TrackId { peer, source }, layers) = (track.id, track.flowing());
        self.events.push_back(Event::Track {
            peer,
            source,
            layers,
        });
        if changed {
            self.note_busy(at, now);
        }
    }

    /// Asks a publisher for a key frame on the core's behalf.
    pub fn request_keyframe(&mut self, now: Instant, id: PeerId, source: Source, out: &mut Outbox) {
        if let Some(at) = self.track_of(id, source) {
            self.ask_keyframe(now, at, Need::Loss, out);
        }
    }
}

/// Whether an epoch byte is the same as or after another, on the circle of 256.
pub(super) fn not_before(epoch: u8, than: u8) -> bool {
    epoch.wrapping_sub(than) < 128
}

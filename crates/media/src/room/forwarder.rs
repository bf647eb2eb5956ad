//! The media half of a worker. It knows no addresses and no keys: it takes plain packets of known peers and
//! leaves plain packets for other peers in an [`Outbox`].

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use super::peer::{Peer, check_sections};
use super::slab::Slab;
use super::track::{NONE, Track};
use super::{Room, RoomError};
use crate::drops::DropCounts;
use crate::guard::active;
use crate::ntp;
use crate::slots::slot::Slot;
use crate::slots::wire::Wire;
use crate::types::{Content, Event, Instant, PeerId, PeerStats, RoomId, Section, Source, TrackId};

/// Spreads ids, which the core counts up, over a table; they are not hostile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(*byte as u64));
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = (self.0 ^ id)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(32);
    }
}

/// A table by id.
type ById<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// What a forwarder is made with.
#[derive(Clone, Debug)]
pub struct ForwarderConfig {
    /// Seed of all its randomness.
    pub seed: [u8; 32],
    /// The wall clock at [`Instant::ZERO`], since 1900.
    pub wall_offset: Duration,
}

/// Rooms, tracks and slots of one worker.
///
/// Commands change who sees what: `add_*`, `update_peer`, `remove_*`, `set_*`, `request_keyframe`; nothing is sent
/// into slots before `peer_connected`. Packets come
/// through `handle_rtp` and `handle_rtcp`. Then call `handle_timeout` when `poll_timeout` is due, and drain
/// `poll_event`. Every method that can send takes the outbox.
#[derive(Debug)]
pub struct Forwarder {
    pub(super) wall_offset: Duration,
    pub(super) random: u64,
    pub(super) rooms: ById<RoomId, Room>,
    pub(super) by_id: ById<PeerId, u32>,
    pub(super) peers: Slab<Peer>,
    pub(super) tracks: Slab<Track>,
    pub(super) slots: Slab<Slot>,
    pub(super) events: VecDeque<Event>,
    pub(super) drops: DropCounts,
    /// Tracks with something due: a NACK, a key frame request, a switch that waits.
    pub(super) busy: Vec<u32>,
    pub(super) busy_at: Option<Instant>,
    pub(super) tick_at: Option<Instant>,
    pub(super) ticks: u64,
    pub(super) serial: u64,
    /// Slots that switched with the packet at hand; kept to reuse its memory.
    pub(super) switched: Vec<u32>,
    #[cfg(feature = "tap")]
    pub(super) tap: bool,
}

impl Forwarder {
    /// An empty forwarder.
    pub fn new(config: ForwarderConfig) -> Forwarder {
        let seed = config.seed.chunks_exact(8);
        let words = seed.map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")));
        Forwarder {
            wall_offset: config.wall_offset,
            random: words.fold(0, |mixed, word| mix(mixed ^ word)),
            rooms: HashMap::default(),
            by_id: HashMap::default(),
            peers: Slab::default(),
            tracks: Slab::default(),
            slots: Slab::default(),
            events: VecDeque::new(),
            drops: DropCounts::default(),
            busy: Vec::new(),
            busy_at: None,
            tick_at: None,
            ticks: 0,
            serial: 0,
            switched: Vec::new(),
            #[cfg(feature = "tap")]
            tap: false,
        }
    }

    /// Numbers that only have to differ: first sequence numbers, timestamps and SSRCs.
    pub(super) fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.random)
    }

    /// Opens a meeting; opening it twice changes nothing.
    pub fn add_room(&mut self, room: RoomId) {
        self.rooms.entry(room).or_default();
    }

    /// Ends a meeting and forgets its peers.
    pub fn remove_room(&mut self, now: Instant, room: RoomId) {
        let Some(closed) = self.rooms.get(&room) else {
            return;
        };
        let ids: Vec<_> = closed
            .peers
            .iter()
            .filter_map(|at| Some(self.peers.get(*at)?.id))
            .collect();
        for id in ids {
            self.remove_peer(now, id);
        }
        self.rooms.remove(&room);
    }

    /// Admits a peer with its negotiated sections.
    pub fn add_peer(
        &mut self,
        now: Instant,
        id: PeerId,
        room: RoomId,
        sections: &[Section],
    ) -> Result<(), RoomError> {
        check_sections(sections)?;
        if self.by_id.contains_key(&id) {
            return Err(RoomError::PeerExists);
        }
        if !self.rooms.contains_key(&room) {
            return Err(RoomError::UnknownRoom);
        }
        let ssrc = self.draw() as u32;
        let mut peer = Peer::new(now, id, room, ssrc);
        // Reports of a crowd are spread over the second.
        peer.report_at = now + Duration::from_millis(100 * (self.draw() % 10));
        let place = self.peers.insert(peer);
        self.by_id.insert(id, place);
        self.rooms
            .get_mut(&room)
            .expect("it was just found")
            .peers
            .push(place);
        self.tick_at.get_or_insert(now);
        self.add_sections(place, sections);
        Ok(())
    }

    /// Growth by renegotiation: the full list; what is known already stays as it is (M3.1).
    pub fn update_peer(&mut self, id: PeerId, sections: &[Section]) -> Result<(), RoomError> {
        check_sections(sections)?;
        let place = *self.by_id.get(&id).ok_or(RoomError::UnknownPeer)?;
        self.add_sections(place, sections);
        Ok(())
    }

    fn add_sections(&mut self, place: u32, sections: &[Section]) {
        for section in sections {
            match &section.content {
                Content::Publish { source, .. } => self.add_track(place, *source, section),
                Content::Slot { kind, index, .. } => {
                    let seed = self.draw();
                    let Some(peer) = self.peers.get_mut(place) else {
                        return;
                    };
                    let known = |at: &u32| {
                        self.slots
                            .get(*at)
                            .is_some_and(|s| s.kind == *kind && s.index == *index)
                    };
                    if peer.slots.iter().any(known) {
                        continue;
                    }
                    let Some(wire) = Wire::of(section) else {
                        continue;
                    };
                    peer.ids.extend(&section.extensions);
                    peer.slot_ssrcs.push(wire.ssrc);
                    let slot = Slot::new(place, peer.id, *kind, *index, wire, seed);
                    peer.slots.push(self.slots.insert(slot));
                }
            }
        }
    }

    fn add_track(&mut self, place: u32, source: Source, section: &Section) {
        let Some(peer) = self.peers.get_mut(place) else {
            return;
        };
        peer.ids.extend(&section.extensions);
        peer.bindings.add(section);
        if peer.tracks[source as usize].is_none() {
            let published = peer
                .bindings
                .sections
                .iter()
                .find(|known| known.source == source);
            let layers = published.map_or(1, |known| known.layers());
            self.serial += 1;
            let id = TrackId {
                peer: peer.id,
                source,
            };
            let mut track = Track::new(id, place, self.serial, layers);
            track.forbidden = !peer.publish[source as usize];
            track.muted = peer.muted[source as usize];
            peer.tracks[source as usize] = Some(self.tracks.insert(track));
        }
    }

    /// Forgets a peer; slots that showed its tracks fall empty.
    pub fn remove_peer(&mut self, now: Instant, id: PeerId) {
        let Some(place) = self.by_id.remove(&id) else {
            return;
        };
        let Some(peer) = self.peers.remove(place) else {
            return;
        };
        for at in peer.tracks.into_iter().flatten() {
            let Some(track) = self.tracks.remove(at) else {
                continue;
            };
            for subscription in track.subscriptions {
                // One that only shows its past here shows another track by now.
                match self.slots.get_mut(subscription.slot) {
                    Some(slot) if slot.track != Some(at) => slot.past = None,
                    Some(_) => self.empty_slot(subscription.slot),
                    None => {}
                }
            }
        }
        for at in peer.slots.iter().filter(|_| active("attack-19.slots")) {
            self.unsubscribe(now, *at, false);
            self.slots.remove(*at);
        }
        if let Some(room) = self.rooms.get_mut(&peer.room) {
            room.peers.retain(|other| *other != place);
            room.speakers.remove(id);
        }
    }

    /// Binds a peer to its leaf; without one its frames are dropped (K5.4).
    pub fn set_leaf(&mut self, id: PeerId, leaf: Option<u16>) {
        if let Some(peer) = self.by_id.get(&id).and_then(|at| self.peers.get_mut(*at)) {
            peer.leaf = leaf;
        }
    }

    /// Says which sources a peer may send, from now on and in sections that come later; packets of others are dropped.
    pub fn set_publish(&mut self, now: Instant, id: PeerId, sources: &[Source]) {
        for source in Source::ALL {
            let may = sources.contains(&source);
            self.hold(now, id, source, |peer, track| {
                peer.publish[source as usize] = may;
                track.is_some_and(|track| std::mem::replace(&mut track.forbidden, !may) == may)
            });
        }
    }

    /// Mutes a source on behalf of the server: its packets are dropped from now on, in a section that comes later too.
    pub fn set_muted(&mut self, now: Instant, id: PeerId, source: Source, muted: bool) {
        self.hold(now, id, source, |peer, track| {
            peer.muted[source as usize] = muted;
            track.is_some_and(|track| std::mem::replace(&mut track.muted, muted) != muted)
        });
    }

    /// Lets `change` hold a source or let it go; if it did, what was shown of it stops until it is entered anew, and what
    /// was missing is not asked for.
    fn hold(
        &mut self,
        now: Instant,
        id: PeerId,
        source: Source,
        change: impl FnOnce(&mut Peer, Option<&mut Track>) -> bool,
    ) {
        let Some(peer) = self.by_id.get(&id).and_then(|at| self.peers.get_mut(*at)) else {
            return;
        };
        let at = peer.tracks[source as usize];
        let changed = change(peer, at.and_then(|at| self.tracks.get_mut(at)));
        let Some((at, track)) = at.and_then(|at| Some((at, self.tracks.get_mut(at)?))) else {
            return;
        };
        if !changed {
            return;
        }
        let (held, flowed) = (track.held().is_some(), track.flowing() != 0);
        for layer in &mut track.layers {
            layer.missing.clear();
            layer.flowing &= !held;
        }
        for layer in 0..track.layers.len() as u8 {
            self.interrupt(now, at, layer);
        }
        if held && flowed {
            self.choose_layers(now, at);
        }
    }

    /// Signing counts as speaking (M4.7); it is told at once, as a voice is.
    pub fn set_signing(&mut self, now: Instant, id: PeerId, signing: bool) {
        let Some(peer) = self.by_id.get(&id).and_then(|at| self.peers.get(*at)) else {
            return;
        };
        if let Some(room) = self.rooms.get_mut(&peer.room) {
            room.speakers.sign(now, id, signing);
            let told = room.tell_speakers(peer.room);
            self.events.extend(told);
        }
    }

    /// Place of a peer's track.
    pub(super) fn track_of(&self, id: PeerId, source: Source) -> Option<u32> {
        self.peers.get(*self.by_id.get(&id)?)?.tracks[source as usize]
    }

    /// Slots that show this layer stop until it can be entered anew: something of it was refused, or its stream
    /// began again.
    pub(super) fn interrupt(&mut self, now: Instant, at: u32, layer: u8) {
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        let mut waits = false;
        for sub in track.subscriptions.iter_mut() {
            if sub.past == layer {
                sub.past = NONE;
            }
            if sub.current == layer {
                sub.current = NONE;
                waits = true;
                if let Some(slot) = self.slots.get_mut(sub.slot) {
                    slot.past = None;
                    slot.ask = Some((now, 0));
                }
            }
        }
        if waits {
            self.note_busy(at, now);
        }
    }

    /// Puts a track into the list of those with something due at `when`.
    pub(super) fn note_busy(&mut self, at: u32, when: Instant) {
        if let Some(track) = self.tracks.get_mut(at)
            && !std::mem::replace(&mut track.listed, true)
        {
            self.busy.push(at);
        }
        self.busy_at = Some(self.busy_at.map_or(when, |other| other.min(when)));
    }

    /// abs-send-time of a moment: 24 bits of 6.18 fixed-point seconds.
    pub(super) fn abs_send_time(&self, now: Instant) -> u32 {
        (ntp::from_nanos(ntp::wall(now, self.wall_offset)) >> 14) as u32 & 0xff_ffff
    }

    /// When `handle_timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.busy_at, self.tick_at].into_iter().flatten().min()
    }

    /// The next thing to tell the core.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Everything refused so far, by name.
    pub fn drops(&self) -> &DropCounts {
        &self.drops
    }

    /// Appends the counters of every peer.
    pub fn peer_stats(&self, to: &mut Vec<PeerStats>) {
        to.extend(self.peers.iter().map(|(_, peer)| peer.stats()));
    }

    /// Turns the tap on: every packet comes out as an event as well.
    #[cfg(feature = "tap")]
    pub fn set_tap(&mut self, on: bool) {
        self.tap = on;
    }
}

/// The finaliser of SplitMix64: spreads every input bit over the output.
fn mix(mut value: u64) -> u64 {
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

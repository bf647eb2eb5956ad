//! The real media half: [`Forwarder`] behind [`MediaHalf`].

use std::time::Duration;

use super::MediaHalf;
use crate::config::Config;
use crate::drops::DropCounts;
use crate::outbox::Outbox;
use crate::room::RoomError;
use crate::room::forwarder::{Forwarder, ForwarderConfig};
use crate::types::{Event, Instant, PeerId, PeerStats, RoomId, Section, SlotAssignment, Source};

/// From 1900, where NTP counts from, to 1970, where Unix does (RFC 5905 §6).
const UNIX_EPOCH: Duration = Duration::from_secs(2_208_988_800);

/// The media half of a real worker.
#[must_use]
pub fn media_half(config: &Config) -> Forwarder {
    Forwarder::new(ForwarderConfig {
        seed: config.seed,
        wall_offset: config.wall_offset + UNIX_EPOCH,
    })
}

impl MediaHalf for Forwarder {
    fn add_room(&mut self, room: RoomId) {
        Self::add_room(self, room);
    }

    fn remove_room(&mut self, now: Instant, room: RoomId) {
        Self::remove_room(self, now, room);
    }

    fn add_peer(
        &mut self,
        now: Instant,
        peer: PeerId,
        room: RoomId,
        sections: &[Section],
    ) -> Result<(), RoomError> {
        Self::add_peer(self, now, peer, room, sections)
    }

    fn update_peer(
        &mut self,
        _now: Instant,
        peer: PeerId,
        sections: &[Section],
    ) -> Result<(), RoomError> {
        Self::update_peer(self, peer, sections)
    }

    fn remove_peer(&mut self, now: Instant, peer: PeerId) {
        Self::remove_peer(self, now, peer);
    }

    fn peer_connected(&mut self, now: Instant, peer: PeerId, outbox: &mut Outbox) {
        Self::peer_connected(self, now, peer, outbox);
    }

    fn set_leaf(&mut self, _now: Instant, peer: PeerId, leaf: Option<u16>) {
        Self::set_leaf(self, peer, leaf);
    }

    fn set_slots(
        &mut self,
        now: Instant,
        peer: PeerId,
        slots: &[SlotAssignment],
        outbox: &mut Outbox,
    ) {
        Self::set_slots(self, now, peer, slots, outbox);
    }

    fn set_publish(&mut self, now: Instant, peer: PeerId, sources: &[Source]) {
        Self::set_publish(self, now, peer, sources);
    }

    fn set_muted(&mut self, now: Instant, peer: PeerId, source: Source, muted: bool) {
        Self::set_muted(self, now, peer, source, muted);
    }

    fn set_signing(&mut self, now: Instant, peer: PeerId, signing: bool) {
        Self::set_signing(self, now, peer, signing);
    }

    fn request_keyframe(
        &mut self,
        now: Instant,
        peer: PeerId,
        source: Source,
        outbox: &mut Outbox,
    ) {
        Self::request_keyframe(self, now, peer, source, outbox);
    }

    #[cfg(feature = "tap")]
    fn set_tap(&mut self, on: bool) -> bool {
        Self::set_tap(self, on);
        true
    }

    #[cfg(not(feature = "tap"))]
    fn set_tap(&mut self, _on: bool) -> bool {
        false
    }

    #[inline]
    fn handle_rtp(&mut self, now: Instant, peer: PeerId, packet: &mut [u8], outbox: &mut Outbox) {
        Self::handle_rtp(self, now, peer, packet, outbox);
    }

    fn refuse_rtp(&mut self, now: Instant, peer: PeerId, packet: &[u8]) {
        Self::refuse_rtp(self, now, peer, packet);
    }

    fn handle_rtcp(&mut self, now: Instant, peer: PeerId, compound: &[u8], outbox: &mut Outbox) {
        Self::handle_rtcp(self, now, peer, compound, outbox);
    }

    fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        Self::handle_timeout(self, now, outbox);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn poll_event(&mut self) -> Option<Event> {
        Self::poll_event(self)
    }

    fn drops(&self) -> &DropCounts {
        Self::drops(self)
    }

    fn peer_stats(&self) -> Vec<PeerStats> {
        let mut stats = Vec::new();
        Self::peer_stats(self, &mut stats);
        stats
    }
}

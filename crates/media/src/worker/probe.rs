//! A media half without rooms: it records what the transport hands up and sends what a test tells it to. The
//! transport's own tests and its raw floor in the figures stand on it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::MediaHalf;
use crate::drops::DropCounts;
use crate::outbox::Outbox;
use crate::room::RoomError;
use crate::types::{Event, Instant, PeerId, PeerStats, RoomId, Section, SlotAssignment, Source};

/// Records and sends; see the module's text.
#[derive(Default)]
pub struct Probe {
    /// Plain RTP packets, with the peer that sent them.
    pub rtp: Vec<(PeerId, Vec<u8>)>,
    /// Plain RTCP compounds, with the peer that sent them.
    pub rtcp: Vec<(PeerId, Vec<u8>)>,
    /// The sources that a peer may send, as it was told last.
    pub publish: HashMap<PeerId, Vec<Source>>,
    /// Plain RTP packets beyond their peer's allowance.
    pub refused: Vec<(PeerId, Vec<u8>)>,
    /// RTP packets to send at the next timeout: peer, header length, packet.
    pub to_send: VecDeque<(PeerId, usize, Vec<u8>)>,
    /// RTCP compounds to send at the next timeout.
    pub to_send_rtcp: VecDeque<(PeerId, Vec<u8>)>,
    /// How many copies of each RTP packet go back at once.
    pub echoes: usize,
    /// A first payload byte that makes it panic, to see what the worker does then (M1.6).
    pub panics_on: Option<u8>,
    /// Once set, makes it panic at its next timeout, which is nobody's fault and ends the worker (M1.6).
    pub panics_at_timeout: Option<Arc<AtomicBool>>,
    echoed: u16,
    rooms: HashMap<PeerId, RoomId>,
    drops: DropCounts,
}

impl Probe {
    /// Peers it was told of and not yet told to forget.
    #[must_use]
    pub fn knows(&self, peer: PeerId) -> bool {
        self.rooms.contains_key(&peer)
    }
}

impl Probe {
    fn panics(&self) -> bool {
        self.panics_at_timeout
            .as_ref()
            .is_some_and(|order| order.load(Ordering::SeqCst))
    }
}

fn push(outbox: &mut Outbox, peer: PeerId, header: usize, packet: &[u8]) {
    let begin = outbox.begin();
    outbox.writer().extend_from_slice(packet);
    outbox.push_rtp(peer, begin, header, crate::outbox::Span::default());
}

impl MediaHalf for Probe {
    fn add_room(&mut self, _room: RoomId) {}

    fn remove_room(&mut self, _now: Instant, room: RoomId) {
        self.rooms.retain(|_, at| *at != room);
    }

    fn add_peer(
        &mut self,
        _now: Instant,
        peer: PeerId,
        room: RoomId,
        _sections: &[Section],
    ) -> Result<(), RoomError> {
        self.rooms.insert(peer, room);
        Ok(())
    }

    fn update_peer(
        &mut self,
        _now: Instant,
        _peer: PeerId,
        _sections: &[Section],
    ) -> Result<(), RoomError> {
        Ok(())
    }

    fn remove_peer(&mut self, _now: Instant, peer: PeerId) {
        self.rooms.remove(&peer);
    }

    fn peer_connected(&mut self, _now: Instant, _peer: PeerId, _outbox: &mut Outbox) {}

    fn set_leaf(&mut self, _now: Instant, _peer: PeerId, _leaf: Option<u16>) {}

    fn set_slots(
        &mut self,
        _now: Instant,
        _peer: PeerId,
        _slots: &[SlotAssignment],
        _outbox: &mut Outbox,
    ) {
    }

    fn set_publish(&mut self, _now: Instant, peer: PeerId, sources: &[Source]) {
        self.publish.insert(peer, sources.to_vec());
    }

    fn set_muted(&mut self, _now: Instant, _peer: PeerId, _source: Source, _muted: bool) {}

    fn set_signing(&mut self, _now: Instant, _peer: PeerId, _signing: bool) {}

    fn request_keyframe(
        &mut self,
        _now: Instant,
        _peer: PeerId,
        _source: Source,
        _outbox: &mut Outbox,
    ) {
    }

    fn set_tap(&mut self, _on: bool) -> bool {
        false
    }

    fn handle_rtp(&mut self, _now: Instant, peer: PeerId, packet: &mut [u8], outbox: &mut Outbox) {
        assert!(
            self.panics_on.is_none() || packet.get(12).copied() != self.panics_on,
            "as the test asked"
        );
        self.rtp.push((peer, packet.to_vec()));
        for _ in 0..self.echoes {
            // Each under a number of its own, for no SRTP index is sealed twice.
            self.echoed = self.echoed.wrapping_add(1);
            packet[2..4].copy_from_slice(&self.echoed.to_be_bytes());
            push(outbox, peer, 12, packet);
        }
    }

    fn refuse_rtp(&mut self, _now: Instant, peer: PeerId, packet: &[u8]) {
        self.refused.push((peer, packet.to_vec()));
    }

    fn handle_rtcp(&mut self, _now: Instant, peer: PeerId, compound: &[u8], _outbox: &mut Outbox) {
        self.rtcp.push((peer, compound.to_vec()));
    }

    fn handle_timeout(&mut self, _now: Instant, outbox: &mut Outbox) {
        assert!(!self.panics(), "as the test asked");
        for (peer, header, packet) in self.to_send.drain(..) {
            push(outbox, peer, header, &packet);
        }
        for (peer, compound) in self.to_send_rtcp.drain(..) {
            let begin = outbox.begin();
            outbox.writer().extend_from_slice(&compound);
            outbox.push_rtcp(peer, begin);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let due = self.panics() || !self.to_send.is_empty() || !self.to_send_rtcp.is_empty();
        due.then_some(Instant::ZERO)
    }

    fn poll_event(&mut self) -> Option<Event> {
        None
    }

    fn drops(&self) -> &DropCounts {
        &self.drops
    }

    fn peer_stats(&self) -> Vec<PeerStats> {
        Vec::new()
    }
}

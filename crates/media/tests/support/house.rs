//! A forwarder with its outbox and a clock that only tests move.

use entente_media::drops::DropReason;
use entente_media::outbox::Outbox;
use entente_media::room::forwarder::{Forwarder, ForwarderConfig};
use entente_media::types::{
    Event, Instant, PeerId, RoomId, Section, SlotAssignment, SlotKind, Source, TrackId,
};
use std::time::Duration;

/// The wall clock at the start: some day in 2026, in seconds since 1900.
pub const WALL: Duration = Duration::from_secs(3_990_000_000);

/// The one room of most tests.
pub const ROOM: RoomId = RoomId(1);

pub struct House {
    pub forwarder: Forwarder,
    pub out: Outbox,
    pub now: Instant,
}

/// A packet the forwarder sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub to: u64,
    pub rtcp: bool,
    pub bytes: Vec<u8>,
}

impl House {
    pub fn new() -> House {
        House::seeded(7)
    }

    pub fn seeded(seed: u8) -> House {
        let config = ForwarderConfig {
            seed: [seed; 32],
            wall_offset: WALL,
        };
        let mut forwarder = Forwarder::new(config);
        forwarder.add_room(ROOM);
        House {
            forwarder,
            out: Outbox::new(),
            now: Instant::from_millis(1_000),
        }
    }

    /// A peer with a leaf of the same number.
    pub fn join(&mut self, peer: u64, sections: &[Section]) {
        self.forwarder
            .add_peer(self.now, PeerId(peer), ROOM, sections)
            .unwrap();
        self.forwarder
            .set_publish(self.now, PeerId(peer), &Source::ALL);
        self.forwarder.set_leaf(PeerId(peer), Some(peer as u16));
        self.forwarder
            .peer_connected(self.now, PeerId(peer), &mut self.out);
    }

    pub fn show(
        &mut self,
        to: u64,
        kind: SlotKind,
        index: u8,
        track: Option<(u64, Source)>,
        max: u8,
    ) {
        let track = track.map(|(peer, source)| TrackId {
            peer: PeerId(peer),
            source,
        });
        let list = [SlotAssignment {
            kind,
            index,
            track,
            max_layer: max,
            await_epoch: None,
        }];
        self.forwarder
            .set_slots(self.now, PeerId(to), &list, &mut self.out);
    }

    pub fn rtp(&mut self, from: u64, packet: &[u8]) {
        self.forwarder
            .handle_rtp(self.now, PeerId(from), packet, &mut self.out);
    }

    pub fn rtcp(&mut self, from: u64, packet: &[u8]) {
        self.forwarder
            .handle_rtcp(self.now, PeerId(from), packet, &mut self.out);
    }

    /// Moves time on, doing everything that falls due on the way.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.forwarder.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.forwarder.handle_timeout(self.now, &mut self.out);
        }
        self.now = end;
    }

    /// Everything sent since the last call.
    pub fn sent(&mut self) -> Vec<Sent> {
        let sent = self.out.packets().iter().map(|packet| {
            let mut bytes = Vec::new();
            self.out.copy_to(packet, &mut bytes);
            Sent {
                to: packet.peer.0,
                rtcp: packet.rtcp,
                bytes,
            }
        });
        let sent = sent.collect();
        self.out.clear();
        sent
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.forwarder.poll_event()).collect()
    }

    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.forwarder.drops().get(reason)
    }
}

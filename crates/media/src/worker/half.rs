//! What the transport asks of the media half: plain packets in, plain packets out. A trait, so that the
//! transport's own tests run without rooms; called statically, so that the hot path pays nothing for it.

use crate::drops::DropCounts;
use crate::outbox::Outbox;
use crate::room::RoomError;
use crate::types::{Event, Instant, PeerId, PeerStats, RoomId, Section, SlotAssignment, Source};

/// Rooms, publications and slots: everything between the SRTP of one peer and that of another.
///
/// Commands change it, `handle_*` feed it, packets leave through the [`Outbox`], events through `poll_event`.
pub trait MediaHalf {
    /// Opens a room; opening it twice changes nothing.
    fn add_room(&mut self, room: RoomId);
    /// Ends a room and forgets its peers.
    fn remove_room(&mut self, now: Instant, room: RoomId);
    /// Admits a peer with its negotiated sections.
    ///
    /// # Errors
    /// The reason, if room or sections do not fit.
    fn add_peer(
        &mut self,
        now: Instant,
        peer: PeerId,
        room: RoomId,
        sections: &[Section],
    ) -> Result<(), RoomError>;
    /// Replaces a peer's sections by a longer list (M3.1).
    ///
    /// # Errors
    /// The reason, if a section was removed or changed.
    fn update_peer(
        &mut self,
        now: Instant,
        peer: PeerId,
        sections: &[Section],
    ) -> Result<(), RoomError>;
    /// Forgets a peer.
    fn remove_peer(&mut self, now: Instant, peer: PeerId);
    /// Tells that a peer can receive now, so that its slots may ask for key frames.
    fn peer_connected(&mut self, now: Instant, peer: PeerId, outbox: &mut Outbox);
    /// Binds a peer to its leaf (K5.4).
    fn set_leaf(&mut self, now: Instant, peer: PeerId, leaf: Option<u16>);
    /// Fills and empties slots.
    fn set_slots(
        &mut self,
        now: Instant,
        peer: PeerId,
        slots: &[SlotAssignment],
        outbox: &mut Outbox,
    );
    /// Says which sources a peer may send from now on; at first none.
    fn set_publish(&mut self, now: Instant, peer: PeerId, sources: &[Source]);
    /// Mutes a source.
    fn set_muted(&mut self, now: Instant, peer: PeerId, source: Source, muted: bool);
    /// Notes that somebody signs, or no longer does (M4.7).
    fn set_signing(&mut self, now: Instant, peer: PeerId, signing: bool);
    /// Asks for a key frame.
    fn request_keyframe(&mut self, now: Instant, peer: PeerId, source: Source, outbox: &mut Outbox);
    /// Turns the test tap on or off; false in builds without the feature `tap`.
    fn set_tap(&mut self, on: bool) -> bool;
    /// Takes an authenticated plain RTP packet.
    fn handle_rtp(&mut self, now: Instant, peer: PeerId, packet: &mut [u8], outbox: &mut Outbox);
    /// Notes an authenticated plain RTP packet that was dropped because its peer sends too much: a loss, but one that
    /// nobody asks to be repaired.
    fn refuse_rtp(&mut self, now: Instant, peer: PeerId, packet: &[u8]);
    /// Takes an authenticated plain RTCP compound.
    fn handle_rtcp(&mut self, now: Instant, peer: PeerId, compound: &[u8], outbox: &mut Outbox);
    /// Does what is due.
    fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox);
    /// When `handle_timeout` is due.
    fn poll_timeout(&self) -> Option<Instant>;
    /// The next event.
    fn poll_event(&mut self) -> Option<Event>;
    /// Drops counted so far.
    fn drops(&self) -> &DropCounts;
    /// Counters of every peer.
    fn peer_stats(&self) -> Vec<PeerStats>;
}

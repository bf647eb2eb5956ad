//! Rooms, the peers in them, the tracks they publish and the slots they receive in: the flat tables of one
//! worker, and the [`forwarder::Forwarder`] that moves packets through them.

mod assign;
mod feedback;
pub mod forwarder;
mod packets;
mod peer;
mod slab;
mod timers;
mod track;

use crate::speakers::Speakers;
use crate::types::{Event, RoomId};

/// Why the forwarder refuses a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomError {
    /// No such room.
    UnknownRoom,
    /// No such peer.
    UnknownPeer,
    /// A peer with that id exists.
    PeerExists,
    /// Two sections publish the same source, or two slots share kind and index or an SSRC.
    DuplicateSection,
    /// More sections, layers or codecs than a session can have.
    TooManySections,
    /// A payload type above 127, an extension id of zero, or a clock rate of zero.
    BadSection,
}

impl std::fmt::Display for RoomError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RoomError::UnknownRoom => "unknown room",
            RoomError::UnknownPeer => "unknown peer",
            RoomError::PeerExists => "the peer exists already",
            RoomError::DuplicateSection => "two sections claim the same source, slot or SSRC",
            RoomError::TooManySections => "too many sections, layers or codecs",
            RoomError::BadSection => "a section's numbers are out of range",
        })
    }
}

impl std::error::Error for RoomError {}

/// One meeting at this worker.
#[derive(Debug, Default)]
struct Room {
    peers: Vec<u32>,
    speakers: Speakers,
    /// Whether levels were told last time, so that silence is told once.
    loud: bool,
}

impl Room {
    /// Who is to be heard now, if that changed.
    fn tell_speakers(&mut self, room: RoomId) -> Option<Event> {
        let peers = self.speakers.changed()?.to_vec();
        Some(Event::Speakers { room, peers })
    }
}

//! The words that both halves of the engine, and everybody who drives it, speak: ids, time, sections of a
//! negotiated session, commands in, events out, and the names of all drops. Values cross the border as
//! msgpack with field names (`rmp_serde::to_vec_named`); enums are externally tagged in snake_case.

mod commands;
mod events;
mod ids;
mod sections;

pub use crate::drops::{DropCounts, DropReason};
pub use commands::{Command, SlotAssignment};
pub use events::{Event, PeerStats, Stats};
pub use ids::{Instant, PeerId, RoomId, SlotKind, Source, TrackId};
pub use sections::{
    Codec, CodecName, Content, Extension, ExtensionKind, Fingerprint, IceCredentials, IceRole,
    RemoteParameters, Secret, Section, Setup,
};

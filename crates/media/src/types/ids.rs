//! Time, and who and what is spoken of: peers, rooms, sources, slots.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since the worker started. The worker never reads a clock; its caller does.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Instant(u64);

impl Instant {
    /// The moment the worker started.
    pub const ZERO: Instant = Instant(0);

    /// A time from nanoseconds since the worker's start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    /// A time from milliseconds since the worker's start.
    pub const fn from_millis(millis: u64) -> Self {
        Instant(millis * 1_000_000)
    }

    /// Nanoseconds since the worker's start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Microseconds since the worker's start.
    pub const fn as_micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Milliseconds since the worker's start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Time passed since `earlier`, zero if that lies in the future.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_add(rhs.as_nanos() as u64))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_sub(rhs.as_nanos() as u64))
    }
}

/// One transport session (ICE and DTLS-SRTP) at a worker; chosen by the core, unique per node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerId(pub u64);

/// A meeting at a worker; chosen by the core, unique per node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomId(pub u64);

/// What a published track is made from. The discriminant is the three-bit kind of a key id (K5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Source {
    /// The microphone everybody in the meeting hears.
    Microphone = 0,
    /// The camera.
    Camera = 1,
    /// A shared screen.
    Screen = 2,
    /// The sound that belongs to a shared screen.
    ScreenSound = 3,
    /// A second microphone sender under a key that only an agent holds (K7.2).
    ConsentMicrophone = 4,
}

impl Source {
    /// Every source, in the order of their numbers.
    pub const ALL: [Source; 5] = [
        Source::Microphone,
        Source::Camera,
        Source::Screen,
        Source::ScreenSound,
        Source::ConsentMicrophone,
    ];

    /// The three-bit kind in a key id (K5.1).
    pub const fn kind(self) -> u8 {
        self as u8
    }

    /// Whether frames of this source are pictures.
    pub const fn is_video(self) -> bool {
        matches!(self, Source::Camera | Source::Screen)
    }
}

/// The kind of a receive slot (M3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// Voices.
    Audio,
    /// Cameras.
    Video,
    /// Shared screens.
    Screen,
    /// Sound of shared screens.
    ScreenSound,
}

impl SlotKind {
    /// Whether a track made from `source` may fill such a slot.
    pub const fn accepts(self, source: Source) -> bool {
        match self {
            SlotKind::Audio => matches!(source, Source::Microphone | Source::ConsentMicrophone),
            SlotKind::Video => matches!(source, Source::Camera),
            SlotKind::Screen => matches!(source, Source::Screen),
            SlotKind::ScreenSound => matches!(source, Source::ScreenSound),
        }
    }

    /// Whether pictures are shown in it.
    pub const fn is_video(self) -> bool {
        matches!(self, SlotKind::Video | SlotKind::Screen)
    }
}

/// One published source of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrackId {
    /// Who publishes it.
    pub peer: PeerId,
    /// What it is made from.
    pub source: Source,
}

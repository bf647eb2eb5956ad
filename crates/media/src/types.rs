//! The words that both halves of the engine, and everybody who drives it, speak: ids, time, sections of a
//! negotiated session, commands in, events out, and the names of all drops. Values cross the border as
//! msgpack with field names (`rmp_serde::to_vec_named`); enums are externally tagged in snake_case.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::drops::{DropCounts, DropReason};

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

/// Names of the codecs the engine forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodecName {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// The AOMedia RTP payload format.
    Av1,
}

/// One payload type of a section, as negotiated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codec {
    /// RTP payload type.
    pub pt: u8,
    /// Which codec.
    pub name: CodecName,
    /// RTP clock rate in Hz.
    pub clock: u32,
    /// Channels; 1 for pictures.
    #[serde(default = "one")]
    pub channels: u8,
    /// Format parameters as written in SDP; the engine does not read them.
    #[serde(default)]
    pub fmtp: Option<String>,
    /// Payload type of its retransmissions (RFC 4588).
    #[serde(default)]
    pub rtx_pt: Option<u8>,
    /// Generic NACK (RFC 4585 §6.2.1).
    #[serde(default)]
    pub nack: bool,
    /// Picture loss indication (RFC 4585 §6.3.1).
    #[serde(default)]
    pub pli: bool,
    /// Full intra request (RFC 5104 §4.3.1).
    #[serde(default)]
    pub fir: bool,
    /// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    #[serde(default)]
    pub transport_cc: bool,
    /// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03).
    #[serde(default)]
    pub remb: bool,
}

fn one() -> u8 {
    1
}

/// RTP header extensions the engine reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionKind {
    /// RFC 9143.
    Mid,
    /// RFC 8852.
    Rid,
    /// RFC 8852.
    RepairedRid,
    /// The abs-send-time extension.
    AbsSendTime,
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01.
    TransportCc,
    /// RFC 6464.
    AudioLevel,
    /// 3GPP TS 26.114, coordination of video orientation.
    VideoOrientation,
    /// The AV1 RTP specification's Dependency Descriptor.
    DependencyDescriptor,
}

/// One negotiated header extension of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Local identifier, 1 to 255 but not 15 in the one-byte form (RFC 8285).
    pub id: u8,
    /// What it means.
    pub kind: ExtensionKind,
}

/// What a section of the session carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The peer sends here.
    Publish {
        /// What it is made from.
        source: Source,
        /// RTP stream ids, lowest layer first; empty when there is one full layer (M3.6).
        #[serde(default)]
        rids: Vec<String>,
        /// SSRCs named in the offer, in the order of `rids`; may be empty (Chromium with rids).
        #[serde(default)]
        ssrcs: Vec<u32>,
        /// Media SSRC to the SSRC of its retransmissions (FID groups of the offer).
        #[serde(default)]
        rtx: BTreeMap<u32, u32>,
    },
    /// The peer receives here.
    Slot {
        /// Kind of slot.
        kind: SlotKind,
        /// Number among its kind.
        index: u8,
        /// Its constant SSRC.
        ssrc: u32,
        /// SSRC of its repairs.
        #[serde(default)]
        rtx_ssrc: Option<u32>,
        /// The worker's one cname for all slots of the peer.
        cname: String,
        /// Media stream id that ties sound and picture together.
        #[serde(default)]
        stream: String,
    },
}

/// One m-line of a session, already negotiated: the engine never sees SDP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Media identification (RFC 9143).
    pub mid: String,
    /// What it carries.
    pub content: Content,
    /// Payload types, preferred first.
    pub codecs: Vec<Codec>,
    /// Header extensions.
    #[serde(default)]
    pub extensions: Vec<Extension>,
}

/// ICE user fragment and password of one end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceCredentials {
    /// User fragment.
    pub ufrag: String,
    /// Password: a secret, never printed.
    pub pwd: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

/// A certificate fingerprint as in `a=fingerprint`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Hash name, `sha-256`.
    pub hash: String,
    /// The hash itself.
    #[serde(with = "serde_bytes")]
    pub value: Vec<u8>,
}

/// ICE credentials and certificate fingerprints of the other end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteParameters {
    /// User fragment.
    pub ufrag: String,
    /// Password: a secret, never printed.
    pub pwd: Secret,
    /// Accepted certificates; one match is enough.
    pub fingerprints: Vec<Fingerprint>,
}

/// A string that is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What we are in the DTLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setup {
    /// DTLS client.
    Active,
    /// DTLS server.
    Passive,
}

/// What we are in ICE (M2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IceRole {
    /// ICE-lite, controlled.
    Lite,
    /// Controlling, towards one given candidate.
    Controlling,
}

/// A track in a slot, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotAssignment {
    /// Kind of the slot.
    pub kind: SlotKind,
    /// Number among its kind.
    pub index: u8,
    /// Track to show, or none to empty the slot.
    #[serde(default)]
    pub track: Option<TrackId>,
    /// Highest layer this slot is large enough for, 0 the lowest.
    #[serde(default = "top_layer")]
    pub max_layer: u8,
    /// Epoch byte whose first frame is followed by a request for a key frame, for joiners (M4.4).
    #[serde(default)]
    pub await_epoch: Option<u8>,
}

fn top_layer() -> u8 {
    2
}

/// What the core asks of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Opens a meeting.
    AddRoom {
        /// The meeting.
        room: RoomId,
    },
    /// Ends a meeting; its peers are removed.
    RemoveRoom {
        /// The meeting.
        room: RoomId,
    },
    /// Admits a transport session.
    AddPeer {
        /// The peer.
        peer: PeerId,
        /// Its meeting.
        room: RoomId,
        /// Our ICE credentials.
        local: IceCredentials,
        /// Theirs, and their certificates.
        remote: RemoteParameters,
        /// What we are in DTLS; towards clients passive.
        setup: Setup,
        /// What we are in ICE.
        role: IceRole,
        /// Where a controlling end sends its checks.
        #[serde(
            default,
            with = "address_text",
            skip_serializing_if = "Option::is_none"
        )]
        candidate: Option<SocketAddr>,
        /// The negotiated m-lines in order.
        sections: Vec<Section>,
    },
    /// Growth by one renegotiation (M3.1): the full new list of sections.
    UpdatePeer {
        /// The peer.
        peer: PeerId,
        /// All sections, old and new.
        sections: Vec<Section>,
    },
    /// New ICE credentials for the same peer (M1.7).
    RestartIce {
        /// The peer.
        peer: PeerId,
        /// Our new credentials.
        local: IceCredentials,
        /// Their new credentials.
        remote: IceCredentials,
    },
    /// Ends a transport session.
    RemovePeer {
        /// The peer.
        peer: PeerId,
    },
    /// Binds a peer to its MLS leaf; without one all its frames are dropped (K5.4).
    SetLeaf {
        /// The peer.
        peer: PeerId,
        /// Its leaf index.
        leaf: Option<u16>,
    },
    /// Fills and empties slots; only those listed change.
    SetSlots {
        /// The receiving peer.
        peer: PeerId,
        /// Slots that change.
        slots: Vec<SlotAssignment>,
    },
    /// Mute that the server enforces.
    SetMuted {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
        /// Whether its packets are dropped.
        muted: bool,
    },
    /// Signing counts as speaking (M4.7).
    SetSigning {
        /// The person's peer.
        peer: PeerId,
        /// Whether it signs now.
        signing: bool,
    },
    /// Asks a publisher for a key frame.
    RequestKeyframe {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
    },
    /// Turns the test tap on; refused by builds without the feature `tap`.
    SetTap {
        /// Whether payloads come out as events.
        on: bool,
    },
}

/// What a worker tells the core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
// Only the counters are large, and they come once a second: not worth a box.
#[allow(clippy::large_enum_variant)]
pub enum Event {
    /// DTLS is done and media may flow.
    Connected {
        /// The peer.
        peer: PeerId,
        /// `1.2` or `1.3`.
        dtls: String,
        /// SRTP protection profile by its IANA name.
        profile: String,
    },
    /// The peer is gone.
    Lost {
        /// The peer.
        peer: PeerId,
        /// `timeout`: silent for 10 s, and kept for an ICE restart (M1.7). With any other reason the peer is gone:
        /// `forgotten` (silent for another minute), `dtls_failed`, `fingerprint_mismatch`, `closed`, `panic` or
        /// `refused`.
        reason: String,
    },
    /// Layers of a track that flow now.
    Track {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
        /// Bit i set: layer i flows. 0: nothing for 2 s.
        layers: u8,
    },
    /// The loudest people of a room (M4.7), senior first.
    Speakers {
        /// The meeting.
        room: RoomId,
        /// At most four peers.
        peers: Vec<PeerId>,
    },
    /// Loudness of those above silence, every 200 ms.
    Levels {
        /// The meeting.
        room: RoomId,
        /// Peer and level as −dBov, 0 loudest to 127.
        levels: Vec<(PeerId, u8)>,
    },
    /// A slot shows something else from now on.
    Slot {
        /// The receiving peer.
        peer: PeerId,
        /// Kind of slot.
        kind: SlotKind,
        /// Number among its kind.
        index: u8,
        /// What it carries.
        track: Option<TrackId>,
        /// Which layer of it.
        layer: u8,
    },
    /// First frame of a track under a new epoch byte.
    Epoch {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
        /// Epoch modulo 256 (K5.1).
        epoch: u8,
    },
    /// Counters, each second.
    Stats(Stats),
    /// A payload after SRTP was removed; only with the feature `tap`.
    Tap {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
        /// Which layer.
        layer: u8,
        /// The whole plain RTP packet.
        #[serde(with = "serde_bytes")]
        rtp: Vec<u8>,
    },
    /// The queue overflowed; the core must resynchronise.
    Overflow {},
}

/// Counters of one worker since its start, with the last second's load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Datagrams received.
    pub packets_in: u64,
    /// Datagrams sent.
    pub packets_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Drops by name; only those that happened.
    pub drops: DropCounts,
    /// Busy share of the thread, 0 to 1.
    pub load: f32,
    /// Current tick in microseconds (M1.4).
    pub tick_us: u32,
    /// Batches handed to the kernel with segmentation offload.
    pub gso_batches: u64,
    /// One entry per peer.
    pub peers: Vec<PeerStats>,
}

/// Counters of one peer since it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerStats {
    /// The peer.
    pub peer: PeerId,
    /// Round trip in microseconds, from receiver reports.
    pub rtt_us: Option<u32>,
    /// RTP packets received per source.
    pub in_packets: BTreeMap<Source, u64>,
    /// RTP packets forwarded to it.
    pub out_packets: u64,
    /// Share of packets it reports lost, 0 to 1, over its last reports.
    pub loss: f32,
}

/// `ip:port` as text, because msgpack has no address.
mod address_text {
    use std::net::SocketAddr;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Option<SocketAddr>, to: S) -> Result<S::Ok, S::Error> {
        value.map(|address| address.to_string()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| {
            text.parse()
                .map_err(|_| D::Error::custom("candidate is not ip:port"))
        })
        .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_cross_the_border_with_names_and_snake_case() {
        let command = Command::SetSlots {
            peer: PeerId(7),
            slots: vec![SlotAssignment {
                kind: SlotKind::ScreenSound,
                index: 0,
                track: Some(TrackId {
                    peer: PeerId(9),
                    source: Source::ScreenSound,
                }),
                max_layer: 0,
                await_epoch: Some(3),
            }],
        };
        let bytes = rmp_serde::to_vec_named(&command).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for name in ["set_slots", "screen_sound", "await_epoch", "max_layer"] {
            assert!(text.contains(name), "{name} is missing");
        }
        assert_eq!(rmp_serde::from_slice::<Command>(&bytes).unwrap(), command);
    }

    #[test]
    fn optional_fields_may_be_absent() {
        #[derive(Serialize)]
        struct Assignment {
            kind: &'static str,
            index: u8,
        }
        let bytes = rmp_serde::to_vec_named(&Assignment {
            kind: "video",
            index: 1,
        })
        .unwrap();
        let slot: SlotAssignment = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(
            (slot.track, slot.max_layer, slot.await_epoch),
            (None, 2, None)
        );
    }

    #[test]
    fn an_address_crosses_as_text() {
        let command = Command::AddPeer {
            peer: PeerId(1),
            room: RoomId(1),
            local: IceCredentials {
                ufrag: "00ab".into(),
                pwd: "hidden-local".into(),
            },
            remote: RemoteParameters {
                ufrag: "cdef".into(),
                pwd: Secret("hidden-remote".into()),
                fingerprints: vec![Fingerprint {
                    hash: "sha-256".into(),
                    value: vec![1; 32],
                }],
            },
            setup: Setup::Passive,
            role: IceRole::Lite,
            candidate: Some("127.0.0.1:8500".parse().unwrap()),
            sections: vec![],
        };
        let bytes = rmp_serde::to_vec_named(&command).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("127.0.0.1:8500"));
        assert_eq!(rmp_serde::from_slice::<Command>(&bytes).unwrap(), command);
        assert!(
            !format!("{command:?}").contains("hidden"),
            "a password was printed"
        );
    }
}

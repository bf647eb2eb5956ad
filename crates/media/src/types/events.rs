//! What a worker tells the core.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DropCounts, PeerId, RoomId, SlotKind, Source, TrackId};

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
        /// `forgotten` (a minute after its last packet), `dtls_failed`, `fingerprint_mismatch`, `closed`, `panic` or
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

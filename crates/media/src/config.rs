//! What a worker is told once, at its start.

use std::time::{Duration, Instant as SystemInstant};

use serde::{Deserialize, Serialize};

use crate::dtls::Version;

/// Time, randomness and versions of one worker: arguments, because the worker reads neither clock nor entropy
/// on its own (M1.2). Only DTLS takes its key material from the system.
#[derive(Clone)]
pub struct Config {
    /// The moment that [`crate::types::Instant::ZERO`] stands for.
    pub started: SystemInstant,
    /// Time since the Unix epoch at that moment; sender reports are made of it.
    pub wall_offset: Duration,
    /// Seeds transaction ids, tie-breakers, first sequence numbers and timestamps.
    pub seed: [u8; 32],
    /// DTLS versions (M2.3).
    pub dtls: Version,
    /// What a peer may send that brings no allowance of its own: a client.
    pub allowance: Allowance,
}

/// What one peer may send in the long run, and within one second on top of it (M1.8).
///
/// The default lets a camera in three layers and a screen in two pass at the most that browsers encode (some 5 Mbit/s
/// each), with repairs and the bandwidth probes of the beginning on top: 16 Mbit/s, and packets as if half of them
/// were small. Less drops honest pictures on good lines; more lets fewer people fill a worker, each of whose packets
/// costs about 1.5 µs here and 2 µs for each receiver. A client of sixteen slots sends some 100 compounds of RTCP a
/// second, on a bad network a few hundred; without them its pictures are not repaired, so they are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Bytes of RTP a second after SRTP was opened.
    pub bytes: u32,
    /// RTP packets a second.
    pub packets: u32,
    /// Compounds of RTCP a second.
    pub compounds: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            bytes: 2_000_000,
            packets: 4_000,
            compounds: 1_000,
        }
    }
}

impl Config {
    /// DTLS 1.2, as M2.3 wants it first.
    #[must_use]
    pub fn new(started: SystemInstant, wall_offset: Duration, seed: [u8; 32]) -> Self {
        Self {
            started,
            wall_offset,
            seed,
            dtls: Version::default(),
            allowance: Allowance::default(),
        }
    }
}

//! What a worker is told once, at its start.

use std::time::{Duration, Instant as SystemInstant};

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
        }
    }
}

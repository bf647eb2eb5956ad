//! NTP timestamps as sender reports carry them (RFC 3550 §4): 32.32 fixed-point seconds since 1900, and their
//! nanoseconds, in which the engine computes.

use std::time::Duration;

use crate::types::Instant;

/// A point in somebody's wall clock, in nanoseconds since 1900; 136 years fit with room to spare.
pub type WallNanos = i64;

/// Nanoseconds of a 32.32 timestamp.
pub fn to_nanos(ntp: u64) -> WallNanos {
    let (seconds, fraction) = (ntp >> 32, ntp & 0xffff_ffff);
    (seconds * 1_000_000_000 + ((fraction * 1_000_000_000) >> 32)) as WallNanos
}

/// The 32.32 timestamp of some nanoseconds.
pub fn from_nanos(nanos: WallNanos) -> u64 {
    let nanos = nanos.max(0) as u64;
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    (seconds << 32) | ((rest << 32) / 1_000_000_000)
}

/// The middle 32 bits, as report blocks name a sender report.
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Our wall clock at `now`, given what it was when the worker started.
pub fn wall(now: Instant, offset: Duration) -> WallNanos {
    now.as_nanos() as i64 + offset.as_nanos() as i64
}

/// `ticks` of a clock of `rate` Hz in nanoseconds.
pub fn ticks_to_nanos(ticks: i64, rate: u32) -> i64 {
    ticks.saturating_mul(1_000_000_000) / rate.max(1) as i64
}

/// Nanoseconds in ticks of a clock of `rate` Hz.
pub fn nanos_to_ticks(nanos: i64, rate: u32) -> i64 {
    (nanos as i128 * rate as i128 / 1_000_000_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_and_nanoseconds_agree_within_a_nanosecond() {
        for nanos in [
            0,
            1,
            999_999_999,
            3_976_214_400_123_456_789,
            i64::from(u32::MAX) * 1_000_000_000,
        ] {
            assert!((to_nanos(from_nanos(nanos)) - nanos).abs() <= 1, "{nanos}");
        }
        assert_eq!(middle(0x1234_5678_9abc_def0), 0x5678_9abc);
        assert_eq!(
            nanos_to_ticks(ticks_to_nanos(-90_000, 90_000), 90_000),
            -90_000
        );
    }
}

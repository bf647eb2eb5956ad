//! A token bucket in virtual time: how much of something one person may cause at once and in the long run.

use crate::types::Instant;

const NANOS: u64 = 1_000_000_000;

/// Holds at most `burst` units, earns some each second, and is full at the start.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Billionths of a unit, so that no fraction is lost between two looks.
    level: u64,
    burst: u64,
    per_second: f64,
    since: Instant,
}

impl Bucket {
    /// A full bucket that earns `per_second` units a second.
    pub const fn new(burst: u32, per_second: f64) -> Bucket {
        Bucket {
            level: burst as u64 * NANOS,
            burst: burst as u64 * NANOS,
            per_second,
            since: Instant::ZERO,
        }
    }

    /// Takes `units`, all or nothing; says whether they were there.
    #[inline]
    pub fn take(&mut self, now: Instant, units: u32) -> bool {
        self.earn(now);
        match self.level.checked_sub(units as u64 * NANOS) {
            Some(left) => {
                self.level = left;
                true
            }
            None => false,
        }
    }

    /// Whether nothing is missing: such a bucket need not be remembered.
    pub fn is_full(&mut self, now: Instant) -> bool {
        self.earn(now);
        self.level == self.burst
    }

    #[inline]
    fn earn(&mut self, now: Instant) {
        let earned = now.since(self.since).as_nanos() as f64 * self.per_second;
        self.level = self.level.saturating_add(earned as u64).min(self.burst);
        // Never back: the same time must not be earned twice.
        self.since = self.since.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_there_at_once_and_then_it_is_earned_without_losing_fractions() {
        let mut bucket = Bucket::new(10, 3.0);
        let at = |micros: u64| Instant::from_nanos(micros * 1_000);
        assert!(bucket.is_full(at(0)));
        assert!(bucket.take(at(0), 10) && !bucket.take(at(0), 1));
        let taken = (0..1_000_000).step_by(7);
        let taken = taken.filter(|micros| bucket.take(at(*micros), 1)).count();
        assert_eq!(taken, 2, "the third is earned at the full second");
        assert!(bucket.take(at(1_000_100), 1));
        assert!(!bucket.is_full(at(4_000_000)) && bucket.is_full(at(4_400_000)));
        assert!(
            !bucket.take(at(60_000_000), 11),
            "never more than the burst"
        );
    }
}

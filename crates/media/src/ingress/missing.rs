//! What one stream still lacks, and when its publisher is asked for it again (RFC 4585 §6.2.1, RFC 4588). The
//! list is short and flat, so that a burst of loss costs no allocation.

use std::time::Duration;

use crate::types::Instant;

/// Most numbers waited for at a time; more is an outage that a key frame ends sooner.
const MAX_MISSING: usize = 256;

/// Time a packet may be late before it is asked for: ordinary reordering on one path stays below it.
const REORDER: Duration = Duration::from_millis(8);

/// Shortest time between two requests for one packet, for publishers whose round trip is not known to be longer.
const MIN_RETRY: Duration = Duration::from_millis(30);

/// Requests after which a packet is given up: nine tenths lost seven times in a row is an outage.
const MAX_TRIES: u8 = 7;

/// Age at which a packet is given up: receivers' buffers have moved on.
const MAX_AGE: Duration = Duration::from_millis(1_000);

#[derive(Clone, Copy, Debug)]
struct Entry {
    extended: u64,
    since: Instant,
    next: Instant,
    tries: u8,
}

/// Numbers one stream lacks.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    entries: Vec<Entry>,
}

impl Missing {
    /// `count` numbers just below `newest` did not come. Returns false when that is more than can be waited for.
    pub fn gap(&mut self, now: Instant, newest: u64, count: u16) -> bool {
        let fits = self.entries.len() + count as usize <= MAX_MISSING;
        if !fits {
            self.entries.clear();
            return false;
        }
        self.entries
            .extend((newest - count as u64..newest).map(|extended| Entry {
                extended,
                since: now,
                next: now + REORDER,
                tries: 0,
            }));
        true
    }

    /// A missing packet came after all.
    pub fn found(&mut self, extended: u64) {
        if let Some(at) = self
            .entries
            .iter()
            .position(|entry| entry.extended == extended)
        {
            self.entries.remove(at);
        }
    }

    /// Forgets everything, as after a restart.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// When something is to be asked for or given up next.
    pub fn deadline(&self) -> Option<Instant> {
        self.entries.iter().map(|entry| entry.next).min()
    }

    /// Appends the numbers to ask for now, oldest first, and returns how many were given up.
    pub fn due(&mut self, now: Instant, round_trip: Duration, ask: &mut Vec<u16>) -> usize {
        let before = self.entries.len();
        self.entries.retain_mut(|entry| {
            if now.since(entry.since) >= MAX_AGE || (entry.next <= now && entry.tries >= MAX_TRIES)
            {
                return false;
            }
            if entry.next <= now {
                entry.tries += 1;
                entry.next = now + round_trip.max(MIN_RETRY);
                ask.push(entry.extended as u16);
            }
            true
        });
        before - self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_asked_for_after_reordering_time_again_each_round_trip_and_given_up() {
        let mut missing = Missing::default();
        let mut ask = Vec::new();
        let round_trip = Duration::from_millis(100);
        assert!(missing.gap(Instant::ZERO, 70_000, 2));
        missing.found(69_998);
        assert_eq!(
            missing.due(Instant::from_millis(1), round_trip, &mut ask),
            0
        );
        assert!(ask.is_empty());
        let (mut asked, mut lost) = (0, 0);
        while let Some(at) = missing.deadline() {
            lost += missing.due(at, round_trip, &mut ask);
            asked += ask
                .drain(..)
                .inspect(|seq| assert_eq!(*seq, 69_999u64 as u16))
                .count();
        }
        assert_eq!((asked, lost), (MAX_TRIES as usize, 1));
    }

    #[test]
    fn a_storm_of_loss_is_not_waited_for() {
        let mut missing = Missing::default();
        assert!(missing.gap(Instant::ZERO, 1_000, 200));
        assert!(!missing.gap(Instant::ZERO, 2_000, 200));
        assert_eq!(missing.deadline(), None);
    }
}

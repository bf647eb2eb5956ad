//! Which sequence numbers of one stream arrived: extension over wraps, duplicates, restarts, and what a receiver
//! report says about it all (RFC 3550 §6.4.1, A.1, A.3, A.8).

use crate::guard::active;
use crate::types::{DropReason, Instant};

/// How many numbers back a packet may come and still be told from a duplicate.
const WINDOW: u64 = 1_024;

/// A forward step beyond this is not waited for: the stream starts anew. Raising it lets receivers ask for more
/// packets that will never come, lowering it restarts streams after shorter outages.
const MAX_GAP: u64 = 256;

/// How one packet stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The next one, or the first.
    Next,
    /// Newer, with this many missing before it.
    Gap(u16),
    /// Older than the newest, not seen before.
    Late,
    /// So far away that the stream starts anew here.
    Restart,
}

/// State of one stream.
#[derive(Clone, Debug)]
pub struct Reception {
    highest: Option<u64>,
    seen: [u64; (WINDOW / 64) as usize],
    /// A far-away number seen once; a second one in a row is a restart (RFC 3550 A.1).
    suspect: Option<u16>,
    base: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    jitter: u32,
    transit: Option<u32>,
}

impl Default for Reception {
    fn default() -> Self {
        Reception {
            highest: None,
            seen: [0; (WINDOW / 64) as usize],
            suspect: None,
            base: 0,
            received: 0,
            expected_before: 0,
            received_before: 0,
            jitter: 0,
            transit: None,
        }
    }
}

/// What a report block says of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Share lost since the last call, in 256ths.
    pub fraction: u8,
    /// Lost since the beginning.
    pub total: i32,
    /// Extended highest number, 32 bits.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
}

impl Reception {
    /// Takes one number; says its extended value and how it stands, or why it is refused.
    pub fn receive(&mut self, seq: u16) -> Result<(u64, Order), DropReason> {
        let Some(highest) = self.highest else {
            // One wrap above zero, so that packets from before the first can be named.
            return Ok((self.restart(1 << 16 | seq as u64), Order::Next));
        };
        let step = seq.wrapping_sub(highest as u16) as i16 as i64;
        let extended = highest.wrapping_add_signed(step);
        if step > MAX_GAP as i64 || step <= -(WINDOW as i64) {
            return self.far(seq, highest, step);
        }
        self.suspect = None;
        if step > 0 {
            for skipped in highest + 1..extended {
                self.clear(skipped);
            }
            self.mark(extended);
            self.highest = Some(extended);
            self.received += 1;
            let missing = (step - 1) as u16;
            return Ok((
                extended,
                if missing == 0 {
                    Order::Next
                } else {
                    Order::Gap(missing)
                },
            ));
        }
        if self.is_seen(extended) && active("duplicate") {
            return Err(DropReason::Duplicate);
        }
        self.mark(extended);
        self.received += 1;
        Ok((extended, Order::Late))
    }

    /// A number far from all others: believed when two in a row agree, or when it lies ahead.
    fn far(&mut self, seq: u16, highest: u64, step: i64) -> Result<(u64, Order), DropReason> {
        if step < 0 && self.suspect != Some(seq) {
            self.suspect = Some(seq.wrapping_add(1));
            return Err(DropReason::TooOld);
        }
        let next_wrap = ((highest >> 16) + 1) << 16 | seq as u64;
        Ok((self.restart(next_wrap), Order::Restart))
    }

    fn restart(&mut self, extended: u64) -> u64 {
        self.seen = [0; (WINDOW / 64) as usize];
        // What came before the first is not known to be new: late arrivals from there are let in once.
        self.mark(extended);
        self.highest = Some(extended);
        self.suspect = None;
        self.base = extended;
        self.received = 1;
        self.expected_before = 0;
        self.received_before = 0;
        self.transit = None;
        extended
    }

    /// The packet received last is counted as lost after all: it was dropped here, but is not missing.
    pub fn lost(&mut self) {
        self.received -= 1;
    }

    /// Estimates jitter from a packet's arrival (RFC 3550 A.8).
    pub fn arrived(&mut self, now: Instant, timestamp: u32, clock: u32) {
        let ticks = (now.as_micros() as u128 * clock as u128 / 1_000_000) as u32;
        let transit = ticks.wrapping_sub(timestamp);
        if let Some(last) = self.transit {
            let deviation = (transit.wrapping_sub(last) as i32)
                .unsigned_abs()
                .min(clock);
            self.jitter = self.jitter.saturating_add(deviation) - (self.jitter + 8) / 16;
        }
        self.transit = Some(transit);
    }

    /// What to report now; begins a new interval.
    pub fn report(&mut self) -> Option<Loss> {
        let highest = self.highest?;
        let expected = highest + 1 - self.base.min(highest);
        let interval = expected - self.expected_before;
        let got = self.received - self.received_before;
        self.expected_before = expected;
        self.received_before = self.received;
        let lost = interval.saturating_sub(got);
        let fraction = (lost * 256).checked_div(interval).unwrap_or(0).min(255) as u8;
        let total = (expected as i64 - self.received as i64).clamp(-0x80_0000, 0x7f_ffff) as i32;
        // The first wrap is ours, not the sender's.
        let highest = highest.wrapping_sub(1 << 16) as u32;
        Some(Loss {
            fraction,
            total,
            highest,
            jitter: self.jitter >> 4,
        })
    }

    /// Whether a retransmission of that number can belong to this stream: no newer than the newest, and not
    /// beyond the window.
    pub fn repairs(&self, seq: u16) -> bool {
        let back = |highest: u64| (highest as u16).wrapping_sub(seq) as u64;
        self.highest.is_some_and(|highest| back(highest) < WINDOW)
    }

    /// The newest extended number.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    fn mark(&mut self, extended: u64) {
        self.seen[(extended % WINDOW / 64) as usize] |= 1 << (extended % 64);
    }

    fn clear(&mut self, extended: u64) {
        self.seen[(extended % WINDOW / 64) as usize] &= !(1 << (extended % 64));
    }

    fn is_seen(&self, extended: u64) -> bool {
        self.seen[(extended % WINDOW / 64) as usize] & 1 << (extended % 64) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_extend_over_wraps_with_gaps_and_late_arrivals() {
        let mut reception = Reception::default();
        let first = reception.receive(65_534).unwrap().0;
        assert_eq!(reception.receive(1), Ok((first + 3, Order::Gap(2))));
        assert_eq!(reception.receive(65_535), Ok((first + 1, Order::Late)));
        assert_eq!(reception.receive(65_535), Err(DropReason::Duplicate));
        assert_eq!(reception.receive(2), Ok((first + 4, Order::Next)));
        let loss = reception.report().unwrap();
        assert_eq!(
            (loss.total, loss.highest, loss.fraction),
            (1, 65_536 + 2, 51)
        );
        assert_eq!(reception.report().unwrap().fraction, 0);
    }

    #[test]
    fn a_window_of_numbers_is_told_from_duplicates() {
        let mut reception = Reception::default();
        let mut seen = std::collections::HashSet::new();
        let mut seq = 60_000u16;
        for i in 0..20_000u32 {
            let at = seq.wrapping_sub((i.wrapping_mul(2_654_435_761) >> 24) as u16);
            let fresh = seen.insert((at, i / 30_000)) && reception.receive(at).is_ok();
            if i > 2_000 && fresh {
                assert_eq!(reception.receive(at), Err(DropReason::Duplicate));
            }
            seq = seq.wrapping_add(1);
        }
    }

    #[test]
    fn rfc3550_a_1_a_far_number_restarts_the_stream_only_when_it_goes_on() {
        let mut reception = Reception::default();
        let first = reception.receive(30_000).unwrap().0;
        assert_eq!(reception.receive(100), Err(DropReason::TooOld));
        assert_eq!(reception.receive(30_001), Ok((first + 1, Order::Next)));
        assert_eq!(reception.receive(100), Err(DropReason::TooOld));
        let (extended, order) = reception.receive(101).unwrap();
        assert_eq!(order, Order::Restart);
        assert!(extended > first && extended as u16 == 101);
        assert_eq!(reception.receive(500).unwrap().1, Order::Restart);
    }
}

//! How often one track may be asked for a key frame (M4.4): every request costs the publisher a large frame on
//! every layer, so requests of many receivers become one.

use std::time::Duration;

use crate::types::Instant;

/// Between two requests.
const SPACING: Duration = Duration::from_millis(500);

/// Between two requests after [`ROW`] in a row.
const SLOW_SPACING: Duration = Duration::from_millis(2_000);

/// Requests in a row at the quicker spacing.
const ROW: u8 = 5;

/// Quiet time that ends a row; twice the slow spacing, so that steady demand never earns the quicker one again.
const REST: Duration = Duration::from_millis(4_000);

/// Spacing even of requests that a new epoch forces, so that nobody can force many.
const FORCED_SPACING: Duration = Duration::from_millis(100);

/// The gate of one track.
#[derive(Clone, Copy, Debug, Default)]
pub struct PliGate {
    last: Option<Instant>,
    row: u8,
    waiting: bool,
}

impl PliGate {
    /// Somebody needs a key frame. True: ask the publisher now. False: it will be asked at [`Self::deadline`].
    pub fn request(&mut self, now: Instant) -> bool {
        self.waiting = true;
        self.poll(now)
    }

    /// A new epoch's first frame came: ask outside the window (M4.4).
    pub fn force(&mut self, now: Instant) -> bool {
        if self.last.is_some_and(|last| now.since(last) < FORCED_SPACING) {
            return self.request(now);
        }
        self.last = Some(now);
        self.waiting = false;
        true
    }

    /// True if a request waited and may go now.
    pub fn poll(&mut self, now: Instant) -> bool {
        if self.deadline().is_none_or(|at| at > now) {
            return false;
        }
        let rested = self.last.is_none_or(|last| now.since(last) >= REST);
        self.row = if rested { 1 } else { self.row.saturating_add(1) };
        self.last = Some(now);
        self.waiting = false;
        true
    }

    /// When the waiting request may go.
    pub fn deadline(&self) -> Option<Instant> {
        let spacing = if self.row >= ROW { SLOW_SPACING } else { SPACING };
        self.waiting.then(|| self.last.map_or(Instant::ZERO, |last| last + spacing))
    }

    /// A key frame came and nobody waits any more.
    pub fn satisfied(&mut self) {
        self.waiting = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_4_steady_demand_gets_five_quick_requests_then_one_in_two_seconds() {
        let mut gate = PliGate::default();
        let sent: Vec<_> =
            (0..20_000).step_by(10).filter(|ms| gate.request(Instant::from_millis(*ms))).collect();
        assert_eq!(sent[..7], [0, 500, 1_000, 1_500, 2_000, 4_000, 6_000]);
        assert_eq!(sent.len(), 5 + 8);
    }

    #[test]
    fn m4_4_a_folded_request_goes_when_the_window_ends_unless_a_key_frame_came() {
        let mut gate = PliGate::default();
        assert!(gate.request(Instant::from_millis(0)));
        assert!(!gate.request(Instant::from_millis(100)));
        assert_eq!(gate.deadline(), Some(Instant::from_millis(500)));
        assert!(gate.poll(Instant::from_millis(500)));
        assert!(!gate.request(Instant::from_millis(600)));
        gate.satisfied();
        assert!(!gate.poll(Instant::from_millis(5_000)));
    }

    #[test]
    fn m4_4_a_new_epoch_asks_outside_the_window_but_not_without_end() {
        let mut gate = PliGate::default();
        assert!(gate.request(Instant::from_millis(0)));
        assert!(gate.force(Instant::from_millis(150)));
        assert!(!gate.force(Instant::from_millis(200)));
        assert!(!gate.poll(Instant::from_millis(600)));
        assert!(gate.poll(Instant::from_millis(650)));
    }
}

//! How often one track may be asked for a key frame (M4.4): every request costs the publisher a large frame on
//! every layer, so requests of many receivers become one.

use std::time::Duration;

use crate::bucket::Bucket;
use crate::guard::active;
use crate::types::Instant;

/// Between two requests of any kind.
const SPACING: Duration = Duration::from_millis(500);

/// Requests on receivers' behalf in a row at that spacing; then they are earned one by one.
const ROW: u32 = 5;

/// Time that earns one. Less lets a few bad receivers blur a publisher's picture, more leaves them frozen longer.
const EARNING: Duration = Duration::from_millis(2_000);

/// Spacing even of requests that a new epoch forces, and how many go so in a row, each earned anew like the others:
/// epochs turn with every batch of joins, and nobody can force many.
const FORCED_SPACING: Duration = Duration::from_millis(100);
const FORCED_ROW: u32 = 5;
const FORCED_PER_SECOND: f64 = 0.5;

/// Who needs a key frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A receiver says so, or a loss was not repaired: as many as are earned.
    Loss,
    /// A slot waits to switch: only the spacing binds it here, since each receiver has a row of its own. A source that
    /// does not answer is asked less and less by the slot's own timer.
    Switch,
}

/// The gate of one track.
#[derive(Clone, Copy, Debug)]
pub struct PliGate {
    last: Option<Instant>,
    /// Requests that may still go in a row, and since when the next one is being earned.
    earned: u32,
    since: Instant,
    waiting: Option<Need>,
    forced: Bucket,
}

impl Default for PliGate {
    fn default() -> Self {
        PliGate {
            last: None,
            earned: ROW,
            since: Instant::ZERO,
            waiting: None,
            forced: Bucket::new(FORCED_ROW, FORCED_PER_SECOND),
        }
    }
}

impl PliGate {
    /// Somebody needs a key frame. True: ask the publisher now. False: it will be asked at [`Self::deadline`].
    pub fn request(&mut self, now: Instant, need: Need) -> bool {
        if self.waiting != Some(Need::Switch) {
            self.waiting = Some(need);
        }
        self.poll(now)
    }

    /// A new epoch's first frame came: ask outside the window (M4.4).
    pub fn force(&mut self, now: Instant) -> bool {
        let soon = |last| now.since(last) < FORCED_SPACING && active("M4.4.forced-spacing");
        if self.last.is_some_and(soon) || !self.forced.take(now, 1) && active("M4.4.forced-row") {
            return self.request(now, Need::Switch);
        }
        self.last = Some(now);
        self.waiting = None;
        true
    }

    /// True if a request waited and may go now.
    pub fn poll(&mut self, now: Instant) -> bool {
        while self.earned < ROW && now.since(self.since) >= EARNING {
            self.since += EARNING;
            self.earned += 1;
        }
        if self.waiting.is_none()
            || self.deadline().is_none_or(|at| at > now) && active("M4.4.spacing")
        {
            return false;
        }
        if self.earned == ROW {
            self.since = now;
        }
        self.earned = self.earned.saturating_sub(1);
        self.last = Some(now);
        self.waiting = None;
        true
    }

    /// When the waiting request may go.
    pub fn deadline(&self) -> Option<Instant> {
        let spaced = self.last.map_or(Instant::ZERO, |last| last + SPACING);
        match self.waiting? {
            Need::Loss if self.earned == 0 && active("M4.4.row") => {
                Some(spaced.max(self.since + EARNING))
            }
            _ => Some(spaced),
        }
    }

    /// A key frame came and nobody waits any more.
    pub fn satisfied(&mut self) {
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn m4_4_steady_demand_gets_five_quick_requests_then_one_in_two_seconds() {
        let mut gate = PliGate::default();
        let sent: Vec<_> = (0..20_000)
            .step_by(10)
            .filter(|ms| gate.request(at(*ms), Need::Loss))
            .collect();
        assert_eq!(sent[..5], [0, 500, 1_000, 1_500, 2_000]);
        // One was earned during the row.
        assert_eq!(sent[5..8], [2_500, 4_000, 6_000]);
        assert_eq!(sent.len(), 6 + 8);
    }

    #[test]
    fn m4_4_a_waiting_switch_is_bound_by_the_spacing_alone() {
        let mut gate = PliGate::default();
        let sent = (0..5_000)
            .step_by(10)
            .filter(|ms| gate.request(at(*ms), Need::Switch))
            .count();
        assert_eq!(sent, 10);
        gate.satisfied();
        assert!(
            !gate.request(at(5_500), Need::Loss),
            "the switches have used up what was earned"
        );
    }

    #[test]
    fn m4_4_a_folded_request_goes_when_the_window_ends_unless_a_key_frame_came() {
        let mut gate = PliGate::default();
        assert!(gate.request(at(0), Need::Loss));
        assert!(!gate.request(at(100), Need::Loss));
        assert_eq!(gate.deadline(), Some(at(500)));
        assert!(gate.poll(at(500)));
        assert!(!gate.request(at(600), Need::Loss));
        gate.satisfied();
        assert!(!gate.poll(at(5_000)));
    }

    #[test]
    fn m4_4_a_new_epoch_asks_outside_the_window_but_not_without_end() {
        let mut gate = PliGate::default();
        assert!(gate.request(at(0), Need::Loss));
        assert!(gate.force(at(150)));
        assert!(!gate.force(at(200)));
        assert!(!gate.poll(at(600)));
        assert!(gate.poll(at(650)));
    }

    #[test]
    fn m4_4_epochs_without_end_fall_back_to_the_window() {
        let mut gate = PliGate::default();
        let sent: Vec<_> = (0..10_000)
            .step_by(100)
            .filter(|ms| gate.force(at(*ms)))
            .collect();
        assert_eq!(sent[..5], [0, 100, 200, 300, 400]);
        assert!(sent.len() <= 5 + 5 + 20, "{sent:?}");
        let spaced = sent[5..].windows(2).filter(|pair| pair[1] - pair[0] < 500);
        assert!(spaced.count() <= 10, "only what was earned: {sent:?}");
    }
}

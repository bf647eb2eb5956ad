//! When to wake (M1.4): at once while there is little to do, every two milliseconds when there is much, because
//! a wake-up costs 35–45 µs and one that serves a whole burst is cheaper than one per packet.

use std::time::{Duration, Instant};

/// The tick under load. Longer saves more and delays every packet by half of it on average.
const TICK: Duration = Duration::from_millis(2);
/// Above this busy share the tick is on (M1.4).
const ON: f32 = 0.20;
/// Below this it is off again; the gap keeps it from flapping, since the tick itself lowers the load.
const OFF: f32 = 0.10;
/// Busy share is measured over this long.
const WINDOW: Duration = Duration::from_millis(250);

/// Measures the thread's load and decides on the tick.
pub(crate) struct Ticker {
    window_start: Instant,
    busy: Duration,
    load: f32,
    ticking: bool,
}

impl Ticker {
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            window_start: now,
            busy: Duration::ZERO,
            load: 0.0,
            ticking: false,
        }
    }

    /// Notes one wake-up, from its first to its last instruction.
    pub(crate) fn worked(&mut self, from: Instant, to: Instant) {
        self.busy += to.saturating_duration_since(from);
        let window = to.saturating_duration_since(self.window_start);
        if window >= WINDOW {
            self.load = (self.busy.as_secs_f32() / window.as_secs_f32()).min(1.0);
            self.ticking = if self.ticking {
                self.load > OFF
            } else {
                self.load > ON
            };
            self.window_start = to;
            self.busy = Duration::ZERO;
        }
    }

    /// Busy share over the last window.
    pub(crate) const fn load(&self) -> f32 {
        self.load
    }

    /// The current tick.
    pub(crate) const fn tick(&self) -> Duration {
        if self.ticking { TICK } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ticker: &mut Ticker, start: Instant, busy_us: u64) -> Instant {
        let mut at = start;
        for _ in 0..600 {
            ticker.worked(at, at + Duration::from_micros(busy_us));
            at += Duration::from_millis(1);
        }
        at
    }

    #[test]
    fn the_tick_follows_the_load_with_a_gap() {
        let start = Instant::now();
        let mut ticker = Ticker::new(start);
        let at = run(&mut ticker, start, 150);
        assert_eq!(ticker.tick(), Duration::ZERO);
        let at = run(&mut ticker, at, 300);
        assert_eq!(ticker.tick(), TICK);
        assert!(ticker.load() > ON);
        let at = run(&mut ticker, at, 150);
        assert_eq!(ticker.tick(), TICK, "the tick flapped");
        run(&mut ticker, at, 50);
        assert_eq!(ticker.tick(), Duration::ZERO);
    }
}

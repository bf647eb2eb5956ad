//! When to wake (M1.4), as the worker did when the floor was frozen: at once below 20 % load, every 2 ms above.

use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(2);
const ON: f32 = 0.20;
const OFF: f32 = 0.10;
const WINDOW: Duration = Duration::from_millis(250);

/// Measures the thread's load and decides on the tick.
pub struct Ticker {
    start: Instant,
    busy: Duration,
    ticking: bool,
}

impl Ticker {
    /// Wakes at once until there is load.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            start: now,
            busy: Duration::ZERO,
            ticking: false,
        }
    }

    /// Notes one wake-up.
    pub fn worked(&mut self, from: Instant, to: Instant) {
        self.busy += to.saturating_duration_since(from);
        let window = to.saturating_duration_since(self.start);
        if window >= WINDOW {
            let load = self.busy.as_secs_f32() / window.as_secs_f32();
            self.ticking = load > if self.ticking { OFF } else { ON };
            self.start = to;
            self.busy = Duration::ZERO;
        }
    }

    /// The current tick.
    #[must_use]
    pub const fn tick(&self) -> Duration {
        if self.ticking { TICK } else { Duration::ZERO }
    }
}

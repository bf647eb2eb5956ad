//! Each frame at most once (K5.3): a window of 1,024 counters for each key id.

/// Counters behind the highest one seen that can still be told apart. Frames of one key id arrive out of order by at most a
/// jitter buffer's depth; 1,024 are more than a second of simulcast at 60 frames a second, in 128 bytes.
pub const WINDOW: u64 = 1024;

/// What was delivered under one key id.
#[derive(Clone)]
pub struct ReplayWindow {
    highest: Option<u64>,
    seen: [u64; (WINDOW / 64) as usize],
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self {
            highest: None,
            seen: [0; (WINDOW / 64) as usize],
        }
    }
}

impl ReplayWindow {
    /// Whether this counter is new; changes nothing.
    #[must_use]
    pub fn is_new(&self, ctr: u64) -> bool {
        match self.highest {
            None => true,
            Some(highest) if ctr > highest => true,
            Some(highest) if highest - ctr >= WINDOW => false,
            Some(_) => self.seen[slot(ctr).0] & slot(ctr).1 == 0,
        }
    }

    /// Remembers a counter whose frame was authentic.
    pub fn accept(&mut self, ctr: u64) {
        if self.highest.is_none_or(|highest| ctr > highest) {
            let from = self.highest.map_or(ctr, |highest| {
                (highest + 1).max(ctr.saturating_sub(WINDOW - 1))
            });
            (from..=ctr).for_each(|skipped| self.seen[slot(skipped).0] &= !slot(skipped).1);
            self.highest = Some(ctr);
        }
        self.seen[slot(ctr).0] |= slot(ctr).1;
    }
}

fn slot(ctr: u64) -> (usize, u64) {
    ((ctr % WINDOW / 64) as usize, 1 << (ctr % 64))
}

//! Which packet indices were used (RFC 3711 §3.3.2): one sliding bitmap for both directions.

/// Indices behind the newest one that are remembered. Video at 20 Mbit/s makes 2,000 packets a second, so
/// this is half a second of reordering; raising it costs memory per SSRC, lowering it drops late packets.
const SIZE: u64 = 1024;

/// What the window says of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Never seen.
    Fresh,
    /// Seen before.
    Used,
    /// Too old to know.
    TooOld,
}

/// The last `SIZE` indices.
#[derive(Debug, Clone)]
pub(super) struct Window {
    newest: Option<u64>,
    bits: [u64; (SIZE / 64) as usize],
}

impl Window {
    pub(super) const fn new() -> Self {
        Self {
            newest: None,
            bits: [0; (SIZE / 64) as usize],
        }
    }

    /// The highest index marked so far.
    pub(super) const fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Judges an index without remembering it.
    pub(super) fn check(&self, index: u64) -> Verdict {
        match self.newest {
            Some(newest) if index <= newest && newest - index >= SIZE => Verdict::TooOld,
            Some(newest) if index <= newest && self.bit(index) => Verdict::Used,
            _ => Verdict::Fresh,
        }
    }

    /// Remembers an index that `check` called fresh.
    pub(super) fn mark(&mut self, index: u64) {
        let newest = self.newest.unwrap_or(index);
        if index > newest {
            if index - newest >= SIZE {
                self.bits = [0; (SIZE / 64) as usize];
            } else {
                for between in newest + 1..=index {
                    self.bits[Self::word(between)] &= !Self::mask(between);
                }
            }
        }
        self.newest = Some(newest.max(index));
        self.bits[Self::word(index)] |= Self::mask(index);
    }

    fn bit(&self, index: u64) -> bool {
        self.bits[Self::word(index)] & Self::mask(index) != 0
    }

    const fn word(index: u64) -> usize {
        ((index % SIZE) / 64) as usize
    }

    const fn mask(index: u64) -> u64 {
        1 << (index % 64)
    }
}

/// The 48-bit index that a sequence number most likely means (RFC 3711 §3.3.1, Appendix A).
///
/// `None` before the very first packet of a stream wrapped backwards, which no honest sender does.
pub(super) fn guess_index(newest: Option<u64>, sequence: u16) -> Option<u64> {
    let Some(newest) = newest else {
        return Some(u64::from(sequence));
    };
    let rollover = newest >> 16;
    let last = (newest & 0xffff) as u16;
    let rollover = if last < 0x8000 {
        if i32::from(sequence) - i32::from(last) > 0x8000 {
            rollover.checked_sub(1)?
        } else {
            rollover
        }
    } else if i32::from(last) - 0x8000 > i32::from(sequence) {
        rollover + 1
    } else {
        rollover
    };
    (rollover <= u64::from(u32::MAX)).then_some(rollover << 16 | u64::from(sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_fresh_once_and_old_ones_are_not_trusted() {
        let mut window = Window::new();
        for index in [5000, 5001, 5003, 4500] {
            assert_eq!(window.check(index), Verdict::Fresh);
            window.mark(index);
            assert_eq!(window.check(index), Verdict::Used);
        }
        assert_eq!(window.check(5002), Verdict::Fresh);
        assert_eq!(window.check(5003 - SIZE), Verdict::TooOld);
        window.mark(5003 + SIZE * 3);
        assert_eq!(window.check(5003 + SIZE * 3 - 1), Verdict::Fresh);
        assert_eq!(window.check(5003), Verdict::TooOld);
    }

    #[test]
    fn sliding_forgets_what_left_the_window() {
        let mut window = Window::new();
        for index in 0..SIZE * 3 {
            assert_eq!(window.check(index), Verdict::Fresh, "{index}");
            window.mark(index);
        }
    }

    #[test]
    fn the_rollover_counter_follows_the_sequence_number_both_ways() {
        assert_eq!(guess_index(None, 65_535), Some(65_535));
        assert_eq!(guess_index(Some(65_535), 0), Some(0x1_0000));
        assert_eq!(guess_index(Some(0x1_0000), 65_535), Some(65_535));
        assert_eq!(guess_index(Some(0x1_8000), 0x7fff), Some(0x1_7fff));
        assert_eq!(guess_index(Some(3), 65_535), None);
        assert_eq!(guess_index(Some(0xffff_ffff_ffff), 0), None);
    }
}

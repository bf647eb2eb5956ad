//! When a publisher's frame was captured, in the worker's own clock (M4.2): sender reports tie its timestamps to
//! its wall clock, and the fastest report so far ties that wall clock to ours. Sound and picture of one
//! publisher share the second tie, so they stay together (M4.6).

use crate::ntp::{WallNanos, ticks_to_nanos, to_nanos};
use crate::rtp::ts_diff;

/// How much slower a later report may be without counting, per report: follows clocks that drift apart by up to
/// 200 millionths at one report a second, and forgets a route that was faster once.
const DRIFT_NANOS: i64 = 200_000;

/// The distance between a publisher's wall clock and ours, one-way delay of its fastest report included.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerClock {
    offset: Option<i64>,
}

impl PeerClock {
    /// A sender report with wall-clock time `theirs` arrived when ours was `ours`.
    pub fn report(&mut self, theirs: WallNanos, ours: WallNanos) {
        let seen = ours.wrapping_sub(theirs);
        self.offset = Some(match self.offset {
            // A jump of a second is a clock that was set, not a delay.
            Some(old) if old.abs_diff(seen) < 1_000_000_000 => seen.min(old + DRIFT_NANOS),
            _ => seen,
        });
    }
}

/// One stream's last sender report.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamClock {
    report: Option<(WallNanos, u32)>,
    /// Middle bits of the report's NTP time and its arrival, for our report blocks.
    last: Option<(u32, u64)>,
}

impl StreamClock {
    /// Remembers a sender report that arrived `now_nanos` after the worker's start.
    pub fn report(&mut self, ntp: u64, rtp: u32, now_nanos: u64) {
        self.report = Some((to_nanos(ntp), rtp));
        self.last = Some((crate::ntp::middle(ntp), now_nanos));
    }

    /// LSR and DLSR of a report block (RFC 3550 §6.4.1).
    pub fn last_report(&self, now_nanos: u64) -> (u32, u32) {
        let Some((middle, at)) = self.last else {
            return (0, 0);
        };
        let delay = now_nanos.saturating_sub(at) as u128 * 65_536 / 1_000_000_000;
        (middle, delay.min(u32::MAX as u128) as u32)
    }

    /// When the frame with that timestamp was captured, in our wall clock; none before the first report.
    pub fn captured(&self, timestamp: u32, rate: u32, peer: &PeerClock) -> Option<WallNanos> {
        let ((wall, rtp), offset) = (self.report?, peer.offset?);
        let since = ticks_to_nanos(ts_diff(timestamp, rtp) as i64, rate);
        Some(wall.wrapping_add(since).wrapping_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ntp::from_nanos;

    #[test]
    fn m4_6_sound_and_picture_of_one_publisher_meet_in_our_clock() {
        let (mut peer, mut sound, mut picture) = <(PeerClock, StreamClock, StreamClock)>::default();
        let second = 1_000_000_000;
        assert_eq!(sound.captured(5, 48_000, &peer), None);
        // The publisher's clock is 100 s ahead; the first report took 80 ms, the second 20 ms.
        peer.report(150 * second, 50 * second + 80_000_000);
        sound.report(from_nanos(150 * second), 1_000, 0);
        peer.report(151 * second, 51 * second + 20_000_000);
        picture.report(from_nanos(151 * second), u32::MAX, 0);
        let ear = sound.captured(1_000 + 48_000, 48_000, &peer).unwrap();
        let eye = picture.captured(u32::MAX, 90_000, &peer).unwrap();
        assert!((ear - eye).abs() < 10, "{ear} {eye}");
        assert!((ear - (51 * second + 20_000_000)).abs() < 10);
    }

    #[test]
    fn slower_reports_move_the_offset_only_by_drift_and_a_set_clock_at_once() {
        let mut peer = PeerClock::default();
        peer.report(0, 1_000);
        peer.report(0, 500_000_000);
        assert_eq!(peer.offset, Some(1_000 + DRIFT_NANOS));
        peer.report(0, -5_000_000_000);
        assert_eq!(peer.offset, Some(-5_000_000_000));
    }
}

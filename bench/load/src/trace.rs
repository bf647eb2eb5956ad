//! Packet lengths and times as browsers sent them (`bench/traces`), joined so that each window of three seconds replays
//! 1.5 s of Chromium and 1.5 s of Firefox.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// Of each browser's recording in turn.
const SLICE: Duration = Duration::from_millis(1_500);
/// One window: a slice of each.
pub const WINDOW: Duration = Duration::from_secs(3);

/// One packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the start of the whole.
    pub at: Duration,
    /// Simulcast layer, 0 the lowest.
    pub layer: u8,
    /// Bytes of RTP payload.
    pub len: usize,
    /// The first packet of a frame.
    pub first: bool,
    /// The last packet of a frame.
    pub marker: bool,
}

/// All steps, and how many whole windows they fill.
pub struct Trace {
    pub steps: Vec<Step>,
    pub windows: u32,
}

impl Trace {
    /// Reads both browsers' recordings of `source`, `video` or `microphone`.
    pub fn load(folder: &Path, source: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let read = |browser| recording(&folder.join(format!("{browser}-{source}.json")));
        Self::join(&[read("chromium")?, read("firefox")?])
    }

    fn join(recordings: &[Vec<Step>]) -> Result<Self, Box<dyn std::error::Error>> {
        let lasts = recordings
            .iter()
            .filter_map(|one| one.last())
            .map(|last| last.at);
        let shortest = lasts.min().ok_or("an empty recording")?;
        let windows = (shortest.as_nanos() / SLICE.as_nanos()) as u32;
        let mut steps = Vec::new();
        let mut start = Duration::ZERO;
        for slice in 0..windows {
            for recording in recordings {
                let from = SLICE * slice;
                let mut fresh = [true; 8];
                let inside = |step: &&Step| (from..from + SLICE).contains(&step.at);
                steps.extend(recording.iter().filter(inside).map(|step| Step {
                    at: start + step.at - from,
                    // A frame that was cut at the border begins here.
                    first: step.first | std::mem::take(&mut fresh[step.layer as usize]),
                    ..*step
                }));
                start += SLICE;
            }
        }
        Ok(Self { steps, windows })
    }

    /// Steps from the beginning of a window on.
    pub fn from(&self, window: u32) -> usize {
        let at = WINDOW * (window % self.windows);
        self.steps.partition_point(|step| step.at < at)
    }
}

fn recording(path: &Path) -> Result<Vec<Step>, Box<dyn std::error::Error>> {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let mut first = [true; 8];
    let packets = whole["packets"].as_array().ok_or("no packets")?;
    let steps = packets.iter().map(|packet| {
        let number = |at: usize| packet[at].as_u64().ok_or("not a number");
        let (layer, marker) = (number(1)? as u8, number(3)? == 1);
        let step = Step {
            at: Duration::from_micros(number(0)?),
            layer,
            len: number(2)? as usize,
            first: first[layer as usize],
            marker,
        };
        first[layer as usize] = marker;
        Ok(step)
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(ms: u64, first: bool, marker: bool) -> Step {
        let at = Duration::from_millis(ms);
        Step {
            at,
            layer: 0,
            len: 100,
            first,
            marker,
        }
    }

    #[test]
    fn a_window_replays_a_slice_of_each_and_cut_frames_begin_anew() {
        let one: Vec<Step> = (0..31)
            .map(|n| step(n * 100, n % 2 == 0, n % 2 == 1))
            .collect();
        let trace = Trace::join(&[one.clone(), one]).unwrap();
        assert_eq!(trace.windows, 2);
        assert_eq!(trace.steps.len(), 60);
        assert_eq!(trace.steps[15].at, Duration::from_millis(1_500));
        assert!(
            trace.steps[15].first,
            "the second recording begins with a frame"
        );
        assert_eq!(trace.from(1), 30);
        assert!(
            trace.steps[30].first,
            "the packet was in the middle of a frame"
        );
        assert_eq!(trace.from(2), 0);
    }

    #[test]
    fn the_committed_recordings_fill_at_least_five_windows() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces");
        for source in ["video", "microphone"] {
            assert!(
                Trace::load(&folder, source).unwrap().windows >= 5,
                "{source}"
            );
        }
    }
}

//! The numbers of one slot (M4.1, M4.2): at each switch offsets are fixed, so that sequence numbers, timestamps
//! and picture numbers go on where the slot left off and never go backwards.

use std::time::Duration;

use crate::codec::Descriptor;
use crate::ingress::Parsed;
use crate::ntp::{WallNanos, nanos_to_ticks};
use crate::rtp::{seq_diff, ts_diff};
use crate::types::Instant;

/// How far a switch may step ahead of the time that passed (M4.2). A larger step would show as a pause, a
/// smaller one would tear sound from picture on ordinary paths.
const MAX_AHEAD: Duration = Duration::from_millis(75);

/// Smallest step of a switch between pictures: 1 ms.
const MIN_PICTURE_NANOS: i64 = 1_000_000;

/// Smallest step of a switch between voices: one packet of 20 ms.
const MIN_SOUND_NANOS: i64 = 20_000_000;

/// What is added to each number of one source while it is in the slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    seq: u16,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    key_idx: u8,
    frame: u16,
}

/// Numbers of one outgoing packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Sequence number.
    pub seq: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Descriptor with the slot's numbers.
    pub descriptor: Descriptor,
}

impl Mapping {
    /// The slot's numbers of a packet.
    #[inline]
    pub fn apply(&self, parsed: &Parsed) -> Numbers {
        let mut descriptor = parsed.payload.descriptor;
        match &mut descriptor {
            Descriptor::Plain => {}
            Descriptor::Vp8(vp8) => {
                vp8.picture_id = vp8
                    .picture_id
                    .map(|id| id.wrapping_add(self.picture) & 0x7fff);
                vp8.tl0_pic_idx = vp8.tl0_pic_idx.map(|index| index.wrapping_add(self.tl0));
                vp8.key_idx = vp8
                    .key_idx
                    .map(|index| index.wrapping_add(self.key_idx) & 0x1f);
            }
            Descriptor::Vp9(vp9) => {
                vp9.picture_id = vp9
                    .picture_id
                    .map(|id| id.wrapping_add(self.picture) & 0x7fff);
                vp9.tl0_pic_idx = vp9.tl0_pic_idx.map(|index| index.wrapping_add(self.tl0));
                vp9.frame = vp9.frame.map(|frame| frame.wrapping_add(self.frame));
            }
            Descriptor::Dependency { frame } => *frame = frame.wrapping_add(self.frame),
        }
        Numbers {
            seq: parsed.seq.wrapping_add(self.seq),
            timestamp: parsed.timestamp.wrapping_add(self.timestamp),
            descriptor,
        }
    }
}

/// Where a slot stands: the newest numbers it has sent.
#[derive(Clone, Copy, Debug)]
struct Position {
    seq: u16,
    timestamp: u32,
    picture: u16,
    tl0: u8,
    key_idx: u8,
    frame: u16,
}

/// When the newest packet left, and when its frame was captured if that is known.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Our time of forwarding.
    pub sent: Instant,
    /// Our wall clock when the frame was captured.
    pub captured: Option<WallNanos>,
}

/// Rewrites one slot.
#[derive(Clone, Debug)]
pub struct Rewriter {
    mapping: Mapping,
    position: Position,
    moment: Option<Moment>,
    base: u64,
    highest: u64,
}

impl Rewriter {
    /// Begins at the given numbers; random ones, as RFC 3550 §5.1 asks.
    pub fn new(seq: u16, timestamp: u32, picture: u16) -> Rewriter {
        let position = Position {
            seq,
            timestamp,
            picture: picture & 0x7fff,
            tl0: 0,
            key_idx: 0,
            frame: 0,
        };
        Rewriter {
            mapping: Mapping::default(),
            position,
            moment: None,
            base: 0,
            highest: 0,
        }
    }

    /// Fixes the offsets for a new source, whose first packet is `first`, in a clock of `rate` Hz.
    pub fn switch(&mut self, now: Instant, first: &Parsed, captured: Option<WallNanos>, rate: u32) {
        let last = self.position;
        let timestamp = match self.moment {
            None => last.timestamp,
            Some(moment) => {
                let video = first.codec != crate::types::CodecName::Opus;
                let step = step_nanos(
                    &moment,
                    &Moment {
                        sent: now,
                        captured,
                    },
                    video,
                );
                last.timestamp
                    .wrapping_add(nanos_to_ticks(step, rate) as u32)
            }
        };
        let mut mapping = Mapping {
            seq: last.seq.wrapping_add(1).wrapping_sub(first.seq),
            timestamp: timestamp.wrapping_sub(first.timestamp),
            ..Mapping::default()
        };
        let picture = |id: Option<u16>| last.picture.wrapping_add(1).wrapping_sub(id.unwrap_or(0));
        let tl0 = |index: Option<u8>| last.tl0.wrapping_add(1).wrapping_sub(index.unwrap_or(0));
        let frame = |number: u16| last.frame.wrapping_add(1).wrapping_sub(number);
        match first.payload.descriptor {
            Descriptor::Plain => {}
            Descriptor::Vp8(vp8) => {
                mapping.picture = picture(vp8.picture_id);
                mapping.tl0 = tl0(vp8.tl0_pic_idx);
                mapping.key_idx = last
                    .key_idx
                    .wrapping_add(1)
                    .wrapping_sub(vp8.key_idx.unwrap_or(0));
            }
            Descriptor::Vp9(vp9) => {
                mapping.picture = picture(vp9.picture_id);
                mapping.tl0 = tl0(vp9.tl0_pic_idx);
                mapping.frame = frame(vp9.frame.unwrap_or(0));
            }
            Descriptor::Dependency { frame: number } => mapping.frame = frame(number),
        }
        self.mapping = mapping;
        self.base = first.extended;
        self.highest = first.extended;
    }

    /// Rewrites a packet of the current source and moves the slot on.
    #[inline]
    pub fn send(&mut self, now: Instant, parsed: &Parsed, captured: Option<WallNanos>) -> Numbers {
        let numbers = self.mapping.apply(parsed);
        let position = &mut self.position;
        if self.moment.is_none() || seq_diff(numbers.seq, position.seq) > 0 {
            position.seq = numbers.seq;
            self.highest = self.highest.max(parsed.extended);
        }
        if self.moment.is_none() || ts_diff(numbers.timestamp, position.timestamp) >= 0 {
            position.timestamp = numbers.timestamp;
            self.moment = Some(Moment {
                sent: now,
                captured,
            });
        }
        match numbers.descriptor {
            Descriptor::Plain => {}
            Descriptor::Vp8(vp8) => {
                position.advance_picture(vp8.picture_id, vp8.tl0_pic_idx);
                if let Some(index) = vp8.key_idx {
                    position.key_idx = index;
                }
            }
            Descriptor::Vp9(vp9) => {
                position.advance_picture(vp9.picture_id, vp9.tl0_pic_idx);
                position.advance_frame(vp9.frame.unwrap_or(position.frame));
            }
            Descriptor::Dependency { frame } => position.advance_frame(frame),
        }
        numbers
    }

    /// The offsets now in force.
    pub fn mapping(&self) -> Mapping {
        self.mapping
    }

    /// The source's first number in this slot: nothing older belongs here (M4.1).
    #[inline]
    pub fn base(&self) -> u64 {
        self.base
    }

    /// The source's newest number in this slot.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// The newest timestamp sent and its moment; none before the first packet.
    pub fn newest(&self) -> Option<(u32, Moment)> {
        self.moment.map(|moment| (self.position.timestamp, moment))
    }
}

impl Position {
    fn advance_picture(&mut self, picture: Option<u16>, tl0: Option<u8>) {
        if let Some(picture) = picture
            && picture.wrapping_sub(self.picture) & 0x7fff < 0x4000
        {
            self.picture = picture;
        }
        if let Some(tl0) = tl0
            && tl0.wrapping_sub(self.tl0) < 0x80
        {
            self.tl0 = tl0;
        }
    }

    fn advance_frame(&mut self, frame: u16) {
        if seq_diff(frame, self.frame) > 0 {
            self.frame = frame;
        }
    }
}

/// The step from one source's last frame to another's first (M4.2): by capture time where both are known, else
/// by arrival; never backwards, never further ahead than the time that passed and [`MAX_AHEAD`].
fn step_nanos(last: &Moment, next: &Moment, video: bool) -> i64 {
    let passed = next.sent.since(last.sent).as_nanos() as i64;
    let step = match (last.captured, next.captured) {
        (Some(before), Some(after)) => after.wrapping_sub(before),
        _ => passed,
    };
    let least = if video {
        MIN_PICTURE_NANOS
    } else {
        MIN_SOUND_NANOS
    };
    step.clamp(least, (passed + MAX_AHEAD.as_nanos() as i64).max(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Payload, vp8};
    use crate::types::CodecName;

    fn packet(extended: u64, timestamp: u32, picture: u16, tl0: u8) -> Parsed {
        let descriptor = vp8::Descriptor {
            picture_id: Some(picture),
            tl0_pic_idx: Some(tl0),
            key_idx: Some(3),
            ..vp8::Descriptor::default()
        };
        Parsed {
            extended,
            seq: extended as u16,
            timestamp,
            marker: true,
            codec: CodecName::Vp8,
            payload: Payload {
                descriptor: Descriptor::Vp8(descriptor),
                ..Payload::whole_frame()
            },
            payload_at: 0,
            end: 0,
            audio_level: None,
            video_orientation: None,
            dependency: None,
        }
    }

    fn vp8_of(numbers: &Numbers) -> vp8::Descriptor {
        let Descriptor::Vp8(vp8) = numbers.descriptor else {
            panic!("not VP8")
        };
        vp8
    }

    #[test]
    fn m4_1_numbers_go_on_across_switches_to_lower_and_higher_sources() {
        let mut rewriter = Rewriter::new(65_534, u32::MAX - 10, 0x7fff);
        let mut now = Instant::ZERO;
        let mut last: Option<Numbers> = None;
        for (n, start) in [50_000u64, 3, 65_535, 30_000].into_iter().enumerate() {
            let (ts, picture, tl0) = (
                n as u32 * 0x5555_5555,
                (start as u16) & 0x7fff,
                (start * 7) as u8,
            );
            for i in 0..3u16 {
                now += Duration::from_millis(33);
                let parsed = packet(
                    start + i as u64,
                    ts.wrapping_add(2_970 * i as u32),
                    picture + i,
                    tl0.wrapping_add(i as u8),
                );
                if i == 0 {
                    rewriter.switch(now, &parsed, None, 90_000);
                }
                let numbers = rewriter.send(now, &parsed, None);
                if let Some(last) = last {
                    assert_eq!(numbers.seq, last.seq.wrapping_add(1));
                    assert_eq!(ts_diff(numbers.timestamp, last.timestamp), 2_970);
                    let (new, old) = (vp8_of(&numbers), vp8_of(&last));
                    assert_eq!(
                        new.picture_id.unwrap(),
                        (old.picture_id.unwrap() + 1) & 0x7fff
                    );
                    assert_eq!(
                        new.tl0_pic_idx.unwrap(),
                        old.tl0_pic_idx.unwrap().wrapping_add(1)
                    );
                    let step = new.key_idx.unwrap().wrapping_sub(old.key_idx.unwrap()) & 0x1f;
                    assert_eq!(step, (i == 0) as u8);
                }
                last = Some(numbers);
            }
        }
    }

    #[test]
    fn m4_1_frame_numbers_of_vp9_and_av1_go_on_across_switches() {
        use crate::codec::vp9;
        let mut rewriter = Rewriter::new(0, 0, 500);
        let mut frames = Vec::new();
        for (n, first) in [60_000u16, 7, 65_535].into_iter().enumerate() {
            for i in 0..2u16 {
                let frame = first.wrapping_add(i);
                let vp9 = vp9::Descriptor {
                    picture_id: Some(frame & 0x7fff),
                    tl0_pic_idx: Some(frame as u8),
                    frame: Some(frame),
                    ..vp9::Descriptor::default()
                };
                let mut parsed = packet(frame as u64, 0, 0, 0);
                parsed.payload.descriptor = if n == 1 {
                    Descriptor::Dependency { frame }
                } else {
                    Descriptor::Vp9(vp9)
                };
                if i == 0 {
                    rewriter.switch(Instant::ZERO, &parsed, None, 90_000);
                }
                frames.push(
                    match rewriter.send(Instant::ZERO, &parsed, None).descriptor {
                        Descriptor::Vp9(vp9) => {
                            (vp9.frame.unwrap(), vp9.picture_id, vp9.tl0_pic_idx)
                        }
                        Descriptor::Dependency { frame } => (frame, None, None),
                        other => panic!("{other:?}"),
                    },
                );
            }
        }
        let numbers: Vec<_> = frames.iter().map(|frame| frame.0).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        let pictures: Vec<_> = frames.iter().filter_map(|frame| frame.1).collect();
        assert_eq!(pictures, [501, 502, 503, 504]);
        let tl0: Vec<_> = frames.iter().filter_map(|frame| frame.2).collect();
        assert_eq!(tl0, [1, 2, 3, 4]);
    }

    #[test]
    fn m4_2_a_switch_follows_capture_times_within_bounds() {
        let second = 1_000_000_000;
        let step = |passed_ms: u64, before: Option<i64>, after: Option<i64>, video| {
            let last = Moment {
                sent: Instant::from_millis(1_000),
                captured: before,
            };
            let next = Moment {
                sent: Instant::from_millis(1_000 + passed_ms),
                captured: after,
            };
            step_nanos(&last, &next, video) / 1_000_000
        };
        assert_eq!(step(40, None, None, true), 40);
        assert_eq!(step(40, Some(second), Some(second + 33_000_000), true), 33);
        assert_eq!(
            step(40, Some(second), Some(second + 500_000_000), true),
            115
        );
        assert_eq!(step(40, Some(second), Some(second - 500_000_000), true), 1);
        assert_eq!(step(0, None, None, false), 20);
        assert_eq!(step(20_000, None, Some(3), true), 20_000);
    }

    #[test]
    fn a_late_packet_does_not_move_the_slot_back() {
        let mut rewriter = Rewriter::new(10, 0, 0);
        rewriter.switch(Instant::ZERO, &packet(100, 0, 5, 5), None, 90_000);
        let seqs: Vec<_> = [100, 102, 101]
            .map(|n| rewriter.send(Instant::ZERO, &packet(n, 0, 5, 5), None).seq)
            .into();
        assert_eq!(seqs, [11, 13, 12]);
        rewriter.switch(Instant::ZERO, &packet(7, 0, 5, 5), None, 90_000);
        assert_eq!(
            rewriter.send(Instant::ZERO, &packet(7, 0, 5, 5), None).seq,
            14
        );
    }
}

//! One transport session as the forwarder sees it: what it publishes, where it receives, and its clocks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::RoomError;
use crate::bucket::Bucket;
use crate::guard::active;
use crate::ingress::binding::Bindings;
use crate::ingress::clock::PeerClock;
use crate::ingress::transport_cc::Arrivals;
use crate::rtp::ExtensionIds;
use crate::types::{Content, Instant, PeerId, PeerStats, RoomId, Section, Source};

/// Sections one session can have: five sources, 16 slots, and growth by 16 until nobody's screen is larger.
const MAX_SECTIONS: usize = 256;

/// Round trip assumed until a receiver report tells one.
const DEFAULT_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Repairs a receiver may ask for in a burst, and those earned per second (attack 10). A 1.5 Mbit/s picture at
/// 20 % loss in nine tiles needs some 250 a second.
const REPAIR_BURST: u32 = 400;
const REPAIRS_PER_SECOND: f64 = 800.0;

/// Key frames of one track that one receiver may cause in a row by switching to it, and time that earns another
/// (M4.4): the same row as for lost pictures. More lets one view blur a publisher's picture for all, less makes a person
/// who looks through the pages of a meeting wait.
const ASKS: u32 = 5;
const ASKS_PER_SECOND: f64 = 0.5;

/// State of one peer.
#[derive(Debug)]
pub struct Peer {
    /// Its id.
    pub id: PeerId,
    /// Its room.
    pub room: RoomId,
    /// Whether it can receive: its handshake is done.
    pub connected: bool,
    /// Its leaf in the group.
    pub leaf: Option<u16>,
    /// Which sources it may send, by their numbers; at first none.
    pub publish: [bool; Source::ALL.len()],
    /// Which of them the server has muted.
    pub muted: [bool; Source::ALL.len()],
    /// What its SSRCs carry.
    pub bindings: Bindings,
    /// Meaning of its extension ids.
    pub ids: ExtensionIds,
    /// Place of each source's track.
    pub tracks: [Option<u32>; Source::ALL.len()],
    /// Places of its slots.
    pub slots: Vec<u32>,
    /// SSRCs of its slots, in the order of `slots`.
    pub slot_ssrcs: Vec<u32>,
    /// Arrivals to tell it about.
    pub arrivals: Arrivals,
    /// Its wall clock against ours.
    pub clock: PeerClock,
    /// Smoothed round trip.
    pub rtt: Option<Duration>,
    /// When it is next sent reports.
    pub report_at: Instant,
    /// SSRC under which we speak to it of its own streams.
    pub ssrc: u32,
    /// Media SSRC most recently heard, for transport-wide feedback.
    pub heard: u32,
    /// RTP packets received by source.
    pub received: [u64; Source::ALL.len()],
    /// RTP packets forwarded to it.
    pub sent: u64,
    /// Smoothed share it reports lost.
    pub loss: f32,
    /// Command number of full intra requests.
    pub fir: u8,
    repairs: Bucket,
    /// Key frames it may still ask for by switching, by the serial of the track; full buckets are left out.
    asks: Vec<(u64, Bucket)>,
}

impl Peer {
    /// A peer without sections.
    pub fn new(now: Instant, id: PeerId, room: RoomId, ssrc: u32) -> Peer {
        Peer {
            id,
            room,
            connected: false,
            leaf: None,
            publish: [false; Source::ALL.len()],
            muted: [false; Source::ALL.len()],
            bindings: Bindings::default(),
            ids: ExtensionIds::default(),
            tracks: [None; Source::ALL.len()],
            slots: Vec::new(),
            slot_ssrcs: Vec::new(),
            arrivals: Arrivals::default(),
            clock: PeerClock::default(),
            rtt: None,
            report_at: now,
            ssrc,
            heard: 0,
            received: [0; Source::ALL.len()],
            sent: 0,
            loss: 0.0,
            fir: 0,
            repairs: Bucket::new(REPAIR_BURST, REPAIRS_PER_SECOND),
            asks: Vec::new(),
        }
    }

    /// Round trip to it, assumed if unknown.
    pub fn round_trip(&self) -> Duration {
        self.rtt.unwrap_or(DEFAULT_ROUND_TRIP)
    }

    /// A report told this round trip and loss; both are smoothed as TCP smooths (RFC 6298 §2).
    pub fn reported(&mut self, round_trip: Option<Duration>, fraction_lost: u8) {
        if let Some(new) = round_trip {
            self.rtt = Some(self.rtt.map_or(new, |old| (old * 7 + new) / 8));
        }
        self.loss += (fraction_lost as f32 / 256.0 - self.loss) / 8.0;
    }

    /// Whether one more repair is allowed now.
    pub fn may_repair(&mut self, now: Instant) -> bool {
        self.repairs.take(now, 1) || !active("attack-10.repairs")
    }

    /// Whether a switch of this receiver may ask the track's publisher for a key frame in its own right.
    pub fn may_ask(&mut self, now: Instant, track: u64) -> bool {
        self.asks.retain_mut(|(_, bucket)| !bucket.is_full(now));
        let known = self.asks.iter().position(|(serial, _)| *serial == track);
        let at = known.unwrap_or(self.asks.len());
        if known.is_none() {
            self.asks.push((track, Bucket::new(ASKS, ASKS_PER_SECOND)));
        }
        self.asks[at].1.take(now, 1) || !active("M4.4.switches-in-a-row")
    }

    /// Its counters.
    pub fn stats(&self) -> PeerStats {
        let counted = Source::ALL
            .into_iter()
            .zip(self.received)
            .filter(|(_, n)| *n > 0);
        PeerStats {
            peer: self.id,
            rtt_us: self
                .rtt
                .map(|rtt| rtt.as_micros().min(u32::MAX as u128) as u32),
            in_packets: counted.collect::<BTreeMap<_, _>>(),
            out_packets: self.sent,
            loss: self.loss,
        }
    }
}

/// Checks sections before anything is changed.
pub fn check_sections(sections: &[Section]) -> Result<(), RoomError> {
    if sections.len() > MAX_SECTIONS {
        return Err(RoomError::TooManySections);
    }
    let (mut sources, mut slots, mut ssrcs) = (vec![], vec![], vec![]);
    for section in sections {
        check_numbers(section)?;
        match &section.content {
            Content::Publish {
                source,
                rids,
                ssrcs,
                ..
            } => {
                if rids.len() > 3 || ssrcs.len() > 6 || section.codecs.len() > 16 {
                    return Err(RoomError::TooManySections);
                }
                sources.push(*source);
            }
            Content::Slot {
                kind,
                index,
                ssrc,
                rtx_ssrc,
                ..
            } => {
                slots.push((*kind, *index));
                ssrcs.push(*ssrc);
                ssrcs.extend(rtx_ssrc);
            }
        }
    }
    let distinct = all_distinct(sources) && all_distinct(slots) && all_distinct(ssrcs);
    if distinct {
        Ok(())
    } else {
        Err(RoomError::DuplicateSection)
    }
}

fn check_numbers(section: &Section) -> Result<(), RoomError> {
    let codec = section
        .codecs
        .iter()
        .any(|codec| codec.pt > 127 || codec.rtx_pt.is_some_and(|pt| pt > 127) || codec.clock == 0);
    let extension = section.extensions.iter().any(|extension| extension.id == 0);
    if codec || extension {
        Err(RoomError::BadSection)
    } else {
        Ok(())
    }
}

fn all_distinct<T: Ord>(mut values: Vec<T>) -> bool {
    values.sort_unstable();
    values.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_10_repairs_are_bounded_by_burst_and_rate() {
        let mut peer = Peer::new(Instant::ZERO, PeerId(1), RoomId(1), 1);
        let mut count = |ms: u64| {
            (0..10_000)
                .filter(|_| peer.may_repair(Instant::from_millis(ms)))
                .count()
        };
        assert_eq!(count(0), REPAIR_BURST as usize);
        assert_eq!(count(100), 80);
        assert_eq!(count(60_000), REPAIR_BURST as usize);
    }
}

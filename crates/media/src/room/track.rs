//! One published source: its layers, who watches which of them, and how often it is asked for key frames.

use std::time::Duration;

use crate::guard::active;
use crate::ingress::layer::Layer;
use crate::pli::PliGate;
use crate::types::{DropReason, Instant, TrackId};

/// No layer.
pub const NONE: u8 = u8::MAX;

/// A layer without packets for this long has stopped.
const STOPPED: Duration = Duration::from_millis(2_000);

/// A camera's layer without packets for this long has stopped if another one still flows: a publisher whose
/// bandwidth fell drops its upper layers at once.
const OUTRUN: Duration = Duration::from_millis(700);

/// How fresh that other one must be.
const FRESH: Duration = Duration::from_millis(200);

/// One slot that a track feeds. The hot path reads nothing else to decide.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// Place of the slot.
    pub slot: u32,
    /// Layer it shows, or [`NONE`].
    pub current: u8,
    /// Layer it is to show, or [`NONE`].
    pub target: u8,
    /// Layer it showed before, whose late packets may fill gaps, or [`NONE`].
    pub past: u8,
}

/// State of one track.
#[derive(Debug)]
pub struct Track {
    /// Whose, and of what.
    pub id: TrackId,
    /// Place of its publisher.
    pub peer: u32,
    /// Tells it from an earlier track at the same place.
    pub serial: u64,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// Slots it feeds.
    pub subscriptions: Vec<Subscription>,
    /// Key frame requests.
    pub gate: PliGate,
    /// Muted by the server.
    pub muted: bool,
    /// Its publisher may not send it.
    pub forbidden: bool,
    /// Epoch byte of its newest frames, and when it was first seen.
    pub epoch: Option<(u8, Instant)>,
    /// Whether it is in the list of tracks with something due.
    pub listed: bool,
}

impl Track {
    /// A track nobody has sent on yet.
    pub fn new(id: TrackId, peer: u32, serial: u64, layers: u8) -> Track {
        Track {
            id,
            peer,
            serial,
            layers: (0..layers).map(|_| Layer::default()).collect(),
            subscriptions: Vec::new(),
            gate: PliGate::default(),
            muted: false,
            forbidden: false,
            epoch: None,
            listed: false,
        }
    }

    /// Why nothing of it is passed on, if so.
    #[inline]
    pub fn held(&self) -> Option<DropReason> {
        if self.forbidden && active("publish") {
            Some(DropReason::NotAllowed)
        } else if self.muted && active("muted") {
            Some(DropReason::Muted)
        } else {
            None
        }
    }

    /// Which layers flow, as a mask.
    pub fn flowing(&self) -> u8 {
        let bits = self
            .layers
            .iter()
            .enumerate()
            .map(|(n, layer)| (layer.flowing as u8) << n);
        bits.fold(0, |mask, bit| mask | bit)
    }

    /// The layer for a slot large enough for `max`: the highest that flows below it, else the lowest that flows,
    /// else the highest there could be.
    pub fn best(&self, max: u8) -> u8 {
        let top = self.layers.len() as u8 - 1;
        let below = (0..=max.min(top))
            .rev()
            .find(|n| self.layers[*n as usize].flowing);
        let any = || (0..=top).find(|n| self.layers[*n as usize].flowing);
        below.or_else(any).unwrap_or(max.min(top))
    }

    /// Marks layers that have stopped; says whether any has.
    pub fn check_flow(&mut self, now: Instant) -> bool {
        let idle = |layer: &Layer| layer.last.map_or(Duration::MAX, |last| now.since(last));
        let freshest = self.layers.iter().map(idle).min().unwrap_or(Duration::MAX);
        let camera = self.id.source == crate::types::Source::Camera;
        let mut changed = false;
        for layer in &mut self.layers {
            layer.ring.expire(now);
            let idle = idle(layer);
            let outrun = camera && idle >= OUTRUN && freshest <= FRESH;
            if layer.flowing && (idle >= STOPPED || outrun) {
                layer.flowing = false;
                layer.missing.clear();
                changed = true;
            }
        }
        changed
    }

    /// Whether a slot waits for a key frame of this track.
    pub fn awaited(&self) -> bool {
        self.subscriptions
            .iter()
            .any(|sub| sub.target != NONE && sub.target != sub.current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PeerId, Source};

    fn track() -> Track {
        Track::new(
            TrackId {
                peer: PeerId(1),
                source: Source::Camera,
            },
            0,
            1,
            3,
        )
    }

    fn at(track: &mut Track, layer: usize, ms: u64) {
        track.layers[layer].last = Some(Instant::from_millis(ms));
        track.layers[layer].flowing = true;
    }

    #[test]
    fn the_best_layer_flows_and_fits() {
        let mut track = track();
        assert_eq!((track.best(2), track.best(0), track.best(9)), (2, 0, 2));
        at(&mut track, 1, 0);
        assert_eq!((track.best(2), track.best(0)), (1, 1));
        at(&mut track, 0, 0);
        at(&mut track, 2, 0);
        assert_eq!((track.best(2), track.best(1), track.flowing()), (2, 1, 7));
    }

    #[test]
    fn a_camera_layer_that_others_outrun_stops_early_and_all_stop_after_two_seconds() {
        let mut track = track();
        at(&mut track, 0, 1_000);
        at(&mut track, 2, 300);
        assert!(!track.check_flow(Instant::from_millis(900)));
        assert!(track.check_flow(Instant::from_millis(1_000)));
        assert_eq!(track.flowing(), 1);
        assert!(!track.check_flow(Instant::from_millis(2_900)));
        assert!(track.check_flow(Instant::from_millis(3_000)));
        assert_eq!(track.flowing(), 0);
    }
}

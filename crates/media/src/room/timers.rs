//! What falls due: requests for missing packets and key frames when their time comes, and every 100 ms feedback,
//! reports, levels and the end of streams that stopped.

use std::time::Duration;

use super::forwarder::Forwarder;
use super::track::NONE;
use crate::outbox::Outbox;
use crate::pli::Need;
use crate::rtcp::write;
use crate::types::{Event, Instant};

/// Period of everything that is not urgent.
const TICK: Duration = Duration::from_millis(100);

/// Ticks between two events with levels.
const LEVEL_TICKS: u64 = 2;

/// Between two reports to one peer; audio and video need one a second to stay together (M4.6).
const REPORTS: Duration = Duration::from_millis(1_000);

/// Sender reports in one compound, so that it fits a datagram with its descriptions.
const REPORTS_PER_COMPOUND: usize = 12;

/// A slot that sent nothing for this long has nothing to report.
const SILENT: Duration = Duration::from_millis(5_000);

/// What publishers without transport-wide feedback are allowed, in bit/s: three layers of a camera and a screen.
/// More lets them outrun their path, less keeps their upper layer off.
const ALLOWANCE: u64 = 5_000_000;

/// Time between two requests of one waiting switch, and the longer one after [`QUICK_ASKS`].
const ASK: Duration = Duration::from_millis(500);
const SLOW_ASK: Duration = Duration::from_millis(2_000);
const QUICK_ASKS: u8 = 5;

/// Requests for another layer of a picture that is already shown; after that the present one will do until the
/// layers change.
const LAYER_ASKS: u8 = 5;

impl Forwarder {
    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        if self.busy_at.is_some_and(|at| at <= now) {
            self.busy_at = None;
            for at in std::mem::take(&mut self.busy) {
                if let Some(track) = self.tracks.get_mut(at) {
                    track.listed = false;
                    self.work(now, at, out);
                }
            }
        }
        if self.tick_at.is_some_and(|at| at <= now) {
            self.tick_at = (!self.peers.is_empty()).then(|| now + TICK);
            self.ticks += 1;
            self.tick(now, out);
        }
    }

    /// Asks a track's publisher for what is due, and notes when more will be.
    pub(super) fn work(&mut self, now: Instant, at: u32, out: &mut Outbox) {
        let mut due = self.ask_missing(now, at, out);
        let (asks, next) = self.waiting_switches(now, at);
        due = [due, next].into_iter().flatten().min();
        if asks {
            self.ask_keyframe(now, at, Need::Switch, out);
        }
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        if track.gate.poll(now) {
            self.send_keyframe_request(at, out);
        }
        let gate = self.tracks.get(at).and_then(|track| track.gate.deadline());
        if let Some(when) = [due, gate].into_iter().flatten().min() {
            self.note_busy(at, when);
        }
    }

    /// NACKs of all layers; what is given up for lost costs a key frame where it was shown.
    fn ask_missing(&mut self, now: Instant, at: u32, out: &mut Outbox) -> Option<Instant> {
        let track = self.tracks.get_mut(at)?;
        let peer = self.peers.get(track.peer)?;
        let mut lost = vec![];
        let mut ask = Vec::new();
        for layer in &mut track.layers {
            let Some(media) = layer.ssrc else { continue };
            lost.push(layer.missing.due(now, peer.round_trip(), &mut ask) > 0);
            if !ask.is_empty() {
                let begin = out.begin();
                write::nack(out.writer(), peer.ssrc, media, &ask);
                out.push_rtcp(peer.id, begin);
                ask.clear();
            }
        }
        let due = track
            .layers
            .iter()
            .filter_map(|layer| layer.missing.deadline())
            .min();
        let shown = lost
            .iter()
            .enumerate()
            .any(|(n, lost)| *lost && track.shown(n as u8));
        if shown && track.id.source.is_video() {
            self.ask_keyframe(now, at, Need::Loss, out);
        }
        due
    }

    /// Whether a waiting switch asks now, and when the next one does. Each has a timer of its own (M4.4); one whose
    /// receiver has asked too often, as by a view that changes back and forth, waits until another is earned.
    fn waiting_switches(&mut self, now: Instant, at: u32) -> (bool, Option<Instant>) {
        let Some(track) = self.tracks.get(at) else {
            return (false, None);
        };
        let (mut asks, mut next) = (false, None::<Instant>);
        for sub in track
            .subscriptions
            .iter()
            .filter(|s| s.target != NONE && s.target != s.current)
        {
            let Some(slot) = self.slots.get_mut(sub.slot) else {
                continue;
            };
            let Some((when, count)) = slot.ask else {
                continue;
            };
            if !track.id.source.is_video() || sub.current != NONE && count >= LAYER_ASKS {
                slot.ask = None;
                continue;
            }
            let when = if when <= now {
                // A source that sends nothing answers nothing; its first frame will be a key frame.
                let answers = track.flowing() != 0 && track.held().is_none();
                let receiver = self.peers.get_mut(slot.peer).filter(|_| answers);
                let asked = receiver.is_some_and(|peer| peer.may_ask(now, track.serial));
                asks |= asked;
                let wait = if count < QUICK_ASKS { ASK } else { SLOW_ASK };
                slot.ask = Some((now + wait, count.saturating_add(asked as u8)));
                now + wait
            } else {
                when
            };
            next = Some(next.map_or(when, |other| other.min(when)));
        }
        (asks, next)
    }

    fn tick(&mut self, now: Instant, out: &mut Outbox) {
        for at in 0..self.tracks.places() {
            if self
                .tracks
                .get_mut(at)
                .is_some_and(|track| track.check_flow(now))
            {
                self.choose_layers(now, at);
            }
        }
        for at in 0..self.slots.places() {
            let past = self.slots.get(at).and_then(|slot| slot.past);
            if past.is_some_and(|past| past.until < now) {
                self.forget_past(at);
            }
        }
        for place in 0..self.peers.places() {
            self.feed_back(now, place, out);
        }
        self.tell_levels(now);
    }

    /// Transport-wide feedback to one publisher every tick, reports every second.
    fn feed_back(&mut self, now: Instant, place: u32, out: &mut Outbox) {
        let Some(peer) = self.peers.get_mut(place) else {
            return;
        };
        while peer.arrivals.pending() {
            let begin = out.begin();
            peer.arrivals.write(out.writer(), peer.ssrc, peer.heard);
            out.push_rtcp(peer.id, begin);
        }
        if peer.report_at > now {
            return;
        }
        peer.report_at = now + REPORTS;
        let active = |at: &u32| {
            let newest = self.slots.get(*at).and_then(|slot| slot.rewriter.newest());
            newest.is_some_and(|(_, moment)| now.since(moment.sent) < SILENT)
        };
        let slots: Vec<_> = peer.slots.iter().copied().filter(active).collect();
        for chunk in slots.chunks(REPORTS_PER_COMPOUND) {
            self.report_slots(now, chunk, out);
        }
        self.report_reception(now, place, out);
    }

    /// A compound of sender reports and descriptions of some slots of one peer (RFC 3550 §6.1).
    pub(super) fn report_slots(&mut self, now: Instant, slots: &[u32], out: &mut Outbox) {
        let begin = out.begin();
        let mut described = Vec::with_capacity(slots.len());
        let mut to = None;
        for slot in slots.iter().filter_map(|at| self.slots.get(*at)) {
            let Some(info) = slot.sender_info(now, self.wall_offset) else {
                continue;
            };
            write::sender_report(out.writer(), &info);
            described.push((slot.wire.ssrc, slot.wire.cname.as_str()));
            to = Some(slot.peer_id);
        }
        if let Some(peer) = to {
            write::source_description(out.writer(), &described);
            out.push_rtcp(peer, begin);
        }
    }

    /// A receiver report on everything a peer publishes, and its allowance where it wants one.
    fn report_reception(&mut self, now: Instant, place: u32, out: &mut Outbox) {
        let Some(peer) = self.peers.get(place) else {
            return;
        };
        let (mut blocks, mut limited) = (Vec::new(), Vec::new());
        for section in &peer.bindings.sections {
            let Some(track) = peer.tracks[section.source as usize] else {
                continue;
            };
            let Some(track) = self.tracks.get_mut(track) else {
                continue;
            };
            let codec = section.preferred();
            let remb = codec.is_some_and(|codec| codec.remb && !codec.transport_cc);
            for block in track
                .layers
                .iter_mut()
                .filter_map(|layer| layer.report(now))
            {
                limited.extend(remb.then_some(block.ssrc));
                blocks.push(block);
            }
        }
        if blocks.is_empty() {
            return;
        }
        let begin = out.begin();
        write::receiver_report(out.writer(), peer.ssrc, &blocks);
        write::source_description(out.writer(), &[(peer.ssrc, "entente")]);
        if !limited.is_empty() {
            write::remb(out.writer(), peer.ssrc, ALLOWANCE, &limited);
        }
        out.push_rtcp(peer.id, begin);
    }

    fn tell_levels(&mut self, now: Instant) {
        let tell = self.ticks.is_multiple_of(LEVEL_TICKS);
        for (id, room) in &mut self.rooms {
            room.speakers.tick(now);
            self.events.extend(room.tell_speakers(*id));
            if !tell {
                continue;
            }
            let levels: Vec<_> = room.speakers.levels().collect();
            let loud = !levels.is_empty();
            if loud || std::mem::replace(&mut room.loud, loud) {
                self.events.push_back(Event::Levels { room: *id, levels });
            }
            room.loud = loud;
        }
    }
}

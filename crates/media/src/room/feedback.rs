//! RTCP that peers send: publishers' clocks and goodbyes, receivers' losses, repairs and lost pictures.

use std::time::Duration;

use super::forwarder::Forwarder;
use super::track::NONE;
use crate::ingress::binding::Stream;
use crate::ntp;
use crate::outbox::Outbox;
use crate::pli::Need;
use crate::rtcp::read::{Compound, Lost, Packet};
use crate::rtcp::{ReportBlock, SenderInfo};
use crate::slots::slot::Forwarded;
use crate::types::{DropReason, Instant, PeerId};

/// Most packets of one compound that are acted on; a longer one is padding for an attack (10).
const MAX_PACKETS: usize = 64;

/// A goodbye sooner than this after a stream's beginning is not believed: a peer that flaps would flood the core.
/// A stream that really ended is told after two silent seconds all the same.
const MIN_FLOW: Duration = Duration::from_millis(1_000);

/// A round trip longer than this is a wrong clock.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(10);

impl Forwarder {
    /// Takes one plain RTCP compound of a peer.
    pub fn handle_rtcp(&mut self, now: Instant, from: PeerId, bytes: &[u8], out: &mut Outbox) {
        let Some(&place) = self.by_id.get(&from) else {
            return self.drops.count(DropReason::UnknownPeer);
        };
        for packet in Compound::new(bytes).take(MAX_PACKETS) {
            match packet {
                Ok(Packet::SenderReport(info, blocks)) => {
                    self.sender_report(now, place, &info);
                    blocks.for_each(|block| self.report_block(now, place, &block));
                }
                Ok(Packet::ReceiverReport(blocks)) => {
                    blocks.for_each(|block| self.report_block(now, place, &block));
                }
                Ok(Packet::Bye(sources)) => sources.for_each(|ssrc| self.goodbye(now, place, ssrc)),
                Ok(Packet::Nack { media, lost }) => self.repair(now, place, media, lost, out),
                Ok(Packet::Pli { media }) => self.picture_lost(now, place, media, out),
                Ok(Packet::Fir(list)) => {
                    list.for_each(|(media, _)| self.picture_lost(now, place, media, out));
                }
                Ok(Packet::Remb { .. } | Packet::TransportCc(_) | Packet::Other) => {}
                Err(_) => self.drops.count(DropReason::RtcpMalformed),
            }
        }
    }

    /// A publisher's clock (M4.2).
    fn sender_report(&mut self, now: Instant, place: u32, info: &SenderInfo) {
        let ours = ntp::wall(now, self.wall_offset);
        let Some((at, stream)) = self.published(place, info.ssrc) else {
            return;
        };
        let Some(peer) = self.peers.get_mut(place) else {
            return;
        };
        peer.clock.report(ntp::to_nanos(info.ntp), ours);
        if let Some(layer) = self
            .tracks
            .get_mut(at)
            .and_then(|track| track.layers.get_mut(stream.layer as usize))
        {
            layer.clock.report(info.ntp, info.rtp, now.as_nanos());
        }
    }

    /// Place of the track and the stream of a published media SSRC.
    fn published(&self, place: u32, ssrc: u32) -> Option<(u32, Stream)> {
        let peer = self.peers.get(place)?;
        let stream = peer.bindings.find(ssrc).filter(|stream| !stream.repairs)?;
        let source = peer.bindings.sections[stream.section as usize].source;
        Some((peer.tracks[source as usize]?, stream))
    }

    /// Place of the slot with that SSRC.
    fn slot_of(&self, place: u32, ssrc: u32) -> Option<u32> {
        let peer = self.peers.get(place)?;
        let n = peer.slot_ssrcs.iter().position(|known| *known == ssrc)?;
        peer.slots.get(n).copied()
    }

    /// A receiver's view of one slot (RFC 3550 §6.4.1).
    fn report_block(&mut self, now: Instant, place: u32, block: &ReportBlock) {
        if self.slot_of(place, block.ssrc).is_none() {
            return;
        }
        let middle = ntp::middle(ntp::from_nanos(ntp::wall(now, self.wall_offset)));
        let units = middle.wrapping_sub(block.last_sr).wrapping_sub(block.delay);
        let round_trip = Duration::from_nanos((units as u64 * 1_000_000_000) >> 16);
        let known = block.last_sr != 0 && round_trip <= MAX_ROUND_TRIP;
        if let Some(peer) = self.peers.get_mut(place) {
            peer.reported(known.then_some(round_trip), block.fraction_lost);
        }
    }

    /// A publisher ended a stream.
    fn goodbye(&mut self, now: Instant, place: u32, ssrc: u32) {
        let Some((at, stream)) = self.published(place, ssrc) else {
            return;
        };
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        if let Some(layer) = track.layers.get_mut(stream.layer as usize)
            && layer.flowing
            && now.since(layer.started) >= MIN_FLOW
        {
            layer.flowing = false;
            layer.missing.clear();
            self.choose_layers(now, at);
        }
    }

    /// A receiver lost its picture: the publisher is asked, within limits (M4.4).
    fn picture_lost(&mut self, now: Instant, place: u32, media: u32, out: &mut Outbox) {
        let Some(slot) = self.slot_of(place, media).and_then(|at| self.slots.get(at)) else {
            return self.drops.count(DropReason::FeedbackUnknown);
        };
        if let Some(track) = slot.track.filter(|_| slot.kind.is_video()) {
            self.ask_keyframe(now, track, Need::Loss, out);
        }
    }

    /// A receiver lacks packets (M4.3).
    fn repair(&mut self, now: Instant, place: u32, media: u32, lost: Lost<'_>, out: &mut Outbox) {
        let Some(at) = self.slot_of(place, media) else {
            return self.drops.count(DropReason::FeedbackUnknown);
        };
        let abs_send_time = self.abs_send_time(now);
        let Some(peer) = self.peers.get_mut(place) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        for seq in lost {
            if !peer.may_repair(now) {
                self.drops.count(DropReason::NackRate);
                break;
            }
            let found = slot
                .history
                .repair(now, seq)
                .and_then(|(handle, mapping, origin)| {
                    let track = self
                        .tracks
                        .get(origin.track)
                        .filter(|t| t.serial == origin.serial)?;
                    let (parsed, packet) =
                        track.layers.get(origin.layer as usize)?.ring.get(handle)?;
                    let body = out.store(parsed.body(packet));
                    let (captured, handle) = (None, None);
                    let repaired = Forwarded {
                        now,
                        parsed,
                        packet,
                        captured,
                        handle,
                        body,
                        abs_send_time,
                    };
                    slot.repair(&repaired, &mapping.apply(parsed), out)
                        .then_some(())
                });
            match found {
                Some(()) => peer.sent += 1,
                None => self.drops.count(DropReason::NackUnknown),
            }
        }
    }

    /// Somebody needs a key frame of a track.
    pub(super) fn ask_keyframe(&mut self, now: Instant, at: u32, need: Need, out: &mut Outbox) {
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        if track.held().is_some() {
            return;
        }
        if track.gate.request(now, need) {
            self.send_keyframe_request(at, out);
        } else {
            self.drops.count(DropReason::PliCoalesced);
            if let Some(when) = track.gate.deadline() {
                self.note_busy(at, when);
            }
        }
    }

    /// A new epoch begins: a key frame is needed now (M4.4).
    pub(super) fn force_keyframe(&mut self, now: Instant, at: u32, out: &mut Outbox) {
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        if track.gate.force(now) {
            self.send_keyframe_request(at, out);
        } else if let Some(when) = track.gate.deadline() {
            self.note_busy(at, when);
        }
    }

    /// Writes the request, on the layer that is awaited or else shown; Chromium answers it on all of them.
    pub(super) fn send_keyframe_request(&mut self, at: u32, out: &mut Outbox) {
        let Some(track) = self.tracks.get(at).filter(|track| track.held().is_none()) else {
            return;
        };
        let waiting = track
            .subscriptions
            .iter()
            .find(|s| s.target != NONE && s.target != s.current);
        let shown = || {
            track
                .subscriptions
                .iter()
                .find(|sub| sub.current != NONE)
                .map(|s| s.current)
        };
        let layer = waiting.map(|sub| sub.target).or_else(shown).unwrap_or(0);
        let known = |layer: u8| {
            track
                .layers
                .get(layer as usize)
                .and_then(|layer| layer.ssrc)
        };
        let any = || track.layers.iter().find_map(|layer| layer.ssrc);
        let Some(media) = known(layer).or_else(any) else {
            return;
        };
        let source = track.id.source;
        let Some(peer) = self.peers.get_mut(track.peer) else {
            return;
        };
        let section = peer
            .bindings
            .sections
            .iter()
            .find(|section| section.source == source);
        let fir_only = section
            .and_then(|s| s.preferred())
            .is_some_and(|codec| codec.fir && !codec.pli);
        let begin = out.begin();
        if fir_only {
            peer.fir = peer.fir.wrapping_add(1);
            crate::rtcp::write::fir(out.writer(), peer.ssrc, media, peer.fir);
        } else {
            crate::rtcp::write::pli(out.writer(), peer.ssrc, media);
        }
        out.push_rtcp(peer.id, begin);
    }
}

//! The way of one RTP packet: bound to a layer, placed in its stream, judged (K5.4), and written into every slot
//! that shows the layer. Nothing is allocated here once buffers have grown (M1.2).

use std::time::Duration;

use super::assign::not_before;
use super::forwarder::Forwarder;
use super::track::{NONE, Track};
use crate::codec::{Descriptor, Payload};
use crate::guard::active;
use crate::ingress::Parsed;
use crate::ingress::reception::Order;
use crate::outbox::{Outbox, Span};
use crate::rtp::{Extensions, Header};
use crate::slots::history::Origin;
use crate::slots::slot::Forwarded;
use crate::types::{Codec, CodecName, DropReason, Event, Instant, PeerId, Source, TrackId};

/// Between two epochs of one track that are told: slower than anybody can commit, and a publisher that lies about
/// its epoch cannot flood the core. The next frame tells what this one did not.
const EPOCHS: Duration = Duration::from_millis(50);

/// A packet whose stream is known.
struct Arrived<'a> {
    now: Instant,
    /// Place of the publisher.
    peer: u32,
    /// Place of the track.
    track: u32,
    layer: u8,
    /// It came by retransmission.
    repaired: bool,
    ssrc: u32,
    seq: u16,
    name: CodecName,
    clock: u32,
    nack: bool,
    payload_at: u16,
    header: Header,
    extensions: Extensions<'a>,
    packet: &'a [u8],
}

impl Forwarder {
    /// Takes one plain RTP packet of a peer. What is refused is counted by name.
    pub fn handle_rtp(&mut self, now: Instant, from: PeerId, packet: &[u8], out: &mut Outbox) {
        let mut arrived = match self.bind(now, from, packet, true) {
            Ok(Some(arrived)) => arrived,
            Ok(None) => return,
            Err(reason) => return self.drops.count(reason),
        };
        #[cfg(feature = "tap")]
        self.tap(&arrived);
        let (track, layer) = (arrived.track, arrived.layer);
        let held = self.tracks.get(track).and_then(Track::held);
        arrived.nack &= held.is_none();
        let (extended, order) = match self.place(&arrived) {
            Ok(placed) => placed,
            Err(reason) => return self.drops.count(reason),
        };
        // Its number is known, so that nobody is asked for it once the source is let go.
        if let Some(reason) = held {
            return self.drops.count(reason);
        }
        if let Err(reason) = self.pass(arrived, extended, order, out) {
            self.drops.count(reason);
            if active("M4.1.refused-leaves-no-gap") {
                // A hole the publisher will not fill: slots enter anew behind it, without a gap.
                self.interrupt(now, track, layer);
            }
        }
    }

    /// Notes an RTP packet that the transport refused because its peer sends too much: reports tell of a loss, so that the
    /// publisher slows down, but it is not asked to send it again.
    pub fn refuse_rtp(&mut self, now: Instant, from: PeerId, packet: &[u8]) {
        let Ok(Some(arrived)) = self.bind(now, from, packet, false) else {
            return;
        };
        if !active("refused-not-asked") || self.place(&arrived).is_err() {
            return;
        }
        if let Some(track) = self.tracks.get_mut(arrived.track) {
            track.layers[arrived.layer as usize].reception.lost();
        }
    }

    /// Finds out which layer of which track a packet belongs to; none for probes, which carry nothing. One that does not
    /// count is neither acknowledged nor in the statistics.
    fn bind<'a>(
        &mut self,
        now: Instant,
        from: PeerId,
        packet: &'a [u8],
        counts: bool,
    ) -> Result<Option<Arrived<'a>>, DropReason> {
        let place = *self.by_id.get(&from).ok_or(DropReason::UnknownPeer)?;
        let peer = self.peers.get_mut(place).ok_or(DropReason::UnknownPeer)?;
        let header = Header::parse(packet).map_err(|_| DropReason::RtpMalformed)?;
        let extensions = header
            .extensions(packet, &peer.ids)
            .map_err(|_| DropReason::RtpMalformed)?;
        if let Some(seq) = extensions.transport_cc.filter(|_| counts) {
            peer.arrivals.record(now, seq);
        }
        let stream = match peer.bindings.find_agreeing(header.ssrc, &extensions) {
            Some(stream) => stream,
            None => peer.bindings.learn(header.ssrc, header.pt, &extensions)?,
        };
        let section = &peer.bindings.sections[stream.section as usize];
        let (codec, repairs) = section
            .codec(header.pt)
            .ok_or(DropReason::UnknownPayloadType)?;
        if repairs != stream.repairs && active("payload-type-of-role") {
            return Err(DropReason::UnknownPayloadType);
        }
        let &Codec {
            name, clock, nack, ..
        } = codec;
        let source = section.source;
        peer.received[source as usize] += u64::from(counts);
        peer.heard = header.ssrc;
        let track = peer.tracks[source as usize].ok_or(DropReason::UnknownSsrc)?;
        let mut arrived = Arrived {
            now,
            peer: place,
            track,
            layer: stream.layer,
            repaired: repairs,
            ssrc: header.ssrc,
            seq: header.seq,
            name,
            clock,
            nack,
            payload_at: header.payload,
            header,
            extensions,
            packet,
        };
        if repairs {
            if header.payload == header.end {
                return Ok(None);
            }
            self.unwrap_repair(&mut arrived)?;
        }
        Ok(Some(arrived))
    }

    /// RFC 4588 §4: the original sequence number stands first in the payload.
    fn unwrap_repair(&self, arrived: &mut Arrived<'_>) -> Result<(), DropReason> {
        let (at, end) = (arrived.payload_at as usize, arrived.header.end as usize);
        let original = arrived.packet[at..end]
            .first_chunk()
            .ok_or(DropReason::RtxMalformed)?;
        arrived.seq = u16::from_be_bytes(*original);
        arrived.payload_at += 2;
        let layer = self
            .tracks
            .get(arrived.track)
            .and_then(|t| t.layers.get(arrived.layer as usize));
        let layer = layer.ok_or(DropReason::RtxUnknown)?;
        arrived.ssrc = layer.ssrc.ok_or(DropReason::RtxUnknown)?;
        if layer.reception.repairs(arrived.seq) || !active("rtx-newer-than-newest") {
            Ok(())
        } else {
            Err(DropReason::RtxUnknown)
        }
    }

    /// Places a packet in its stream and notes what is missing before it.
    fn place(&mut self, arrived: &Arrived<'_>) -> Result<(u64, Order), DropReason> {
        let Arrived {
            now,
            track: at,
            layer,
            ..
        } = *arrived;
        let track = self.tracks.get_mut(at).ok_or(DropReason::UnknownSsrc)?;
        let state = track
            .layers
            .get_mut(layer as usize)
            .ok_or(DropReason::UnknownSsrc)?;
        let (extended, order) = state.receive(arrived.ssrc, arrived.seq)?;
        if !arrived.repaired {
            state
                .reception
                .arrived(now, arrived.header.timestamp, arrived.clock);
        }
        match order {
            Order::Next => {}
            Order::Late => state.missing.found(extended),
            Order::Gap(missing) if arrived.nack => {
                state.missing.gap(now, extended, missing);
                if let Some(when) = state.missing.deadline() {
                    self.note_busy(at, when);
                }
            }
            Order::Gap(_) => {}
            Order::Restart => {
                state.missing.clear();
                self.interrupt(now, at, layer);
            }
        }
        Ok((extended, order))
    }

    /// Reads, judges and forwards a packet.
    fn pass(
        &mut self,
        arrived: Arrived<'_>,
        extended: u64,
        order: Order,
        out: &mut Outbox,
    ) -> Result<(), DropReason> {
        let mut parsed = read(&arrived, extended)?;
        let leaf = self
            .peers
            .get(arrived.peer)
            .ok_or(DropReason::UnknownPeer)?
            .leaf;
        let track = self
            .tracks
            .get_mut(arrived.track)
            .ok_or(DropReason::UnknownSsrc)?;
        let source = track.id.source;
        let layer = &mut track.layers[arrived.layer as usize];
        let empty = parsed.payload_at == parsed.end;
        let mut epoch = None;
        if empty {
            // Padding has nothing to judge, but nobody sends it before being a member (K5.4).
            if leaf.is_none() && active("K5.4.padding") {
                return Err(DropReason::NoLeaf);
            }
        } else {
            let bytes = &arrived.packet[parsed.payload_at as usize..parsed.end as usize];
            let judged = layer.guard.judge(
                leaf,
                source,
                parsed.codec,
                parsed.timestamp,
                &parsed.payload,
                bytes,
            );
            epoch = judged?.epoch;
            extend_pictures(&mut parsed.payload.descriptor, |id, long| {
                layer.extend_picture(id, long)
            });
        }
        layer.packets += 1;
        layer.last = Some(arrived.now);
        let started = !std::mem::replace(&mut layer.flowing, true);
        if started {
            layer.started = arrived.now;
            self.choose_layers(arrived.now, arrived.track);
        }
        // A level without a voice is nobody's: it would hold a speaker's place for free.
        if source == Source::Microphone
            && (!empty || !active("M4.7.level-without-voice"))
            && let Some(level) = parsed.audio_level
        {
            self.heard(arrived.now, arrived.peer, level);
        }
        if let Some(epoch) = epoch {
            self.note_epoch(arrived.now, arrived.track, epoch, out);
        }
        let fresh = !arrived.repaired && order != Order::Late;
        self.forward(&arrived, &parsed, fresh, out);
        Ok(())
    }

    /// Writes a packet into every slot that shows its layer, and switches those that wait for it.
    fn forward(&mut self, arrived: &Arrived<'_>, parsed: &Parsed, fresh: bool, out: &mut Outbox) {
        let Arrived {
            now,
            peer,
            layer,
            packet,
            ..
        } = *arrived;
        let abs_send_time = self.abs_send_time(now);
        let Some(track) = self.tracks.get_mut(arrived.track) else {
            return;
        };
        if track.subscriptions.is_empty() {
            return;
        }
        let video = track.id.source.is_video();
        let origin = Origin {
            track: arrived.track,
            serial: track.serial,
            layer,
        };
        let state = &mut track.layers[layer as usize];
        let clock = self.peers.get(peer).map(|peer| &peer.clock);
        let captured = clock.and_then(|c| state.clock.captured(parsed.timestamp, arrived.clock, c));
        let handle = video.then(|| state.ring.keep(now, parsed, packet));
        let entry = if video {
            parsed.payload.keyframe
        } else {
            parsed.payload.start
        };
        let mut forwarded = Forwarded {
            now,
            parsed,
            packet,
            captured,
            handle,
            body: Span::default(),
            abs_send_time,
        };
        let mut stored = false;
        let mut switched = std::mem::take(&mut self.switched);
        for sub in &mut track.subscriptions {
            if sub.current != layer && sub.past != layer && (sub.target != layer || !entry) {
                continue;
            }
            let Some(slot) = self.slots.get_mut(sub.slot) else {
                continue;
            };
            if !slot.takes(parsed.codec) {
                self.drops.count(DropReason::UnknownPayloadType);
                continue;
            }
            if !stored {
                forwarded.body = out.store(parsed.body(packet));
                stored = true;
            }
            if sub.current != layer && sub.target == layer && entry {
                if !fresh && active("M4.4.late-key-frame") {
                    self.drops.count(DropReason::LateKeyframe);
                    continue;
                }
                if !slot.may_enter(now) {
                    self.drops.count(DropReason::EntryRate);
                    continue;
                }
                if sub.current != NONE {
                    slot.leave(now);
                    sub.past = sub.current;
                }
                sub.current = layer;
                slot.switch(&forwarded, origin);
                switched.push(sub.slot);
            }
            if sub.current == layer {
                if parsed.extended < slot.rewriter.base() && active("M4.1.before-key-frame") {
                    self.drops.count(DropReason::BeforeKeyframe);
                    continue;
                }
                slot.send(&forwarded, out);
            } else if !slot.send_past(&forwarded, origin, out) {
                self.drops.count(DropReason::BeforeKeyframe);
                continue;
            }
            if let Some(receiver) = self.peers.get_mut(slot.peer) {
                receiver.sent += 1;
            }
        }
        if entry && video && !track.awaited() {
            track.gate.satisfied();
        }
        let id = track.id;
        for at in switched.drain(..) {
            self.after_switch(now, at, id, layer, out);
        }
        self.switched = switched;
    }

    /// Each switch is followed at once by a sender report (M4.2) and an event.
    fn after_switch(&mut self, now: Instant, at: u32, id: TrackId, layer: u8, out: &mut Outbox) {
        let Some(slot) = self.slots.get(at) else {
            return;
        };
        let (peer, kind, index) = (slot.peer_id, slot.kind, slot.index);
        self.events.push_back(Event::Slot {
            peer,
            kind,
            index,
            track: Some(id),
            layer,
        });
        if active("M4.2.report-after-switch") {
            self.report_slots(now, &[at], out);
        }
    }

    /// An epoch byte stands in an accepted frame's key id.
    fn note_epoch(&mut self, now: Instant, at: u32, epoch: u8, out: &mut Outbox) {
        let Some(track) = self.tracks.get_mut(at) else {
            return;
        };
        // Layers turn the page one after another; only the first of them is news.
        if track
            .epoch
            .is_some_and(|(known, at)| not_before(known, epoch) || now.since(at) < EPOCHS)
        {
            return;
        }
        track.epoch = Some((epoch, now));
        let TrackId { peer, source } = track.id;
        self.events.push_back(Event::Epoch {
            peer,
            source,
            epoch,
        });
        let mut awaited = false;
        for sub in &track.subscriptions {
            let Some(slot) = self.slots.get_mut(sub.slot) else {
                continue;
            };
            if slot
                .await_epoch
                .is_some_and(|wanted| not_before(epoch, wanted))
            {
                slot.await_epoch = None;
                awaited = true;
            }
        }
        if awaited && source.is_video() && active("M4.4.new-epoch-asks") {
            self.force_keyframe(now, at, out);
        }
    }

    fn heard(&mut self, now: Instant, place: u32, level: u8) {
        let Some(peer) = self.peers.get(place) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&peer.room) else {
            return;
        };
        room.speakers.heard(now, peer.id, level);
        let told = room.tell_speakers(peer.room);
        self.events.extend(told);
    }

    #[cfg(feature = "tap")]
    fn tap(&mut self, arrived: &Arrived<'_>) {
        let Some(track) = self.tracks.get(arrived.track).filter(|_| self.tap) else {
            return;
        };
        let TrackId { peer, source } = track.id;
        let rtp = arrived.packet.to_vec();
        self.events.push_back(Event::Tap {
            peer,
            source,
            layer: arrived.layer,
            rtp,
        });
    }
}

/// Reads the payload of a placed packet. One without payload only keeps the numbers going.
fn read(arrived: &Arrived<'_>, extended: u64) -> Result<Parsed, DropReason> {
    let header = &arrived.header;
    let dependency = arrived.extensions.dependency_descriptor;
    let payload = if arrived.payload_at == header.end {
        Payload {
            start: false,
            keyframe: false,
            descriptor_len: 0,
            descriptor: Descriptor::Plain,
            sframe_at: None,
        }
    } else {
        let bytes = &arrived.packet[arrived.payload_at as usize..header.end as usize];
        let descriptor =
            dependency.map(|(at, len)| &arrived.packet[at as usize..(at + len) as usize]);
        Payload::parse(arrived.name, bytes, descriptor).map_err(|_| DropReason::CodecMalformed)?
    };
    Ok(Parsed {
        extended,
        seq: arrived.seq,
        timestamp: header.timestamp,
        marker: header.marker,
        codec: arrived.name,
        payload,
        payload_at: arrived.payload_at,
        end: header.end,
        audio_level: arrived.extensions.audio_level,
        video_orientation: arrived.extensions.video_orientation,
        dependency,
    })
}

/// Gives seven-bit PictureIDs their place among fifteen.
fn extend_pictures(descriptor: &mut Descriptor, mut extend: impl FnMut(u16, bool) -> u16) {
    let (id, long) = match descriptor {
        Descriptor::Vp8(vp8) => (&mut vp8.picture_id, vp8.long_picture_id),
        Descriptor::Vp9(vp9) => (&mut vp9.picture_id, vp9.long_picture_id),
        Descriptor::Plain | Descriptor::Dependency { .. } => return,
    };
    *id = id.map(|id| extend(id, long));
}

impl Track {
    /// Whether any slot shows that layer now.
    pub(super) fn shown(&self, layer: u8) -> bool {
        self.subscriptions.iter().any(|sub| sub.current == layer)
    }
}

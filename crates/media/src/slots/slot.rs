//! One receive slot of one peer: which track it is to show, what it shows, and its outgoing stream.

use std::time::Duration;

use super::history::{History, Origin};
use super::rewrite::{Numbers, Rewriter};
use super::wire::Wire;
use crate::bucket::Bucket;
use crate::guard::active;
use crate::ingress::Parsed;
use crate::ntp::{self, WallNanos, nanos_to_ticks};
use crate::outbox::{Outbox, Span};
use crate::rtcp::SenderInfo;
use crate::rtp::OutHeader;
use crate::types::{CodecName, Instant, PeerId, SlotKind};

/// How long packets of the source before a switch may still fill its gaps.
const PAST: Duration = Duration::from_millis(1_000);

/// Times in a row, and then each second, that a slot may enter a source anew though nobody asked for another: after an
/// outage, a refused frame, layers that come and go. Each costs its receiver a report and the core an event, and a
/// publisher whose numbers jump with every packet would cause one each time. More lets it; fewer leaves the slot of a
/// publisher on a bad path still for longer.
const ENTRIES: u32 = 5;
const ENTRIES_PER_SECOND: f64 = 1.0;

/// A frame further than this from its arrival, either way, tells of a clock that cannot be right. Slightly ahead
/// is usual: media may travel faster than the report that told the clock.
const MAX_LAG_NANOS: i64 = 2_000_000_000;

/// The source a slot showed before, whose late packets still belong where they were missing.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// Number of its switch.
    pub switch: u16,
    /// Its first number in the slot.
    pub base: u64,
    /// Its newest number in the slot.
    pub highest: u64,
    /// Until when it counts.
    pub until: Instant,
}

/// State of one slot.
#[derive(Debug)]
pub struct Slot {
    /// Place of the receiving peer.
    pub peer: u32,
    /// The receiving peer.
    pub peer_id: PeerId,
    /// Kind of slot.
    pub kind: SlotKind,
    /// Number among its kind.
    pub index: u8,
    /// Its negotiated form.
    pub wire: Wire,
    /// Place of the track it is to show.
    pub track: Option<u32>,
    /// Highest layer it is large enough for.
    pub max_layer: u8,
    /// Epoch byte whose first frame is followed by a key frame request (M4.4).
    pub await_epoch: Option<u8>,
    /// When a waiting switch asks again, and how often it has.
    pub ask: Option<(Instant, u8)>,
    /// The source before the last switch.
    pub past: Option<Past>,
    /// Its numbers.
    pub rewriter: Rewriter,
    /// What it sent last.
    pub history: History,
    rtx_seq: u16,
    packets: u32,
    octets: u32,
    clock: u32,
    /// The next packet's marker is set: the first of a voice after a switch.
    mark: bool,
    /// The core has asked for something else: the next entry is its wish and costs nothing.
    pub wished: bool,
    entries: Bucket,
}

/// A packet on its way into slots.
#[derive(Clone, Copy, Debug)]
pub struct Forwarded<'a> {
    /// Arrival.
    pub now: Instant,
    /// Its parsed form.
    pub parsed: &'a Parsed,
    /// Its bytes.
    pub packet: &'a [u8],
    /// Capture time in our wall clock.
    pub captured: Option<WallNanos>,
    /// Handle for repairs, if it is kept.
    pub handle: Option<u64>,
    /// Its body in the outbox.
    pub body: Span,
    /// abs-send-time of this moment.
    pub abs_send_time: u32,
}

impl Slot {
    /// An empty slot that begins at random numbers.
    pub fn new(
        peer: u32,
        peer_id: PeerId,
        kind: SlotKind,
        index: u8,
        wire: Wire,
        seed: u64,
    ) -> Slot {
        // A first number below 2^15 leaves a receiver no doubt about the SRTP rollover counter.
        let rewriter = Rewriter::new(
            seed as u16 & 0x7fff,
            (seed >> 16) as u32,
            (seed >> 48) as u16,
        );
        Slot {
            peer,
            peer_id,
            kind,
            index,
            wire,
            track: None,
            max_layer: 0,
            await_epoch: None,
            ask: None,
            past: None,
            rewriter,
            history: History::default(),
            rtx_seq: (seed >> 32) as u16 & 0x7fff,
            packets: 0,
            octets: 0,
            clock: 90_000,
            mark: false,
            wished: false,
            entries: Bucket::new(ENTRIES, ENTRIES_PER_SECOND),
        }
    }

    /// Whether a source may be entered now: at the core's wish always, else as often as is earned.
    pub fn may_enter(&mut self, now: Instant) -> bool {
        std::mem::take(&mut self.wished)
            || self.entries.take(now, 1)
            || !active("M4.2.entries-in-a-row")
    }

    /// Whether the receiver takes that codec.
    pub fn takes(&self, codec: CodecName) -> bool {
        self.wire.types(codec).is_some()
    }

    /// Goes over to another source, whose first packet is `first`.
    pub fn switch(&mut self, first: &Forwarded<'_>, origin: Origin) {
        let Some(types) = self.wire.types(first.parsed.codec) else {
            return;
        };
        self.clock = types.clock;
        self.rewriter
            .switch(first.now, first.parsed, first.captured, types.clock);
        self.history.switched(self.rewriter.mapping(), origin);
        self.mark = !self.kind.is_video();
        self.ask = None;
    }

    /// The current source is left; its late packets may fill gaps for a while.
    pub fn leave(&mut self, now: Instant) {
        self.past = Some(Past {
            switch: self.history.current(),
            base: self.rewriter.base(),
            highest: self.rewriter.highest(),
            until: now + PAST,
        });
    }

    /// Sends a packet of the current source.
    #[inline]
    pub fn send(&mut self, forwarded: &Forwarded<'_>, out: &mut Outbox) {
        let numbers = self
            .rewriter
            .send(forwarded.now, forwarded.parsed, forwarded.captured);
        self.emit(forwarded, &numbers, self.history.current(), out);
    }

    /// Sends a late packet of the source before, if it fills a gap; says whether it did. After two switches in a
    /// second a third source may still list this slot: numbers alone do not tell whose packet it is.
    pub fn send_past(
        &mut self,
        forwarded: &Forwarded<'_>,
        origin: Origin,
        out: &mut Outbox,
    ) -> bool {
        let extended = forwarded.parsed.extended;
        let fits = |past: &Past| {
            (past.base..=past.highest).contains(&extended) && forwarded.now <= past.until
        };
        let Some(past) = self
            .past
            .filter(fits)
            .filter(|_| active("M4.1.late-packets-fill-gaps"))
        else {
            return false;
        };
        let mapping = self.history.mapping(past.switch);
        let own = |from: &Origin| *from == origin || !active("M4.1.late-packets-source");
        let Some((mapping, _)) = mapping.filter(|(_, from)| own(from)) else {
            return false;
        };
        self.emit(
            forwarded,
            &mapping.apply(forwarded.parsed),
            past.switch,
            out,
        );
        true
    }

    #[inline]
    fn emit(
        &mut self,
        forwarded: &Forwarded<'_>,
        numbers: &Numbers,
        switch: u16,
        out: &mut Outbox,
    ) {
        let parsed = forwarded.parsed;
        let Some(types) = self.wire.types(parsed.codec) else {
            return;
        };
        let header = OutHeader {
            marker: parsed.marker | std::mem::take(&mut self.mark),
            pt: types.media,
            seq: numbers.seq,
            timestamp: numbers.timestamp,
            ssrc: self.wire.ssrc,
        };
        let begin = out.begin();
        let to = out.writer();
        let len = self.wire.write(to, &header, numbers, forwarded, None);
        out.push_rtp(self.peer_id, begin, len, forwarded.body);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(forwarded.body.len() as u32);
        if let Some(handle) = forwarded.handle {
            self.history.sent(numbers.seq, switch, handle);
        }
    }

    /// Repairs one packet on the RTX SSRC under a fresh number (M4.3).
    pub fn repair(
        &mut self,
        repaired: &Forwarded<'_>,
        numbers: &Numbers,
        out: &mut Outbox,
    ) -> bool {
        let parsed = repaired.parsed;
        let rtx = self.wire.types(parsed.codec).and_then(|types| types.rtx);
        let (Some(pt), Some(ssrc)) = (rtx, self.wire.rtx_ssrc) else {
            return false;
        };
        self.rtx_seq = self
            .rtx_seq
            .wrapping_add(active("M4.3.fresh-number") as u16);
        let timestamp = numbers.timestamp;
        let header = OutHeader {
            marker: parsed.marker,
            pt,
            seq: self.rtx_seq,
            timestamp,
            ssrc,
        };
        let begin = out.begin();
        let original = Some(numbers.seq);
        let to = out.writer();
        let len = self.wire.write(to, &header, numbers, repaired, original);
        out.push_rtp(self.peer_id, begin, len, repaired.body);
        true
    }

    /// What a sender report says now (M4.2, M4.6): our wall clock, and where the source's timeline stands at it.
    pub fn sender_info(&self, now: Instant, wall_offset: Duration) -> Option<SenderInfo> {
        let (timestamp, moment) = self.rewriter.newest()?;
        let sent = ntp::wall(moment.sent, wall_offset);
        let lag = moment
            .captured
            .map_or(0, |at| sent.wrapping_sub(at))
            .clamp(-MAX_LAG_NANOS, MAX_LAG_NANOS);
        let since = now.since(moment.sent).as_nanos() as i64 + lag;
        Some(SenderInfo {
            ssrc: self.wire.ssrc,
            ntp: ntp::from_nanos(ntp::wall(now, wall_offset)),
            rtp: timestamp.wrapping_add(nanos_to_ticks(since, self.clock) as u32),
            packets: self.packets,
            octets: self.octets,
        })
    }
}

//! One encoding of one published source: everything remembered of its stream, and the report block on it.

use super::clock::StreamClock;
use super::guard::Guard;
use super::missing::Missing;
use super::reception::{Order, Reception};
use super::ring::Ring;
use crate::rtcp::ReportBlock;
use crate::types::{DropReason, Instant};

/// State of one layer.
#[derive(Debug, Default)]
pub struct Layer {
    /// Its media SSRC, once known.
    pub ssrc: Option<u32>,
    /// Which numbers came.
    pub reception: Reception,
    /// Which are asked for.
    pub missing: Missing,
    /// The publisher's sender reports.
    pub clock: StreamClock,
    /// Who may send here.
    pub guard: Guard,
    /// The last packets.
    pub ring: Ring,
    /// When its last media packet came.
    pub last: Option<Instant>,
    /// Whether it flows: see the event `track`.
    pub flowing: bool,
    /// When it last began to flow.
    pub started: Instant,
    /// Packets accepted.
    pub packets: u64,
    /// Extends seven-bit PictureIDs: the last long one.
    picture: Option<u16>,
}

impl Layer {
    /// Takes a packet's SSRC and number. A new SSRC is a new stream.
    pub fn receive(&mut self, ssrc: u32, seq: u16) -> Result<(u64, Order), DropReason> {
        if self.ssrc != Some(ssrc) {
            let known = self.ssrc.replace(ssrc).is_some();
            self.reception = Reception::default();
            self.missing.clear();
            self.clock = StreamClock::default();
            self.guard = Guard::default();
            if known {
                let (extended, _) = self.reception.receive(seq)?;
                return Ok((extended, Order::Restart));
            }
        }
        self.reception.receive(seq)
    }

    /// Extends a seven-bit PictureID to fifteen bits, near the last one.
    pub fn extend_picture(&mut self, id: u16, long: bool) -> u16 {
        let extended = match self.picture {
            Some(last) if !long => {
                let step = (id.wrapping_sub(last) & 0x7f) as i16;
                let step = if step >= 0x40 { step - 0x80 } else { step };
                last.wrapping_add_signed(step) & 0x7fff
            }
            _ => id,
        };
        self.picture = Some(extended);
        extended
    }

    /// The report block on this layer, beginning a new interval.
    pub fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        let ssrc = self.ssrc?;
        let loss = self.reception.report()?;
        let (last_sr, delay) = self.clock.last_report(now.as_nanos());
        Some(ReportBlock {
            ssrc,
            fraction_lost: loss.fraction,
            lost: loss.total,
            highest: loss.highest,
            jitter: loss.jitter,
            last_sr,
            delay,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_ssrc_on_a_layer_is_a_new_stream() {
        let mut layer = Layer::default();
        assert_eq!(layer.receive(1, 100).unwrap().1, Order::Next);
        assert_eq!(layer.receive(1, 101).unwrap().1, Order::Next);
        assert_eq!(layer.receive(2, 9).unwrap().1, Order::Restart);
        assert_eq!(layer.report(Instant::ZERO).unwrap().ssrc, 2);
    }

    #[test]
    fn seven_bit_pictures_count_on_past_their_wrap() {
        let mut layer = Layer::default();
        let ids: Vec<_> = [126, 127, 0, 1, 127]
            .map(|id| layer.extend_picture(id, false))
            .into();
        assert_eq!(ids, [126, 127, 128, 129, 127]);
        assert_eq!(layer.extend_picture(9_000, true), 9_000);
    }
}

//! Arrival times of one publisher's packets by transport-wide sequence number, until the next feedback tells it
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01). Publishers steer their own bitrate with it.

use crate::rtcp::transport_cc::{self, MAX_STATUSES, TICK_NANOS};
use crate::types::Instant;

/// Remembered arrivals; at 100 ms between feedbacks this is 40,000 packets a second from one person.
const WINDOW: usize = 4_096;

/// Recorder of one publisher.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// Ticks of arrival plus one; zero where nothing came. Allocated with the first packet.
    ticks: Vec<u64>,
    /// First number not yet told, and the newest seen.
    range: Option<(u64, u64)>,
    number: u8,
}

impl Arrivals {
    /// Notes one packet.
    pub fn record(&mut self, now: Instant, seq: u16) {
        if self.ticks.is_empty() {
            self.ticks = vec![0; WINDOW];
        }
        let (mut base, mut newest) = self.range.unwrap_or_else(|| {
            let first = 1 << 16 | seq as u64;
            (first, first)
        });
        let extended = newest.wrapping_add_signed(seq.wrapping_sub(newest as u16) as i16 as i64);
        if extended > newest {
            if extended - newest >= WINDOW as u64 {
                self.ticks.fill(0);
                base = extended;
            } else {
                (newest + 1..extended)
                    .for_each(|skipped| self.ticks[skipped as usize % WINDOW] = 0);
            }
            newest = extended;
        } else if newest - extended >= WINDOW as u64 / 2 {
            return;
        }
        // One that arrives after its number was told as lost is told again, with what follows it.
        base = base
            .min(extended)
            .max((newest + 1).saturating_sub(WINDOW as u64));
        self.ticks[extended as usize % WINDOW] = now.as_nanos() / TICK_NANOS + 1;
        self.range = Some((base, newest));
    }

    /// Whether there is anything to tell.
    pub fn pending(&self) -> bool {
        self.range.is_some_and(|(base, newest)| base <= newest)
    }

    /// Appends feedback on what came since the last time, at most a datagram's worth; returns whether it did.
    pub fn write(&mut self, to: &mut Vec<u8>, sender: u32, media: u32) -> bool {
        let Some((base, newest)) = self.range else {
            return false;
        };
        let count = (newest + 1 - base).min(MAX_STATUSES as u64) as usize;
        let mut arrivals = [None; MAX_STATUSES];
        for (i, arrival) in arrivals[..count].iter_mut().enumerate() {
            *arrival = self.ticks[(base as usize + i) % WINDOW].checked_sub(1);
        }
        let arrivals = &arrivals[..count];
        let covered = transport_cc::write(to, sender, media, base as u16, self.number, arrivals);
        // A stretch without any arrival cannot be told alone; what follows it restarts the telling.
        let told = if covered == 0 { count } else { covered };
        self.range = Some((base + told as u64, newest));
        self.number = self.number.wrapping_add((covered > 0) as u8);
        covered > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtcp::read::{Compound, Packet};

    fn tell(arrivals: &mut Arrivals) -> Option<(u16, Vec<Option<u64>>)> {
        let mut bytes = Vec::new();
        arrivals.write(&mut bytes, 1, 2).then(|| {
            let Some(Ok(Packet::TransportCc(body))) = Compound::new(&bytes).next() else {
                panic!()
            };
            transport_cc::read(body).unwrap()
        })
    }

    #[test]
    fn every_number_is_told_once_with_its_arrival() {
        let mut arrivals = Arrivals::default();
        assert!(!arrivals.pending());
        for (at, seq) in [(10, 65_535u16), (12, 1), (13, 2)] {
            arrivals.record(Instant::from_millis(at), seq);
        }
        assert_eq!(
            tell(&mut arrivals),
            Some((65_535, vec![Some(40), None, Some(48), Some(52)]))
        );
        assert!(!arrivals.pending());
        arrivals.record(Instant::from_millis(20), 0);
        assert_eq!(
            tell(&mut arrivals).map(|(base, told)| (base, told[0])),
            Some((0, Some(80)))
        );
    }

    #[test]
    fn a_wild_jump_of_numbers_starts_over() {
        let mut arrivals = Arrivals::default();
        for (at, seq) in [(1, 0u16), (2, 20_000), (3, 20_001)] {
            arrivals.record(Instant::from_millis(at), seq);
        }
        assert_eq!(tell(&mut arrivals), Some((20_000, vec![Some(8), Some(12)])));
        assert_eq!(tell(&mut arrivals), None);
    }
}

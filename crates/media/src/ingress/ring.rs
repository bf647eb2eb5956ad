//! The last packets of one stream, kept for repairs (M4.3). Slots name them by handle; a handle outlives its
//! packet and then finds nothing. Buffers are reused, so a steady stream allocates nothing. The worker takes no datagram
//! above 1,500 bytes, so that a ring holds 1.5 MB at most, and none when its stream has ended.

use std::collections::VecDeque;
use std::time::Duration;

use super::Parsed;
use crate::types::Instant;

/// Most packets kept for one stream.
const MAX_PACKETS: usize = 1_024;

/// Age past which a packet is not worth its memory: receivers give up sooner.
const MAX_AGE: Duration = Duration::from_millis(2_000);

#[derive(Debug)]
struct Kept {
    at: Instant,
    parsed: Parsed,
    bytes: Vec<u8>,
}

/// A bounded, ageing queue of packets.
#[derive(Debug, Default)]
pub struct Ring {
    kept: VecDeque<Kept>,
    spare: Vec<Vec<u8>>,
    first: u64,
}

impl Ring {
    /// Keeps a packet and returns its handle.
    pub fn keep(&mut self, now: Instant, parsed: &Parsed, packet: &[u8]) -> u64 {
        while let Some(oldest) = self.kept.front()
            && (self.kept.len() >= MAX_PACKETS || now.since(oldest.at) > MAX_AGE)
        {
            let gone = self.kept.pop_front().expect("it was just looked at");
            self.spare.push(gone.bytes);
            self.first += 1;
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        // To the byte: growing by doubling, a ring would hold twice what it says.
        bytes.reserve_exact(parsed.end as usize);
        bytes.extend_from_slice(&packet[..parsed.end as usize]);
        self.kept.push_back(Kept {
            at: now,
            parsed: *parsed,
            bytes,
        });
        self.first + self.kept.len() as u64 - 1
    }

    /// The packet behind a handle, if it is still kept.
    pub fn get(&self, handle: u64) -> Option<(&Parsed, &[u8])> {
        let kept = self
            .kept
            .get(usize::try_from(handle.checked_sub(self.first)?).ok()?)?;
        Some((&kept.parsed, &kept.bytes))
    }

    /// Frees everything once not even the newest packet is worth its memory.
    pub fn expire(&mut self, now: Instant) {
        let newest = self.kept.back();
        if newest.is_some_and(|newest| now.since(newest.at) > MAX_AGE) {
            self.clear();
        }
    }

    /// Bytes held, in use or spare.
    pub fn memory(&self) -> usize {
        let kept = self.kept.iter().map(|kept| kept.bytes.capacity());
        kept.chain(self.spare.iter().map(Vec::capacity)).sum()
    }

    /// Frees everything; handles stay spent.
    fn clear(&mut self) {
        self.first += self.kept.len() as u64;
        self.kept.clear();
        self.spare = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Payload;
    use crate::types::CodecName;

    fn parsed(seq: u16) -> Parsed {
        Parsed {
            extended: seq as u64,
            seq,
            timestamp: 0,
            marker: false,
            codec: CodecName::Opus,
            payload: Payload::whole_frame(),
            payload_at: 0,
            end: 3,
            audio_level: None,
            video_orientation: None,
            dependency: None,
        }
    }

    #[test]
    fn a_ring_never_outgrows_its_bound_and_frees_all_of_it_when_its_stream_has_ended() {
        let mut ring = Ring::default();
        let longest = Parsed {
            end: 1_500,
            ..parsed(0)
        };
        for n in 0..5_000 {
            ring.keep(Instant::from_millis(n), &longest, &[0; 1_500]);
            assert!(ring.memory() <= MAX_PACKETS * 1_500);
        }
        ring.expire(Instant::from_millis(4_999 + 2_000));
        assert!(
            ring.memory() > 1_000_000,
            "its newest may still be asked for"
        );
        ring.expire(Instant::from_millis(4_999 + 2_001));
        assert_eq!(ring.memory(), 0);
    }

    #[test]
    fn m4_3_a_handle_finds_its_packet_until_it_is_too_old() {
        let mut ring = Ring::default();
        let handles: Vec<_> = (0..2_000u16)
            .map(|n| ring.keep(Instant::ZERO, &parsed(n), &[n as u8, 2, 3, 99]))
            .collect();
        assert!(ring.get(handles[2_000 - MAX_PACKETS - 1]).is_none());
        let (found, bytes) = ring.get(handles[2_000 - MAX_PACKETS]).unwrap();
        assert_eq!((found.seq, bytes), (976, &[976u16 as u8, 2, 3][..]));
        let last = ring.keep(Instant::from_millis(2_001), &parsed(5), &[1, 2, 3]);
        assert!(ring.get(handles[1_999]).is_none());
        assert!(ring.get(last).is_some());
        ring.clear();
        assert!(ring.get(last).is_none());
        assert_eq!(ring.keep(Instant::ZERO, &parsed(5), &[1, 2, 3]), last + 1);
    }
}

//! What a slot sent last (M4.3): for each of its sequence numbers the kept packet and the offsets it left with,
//! so that a NACK that names the previous source is answered rightly.

use std::time::Duration;

use super::rewrite::Mapping;
use crate::guard::active;
use crate::types::Instant;

/// Packets remembered.
const PACKETS: usize = 1_024;

/// Switches whose offsets are remembered; older packets are past repair by age.
const SWITCHES: usize = 32;

/// A packet repaired this recently is still on its way.
const REPAIR_SPACING: Duration = Duration::from_millis(20);

/// Repairs of one packet after which its receiver is not helped by another.
const MAX_REPAIRS: u8 = 10;

/// Where a source's packets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Place of the track.
    pub track: u32,
    /// Serial of the track, since places are reused.
    pub serial: u64,
    /// Layer of the track.
    pub layer: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    handle: u64,
    repaired_ms: u64,
    seq: u16,
    switch: u16,
    repairs: u8,
    used: bool,
}

/// A slot's memory.
#[derive(Clone, Debug)]
pub struct History {
    entries: Vec<Entry>,
    switches: [(Mapping, Origin); SWITCHES],
    /// Number of the newest switch.
    switch: u16,
}

impl Default for History {
    fn default() -> Self {
        History {
            entries: Vec::new(),
            switches: [Default::default(); SWITCHES],
            switch: 0,
        }
    }
}

impl History {
    /// A switch happened; returns its number.
    pub fn switched(&mut self, mapping: Mapping, origin: Origin) -> u16 {
        self.switch = self.switch.wrapping_add(1);
        self.switches[self.switch as usize % SWITCHES] = (mapping, origin);
        self.switch
    }

    /// Offsets and origin of a switch, if it is recent enough.
    pub fn mapping(&self, switch: u16) -> Option<(Mapping, Origin)> {
        let age = self.switch.wrapping_sub(switch) as usize;
        (age < SWITCHES).then(|| self.switches[switch as usize % SWITCHES])
    }

    /// The newest switch's number.
    #[inline]
    pub fn current(&self) -> u16 {
        self.switch
    }

    /// A packet left under `seq`.
    #[inline]
    pub fn sent(&mut self, seq: u16, switch: u16, handle: u64) {
        if self.entries.is_empty() {
            self.entries = vec![Entry::default(); PACKETS];
        }
        self.entries[seq as usize % PACKETS] = Entry {
            handle,
            repaired_ms: 0,
            seq,
            switch,
            repairs: 0,
            used: true,
        };
    }

    /// What to repair `seq` with; none if it is unknown, was repaired just now or too often.
    pub fn repair(&mut self, now: Instant, seq: u16) -> Option<(u64, Mapping, Origin)> {
        let at = seq as usize % PACKETS;
        let entry = self
            .entries
            .get(at)
            .copied()
            .filter(|entry| entry.used && entry.seq == seq)?;
        let again = Duration::from_millis(now.as_millis().saturating_sub(entry.repaired_ms));
        let spent = entry.repairs >= MAX_REPAIRS || entry.repairs > 0 && again < REPAIR_SPACING;
        if spent && active("M4.3.repair-spacing") {
            return None;
        }
        let (mapping, origin) = self.mapping(entry.switch)?;
        let kept = &mut self.entries[at];
        kept.repairs += 1;
        kept.repaired_ms = now.as_millis();
        Some((entry.handle, mapping, origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_3_a_nack_finds_the_source_and_offsets_its_packet_left_with() {
        let mut history = History::default();
        let origin = |track| Origin {
            track,
            serial: 1,
            layer: 0,
        };
        let first = history.switched(Mapping::default(), origin(1));
        history.sent(9, first, 100);
        let second = history.switched(Mapping::default(), origin(2));
        history.sent(10, second, 7);
        let at = Instant::from_millis;
        assert_eq!(
            history.repair(at(5), 9).map(|(h, _, o)| (h, o.track)),
            Some((100, 1))
        );
        assert_eq!(
            history.repair(at(5), 10).map(|(h, _, o)| (h, o.track)),
            Some((7, 2))
        );
        assert_eq!(history.repair(at(6), 9), None, "it is still on its way");
        assert!(history.repair(at(30), 9).is_some());
        assert_eq!(history.repair(at(30), 11), None);
        history.sent(9 + 1_024, second, 8);
        assert_eq!(history.repair(at(60), 9), None, "it was overwritten");
    }

    #[test]
    fn one_packet_is_not_repaired_without_end() {
        let mut history = History::default();
        history.sent(1, 0, 1);
        let repaired =
            (0..50).filter(|n| history.repair(Instant::from_millis(n * 100), 1).is_some());
        assert_eq!(repaired.count(), MAX_REPAIRS as usize);
    }
}

//! Who is heard (M4.7): the three loudest people of a room and the last one, from the clear audio levels of
//! their packets (RFC 6464), with enough inertia that nobody flickers. Signing counts as speaking; since it has no
//! level, the core says who signs.

use std::time::Duration;

use crate::guard::active;
use crate::types::{Instant, PeerId};

/// Places for the loudest.
const PLACES: usize = 3;

/// Places that people who sign may hold at a time. All three would leave nobody to be heard, the chair included;
/// fewer would let one signer hide another's answer. Further signers wait in the order in which they began.
const SIGNERS: usize = PLACES - 1;

/// Levels are −dBov; anything quieter than this is silence.
const SILENCE: u8 = 50;

/// How much louder than the quietest holder somebody must be, in dB, to take the place.
const LOUDER: f32 = 6.0;

/// For how long.
const LOUDER_FOR: Duration = Duration::from_millis(100);

/// How long a holder stays after the last voice or sign.
const STAY: Duration = Duration::from_millis(1_000);

/// Weight of a new packet in the smoothed level: five packets of 20 ms make two thirds of it.
const WEIGHT: f32 = 0.2;

/// After this long without a packet a person is silent, whatever was last heard.
const STALE: Duration = Duration::from_millis(400);

#[derive(Clone, Copy, Debug)]
struct Voice {
    peer: PeerId,
    level: f32,
    heard: Instant,
    voiced: Option<Instant>,
    louder_since: Option<Instant>,
}

/// Somebody who signs, or has just ceased to.
#[derive(Clone, Copy, Debug)]
struct Signer {
    peer: PeerId,
    ceased: Option<Instant>,
}

/// Levels and places of one room.
#[derive(Clone, Debug, Default)]
pub struct Speakers {
    voices: Vec<Voice>,
    /// Those who sign, in the order in which they began; the first [`SIGNERS`] have a place that no voice takes.
    signers: Vec<Signer>,
    /// Holders of places, the longest there first.
    holders: Vec<PeerId>,
    last: Option<PeerId>,
    told: Vec<PeerId>,
}

impl Speakers {
    /// A packet with the level byte of RFC 6464 came; its top bit is the sender's own idea of voice.
    pub fn heard(&mut self, now: Instant, peer: PeerId, level: u8) {
        let level = level & 0x7f;
        let at = self.place(peer, now);
        let voice = &mut self.voices[at];
        voice.heard = now;
        voice.level += (level as f32 - voice.level) * WEIGHT;
        if level <= SILENCE {
            voice.voiced = Some(now);
        }
        if level > SILENCE || self.holders.contains(&peer) {
            self.voices[at].louder_since = None;
            return;
        }
        if self.holders.len() < PLACES {
            self.enter(peer);
            return;
        }
        let loudness = self.voices[at].level;
        let Some((quietest, level)) = self.quietest() else {
            return;
        };
        if loudness > level - LOUDER {
            self.voices[at].louder_since = None;
            return;
        }
        let since = *self.voices[at].louder_since.get_or_insert(now);
        if now.since(since) >= LOUDER_FOR {
            self.voices[at].louder_since = None;
            self.leave(quietest);
            self.enter(peer);
        }
    }

    /// Frees the places of those who fell silent; call it every 100 ms.
    pub fn tick(&mut self, now: Instant) {
        for voice in &mut self.voices {
            if now.since(voice.heard) > STALE {
                voice.level = 127.0;
            }
        }
        self.signers
            .retain(|signer| signer.ceased.is_none_or(|at| now.since(at) < STAY));
        for peer in self.holders.clone() {
            let voiced = self
                .voices
                .iter()
                .find(|voice| voice.peer == peer)
                .and_then(|v| v.voiced);
            if voiced.is_none_or(|at| now.since(at) >= STAY) && !self.signs(peer) {
                self.leave(peer);
            }
        }
        self.seat_signers();
    }

    /// Somebody begins to sign, or ceases to. A signer takes a free place or that of the quietest voice at once,
    /// and keeps it until a second after the last sign, however loud others are.
    pub fn sign(&mut self, now: Instant, peer: PeerId, signing: bool) {
        let known = self.signers.iter_mut().find(|signer| signer.peer == peer);
        match (known, signing) {
            (Some(signer), true) => signer.ceased = None,
            (Some(signer), false) => {
                signer.ceased.get_or_insert(now);
            }
            (None, true) => self.signers.push(Signer { peer, ceased: None }),
            (None, false) => {}
        }
        self.seat_signers();
    }

    /// The people to hear, senior first and the last speaker at the end, if that changed.
    pub fn changed(&mut self) -> Option<&[PeerId]> {
        let last = self.last.filter(|last| !self.holders.contains(last));
        let now = self.holders.iter().copied().chain(last);
        if now.clone().eq(self.told.iter().copied()) {
            return None;
        }
        self.told = now.collect();
        Some(&self.told)
    }

    /// Smoothed levels of all who are not silent, as −dBov.
    pub fn levels(&self) -> impl Iterator<Item = (PeerId, u8)> + '_ {
        let loud = |voice: &&Voice| voice.level <= SILENCE as f32;
        self.voices
            .iter()
            .filter(loud)
            .map(|voice| (voice.peer, voice.level as u8))
    }

    /// Somebody left the room.
    pub fn remove(&mut self, peer: PeerId) {
        self.voices.retain(|voice| voice.peer != peer);
        self.holders.retain(|holder| *holder != peer);
        self.last = self.last.filter(|last| *last != peer);
        self.signers.retain(|signer| signer.peer != peer);
        self.seat_signers();
    }

    /// Whether a place is this person's for signing.
    fn signs(&self, peer: PeerId) -> bool {
        let mut seated = self.signers.iter().take(SIGNERS);
        seated.any(|signer| signer.peer == peer) && active("M4.7.signer-stays")
    }

    fn seat_signers(&mut self) {
        for n in 0..self.signers.len().min(SIGNERS) {
            let peer = self.signers[n].peer;
            if self.holders.contains(&peer) {
                continue;
            }
            if self.holders.len() >= PLACES
                && let Some((quietest, _)) = self.quietest()
            {
                self.leave(quietest);
            }
            self.enter(peer);
        }
    }

    fn place(&mut self, peer: PeerId, now: Instant) -> usize {
        if let Some(at) = self.voices.iter().position(|voice| voice.peer == peer) {
            return at;
        }
        let silent = Voice {
            peer,
            level: 127.0,
            heard: now,
            voiced: None,
            louder_since: None,
        };
        self.voices.push(silent);
        self.voices.len() - 1
    }

    /// The quietest of those whose place a voice or a signer may take.
    fn quietest(&self) -> Option<(PeerId, f32)> {
        let level = |peer: &PeerId| {
            let voice = self.voices.iter().find(|voice| voice.peer == *peer);
            voice.map_or(127.0, |voice| voice.level)
        };
        let voices = self.holders.iter().filter(|holder| !self.signs(**holder));
        voices
            .map(|peer| (*peer, level(peer)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn enter(&mut self, peer: PeerId) {
        self.holders.push(peer);
    }

    fn leave(&mut self, peer: PeerId) {
        self.holders.retain(|holder| *holder != peer);
        self.last = Some(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Talks for `ms` from `from`: each pair is a peer and its level.
    fn talk(speakers: &mut Speakers, from: u64, ms: u64, levels: &[(u64, u8)]) -> u64 {
        for at in (from..from + ms).step_by(20) {
            for (peer, level) in levels {
                speakers.heard(Instant::from_millis(at), PeerId(*peer), *level);
            }
            speakers.tick(Instant::from_millis(at));
        }
        from + ms
    }

    fn now(speakers: &mut Speakers) -> Vec<u64> {
        let _ = speakers.changed();
        speakers.told.iter().map(|peer| peer.0).collect()
    }

    #[test]
    fn m4_7_a_free_place_is_taken_at_once_and_silence_takes_none() {
        let mut speakers = Speakers::default();
        talk(&mut speakers, 0, 40, &[(1, 30), (2, 51), (3, 127)]);
        assert_eq!(now(&mut speakers), [1]);
        assert!(speakers.changed().is_none());
    }

    #[test]
    fn m4_7_a_place_is_taken_by_six_decibels_for_a_tenth_of_a_second() {
        let mut speakers = Speakers::default();
        let at = talk(&mut speakers, 0, 1_000, &[(1, 20), (2, 25), (3, 40)]);
        let at = talk(
            &mut speakers,
            at,
            1_000,
            &[(1, 20), (2, 25), (3, 40), (4, 35)],
        );
        assert_eq!(
            now(&mut speakers),
            [1, 2, 3],
            "five decibels are not enough"
        );
        let at = talk(&mut speakers, at, 60, &[(1, 20), (2, 25), (3, 40), (4, 0)]);
        assert_eq!(now(&mut speakers), [1, 2, 3], "too short");
        talk(
            &mut speakers,
            at,
            300,
            &[(1, 20), (2, 25), (3, 40), (4, 10)],
        );
        assert_eq!(
            now(&mut speakers),
            [1, 2, 4, 3],
            "the one who was replaced is the last speaker"
        );
    }

    #[test]
    fn m4_7_holders_stay_a_second_after_their_last_voice_and_the_last_one_remains() {
        let mut speakers = Speakers::default();
        let at = talk(&mut speakers, 0, 500, &[(1, 20), (2, 30)]);
        let at = talk(&mut speakers, at, 960, &[(1, 127), (2, 127)]);
        assert_eq!(now(&mut speakers), [1, 2]);
        talk(&mut speakers, at, 100, &[(1, 127), (2, 127)]);
        assert_eq!(now(&mut speakers).len(), 1);
        assert_eq!(speakers.levels().count(), 0);
        speakers.remove(PeerId(2));
        speakers.remove(PeerId(1));
        assert!(now(&mut speakers).is_empty());
    }

    #[test]
    fn m4_7_a_signer_takes_the_quietest_voices_place_at_once_and_no_voice_takes_it_back() {
        let mut speakers = Speakers::default();
        let three = [(1, 20), (2, 25), (3, 40)];
        let at = talk(&mut speakers, 0, 500, &three);
        speakers.sign(Instant::from_millis(at), PeerId(7), true);
        assert_eq!(now(&mut speakers), [1, 2, 7, 3], "the quietest made room");
        talk(&mut speakers, at, 5_000, &[(1, 20), (2, 25), (3, 0)]);
        let places = now(&mut speakers);
        assert_eq!(places, [1, 7, 3, 2], "voices contend for the other places");
    }

    #[test]
    fn m4_7_a_signer_takes_a_free_place_and_stays_a_second_after_the_last_sign() {
        let mut speakers = Speakers::default();
        speakers.sign(Instant::ZERO, PeerId(7), true);
        let at = talk(&mut speakers, 0, 10_000, &[(1, 20)]);
        assert_eq!(now(&mut speakers), [7, 1]);
        speakers.sign(Instant::from_millis(at), PeerId(7), false);
        let at = talk(&mut speakers, at, 500, &[(1, 20)]);
        // Saying it again prolongs nothing.
        speakers.sign(Instant::from_millis(at), PeerId(7), false);
        let at = talk(&mut speakers, at, 480, &[(1, 20)]);
        assert_eq!(now(&mut speakers), [7, 1]);
        talk(&mut speakers, at, 60, &[(1, 20)]);
        assert_eq!(now(&mut speakers), [1, 7], "now the last one");
    }

    #[test]
    fn m4_7_signers_leave_one_place_to_voices_and_wait_for_each_other() {
        let mut speakers = Speakers::default();
        let at = talk(&mut speakers, 0, 500, &[(1, 20), (2, 25), (3, 40)]);
        for signer in 7..=9 {
            speakers.sign(Instant::from_millis(at), PeerId(signer), true);
        }
        let at = talk(&mut speakers, at, 2_000, &[(1, 20), (2, 25), (3, 40)]);
        assert_eq!(now(&mut speakers)[..3], [1, 7, 8], "one voice is heard");
        speakers.sign(Instant::from_millis(at), PeerId(7), false);
        talk(&mut speakers, at, 1_040, &[(1, 20), (2, 25), (3, 40)]);
        assert_eq!(now(&mut speakers)[..3], [1, 8, 9], "the next signer's turn");
        speakers.remove(PeerId(8));
        assert!(now(&mut speakers).contains(&9) && !now(&mut speakers).contains(&8));
    }
}

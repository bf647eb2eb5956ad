//! A meeting in virtual time over networks that lose, reorder and duplicate, all from one printed seed: slots
//! stay one unbroken stream across twenty switches between sources with lower and higher numbers (M4.1, M4.3).

mod support;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant as Wall};

use entente_media::drops::DropReason;
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::rtp::Header;
use entente_media::types::{Event, SlotKind, Source};
use str0m_netem::{Input, Netem, NetemConfig, Output, Probability, RandomLoss};
use support::Dice;
use support::house::House;
use support::publisher::Publisher;
use support::receiver::Receiver;
use support::sections::{client, slot_ssrc};

const VIEWERS: std::ops::RangeInclusive<u64> = 1..=2;
const PUBLISHERS: std::ops::RangeInclusive<u64> = 3..=6;
const SWITCHES: u64 = 20;
const BETWEEN_SWITCHES_MS: u64 = 700;
/// After the last switch the meeting goes on until every repair had its chance.
const DRAIN_MS: u64 = 3_000;

/// How bad the network is.
#[derive(Clone, Copy)]
struct Weather {
    loss: f32,
    duplicate: f32,
    reorder: u32,
    latency_ms: u64,
}

/// One simulated meeting.
struct Meeting {
    house: House,
    start: Wall,
    ms: u64,
    up: BTreeMap<u64, Netem<Vec<u8>>>,
    down: BTreeMap<u64, Netem<Vec<u8>>>,
    cameras: BTreeMap<u64, Publisher>,
    voices: BTreeMap<u64, Publisher>,
    viewers: BTreeMap<u64, Receiver>,
    /// Key frame requests that left for each publisher, in milliseconds.
    plis: BTreeMap<u64, Vec<u64>>,
    sealed: HashSet<(u64, u32, u16, u64)>,
    repairs: u64,
    media: u64,
}

impl Meeting {
    fn new(seed: u64, weather: Weather) -> Meeting {
        let mut dice = Dice(seed);
        let mut network = || {
            Netem::new(
                NetemConfig::new()
                    .latency(Duration::from_millis(weather.latency_ms))
                    .jitter(Duration::from_millis(weather.latency_ms / 4))
                    .loss(RandomLoss::new(Probability::new(weather.loss)))
                    .duplicate(Probability::new(weather.duplicate))
                    .reorder_gap(weather.reorder)
                    .seed(dice.roll()),
            )
        };
        let peers: Vec<u64> = VIEWERS.chain(PUBLISHERS).collect();
        let up = peers.iter().map(|peer| (*peer, network())).collect();
        let down = peers.iter().map(|peer| (*peer, network())).collect();
        let mut house = House::seeded(seed as u8);
        let (mut cameras, mut voices) = (BTreeMap::new(), BTreeMap::new());
        // Numbers that begin low, high, in the middle and right before a wrap.
        for (peer, first) in PUBLISHERS.zip([3u16, 65_000, 32_700, 65_530]) {
            let mut camera =
                Publisher::new(Source::Camera, peer as u16, dice.roll(), &["q", "h", "f"]);
            camera
                .encodings
                .iter_mut()
                .for_each(|encoding| encoding.seq = first);
            cameras.insert(peer, camera);
            let mut voice = Publisher::new(Source::Microphone, peer as u16, dice.roll(), &[]);
            voice.encodings[0].ssrc = 10 + peer as u32;
            voice.encodings[0].seq = first;
            voices.insert(peer, voice);
        }
        for peer in peers {
            house.join(peer, &client(10 + peer as u32));
        }
        Meeting {
            house,
            start: Wall::now(),
            ms: 0,
            up,
            down,
            cameras,
            voices,
            viewers: VIEWERS.map(|peer| (peer, Receiver::default())).collect(),
            plis: BTreeMap::new(),
            sealed: HashSet::new(),
            repairs: 0,
            media: 0,
        }
    }

    fn wall(&self) -> Wall {
        self.start + Duration::from_millis(self.ms)
    }

    fn send_up(&mut self, peer: u64, packet: Vec<u8>) {
        let now = self.wall();
        self.up
            .get_mut(&peer)
            .unwrap()
            .handle_input(Input::Packet(now, packet));
    }

    /// One millisecond of everybody's life.
    fn step(&mut self) {
        for peer in PUBLISHERS {
            // Publishers do not tick together.
            if (self.ms + 7 * peer).is_multiple_of(33) {
                let pictures = self
                    .cameras
                    .get_mut(&peer)
                    .unwrap()
                    .pictures(&[1, 2, 4], 2_970);
                pictures
                    .into_iter()
                    .for_each(|packet| self.send_up(peer, packet));
            }
            if (self.ms + 3 * peer).is_multiple_of(20) {
                let packet = self.voices.get_mut(&peer).unwrap().voice(30);
                self.send_up(peer, packet);
            }
        }
        if self.ms.is_multiple_of(5) {
            for peer in VIEWERS {
                let feedback = self.viewers.get_mut(&peer).unwrap().feedback(self.ms);
                feedback
                    .into_iter()
                    .for_each(|packet| self.send_up(peer, packet));
            }
        }
        let wall = self.wall();
        for (peer, network) in &mut self.up {
            network.handle_input(Input::Timeout(wall));
            while let Some(Output::Packet(packet)) = network.poll_output() {
                if is_rtcp(&packet) {
                    self.house.rtcp(*peer, &packet);
                } else {
                    self.house.rtp(*peer, &packet);
                }
            }
        }
        self.house.wait(1);
        for sent in self.house.sent() {
            self.note(&sent);
            self.down
                .get_mut(&sent.to)
                .unwrap()
                .handle_input(Input::Packet(wall, sent.bytes));
        }
        self.deliver(wall);
        self.ms += 1;
    }

    fn note(&mut self, sent: &support::house::Sent) {
        if !sent.rtcp {
            let header = Header::parse(&sent.bytes).unwrap();
            self.media += 1;
            self.repairs += (header.pt == 101) as u64;
            // No number leaves twice under one SSRC, so no SRTP index is sealed twice (M4.3). The simulation is
            // shorter than one wrap of any slot.
            let index = (sent.to, header.ssrc, header.seq, 0);
            assert!(self.sealed.insert(index), "{index:?} left twice");
        }
        for packet in Compound::new(&sent.bytes).filter(|_| sent.rtcp) {
            if let Ok(Packet::Pli { .. }) = packet {
                self.plis.entry(sent.to).or_default().push(self.ms);
            }
        }
    }

    fn deliver(&mut self, wall: Wall) {
        let mut answers = Vec::new();
        for (peer, network) in &mut self.down {
            network.handle_input(Input::Timeout(wall));
            while let Some(Output::Packet(packet)) = network.poll_output() {
                if let Some(viewer) = self.viewers.get_mut(peer) {
                    viewer.receive(&packet);
                    continue;
                }
                for part in Compound::new(&packet) {
                    let camera = self.cameras.get_mut(peer).unwrap();
                    match part.unwrap() {
                        Packet::Pli { .. } => camera.key = true,
                        Packet::Nack { media, lost } => {
                            answers
                                .extend(camera.repair(media, lost).into_iter().map(|p| (*peer, p)));
                        }
                        _ => {}
                    }
                }
            }
        }
        answers
            .into_iter()
            .for_each(|(peer, packet)| self.send_up(peer, packet));
    }

    fn run(&mut self, ms: u64) {
        (0..ms).for_each(|_| self.step());
    }
}

fn is_rtcp(packet: &[u8]) -> bool {
    (192..=223).contains(&packet[1])
}

/// Twenty switches of one video and one audio slot for each viewer.
fn play(seed: u64, weather: Weather) -> Meeting {
    println!("seed {seed}");
    let mut meeting = Meeting::new(seed, weather);
    let mut dice = Dice(seed ^ 0x5eed);
    let mut showing = BTreeMap::new();
    for _ in 0..SWITCHES {
        for viewer in VIEWERS {
            let old = showing.get(&viewer).copied();
            let next = loop {
                let next = 3 + dice.below(4);
                if Some(next) != old {
                    break next;
                }
            };
            showing.insert(viewer, next);
            let max = dice.below(3) as u8;
            meeting.house.show(
                viewer,
                SlotKind::Video,
                0,
                Some((next, Source::Camera)),
                max,
            );
            meeting.house.show(
                viewer,
                SlotKind::Audio,
                0,
                Some((next, Source::Microphone)),
                0,
            );
        }
        meeting.run(BETWEEN_SWITCHES_MS);
    }
    meeting.run(DRAIN_MS);
    meeting
}

/// What must hold whatever the weather.
fn check(meeting: &mut Meeting, seed: u64) {
    for (viewer, receiver) in &meeting.viewers {
        let video = &receiver.slots[&slot_ssrc(SlotKind::Video, 0)];
        let name = format!("seed {seed}, viewer {viewer}");
        video.assert_seamless(&name);
        // What is still on its way at the end may be missing; nothing else.
        let newest = *video.got.keys().last().unwrap();
        let missing: Vec<_> = video
            .missing()
            .into_iter()
            .filter(|n| n + 60 < newest)
            .collect();
        assert!(missing.is_empty(), "{name}: never repaired: {missing:?}");
        let audio = &receiver.slots[&slot_ssrc(SlotKind::Audio, 0)];
        audio.assert_seamless(&format!("{name}, audio"));
    }
    let switches = meeting.house.events().into_iter().filter(|event| {
        matches!(
            event,
            Event::Slot {
                kind: SlotKind::Video,
                track: Some(_),
                ..
            }
        )
    });
    let switches = switches.count() as u64;
    // A lost request may let the next switch overtake one.
    assert!(
        switches >= SWITCHES * 2 - 4,
        "seed {seed}: only {switches} switches happened"
    );
    for (publisher, plis) in &meeting.plis {
        for (n, at) in plis.iter().enumerate() {
            // Noted at the end of a millisecond, so one less may show.
            let recent = plis[..n].iter().filter(|other| at - *other < 499).count();
            assert_eq!(
                recent, 0,
                "seed {seed}: publisher {publisher} was asked {plis:?}"
            );
        }
    }
    println!(
        "seed {seed}: {switches} switches, {} packets, {} repairs, {} key frame requests, {} late key frames",
        meeting.media,
        meeting.repairs,
        meeting.plis.values().map(Vec::len).sum::<usize>(),
        meeting.house.dropped(DropReason::LateKeyframe),
    );
}

/// Seeds to play: those of the environment, or fixed ones.
fn seeds(fixed: &[u64]) -> Vec<u64> {
    match std::env::var("ENTENTE_SEED") {
        Ok(seed) => vec![seed.parse().expect("ENTENTE_SEED is a number")],
        Err(_) => fixed.to_vec(),
    }
}

#[test]
fn slots_stay_seamless_across_twenty_switches_in_fair_weather() {
    let fair = Weather {
        loss: 0.0,
        duplicate: 0.0,
        reorder: 1_000_000,
        latency_ms: 20,
    };
    for seed in seeds(&[1, 2]) {
        let mut meeting = play(seed, fair);
        check(&mut meeting, seed);
        assert_eq!(meeting.repairs, 0, "nothing was lost, nothing is repaired");
        for receiver in meeting.viewers.values() {
            let sound = &receiver.slots[&slot_ssrc(SlotKind::Audio, 0)];
            assert!(sound.missing().is_empty(), "sound has no gap");
        }
    }
}

#[test]
fn slots_stay_seamless_across_twenty_switches_under_loss_reorder_and_duplication() {
    let rough = Weather {
        loss: 0.05,
        duplicate: 0.02,
        reorder: 17,
        latency_ms: 40,
    };
    for seed in seeds(&[3, 4, 5, 6, 7, 8]) {
        let mut meeting = play(seed, rough);
        check(&mut meeting, seed);
        let share = meeting.repairs as f64 / meeting.media as f64;
        assert!(
            share < 0.2,
            "seed {seed}: {share} of all packets are repairs"
        );
        assert!(meeting.house.dropped(DropReason::Duplicate) > 0);
    }
}

#[test]
fn a_bad_network_costs_repairs_but_no_storm() {
    let awful = Weather {
        loss: 0.15,
        duplicate: 0.05,
        reorder: 5,
        latency_ms: 80,
    };
    for seed in seeds(&[9, 10]) {
        let meeting = play(seed, awful);
        for (viewer, receiver) in &meeting.viewers {
            let video = &receiver.slots[&slot_ssrc(SlotKind::Video, 0)];
            video.assert_seamless(&format!("seed {seed}, viewer {viewer}"));
        }
        let share = meeting.repairs as f64 / meeting.media as f64;
        assert!(
            share < 0.5,
            "seed {seed}: {share} of all packets are repairs"
        );
        for plis in meeting.plis.values() {
            assert!(
                plis.len() as u64 <= meeting.ms / 1_000 + 5,
                "seed {seed}: {plis:?}"
            );
        }
    }
}

#[test]
fn the_same_seed_plays_the_same_meeting() {
    let rough = Weather {
        loss: 0.05,
        duplicate: 0.02,
        reorder: 17,
        latency_ms: 40,
    };
    let (one, two) = (play(11, rough), play(11, rough));
    assert_eq!(
        (one.media, one.repairs, &one.plis),
        (two.media, two.repairs, &two.plis)
    );
    for (viewer, receiver) in &one.viewers {
        let other = &two.viewers[viewer];
        for (ssrc, slot) in &receiver.slots {
            assert_eq!(slot.got, other.slots[ssrc].got);
        }
    }
}

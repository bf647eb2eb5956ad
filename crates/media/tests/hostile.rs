//! Hostile bytes (attacks 7 and 10): every fuzz target of `support::targets` with seeded inputs, some random, some
//! real packets with a few bytes changed. A failing seed is printed; `ENTENTE_SEED` plays it alone.

mod support;

use entente_media::rtcp::write;
use entente_media::types::Source;
use support::Dice;
use support::publisher::Publisher;
use support::targets;

/// Runs a target for many seeds, telling which one failed.
fn play(name: &str, rounds: u64, target: impl Fn(&mut Dice)) {
    let only = std::env::var("ENTENTE_SEED")
        .ok()
        .map(|seed| seed.parse().expect("a number"));
    let (first, last) = only.map_or((0, rounds), |seed: u64| (seed, seed + 1));
    for seed in first..last {
        let told = Tell { name, seed };
        target(&mut Dice(seed));
        std::mem::forget(told);
    }
}

/// Prints the seed when a target panics.
struct Tell<'a> {
    name: &'a str,
    seed: u64,
}

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        eprintln!("{} failed with ENTENTE_SEED={}", self.name, self.seed);
    }
}

fn random(dice: &mut Dice, most: u64) -> Vec<u8> {
    (0..dice.below(most)).map(|_| dice.roll() as u8).collect()
}

/// A real packet with a few bytes changed, cut or doubled.
fn changed(dice: &mut Dice, mut packet: Vec<u8>) -> Vec<u8> {
    for _ in 0..dice.below(6) {
        let at = dice.below(packet.len() as u64) as usize;
        match dice.below(4) {
            0 => packet[at] = dice.roll() as u8,
            1 => packet[at] ^= 1 << dice.below(8),
            2 if at > 0 => packet.truncate(at),
            _ => packet.insert(at, dice.roll() as u8),
        }
    }
    packet
}

fn real_rtp(dice: &mut Dice) -> Vec<u8> {
    let mut camera = Publisher::new(Source::Camera, 1, dice.roll(), &["q"]);
    let mut all = camera.pictures(&[3], 3_000);
    let media = camera.encodings[0].ssrc;
    let seq = camera.encodings[0].seq.wrapping_sub(1);
    all.extend(camera.repair(media, [seq].into_iter()));
    let n = dice.below(all.len() as u64) as usize;
    all.swap_remove(n)
}

fn real_rtcp(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    let lost: Vec<_> = (0..dice.below(40)).map(|_| dice.roll() as u16).collect();
    let arrivals: Vec<_> = (0..dice.below(60))
        .map(|n| (dice.below(5) > 0).then_some(n * 7))
        .collect();
    let info = entente_media::rtcp::SenderInfo {
        ssrc: dice.roll() as u32,
        ntp: dice.roll(),
        rtp: dice.roll() as u32,
        packets: 1,
        octets: 2,
    };
    write::sender_report(&mut bytes, &info);
    write::receiver_report(&mut bytes, 1, &[Default::default(); 3]);
    write::source_description(&mut bytes, &[(1, "somebody"), (2, "")]);
    write::nack(&mut bytes, 1, 2, &lost);
    write::fir(&mut bytes, 1, 2, 3);
    write::remb(&mut bytes, 1, dice.roll(), &[1, 2]);
    entente_media::rtcp::transport_cc::write(&mut bytes, 1, 2, dice.roll() as u16, 4, &arrivals);
    write::bye(&mut bytes, &[1]);
    bytes
}

#[test]
fn attack_7_random_and_changed_rtp_never_breaks_the_parser() {
    play("rtp", 60_000, |dice| {
        let packet = real_rtp(dice);
        targets::rtp(&changed(dice, packet));
        targets::rtp(&random(dice, 80));
    });
}

#[test]
fn random_and_changed_rtcp_never_breaks_the_parser() {
    play("rtcp", 40_000, |dice| {
        let packet = real_rtcp(dice);
        targets::rtcp(&changed(dice, packet));
        targets::rtcp(&random(dice, 120));
    });
}

#[test]
fn random_payloads_never_break_a_codec_and_descriptors_survive_rewriting() {
    play("payload", 300_000, |dice| {
        targets::payload(&random(dice, 48))
    });
}

#[test]
fn sequences_of_operations_keep_every_promise() {
    play("operations", 1_500, |dice| {
        // Everybody comes first; otherwise most sequences end before they begin.
        let mut bytes: Vec<u8> = (0..4).flat_map(|peer| [0, peer, 0, 0]).collect();
        bytes.extend(random(dice, 1_600));
        targets::operations(&bytes);
    });
}

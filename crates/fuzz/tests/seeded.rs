//! Every target with seeded bytes: random ones, and real messages with a few bytes changed. A failing seed is
//! printed; `ENTENTE_SEED` plays it alone.

use entente_fuzz::{Dice, TARGETS};
use entente_media::stun::{Builder, Class, IntegrityKey};

/// Real messages to start from: a check, a client's DTLS record, RTP with an extension, a command.
fn seeds() -> Vec<Vec<u8>> {
    let check = Builder::new(Class::Request, [1; 12])
        .username(b"ours1:them1")
        .priority(7)
        .controlling(9)
        .mapped_address(([192, 0, 2, 1], 9).into())
        .finish(&IntegrityKey::new(b"password"));
    let dtls = [
        &[
            22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8,
        ][..],
        &[0; 8],
    ]
    .concat();
    let rtp = [
        &[
            0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, 0xBE, 0xDE, 0, 1, 0x10, 7, 0, 0,
        ][..],
        &[7; 40],
    ]
    .concat();
    let command = [&[0x81, 0xA8][..], b"add_room", &[0x81, 0xA4], b"room", &[1]].concat();
    vec![check, dtls, rtp, command]
}

fn input(dice: &mut Dice) -> Vec<u8> {
    let seeds = seeds();
    if dice.roll().is_multiple_of(3) {
        return dice.bytes(1500);
    }
    let mut bytes = seeds[dice.roll() as usize % seeds.len()].clone();
    for _ in 0..dice.roll() % 4 {
        let at = dice.roll() as usize % bytes.len();
        bytes[at] = dice.roll() as u8;
    }
    bytes.truncate(bytes.len() - (dice.roll() as usize % 3).min(bytes.len()));
    bytes
}

/// A long script of operations and datagrams made of real messages.
fn script(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = vec![0];
    for _ in 0..60 {
        let operation = dice.roll() as u8;
        bytes.push(operation);
        if operation & 0x0f > 8 {
            let mut datagram = input(dice);
            datagram.truncate(255);
            bytes.push(datagram.len() as u8);
            bytes.extend(datagram);
        }
    }
    bytes
}

#[test]
fn no_target_panics_on_seeded_bytes() {
    let only: Option<u64> = std::env::var("ENTENTE_SEED")
        .ok()
        .map(|seed| seed.parse().expect("a number"));
    for (name, target) in TARGETS {
        let rounds = if *name == "operations" { 300 } else { 20_000 };
        let (first, last) = only.map_or((0, rounds), |seed| (seed, seed + 1));
        for seed in first..last {
            let mut dice = Dice(seed);
            let bytes = if *name == "operations" {
                script(&mut dice)
            } else {
                input(&mut dice)
            };
            let ran = std::panic::catch_unwind(|| target(&bytes));
            assert!(ran.is_ok(), "{name} failed with ENTENTE_SEED={seed}");
        }
    }
}

//! Attacks at the two ends of a session, with their numbers in the project's list: weak keys at its beginning (17),
//! and packets for somebody who was removed (19).

mod pair;
mod support;

use std::time::Duration;

use entente_media::drops::DropReason;
use entente_media::dtls::Version;
use entente_media::rtcp::write;
use entente_media::types::{Command, PeerId, SlotAssignment, SlotKind, Source, TrackId};
use pair::{Fate, Pair, SERVER, at_server, connected, lost, rtp, server_check};
use support::house::House;
use support::meeting::{meeting, rtp_to};
use support::publisher::Publisher;
use support::sections::{client, slot_ssrc};

const CAMERA: Source = Source::Camera;

/// Points of small order on curve25519 (RFC 7748 §6.1 has both ends check for what they lead to).
const LOW_ORDER: [[u8; 32]; 4] = [
    [0; 32],
    one(),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
];

const fn one() -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = 1;
    point
}

/// A pair whose server waits for the client's first record, and that record.
fn before_the_hello() -> (Pair, Vec<u8>) {
    let mut pair = Pair::new(Version::V13);
    let mut hello = None;
    pair.run_with(Duration::from_millis(200), |up, bytes| {
        let handshake = (20..64).contains(&bytes[0]);
        if up && handshake {
            hello.get_or_insert(bytes.to_vec());
        }
        if handshake { Fate::Lose } else { Fate::Deliver }
    });
    (pair, hello.expect("a ClientHello"))
}

/// Where the client's X25519 share stands: group 29, length 32.
fn share_at(hello: &[u8]) -> usize {
    let found = hello.windows(4).position(|four| four == [0, 29, 0, 32]);
    found.expect("a key share for X25519") + 4
}

#[test]
fn attack_17_a_share_of_low_order_makes_no_session() {
    let (mut pair, hello) = before_the_hello();
    assert!(!pair.inject(at_server(), &hello).is_empty(), "the true one");
    for point in LOW_ORDER {
        let (mut pair, mut hello) = before_the_hello();
        let at = share_at(&hello);
        hello[at..at + 32].copy_from_slice(&point);
        let answers = pair.inject(at_server(), &hello);
        assert!(
            answers.iter().all(|answer| answer[0] != 22),
            "a handshake record was answered, so a secret was made of it"
        );
        pair.run_with(Duration::from_secs(30), |_, _| Fate::Lose);
        assert!(!connected(&pair.server_events));
        assert!(lost(&pair.server_events).is_some());
    }
}

/// The second viewer of a meeting, with a picture, a switch and a key frame that it waits for, and losses to ask for.
fn watched() -> (House, Vec<Publisher>) {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    house.show(1, SlotKind::Video, 1, Some((3, CAMERA)), 0);
    everybody_sends(&mut house, &mut cameras, true);
    assert!(rtp_to(&house.sent(), 1).len() >= 2);
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    let track = Some(TrackId {
        peer: PeerId(3),
        source: CAMERA,
    });
    let waiting = [SlotAssignment {
        kind: SlotKind::Video,
        index: 2,
        track,
        max_layer: 2,
        await_epoch: Some(9),
    }];
    let (now, out) = (house.now, &mut house.out);
    house.forwarder.set_slots(now, PeerId(1), &waiting, out);
    house.sent();
    (house, cameras)
}

fn everybody_sends(house: &mut House, cameras: &mut [Publisher], key: bool) {
    for (peer, camera) in (1..).zip(cameras) {
        camera.key = key;
        for packet in camera.pictures(&[2, 2, 2], 3_000) {
            house.rtp(peer, &packet);
        }
    }
}

/// All that a receiver may say of its slots.
fn complaints() -> Vec<u8> {
    let mut bytes = Vec::new();
    for index in 0..3 {
        let media = slot_ssrc(SlotKind::Video, index);
        write::nack(&mut bytes, 1, media, &(0..200).collect::<Vec<_>>());
        write::pli(&mut bytes, 1, media);
    }
    bytes
}

#[test]
fn attack_19_after_remove_peer_nothing_is_written_for_it_neither_picture_nor_repair_nor_report() {
    let (mut house, mut cameras) = watched();
    house.forwarder.remove_peer(house.now, PeerId(1));
    for n in 0..100 {
        cameras.iter_mut().for_each(|camera| camera.epoch = 9);
        everybody_sends(&mut house, &mut cameras, n % 10 == 0);
        house.rtcp(1, &complaints());
        house.wait(33);
        let sent = house.sent();
        assert!(sent.iter().all(|sent| sent.to != 1), "after {n} pictures");
    }
    assert!(house.dropped(DropReason::UnknownPeer) >= 100);
}

#[test]
fn attack_19_who_takes_a_removed_peers_place_inherits_none_of_its_slots() {
    let (mut house, mut cameras) = watched();
    house.forwarder.remove_peer(house.now, PeerId(1));
    house.join(7, &client(17));
    for n in 0..30 {
        everybody_sends(&mut house, &mut cameras, n % 10 == 0);
        house.rtcp(7, &complaints());
        house.wait(33);
        let sent = house.sent();
        assert!(rtp_to(&sent, 7).is_empty() && rtp_to(&sent, 1).is_empty());
    }
}

#[test]
fn attack_19_a_removed_peers_address_and_keys_open_nothing_more() {
    let mut pair = Pair::connect(Version::V12);
    pair.client_sends(&rtp(1, 5, b"a member"));
    let command = Command::RemovePeer { peer: SERVER };
    pair.server.handle_command(pair.now, command).unwrap();
    pair.run(Duration::from_millis(100));
    let goodbye = pair.down.len();
    for n in 0..50 {
        let media = pair.server.media_mut();
        media.to_send.push_back((SERVER, 12, rtp(n, 6, b"down")));
        media
            .to_send_rtcp
            .push_back((SERVER, [&[0x80, 201, 0, 1][..], &[0; 4]].concat()));
        assert!(
            pair.inject(at_server(), &server_check([n as u8; 12]))
                .is_empty()
        );
        pair.client_sends(&rtp(2 + n, 5, b"no longer"));
    }
    assert_eq!(pair.down.len(), goodbye, "something went to it");
    assert_eq!(pair.server.media().rtp.len(), 1, "something came from it");
    assert!(pair.server.drops().get(DropReason::UnknownPeer) >= 100);
}

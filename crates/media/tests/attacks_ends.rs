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

/// The points of small order on curve25519, those that are written with a number beyond the field among them (RFC 7748
/// §6.1 has both ends check for what they lead to).
const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    first(1),
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
    near_prime(0xec),
    near_prime(0xed),
    near_prime(0xee),
];

/// A good share, though not the client's: what is refused must be refused for its order alone.
const BASE: [u8; 32] = first(9);

const fn first(byte: u8) -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = byte;
    point
}

/// 2²⁵⁵ − 19, the number before it or the one after it.
const fn near_prime(lowest: u8) -> [u8; 32] {
    let mut point = [0xff; 32];
    point[0] = lowest;
    point[31] = 0x7f;
    point
}

/// Content type of a record and type of the handshake message in it (RFC 6347 §4.1, §4.2.2).
fn kind(record: &[u8]) -> (u8, u8) {
    (record[0], record[13])
}

const CLIENT_HELLO: (u8, u8) = (22, 1);
const SERVER_HELLO: (u8, u8) = (22, 2);
const CLIENT_KEY_EXCHANGE: (u8, u8) = (22, 16);

/// A pair whose server waits for the datagram of the client in which a record of that kind is, and the records of it.
fn waiting_for(version: Version, wanted: (u8, u8)) -> (Pair, Vec<Vec<u8>>) {
    let mut pair = Pair::new(version);
    let mut kept = Vec::new();
    pair.run_with(Duration::from_millis(200), |up, bytes| {
        let records = if (20..64).contains(&bytes[0]) {
            plain_records(bytes)
        } else {
            Vec::new()
        };
        let holds = up && records.iter().any(|record| kind(record) == wanted);
        if holds && kept.is_empty() {
            kept = records;
        }
        if holds { Fate::Lose } else { Fate::Deliver }
    });
    assert!(!kept.is_empty(), "the client never came so far");
    (pair, kept)
}

/// The records of a datagram up to the first one that is encrypted.
fn plain_records(mut datagram: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while datagram.len() > 13 && datagram[0] < 32 && datagram[3..5] == [0; 2] {
        let end = 13 + usize::from(u16::from_be_bytes([datagram[11], datagram[12]]));
        records.push(datagram[..end].to_vec());
        datagram = &datagram[end..];
    }
    records
}

/// Overwrites the 32 bytes behind that mark, which stands in the record once.
fn with_share(record: &[u8], mark: &[u8], point: [u8; 32]) -> Vec<u8> {
    let found = record.windows(mark.len()).position(|part| part == mark);
    let at = found.expect("a share for X25519") + mark.len();
    let mut altered = record.to_vec();
    altered[at..at + 32].copy_from_slice(&point);
    altered
}

/// What the server has come to: why the peer was lost, if it was, and how many DTLS records it refused.
fn verdict(pair: &mut Pair) -> (Option<String>, u64) {
    let events: Vec<_> = std::iter::from_fn(|| pair.server.poll_event()).collect();
    assert!(!connected(&events) && !connected(&pair.server_events));
    let refused = pair.server.drops().get(DropReason::DtlsRefused);
    (lost(&events).map(str::to_owned), refused)
}

fn refused() -> (Option<String>, u64) {
    (Some("dtls_failed".to_owned()), 1)
}

#[test]
fn attack_17_a_share_of_low_order_makes_no_session() {
    // Group 29 with 32 bytes (RFC 8446 §4.2.8).
    let share = [0, 29, 0, 32];
    let answered = |point: Option<[u8; 32]>| {
        let (mut pair, hello) = waiting_for(Version::V13, CLIENT_HELLO);
        assert_eq!(hello.len(), 1, "the hello is one record");
        let hello = point.map_or(hello[0].clone(), |point| {
            with_share(&hello[0], &share, point)
        });
        let answers = pair.inject(at_server(), &hello);
        let hellos = answers.iter().filter(|answer| kind(answer) == SERVER_HELLO);
        (hellos.count(), verdict(&mut pair))
    };
    for good in [None, Some(BASE)] {
        assert_eq!(answered(good), (1, (None, 0)), "a secret is made of it");
    }
    for point in LOW_ORDER {
        assert_eq!(answered(Some(point)), (0, refused()), "{point:?}");
    }
}

#[test]
fn attack_17_a_share_of_low_order_makes_no_session_in_dtls_1_2_either() {
    let come_to = |point: [u8; 32]| {
        let (mut pair, flight) = waiting_for(Version::V12, CLIENT_KEY_EXCHANGE);
        let at = flight.iter().position(|r| kind(r) == CLIENT_KEY_EXCHANGE);
        let (before, exchange) = (&flight[..at.unwrap()], &flight[at.unwrap()]);
        for record in before {
            pair.inject(at_server(), record);
        }
        assert_eq!(verdict(&mut pair), (None, 0), "nothing is wrong so far");
        // A message of 33 bytes, whole, whose first says how many follow (RFC 8422 §5.7).
        let mark = [0, 0, 33, 32];
        pair.inject(at_server(), &with_share(exchange, &mark, point));
        verdict(&mut pair)
    };
    // The signature that follows would tell; the share alone is a good one.
    assert_eq!(come_to(BASE), (None, 0));
    for point in LOW_ORDER {
        assert_eq!(come_to(point), refused(), "{point:?}");
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

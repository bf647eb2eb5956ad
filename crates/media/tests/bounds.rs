//! What one person may cost the others: bytes, packets, entries, key frames, places. Each bound has a name when it bites.

mod pair;
mod support;

use std::time::Duration;

use entente_media::config::Allowance;
use entente_media::drops::DropReason;
use entente_media::dtls::Version;
use entente_media::ice::Tuple;
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::types::{Command, Event, PeerId, SlotKind, Source};
use entente_media::worker::Worker;
use entente_media::worker::probe::Probe;
use pair::{CLIENT, Fate, Pair, SERVER, at_server, rtp, server_address};
use support::house::House;
use support::meeting::{meeting, nacks_to, plis_to, rtp_to};
use support::publisher::{Publisher, header};
use support::receiver::Receiver;
use support::sections::{AUDIO_LEVEL, OPUS, client, slot_ssrc};

const CAMERA: Source = Source::Camera;
const MICROPHONE: Source = Source::Microphone;

fn voice(peer: u64) -> Publisher {
    let mut voice = Publisher::new(MICROPHONE, peer as u16, peer * 31, &[]);
    voice.encodings[0].ssrc = 10 + peer as u32;
    voice
}

/// Sends packets of that payload length from the client within one second; how many reached the media half.
fn passed(pair: &mut Pair, first: u16, count: u16, length: usize) -> usize {
    let before = pair.server.media().rtp.len();
    for n in 0..count {
        let packet = rtp(first + n, 5, &vec![7; length]);
        let queue = &mut pair.client.media_mut().to_send;
        queue.push_back((pair::CLIENT, 12, packet));
    }
    pair.run(Duration::from_millis(50));
    pair.server.media().rtp.len() - before
}

#[test]
fn attack_2_a_client_sends_no_more_bytes_than_its_allowance() {
    let mut pair = Pair::connect(Version::V12);
    let through = passed(&mut pair, 0, 3_000, 1_188);
    assert_eq!(through, 2_000_000 / 1_200, "a second's worth at once");
    let dropped = pair.server.drops().get(DropReason::ClientRate) as usize;
    assert_eq!(dropped, 3_000 - through);
    pair.run(Duration::from_millis(450));
    let half = passed(&mut pair, 3_000, 3_000, 1_188);
    assert!(
        (800..=880).contains(&half),
        "half a second earns half: {half}"
    );
}

#[test]
fn attack_2_a_client_sends_no_more_packets_than_its_allowance() {
    let mut pair = Pair::connect(Version::V12);
    let through = passed(&mut pair, 0, 6_000, 20);
    assert!((4_000..=4_040).contains(&through), "{through}");
    let refused = pair.server.media().refused.len();
    assert_eq!(
        refused,
        6_000 - through,
        "the media half knows what it lacks"
    );
}

#[test]
fn m1_8_a_link_has_the_allowance_it_was_given_whichever_end_of_ice_it_is() {
    let wide = Allowance {
        packets: 5_000,
        ..Allowance::default()
    };
    // The server's peer is the controlled end, the client's the controlling one.
    for (link, up, down) in [
        (SERVER, 5_000..=5_050, 4_000..=4_040),
        (CLIENT, 4_000..=4_040, 5_000..=5_050),
    ] {
        let mut pair = Pair::adapted(Version::V12, |command| match command {
            Command::AddPeer {
                peer, allowance, ..
            } if *peer == link => *allowance = Some(wide),
            _ => {}
        });
        pair.run(Duration::from_secs(3));
        for n in 0..6_000 {
            let queue = &mut pair.server.media_mut().to_send;
            queue.push_back((SERVER, 12, rtp(n, 6, b"down")));
        }
        assert!(up.contains(&passed(&mut pair, 0, 6_000, 20)));
        assert!(down.contains(&pair.client.media().rtp.len()));
    }
}

/// Sends that many receiver reports from the client at once; how many reached the media half.
fn reports_passed(pair: &mut Pair, count: usize) -> usize {
    let before = pair.server.media().rtcp.len();
    let queue = &mut pair.client.media_mut().to_send_rtcp;
    queue.extend((0..count).map(|_| (CLIENT, vec![0x80, 201, 0, 1, 0, 0, 0, 5])));
    pair.run(Duration::from_millis(50));
    pair.server.media().rtcp.len() - before
}

#[test]
fn attack_2_who_sends_too_much_still_has_its_losses_repaired_within_an_allowance_of_their_own() {
    let mut pair = Pair::connect(Version::V12);
    assert!(passed(&mut pair, 0, 6_000, 20) < 6_000);
    assert_eq!(reports_passed(&mut pair, 100), 100);
    let through = reports_passed(&mut pair, 1_500);
    assert!((900..=960).contains(&through), "{through}");
    let dropped = pair.server.drops().get(DropReason::RtcpRate) as usize;
    assert_eq!(dropped, 1_500 - through);
    // Nor do they use up what is for media.
    pair.run(Duration::from_secs(2));
    reports_passed(&mut pair, 1_500);
    assert_eq!(passed(&mut pair, 6_000, 3_000, 20), 3_000);
}

/// The packets that a publisher is told were lost, report by report.
fn losses_told(house: &mut House, peer: u64) -> Vec<i32> {
    let sent = house.sent().into_iter().filter(|s| s.to == peer && s.rtcp);
    let mut told = Vec::new();
    for compound in sent {
        for packet in Compound::new(&compound.bytes) {
            if let Packet::ReceiverReport(blocks) = packet.unwrap() {
                told.extend(blocks.map(|block| block.lost));
            }
        }
    }
    told
}

#[test]
fn m1_8_what_the_bound_refused_is_told_as_lost_and_not_asked_for() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let camera = &mut cameras[1];
    let mut asked = Vec::new();
    let mut refused_repairs = 0;
    for n in 0..20 {
        for (at, packet) in camera.pictures(&[4], 3_000).into_iter().enumerate() {
            match (n, at) {
                (5, 2) => house.forwarder.refuse_rtp(house.now, PeerId(2), &packet),
                // Lost on the way, before one that is refused.
                (8, 2) => {}
                (8, 3) => house.forwarder.refuse_rtp(house.now, PeerId(2), &packet),
                _ => house.rtp(2, &packet),
            }
        }
        house.wait(20);
        let lost = nacks_to(&house.sent(), 2);
        let ssrc = camera.encodings[0].ssrc;
        for repair in camera.repair(ssrc, lost.iter().copied()) {
            refused_repairs += 1;
            house.forwarder.refuse_rtp(house.now, PeerId(2), &repair);
        }
        asked.extend(lost);
    }
    let first = camera.encodings[0].seq.wrapping_sub(80);
    let lost = first.wrapping_add(8 * 4 + 2);
    assert_eq!(asked, [lost], "one was lost, and its repair was refused");
    assert_eq!(refused_repairs, 1);
    house.wait(1_000);
    let told = losses_told(&mut house, 2);
    assert_eq!(told.last(), Some(&3), "one lost and two refused: {told:?}");
}

/// Datagrams of one read that many people get: the most the kernel joins is 64, in 16 buffers.
#[test]
fn m1_2_what_one_read_leads_to_is_sent_before_it_fills_the_memory() {
    let mut pair = Pair::connect(Version::V12);
    let queue = &mut pair.client.media_mut().to_send;
    queue.extend((0..1_024).map(|n| (CLIENT, 12, rtp(n, 5, &[7; 100]))));
    pair.up.clear();
    pair.run_with(Duration::from_millis(5), |_, _| Fate::Lose);
    let mut joined = pair.up.concat();
    let segment = pair.up[0].len();
    assert_eq!(joined.len(), 1_024 * segment);
    pair.server.media_mut().echoes = 300;
    let (mut calls, mut sent) = (0, 0);
    let mut send = |worker: &mut Worker<Probe>| {
        worker.flush();
        let waiting: usize = worker.transmits().map(|run| run.count()).sum();
        assert!(waiting <= 8_192 + 300, "{waiting} packets at once");
        (calls, sent) = (calls + 1, sent + waiting);
        worker.sent();
    };
    let (now, server) = (pair.now, &mut pair.server);
    server.handle_datagrams(now, at_server(), &mut joined, segment, &mut send);
    send(server);
    assert_eq!(
        (calls, sent),
        (37, 1_024 * 300),
        "and no oftener than needed"
    );
}

#[test]
fn attack_2_forged_packets_use_up_nobodys_allowance() {
    let mut pair = Pair::connect(Version::V12);
    for n in 0..10_000u32 {
        pair.inject(at_server(), &rtp(n as u16, 5, &[0x5a; 1_000]));
    }
    assert_eq!(passed(&mut pair, 0, 100, 1_000), 100);
}

#[test]
fn a_datagram_longer_than_any_client_sends_is_dropped_by_name() {
    let mut pair = Pair::connect(Version::V12);
    let sent = |pair: &mut Pair, n, length: usize| passed(pair, n, 1, length);
    // 12 of header and 16 of tag are added.
    assert_eq!(sent(&mut pair, 1, 1_472), 1);
    assert_eq!(sent(&mut pair, 2, 1_473), 0);
    assert_eq!(pair.server.drops().get(DropReason::TooLarge), 1);
}

#[test]
fn nobody_lives_at_port_0_because_nothing_can_be_sent_there() {
    let mut pair = Pair::new(Version::V12);
    let check = pair::server_check([9; 12]);
    let nowhere = Tuple::new(([198, 51, 100, 7], 0).into(), Some(server_address().ip()));
    assert!(pair.inject(nowhere, &check).is_empty());
    assert_eq!(pair.server.drops().get(DropReason::Unanswerable), 1);
}

#[test]
fn m4_2_a_publisher_whose_numbers_jump_makes_nobody_switch_without_end() {
    let (mut house, _) = meeting();
    let mut voice = voice(2);
    house.show(1, SlotKind::Audio, 0, Some((2, MICROPHONE)), 0);
    house.events();
    let (mut entered, mut reports) = (0, 0);
    for _ in 0..1_000 {
        voice.encodings[0].seq = voice.encodings[0].seq.wrapping_add(1_000);
        house.rtp(2, &voice.voice(20));
        let slot = |event: &Event| matches!(event, Event::Slot { track: Some(_), .. });
        entered += house.events().iter().filter(|event| slot(event)).count();
        reports += house.sent().iter().filter(|sent| sent.rtcp).count();
        house.now += Duration::from_millis(20);
    }
    // Twenty seconds: the core's wish, five in a row, then one a second.
    assert!((20..=27).contains(&entered), "{entered} entries");
    assert_eq!(reports, entered, "one report for each");
    assert!(house.dropped(DropReason::EntryRate) > 900);
    // The core's next wish is not made to wait for it.
    let mut honest = self::voice(3);
    house.show(1, SlotKind::Audio, 0, Some((3, MICROPHONE)), 0);
    house.rtp(3, &honest.voice(20));
    assert_eq!(rtp_to(&house.sent(), 1).len(), 1);
}

#[test]
fn m4_1_a_late_packet_fills_no_gap_of_another_source() {
    let (mut house, mut cameras) = meeting();
    let mut receiver = Receiver::default();
    // Both sources use the same numbers, so that the range does not tell them apart.
    for camera in &mut cameras {
        for (layer, encoding) in camera.encodings.iter_mut().enumerate() {
            encoding.seq = 100 * layer as u16;
        }
    }
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let mut late = Vec::new();
    for n in 0..6 {
        let mut packets = cameras[1].picture(0, 3);
        if n == 3 {
            late.push(packets.remove(1));
        }
        packets.iter().for_each(|packet| house.rtp(2, packet));
        cameras[1].next(3_000);
    }
    // To another source, and within the second to another layer of it.
    house.show(1, SlotKind::Video, 0, Some((3, CAMERA)), 0);
    for n in 0..6 {
        if n == 5 {
            house.show(1, SlotKind::Video, 0, Some((3, CAMERA)), 1);
        }
        cameras[2].key = n == 0 || n == 5;
        for packet in cameras[2].pictures(&[3, 3], 3_000) {
            house.rtp(3, &packet);
        }
    }
    rtp_to(&house.sent(), 1)
        .iter()
        .for_each(|packet| receiver.receive(packet));
    late.iter().for_each(|packet| house.rtp(2, packet));
    let strangers = rtp_to(&house.sent(), 1);
    assert!(
        strangers.is_empty(),
        "it went under another source's offsets"
    );
    assert_eq!(house.dropped(DropReason::BeforeKeyframe), 1);
    receiver.slots[&slot_ssrc(SlotKind::Video, 0)].assert_seamless("two switches");
}

/// Key frames that a publisher was asked for while one viewer's view changed every 600 ms for that many seconds.
fn asked_by_flapping(house: &mut House, camera: &mut Publisher, seconds: u64, slots: u8) -> usize {
    let mut asked = 0;
    for n in 0..seconds * 1_000 / 20 {
        if n % 30 == 0 {
            let turn = (n / 30) as u8;
            let (index, layer) = (turn / 2 % slots, turn % 2);
            house.show(1, SlotKind::Video, index, Some((2, CAMERA)), layer);
        }
        for packet in camera.pictures(&[1, 1, 1], 1_800) {
            house.rtp(2, &packet);
        }
        house.wait(20);
        let requests = plis_to(&house.sent(), 2).len();
        camera.key = requests > 0;
        asked += requests;
    }
    asked
}

#[test]
fn m4_4_a_view_that_changes_back_and_forth_asks_no_more_than_five_in_a_row_and_one_in_two_seconds()
{
    for slots in [1, 9] {
        let (mut house, mut cameras) = meeting();
        let asked = asked_by_flapping(&mut house, &mut cameras[1], 60, slots);
        assert!((20..=5 + 30 + 1).contains(&asked), "{asked} in a minute");
        // Somebody else's switch does not wait for what the first has used up.
        house.wait(500);
        house.sent();
        house.show(3, SlotKind::Video, 0, Some((2, CAMERA)), 2);
        assert_eq!(plis_to(&house.sent(), 2).len(), 1);
    }
}

#[test]
fn k5_4_packets_without_payload_need_a_leaf_as_well_and_hold_no_speakers_place() {
    let mut house = House::new();
    house.join(1, &client(11));
    house.join(2, &client(12));
    house.show(1, SlotKind::Audio, 0, Some((2, MICROPHONE)), 0);
    let mut empty = header(false, OPUS, 5, 960, 12);
    empty[0] |= 0x10;
    empty.extend_from_slice(&[0xbe, 0xde, 0, 1, AUDIO_LEVEL << 4, 0, 0, 0]);
    house.forwarder.set_leaf(PeerId(2), None);
    house.rtp(2, &empty);
    assert_eq!(house.dropped(DropReason::NoLeaf), 1);
    house.forwarder.set_leaf(PeerId(2), Some(2));
    empty[3] += 1;
    house.rtp(2, &empty);
    house.wait(1_000);
    assert_eq!(house.dropped(DropReason::NoLeaf), 1);
    let spoke = |event: &Event| matches!(event, Event::Speakers { .. } | Event::Levels { .. });
    assert!(!house.events().iter().any(spoke), "a level without a voice");
}

#[test]
fn m4_7_signing_is_told_at_once_and_ends_with_the_peer() {
    let (mut house, _) = meeting();
    let told = |house: &mut House| {
        let speakers = house.events().into_iter().filter_map(|event| match event {
            Event::Speakers { peers, .. } => Some(peers),
            _ => None,
        });
        speakers.collect::<Vec<_>>()
    };
    house.forwarder.set_signing(house.now, PeerId(3), true);
    assert_eq!(told(&mut house), [[PeerId(3)]]);
    house.forwarder.set_signing(house.now, PeerId(3), true);
    house.wait(5_000);
    assert!(told(&mut house).is_empty(), "nothing is told twice");
    house.forwarder.remove_peer(house.now, PeerId(3));
    house.wait(200);
    assert_eq!(told(&mut house), [Vec::<PeerId>::new()]);
}

//! The way of packets from a publisher to slots: what is rewritten, what is refused, who is asked for what.

mod support;

use std::time::Duration;

use entente_media::drops::DropReason;
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::rtcp::{transport_cc, write};
use entente_media::rtp::Header;
use entente_media::types::{Event, PeerId, SlotKind, Source, TrackId};
use support::house::House;
use support::meeting::{meeting, nacks_to, plis_to, rtp_to};
use support::publisher::Publisher;
use support::receiver::Receiver;
use support::sections::{client, slot_ssrc};

const CAMERA: Source = Source::Camera;

#[test]
fn a_picture_reaches_the_slot_under_the_slots_own_numbers() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 3, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[3], 3_000) {
        house.rtp(2, &packet);
    }
    let sent = house.sent();
    let mut receiver = Receiver::default();
    let packets = rtp_to(&sent, 1);
    assert_eq!(packets.len(), 3);
    let mut previous: Option<Header> = None;
    for packet in &packets {
        let header = Header::parse(packet).unwrap();
        assert_eq!(
            (header.ssrc, header.pt),
            (slot_ssrc(SlotKind::Video, 3), 100)
        );
        if let Some(previous) = previous {
            assert_eq!(header.seq, previous.seq.wrapping_add(1));
            assert_eq!(header.timestamp, previous.timestamp);
        }
        previous = Some(header);
        receiver.receive(packet);
    }
    assert!(previous.unwrap().marker);
    // The switch is followed at once by a sender report of the slot (M4.2).
    let report = sent
        .iter()
        .position(|s| s.to == 1 && s.rtcp)
        .expect("a sender report");
    assert!(
        report <= 1,
        "the report comes right behind the first packet"
    );
    let events = house.events();
    let track = Some(TrackId {
        peer: PeerId(2),
        source: CAMERA,
    });
    assert!(events.contains(&Event::Slot {
        peer: PeerId(1),
        kind: SlotKind::Video,
        index: 3,
        track,
        layer: 0
    }));
    assert!(events.contains(&Event::Track {
        peer: PeerId(2),
        source: CAMERA,
        layers: 1
    }));
}

#[test]
fn nothing_is_sent_to_empty_slots_to_other_rooms_or_back_to_the_publisher() {
    let (mut house, mut cameras) = meeting();
    house.forwarder.add_room(entente_media::types::RoomId(9));
    house
        .forwarder
        .add_peer(
            house.now,
            PeerId(9),
            entente_media::types::RoomId(9),
            &client(99),
        )
        .unwrap();
    house.show(2, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    house.show(9, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    house.show(1, SlotKind::Video, 0, None, 0);
    house.show(1, SlotKind::Screen, 0, Some((2, CAMERA)), 2);
    house
        .forwarder
        .peer_connected(house.now, PeerId(9), &mut house.out);
    for packet in cameras[1].pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    house.wait(1_000);
    let sent = house.sent();
    assert!(sent.iter().all(|s| s.rtcp), "media went to somebody");
}

#[test]
fn nothing_is_sent_before_a_receiver_has_keys_and_then_it_begins_with_a_key_frame() {
    let (mut house, mut cameras) = meeting();
    let (now, id) = (house.now, PeerId(7));
    house
        .forwarder
        .add_peer(now, id, support::house::ROOM, &client(17))
        .unwrap();
    house.show(7, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    for packet in cameras[1].pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    house.wait(700);
    let sent = house.sent();
    assert!(rtp_to(&sent, 7).is_empty() && plis_to(&sent, 2).is_empty());
    house
        .forwarder
        .peer_connected(house.now, id, &mut house.out);
    assert_eq!(plis_to(&house.sent(), 2).len(), 1);
    cameras[1].key = true;
    for packet in cameras[1].pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    assert_eq!(rtp_to(&house.sent(), 7).len(), 2);
}

#[test]
fn a_slot_waits_for_a_key_frame_and_asks_for_it() {
    let (mut house, mut cameras) = meeting();
    for packet in cameras[1].pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    house.sent();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 1);
    let asked = plis_to(&house.sent(), 2);
    assert_eq!(
        asked,
        vec![cameras[1].encodings[1].ssrc],
        "the layer it waits for is asked"
    );
    for packet in cameras[1].pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    assert!(
        rtp_to(&house.sent(), 1).is_empty(),
        "an ordinary picture is not entered at"
    );
    cameras[1].key = true;
    for packet in cameras[1].pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    assert_eq!(rtp_to(&house.sent(), 1).len(), 2);
    house.wait(5_000);
    assert!(
        plis_to(&house.sent(), 2).is_empty(),
        "nobody waits any more"
    );
}

#[test]
fn m4_4_a_waiting_switch_asks_again_and_gives_its_publisher_peace() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 1);
    house.show(3, SlotKind::Video, 0, Some((2, CAMERA)), 1);
    cameras[1].key = false;
    let mut asked = 0;
    for _ in 0..300 {
        for packet in cameras[1].pictures(&[1, 1, 1], 3_000) {
            house.rtp(2, &packet);
        }
        // A storm of reports beside it (attack 10).
        let mut pli = Vec::new();
        write::pli(&mut pli, 1, slot_ssrc(SlotKind::Video, 0));
        for _ in 0..20 {
            house.rtcp(1, &pli);
            house.rtcp(3, &pli);
        }
        house.wait(33);
        asked += plis_to(&house.sent(), 2).len();
    }
    // Ten seconds: five quick ones, then at most one in two seconds for receivers and one for the switches.
    assert!((8..=13).contains(&asked), "{asked} requests");
    assert!(house.dropped(DropReason::PliCoalesced) > 1_000);
}

#[test]
fn m4_3_a_nack_is_answered_on_the_rtx_ssrc_with_the_source_it_names() {
    let (mut house, mut cameras) = meeting();
    let mut receiver = Receiver::default();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[4], 3_000) {
        house.rtp(2, &packet);
    }
    house.show(1, SlotKind::Video, 0, Some((3, CAMERA)), 0);
    for packet in cameras[2].pictures(&[4], 3_000) {
        house.rtp(3, &packet);
    }
    let packets = rtp_to(&house.sent(), 1);
    assert_eq!(packets.len(), 8);
    let lost = [1, 2, 5];
    for (n, packet) in packets.iter().enumerate() {
        if !lost.contains(&n) {
            receiver.receive(packet);
        }
    }
    let ssrc = slot_ssrc(SlotKind::Video, 0);
    let seqs: Vec<_> = lost
        .iter()
        .map(|n| Header::parse(&packets[*n]).unwrap().seq)
        .collect();
    let mut nack = Vec::new();
    write::nack(&mut nack, 1, ssrc, &seqs);
    house.rtcp(1, &nack);
    let repairs = rtp_to(&house.sent(), 1);
    assert_eq!(repairs.len(), 3);
    let headers: Vec<_> = repairs
        .iter()
        .map(|packet| Header::parse(packet).unwrap())
        .collect();
    assert!(
        headers
            .iter()
            .all(|header| header.ssrc == ssrc + 1 && header.pt == 101)
    );
    assert!(
        headers
            .windows(2)
            .all(|pair| pair[1].seq == pair[0].seq.wrapping_add(1))
    );
    repairs.iter().for_each(|packet| receiver.receive(packet));
    let slot = &receiver.slots[&ssrc];
    assert!(slot.missing().is_empty());
    slot.assert_seamless("repaired");
    let leaves: Vec<_> = slot
        .got
        .values()
        .map(|got| (got.leaf, got.repaired))
        .collect();
    assert_eq!(leaves[1], (2, true), "a repair of the source before");
    assert_eq!(leaves[5], (3, true));
    // Asked again at once it is not sent again; what never was is counted.
    house.rtcp(1, &nack);
    assert!(rtp_to(&house.sent(), 1).is_empty());
    assert_eq!(house.dropped(DropReason::NackUnknown), 3);
}

#[test]
fn attack_10_nack_and_feedback_storms_are_bounded_and_counted() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for _ in 0..200 {
        for packet in cameras[1].pictures(&[4], 3_000) {
            house.rtp(2, &packet);
        }
    }
    let packets = rtp_to(&house.sent(), 1);
    let seqs: Vec<_> = packets
        .iter()
        .map(|packet| Header::parse(packet).unwrap().seq)
        .collect();
    let mut repairs = 0;
    for round in 0..50 {
        for chunk in seqs.chunks(100) {
            let mut nack = Vec::new();
            write::nack(&mut nack, 1, slot_ssrc(SlotKind::Video, 0), chunk);
            house.rtcp(1, &nack);
        }
        let mut other = Vec::new();
        write::nack(&mut other, 1, 0xffff_0000 + round, &[1]);
        house.rtcp(1, &other);
        house.wait(20);
        repairs += rtp_to(&house.sent(), 1).len();
    }
    // One second: the burst and the rate.
    assert!(repairs <= 400 + 800 + 20, "{repairs} repairs");
    assert!(house.dropped(DropReason::NackRate) > 0);
    assert_eq!(house.dropped(DropReason::FeedbackUnknown), 50);
}

#[test]
fn a_publishers_losses_are_asked_for_and_repaired_without_a_key_frame() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let mut receiver = Receiver::default();
    let ssrc = cameras[1].encodings[0].ssrc;
    for frame in 0..10 {
        for (n, packet) in cameras[1].pictures(&[4], 3_000).into_iter().enumerate() {
            // The last packet of one picture and the first of the next are lost.
            if (frame, n) != (4, 3) && (frame, n) != (5, 0) {
                house.rtp(2, &packet);
            }
        }
        house.wait(33);
        let sent = house.sent();
        assert!(plis_to(&sent, 2).is_empty());
        let lost = nacks_to(&sent, 2);
        for repair in cameras[1].repair(ssrc, lost.into_iter()) {
            house.rtp(2, &repair);
            house.rtp(2, &repair);
        }
        rtp_to(&house.sent(), 1)
            .iter()
            .for_each(|packet| receiver.receive(packet));
        rtp_to(&sent, 1)
            .iter()
            .for_each(|packet| receiver.receive(packet));
    }
    let slot = &receiver.slots[&slot_ssrc(SlotKind::Video, 0)];
    assert_eq!((slot.missing().len(), slot.got.len()), (0, 40));
    slot.assert_seamless("publisher's loss");
    assert_eq!(house.dropped(DropReason::Duplicate), 2);
}

#[test]
fn k5_4_frames_of_another_leaf_or_kind_and_plain_frames_are_dropped_by_name() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let camera = &mut cameras[1];
    let send = |camera: &mut Publisher, house: &mut House| {
        camera.key = true;
        for packet in camera.pictures(&[3], 3_000) {
            house.rtp(2, &packet);
        }
        rtp_to(&house.sent(), 1).len()
    };
    assert_eq!(send(camera, &mut house), 3);
    camera.leaf = 3;
    assert_eq!(send(camera, &mut house), 0);
    assert_eq!(house.dropped(DropReason::WrongLeaf), 1);
    assert_eq!(house.dropped(DropReason::FrameRefused), 2);
    camera.leaf = 2;
    house.forwarder.set_leaf(PeerId(2), None);
    assert_eq!(send(camera, &mut house), 0);
    assert_eq!(house.dropped(DropReason::NoLeaf), 3);
    house.forwarder.set_leaf(PeerId(2), Some(2));
    assert_eq!(send(camera, &mut house), 3);
    // A screen's key id on the camera's stream.
    let packets = camera.pictures(&[1], 3_000);
    // Generation 1 and kind 1 share a byte, then leaf 2 and epoch 1; kind 2 makes the first 0xa0.
    let kid = packets[0]
        .windows(3)
        .rposition(|id| id == [0x90, 2, 1])
        .unwrap();
    let mut other = packets[0].clone();
    other[kid] = 0xa0;
    house.rtp(2, &other);
    assert_eq!(house.dropped(DropReason::WrongKind), 1);
    // Plain VP8 behind the descriptor.
    let mut plain = camera.pictures(&[1], 3_000).remove(0);
    let len = plain.len();
    plain[len - 70..].fill(0xff);
    house.rtp(2, &plain);
    assert_eq!(house.dropped(DropReason::NotSframe), 1);
    assert!(rtp_to(&house.sent(), 1).is_empty());
}

#[test]
fn a_refused_frame_leaves_no_gap_behind() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let mut receiver = Receiver::default();
    for round in 0..6 {
        cameras[1].leaf = if round == 3 { 7 } else { 2 };
        cameras[1].key = round != 2;
        for packet in cameras[1].pictures(&[3], 3_000) {
            house.rtp(2, &packet);
        }
        house.wait(33);
        rtp_to(&house.sent(), 1)
            .iter()
            .for_each(|packet| receiver.receive(packet));
    }
    let slot = &receiver.slots[&slot_ssrc(SlotKind::Video, 0)];
    assert_eq!((slot.missing().len(), slot.got.len()), (0, 15));
}

#[test]
fn a_muted_source_is_silent_by_name_and_comes_back_at_a_key_frame() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let mut receiver = Receiver::default();
    let mut frames = |house: &mut House, cameras: &mut Vec<Publisher>, key| {
        cameras[1].key = key;
        for packet in cameras[1].pictures(&[2], 3_000) {
            house.rtp(2, &packet);
        }
        house.wait(33);
        let sent = house.sent();
        rtp_to(&sent, 1)
            .iter()
            .for_each(|packet| receiver.receive(packet));
        (rtp_to(&sent, 1).len(), plis_to(&sent, 2).len())
    };
    assert_eq!(frames(&mut house, &mut cameras, true).0, 2);
    house
        .forwarder
        .set_muted(house.now, PeerId(2), CAMERA, true);
    for _ in 0..40 {
        assert_eq!(
            frames(&mut house, &mut cameras, true),
            (0, 0),
            "muted means silent, and unasked"
        );
    }
    assert_eq!(house.dropped(DropReason::Muted), 80);
    house
        .forwarder
        .set_muted(house.now, PeerId(2), CAMERA, false);
    assert_eq!(frames(&mut house, &mut cameras, false).0, 0);
    assert_eq!(frames(&mut house, &mut cameras, true).0, 2);
    let slot = &receiver.slots[&slot_ssrc(SlotKind::Video, 0)];
    assert_eq!((slot.missing().len(), slot.got.len()), (0, 4));
    slot.assert_seamless("muted");
}

#[test]
fn a_track_fills_at_most_one_slot_of_a_client() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    house.show(1, SlotKind::Video, 1, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    let packets = rtp_to(&house.sent(), 1);
    assert_eq!(packets.len(), 1);
    assert_eq!(
        Header::parse(&packets[0]).unwrap().ssrc,
        slot_ssrc(SlotKind::Video, 1)
    );
}

#[test]
fn a_publisher_that_leaves_empties_its_slots_and_one_that_stops_is_told() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    house.wait(1_900);
    assert!(!house.events().contains(&Event::Track {
        peer: PeerId(2),
        source: CAMERA,
        layers: 0
    }));
    house.wait(300);
    assert!(house.events().contains(&Event::Track {
        peer: PeerId(2),
        source: CAMERA,
        layers: 0
    }));
    house.forwarder.remove_peer(house.now, PeerId(2));
    let empty = Event::Slot {
        peer: PeerId(1),
        kind: SlotKind::Video,
        index: 0,
        track: None,
        layer: 0,
    };
    assert!(house.events().contains(&empty));
    house.sent();
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    assert!(house.sent().is_empty());
    assert_eq!(house.dropped(DropReason::UnknownPeer), 1);
}

#[test]
fn transport_wide_feedback_and_reports_reach_the_publisher() {
    let (mut house, mut cameras) = meeting();
    cameras[1].named = true;
    let packets = cameras[1].pictures(&[4], 3_000);
    for (n, packet) in packets.into_iter().enumerate() {
        // One more element behind mid and rid: the transport-wide number.
        let header = Header::parse(&packet).unwrap();
        let mut with = packet[..12].to_vec();
        let words = packet[15] as usize;
        with.extend_from_slice(&[0xbe, 0xde, 0, words as u8 + 1]);
        with.extend_from_slice(&packet[16..16 + 4 * words]);
        with.extend_from_slice(&[0x31, 0, n as u8 + 1, 0]);
        with.extend_from_slice(&packet[header.payload as usize..]);
        if n != 2 {
            house.rtp(2, &with);
        }
        house.now += Duration::from_millis(5);
    }
    house.wait(1_500);
    let sent = house.sent();
    let (mut told, mut blocks) = (None, Vec::new());
    for packet in sent.iter().filter(|s| s.to == 2 && s.rtcp) {
        for part in Compound::new(&packet.bytes) {
            match part.unwrap() {
                Packet::TransportCc(body) => told = transport_cc::read(body),
                Packet::ReceiverReport(list) => blocks.extend(list),
                _ => {}
            }
        }
    }
    let (base, arrivals) = told.expect("feedback within a tick");
    assert_eq!((base, arrivals.len()), (1, 4));
    assert_eq!(arrivals[2], None);
    assert_eq!(arrivals[1].unwrap() - arrivals[0].unwrap(), 20);
    assert_eq!(blocks[0].ssrc, cameras[1].encodings[0].ssrc);
    assert_eq!((blocks[0].lost, blocks[0].fraction_lost), (1, 64));
}

#[test]
fn attack_8_an_ssrc_of_one_peer_means_nothing_at_another() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    house.sent();
    cameras[1].named = false;
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(3, &packet);
    }
    assert!(house.sent().is_empty());
    assert_eq!(house.dropped(DropReason::UnknownSsrc), 1);
}

#[test]
fn attack_7_retransmissions_of_nothing_are_refused_by_name() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    let packets = cameras[1].pictures(&[3], 3_000);
    let ssrc = cameras[1].encodings[0].ssrc;
    let first = Header::parse(&packets[0]).unwrap().seq;
    let early = cameras[1].repair(ssrc, [first].into_iter());
    house.rtp(2, &early[0]);
    assert_eq!(
        house.dropped(DropReason::RtxUnknown),
        1,
        "its stream is not known yet"
    );
    packets.iter().for_each(|packet| house.rtp(2, packet));
    let ahead = cameras[1].pictures(&[1], 3_000);
    let seq = Header::parse(&ahead[0]).unwrap().seq;
    let repair = cameras[1].repair(ssrc, [seq].into_iter());
    house.rtp(2, &repair[0]);
    assert_eq!(
        house.dropped(DropReason::RtxUnknown),
        2,
        "nothing newer than the newest is a repair"
    );
    let mut posing = ahead[0].clone();
    posing[1] = posing[1] & 0x80 | support::sections::VP8_RTX;
    house.rtp(2, &posing);
    assert_eq!(house.dropped(DropReason::UnknownPayloadType), 1);
    let mut short = repair[0].clone();
    short.truncate(Header::parse(&short).unwrap().payload as usize + 1);
    house.rtp(2, &short);
    assert_eq!(house.dropped(DropReason::RtxMalformed), 1);
}

#[test]
fn a_growth_renegotiation_adds_slots_and_leaves_the_others_alone() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    let before = Header::parse(&rtp_to(&house.sent(), 1)[0]).unwrap();
    let mut sections = client(11);
    sections.extend((9..25).map(|index| support::sections::slot(SlotKind::Video, index)));
    house.forwarder.update_peer(PeerId(1), &sections).unwrap();
    house.show(1, SlotKind::Video, 20, Some((3, CAMERA)), 0);
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    for packet in cameras[2].pictures(&[1], 3_000) {
        house.rtp(3, &packet);
    }
    let packets = rtp_to(&house.sent(), 1);
    let headers: Vec<_> = packets
        .iter()
        .map(|packet| Header::parse(packet).unwrap())
        .collect();
    assert_eq!(headers[0].seq, before.seq.wrapping_add(1));
    assert_eq!(headers[1].ssrc, slot_ssrc(SlotKind::Video, 20));
}

//! The way of packets from a publisher to slots: what is rewritten, what is refused, who is asked for what.

mod support;

use std::time::Duration;

use entente_media::drops::DropReason;
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::rtcp::{SenderInfo, transport_cc, write};
use entente_media::rtp::Header;
use entente_media::types::{Event, PeerId, SlotAssignment, SlotKind, Source, TrackId};
use support::house::{House, Sent, WALL};
use support::publisher::Publisher;
use support::receiver::Receiver;
use support::sections::{client, slot_ssrc};

const CAMERA: Source = Source::Camera;

/// Three people with cameras; the first watches.
fn meeting() -> (House, Vec<Publisher>) {
    let mut house = House::new();
    let mut cameras = Vec::new();
    for peer in 1..=3 {
        house.join(peer, &client(10 + peer as u32));
        cameras.push(Publisher::new(
            CAMERA,
            peer as u16,
            peer * 977,
            &["q", "h", "f"],
        ));
    }
    (house, cameras)
}

fn rtp_to(sent: &[Sent], peer: u64) -> Vec<Vec<u8>> {
    sent.iter()
        .filter(|s| s.to == peer && !s.rtcp)
        .map(|s| s.bytes.clone())
        .collect()
}

fn plis_to(sent: &[Sent], peer: u64) -> Vec<u32> {
    let rtcp = sent.iter().filter(|s| s.to == peer && s.rtcp);
    let mut plis = Vec::new();
    for packet in rtcp {
        plis.extend(
            Compound::new(&packet.bytes).filter_map(|p| match p.unwrap() {
                Packet::Pli { media } => Some(media),
                _ => None,
            }),
        );
    }
    plis
}

fn nacks_to(sent: &[Sent], peer: u64) -> Vec<u16> {
    let rtcp = sent.iter().filter(|s| s.to == peer && s.rtcp);
    let mut lost_all = Vec::new();
    for packet in rtcp {
        for part in Compound::new(&packet.bytes) {
            if let Packet::Nack { lost, .. } = part.unwrap() {
                lost_all.extend(lost);
            }
        }
    }
    lost_all
}

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
fn layers_follow_what_flows_and_what_the_slot_can_show() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    let mut receiver = Receiver::default();
    let mut layers = Vec::new();
    let mut play = |house: &mut House, cameras: &mut Vec<Publisher>, n: u32, counts: &[usize]| {
        for _ in 0..n {
            for packet in cameras[1].pictures(counts, 2_970) {
                house.rtp(2, &packet);
            }
            house.wait(33);
            let sent = house.sent();
            cameras[1].key = !plis_to(&sent, 2).is_empty();
            rtp_to(&sent, 1)
                .iter()
                .for_each(|packet| receiver.receive(packet));
        }
        for event in house.events() {
            if let Event::Slot {
                layer,
                track: Some(_),
                ..
            } = event
            {
                layers.push(layer);
            }
        }
        layers.last().copied()
    };
    assert_eq!(
        play(&mut house, &mut cameras, 30, &[1]),
        Some(0),
        "only the lowest flows"
    );
    cameras[1].key = true;
    assert_eq!(
        play(&mut house, &mut cameras, 30, &[1, 2, 4]),
        Some(2),
        "the best appears"
    );
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 1);
    assert_eq!(
        play(&mut house, &mut cameras, 60, &[1, 2, 4]),
        Some(1),
        "the slot shrinks"
    );
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    assert_eq!(
        play(&mut house, &mut cameras, 60, &[1, 2, 4]),
        Some(2),
        "the slot grows"
    );
    assert_eq!(
        play(&mut house, &mut cameras, 90, &[1, 2]),
        Some(1),
        "the best disappears"
    );
    let slot = &receiver.slots[&slot_ssrc(SlotKind::Video, 0)];
    slot.assert_seamless("layers");
    assert!(slot.missing().is_empty());
    assert_eq!(house.dropped(DropReason::PliCoalesced), 0);
}

#[test]
fn m4_2_layers_and_sources_are_aligned_by_sender_reports() {
    let (mut house, mut cameras) = meeting();
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 1);
    // Both layers show the same moment; their timestamps differ by a constant that only reports tell.
    let ntp = (WALL.as_secs() + 5_000) << 32;
    let offsets = [0u32, 123_456_789];
    for (layer, offset) in offsets.into_iter().enumerate() {
        let mut report = Vec::new();
        let rtp = cameras[1].timestamp.wrapping_add(offset);
        let ssrc = cameras[1].encodings[layer].ssrc;
        let packet = cameras[1].picture(layer, 1).remove(0);
        house.rtp(2, &packet);
        write::sender_report(
            &mut report,
            &SenderInfo {
                ssrc,
                ntp,
                rtp,
                packets: 1,
                octets: 1,
            },
        );
        house.rtcp(2, &report);
    }
    cameras[1].next(2_970);
    house.wait(33);
    house.sent();
    let mut timestamps = Vec::new();
    for frame in 0..40u32 {
        house.show(
            1,
            SlotKind::Video,
            0,
            Some((2, CAMERA)),
            (frame / 10 % 2) as u8,
        );
        cameras[1].key = frame % 10 == 0;
        for (layer, offset) in offsets.into_iter().enumerate() {
            let timestamp = cameras[1].timestamp;
            cameras[1].timestamp = timestamp.wrapping_add(offset);
            let packet = cameras[1].picture(layer, 1).remove(0);
            cameras[1].timestamp = timestamp;
            // The network delivers unevenly; capture times do not move.
            house.wait(frame as u64 % 3 * 4);
            house.rtp(2, &packet);
        }
        cameras[1].next(2_970);
        house.wait(25);
        let packets = rtp_to(&house.sent(), 1);
        // At a switch upwards the picture was already shown by the lower layer.
        assert!(
            packets.len() == 1 || frame % 20 == 10 && packets.len() == 2,
            "frame {frame}"
        );
        timestamps.push(Header::parse(packets.last().unwrap()).unwrap().timestamp);
    }
    for (n, pair) in timestamps.windows(2).enumerate() {
        let step = pair[1].wrapping_sub(pair[0]);
        let twice = if (n + 1) % 20 == 10 { 90 } else { 0 };
        assert!(
            (2_969..=2_971).contains(&(step - twice)),
            "a step of {step} ticks before {n}"
        );
    }
}

#[test]
fn m4_6_sound_and_picture_of_one_source_have_the_same_mapping_of_time() {
    let (mut house, mut cameras) = meeting();
    let mut voice = Publisher::new(Source::Microphone, 2, 5, &[]);
    voice.encodings[0].ssrc = 12;
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    house.show(1, SlotKind::Audio, 0, Some((2, Source::Microphone)), 0);
    let ntp = (WALL.as_secs() + 900) << 32;
    let (sound_ts, picture_ts) = (voice.timestamp, cameras[1].timestamp);
    let mut receiver = Receiver::default();
    let mut reported = false;
    // Sound and picture captured at the same moments; pictures take 60 ms longer to arrive.
    for n in 0..150u32 {
        house.rtp(2, &voice.voice(30));
        house.wait(10);
        if n % 2 == 0 && n >= 6 {
            for packet in cameras[1].pictures(&[1], 3_600) {
                house.rtp(2, &packet);
            }
        }
        if n == 50 {
            // The publisher's clock says the same moment in both timelines, one second in.
            let (sound, picture) = (
                sound_ts.wrapping_add(48_000),
                picture_ts.wrapping_add(90_000),
            );
            for (ssrc, rtp) in [(12, sound), (cameras[1].encodings[0].ssrc, picture)] {
                let mut report = Vec::new();
                write::sender_report(
                    &mut report,
                    &SenderInfo {
                        ssrc,
                        ntp,
                        rtp,
                        packets: 1,
                        octets: 1,
                    },
                );
                house.rtcp(2, &report);
            }
            reported = true;
        }
        house.wait(10);
        house
            .sent()
            .iter()
            .filter(|s| s.to == 1)
            .for_each(|s| receiver.receive(&s.bytes));
    }
    assert!(reported);
    // The moment, on the receiver's common clock, at which frame n of each was captured.
    let moment = |ssrc: u32, rate: f64, frame: u32| {
        let (_, ntp, rtp) = receiver
            .reports
            .iter()
            .rev()
            .find(|report| report.0 == ssrc)
            .unwrap();
        let got = receiver.slots[&ssrc]
            .got
            .values()
            .find(|got| got.frame == frame)
            .unwrap();
        let seconds = *ntp as f64 / 4_294_967_296.0 - WALL.as_secs() as f64;
        seconds + got.timestamp.wrapping_sub(*rtp) as i32 as f64 / rate
    };
    let ear = moment(slot_ssrc(SlotKind::Audio, 0), 48_000.0, 100);
    let eye = moment(slot_ssrc(SlotKind::Video, 0), 90_000.0, 50);
    assert!((ear - eye).abs() < 0.005, "lips are {} s off", ear - eye);
}

#[test]
fn a_new_epoch_is_told_and_asks_at_once_for_those_who_wait_for_it() {
    let (mut house, mut cameras) = meeting();
    house.show(3, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    let track = Some(TrackId {
        peer: PeerId(2),
        source: CAMERA,
    });
    let list = [SlotAssignment {
        kind: SlotKind::Video,
        index: 0,
        track,
        max_layer: 0,
        await_epoch: Some(2),
    }];
    house
        .forwarder
        .set_slots(house.now, PeerId(1), &list, &mut house.out);
    house.wait(120);
    house.events();
    assert_eq!(plis_to(&house.sent(), 2).len(), 1, "the switch asks");
    cameras[1].epoch = 2;
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    assert_eq!(
        plis_to(&house.sent(), 2).len(),
        1,
        "the epoch asks again, inside the window"
    );
    let told: Vec<_> = house
        .events()
        .into_iter()
        .filter(|event| matches!(event, Event::Epoch { .. }))
        .collect();
    assert_eq!(
        told,
        vec![Event::Epoch {
            peer: PeerId(2),
            source: CAMERA,
            epoch: 2
        }]
    );
    // A late frame of the old epoch is no news.
    cameras[1].epoch = 1;
    for packet in cameras[1].pictures(&[1], 3_000) {
        house.rtp(2, &packet);
    }
    assert!(
        !house
            .events()
            .iter()
            .any(|event| matches!(event, Event::Epoch { .. }))
    );
}

#[test]
fn voices_are_entered_at_any_packet_with_a_marker_and_their_levels() {
    let (mut house, _) = meeting();
    let mut voices: Vec<_> = [2u16, 3]
        .map(|leaf| {
            let mut voice = Publisher::new(Source::Microphone, leaf, leaf as u64 * 31, &[]);
            voice.encodings[0].ssrc = 10 + leaf as u32;
            voice
        })
        .into();
    let mut receiver = Receiver::default();
    let mut markers = 0;
    for n in 0..200u32 {
        let speaker = (n / 20 % 2) as usize;
        if n % 20 == 0 {
            let track = Some((speaker as u64 + 2, Source::Microphone));
            house.show(1, SlotKind::Audio, 0, track, 0);
        }
        for (at, voice) in voices.iter_mut().enumerate() {
            let level = if at == speaker { 20 } else { 80 };
            house.rtp(at as u64 + 2, &voice.voice(level));
        }
        house.wait(20);
        for packet in rtp_to(&house.sent(), 1) {
            let header = Header::parse(&packet).unwrap();
            markers += header.marker as u32;
            receiver.receive(&packet);
        }
    }
    let slot = &receiver.slots[&slot_ssrc(SlotKind::Audio, 0)];
    assert_eq!(
        (slot.got.len(), slot.missing().len(), slot.switches()),
        (200, 0, 9)
    );
    slot.assert_seamless("voices");
    assert_eq!(markers, 10);
    let events = house.events();
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::Levels { levels, .. } if levels.len() == 1))
    );
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::Speakers { peers, .. } if peers.len() == 2))
    );
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

//! Layers, sources and epochs of a slot: which one it shows, and how one follows the other without a break in time.

mod support;

use entente_media::drops::DropReason;
use entente_media::rtcp::{SenderInfo, write};
use entente_media::rtp::Header;
use entente_media::types::{Event, PeerId, SlotAssignment, SlotKind, Source, TrackId};
use support::house::{House, WALL};
use support::meeting::{meeting, plis_to, rtp_to};
use support::publisher::Publisher;
use support::receiver::Receiver;
use support::sections::slot_ssrc;

const CAMERA: Source = Source::Camera;

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

//! What a peer may send: a source that it may not is dropped by name from its first packet, nobody is asked for more of
//! it, and no renegotiation or second connection brings it through.

mod pair;
mod support;

use entente_media::drops::DropReason;
use entente_media::dtls::Version;
use entente_media::types::{Command, Event, PeerId, SlotKind, Source};
use pair::{Pair, SERVER};
use support::house::House;
use support::meeting::{meeting, nacks_to, plis_to, rtp_to};
use support::publisher::Publisher;
use support::receiver::Receiver;
use support::sections::{client, slot_ssrc};

const CAMERA: Source = Source::Camera;
const SCREEN: Source = Source::Screen;

/// What one picture led to: packets at the first peer, key frames and packets the second was asked for.
fn picture(house: &mut House, from: &mut Publisher, receiver: &mut Receiver) -> [usize; 3] {
    for packet in from.pictures(&[2], 3_000) {
        house.rtp(2, &packet);
    }
    house.wait(33);
    let sent = house.sent();
    let got = rtp_to(&sent, 1);
    got.iter().for_each(|packet| receiver.receive(packet));
    [got.len(), plis_to(&sent, 2).len(), nacks_to(&sent, 2).len()]
}

fn layers_told(house: &mut House, of: Source) -> Vec<u8> {
    let told = house.events().into_iter().filter_map(|event| match event {
        Event::Track { source, layers, .. } if source == of => Some(layers),
        _ => None,
    });
    told.collect()
}

fn may(house: &mut House, sources: &[Source]) {
    house.forwarder.set_publish(house.now, PeerId(2), sources);
}

#[test]
fn m1_9_a_source_that_may_not_be_sent_is_dropped_from_its_first_packet_and_comes_when_it_may() {
    let (mut house, mut cameras) = meeting();
    let (camera, mut receiver) = (&mut cameras[1], Receiver::default());
    may(&mut house, &[Source::Microphone]);
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    for n in 0..40 {
        camera.key = n % 7 == 0;
        assert_eq!(picture(&mut house, camera, &mut receiver), [0, 0, 0]);
        // A hole in what is dropped is nobody's loss.
        camera.encodings[0].seq = camera.encodings[0].seq.wrapping_add(1);
    }
    assert_eq!(house.dropped(DropReason::NotAllowed), 80);
    assert!(
        layers_told(&mut house, CAMERA).is_empty(),
        "it never flowed"
    );
    may(&mut house, &[CAMERA]);
    assert_eq!(picture(&mut house, camera, &mut receiver)[0], 0);
    camera.key = true;
    let [got, _, lost] = picture(&mut house, camera, &mut receiver);
    assert_eq!((got, lost), (2, 0), "nobody asks for what was dropped");
    receiver.slots[&slot_ssrc(SlotKind::Video, 0)].assert_seamless("allowed");
}

#[test]
fn m1_9_what_was_allowed_ends_with_the_next_packet_and_is_told() {
    let (mut house, mut cameras) = meeting();
    let (camera, mut receiver) = (&mut cameras[1], Receiver::default());
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 0);
    assert_eq!(picture(&mut house, camera, &mut receiver)[0], 2);
    assert_eq!(layers_told(&mut house, CAMERA), [1]);
    // A loss that is still to be asked for, and a viewer who waits.
    camera.encodings[0].seq = camera.encodings[0].seq.wrapping_add(3);
    house.rtp(2, &camera.picture(0, 1)[0]);
    may(&mut house, &[Source::Microphone, SCREEN]);
    assert_eq!(layers_told(&mut house, CAMERA), [0]);
    house.sent();
    for _ in 0..40 {
        camera.key = true;
        assert_eq!(picture(&mut house, camera, &mut receiver), [0, 0, 0]);
    }
    // What is not a change changes nothing.
    may(&mut house, &[Source::Microphone, SCREEN]);
    may(&mut house, &Source::ALL);
    camera.key = true;
    assert_eq!(picture(&mut house, camera, &mut receiver)[0], 2);
    may(&mut house, &Source::ALL);
    assert_eq!(picture(&mut house, camera, &mut receiver)[0], 2);
}

#[test]
fn m1_9_neither_permission_nor_mute_is_lost_on_a_source_that_comes_by_renegotiation() {
    for (sources, muted, reason) in [
        (&[CAMERA][..], false, DropReason::NotAllowed),
        (&Source::ALL[..], true, DropReason::Muted),
    ] {
        let mut house = House::new();
        house.join(1, &client(11));
        let whole = client(12);
        let of_screen = |mid: &str| mid == format!("v{}", SCREEN.kind());
        let less: Vec<_> = whole
            .iter()
            .filter(|s| !of_screen(&s.mid))
            .cloned()
            .collect();
        assert_eq!(less.len() + 1, whole.len());
        house.join(2, &less);
        may(&mut house, sources);
        let screen = PeerId(2);
        house.forwarder.set_muted(house.now, screen, SCREEN, muted);
        house.forwarder.update_peer(PeerId(2), &whole).unwrap();
        house.show(1, SlotKind::Screen, 0, Some((2, SCREEN)), 2);
        let mut screen = Publisher::new(SCREEN, 2, 5, &["l", "f"]);
        for packet in screen.pictures(&[3, 3], 3_000) {
            house.rtp(2, &packet);
        }
        assert!(rtp_to(&house.sent(), 1).is_empty());
        assert_eq!(house.dropped(reason), 6);
    }
}

#[test]
fn m1_9_a_peer_is_admitted_with_what_it_may_send_and_with_nothing_else() {
    let mut pair = Pair::adapted(Version::V12, |command| {
        if let Command::AddPeer { publish, .. } = command {
            *publish = vec![CAMERA];
        }
    });
    assert_eq!(pair.server.media().publish[&SERVER], [CAMERA]);
    let sources = vec![];
    let peer = SERVER;
    let told = Command::SetPublish { peer, sources };
    pair.server.handle_command(pair.now, told).unwrap();
    assert!(pair.server.media().publish[&SERVER].is_empty());
    // A peer that nobody said anything about sends nothing.
    let mut house = House::new();
    let (now, id) = (house.now, PeerId(2));
    house.join(1, &client(11));
    let forwarder = &mut house.forwarder;
    forwarder
        .add_peer(now, id, support::house::ROOM, &client(12))
        .unwrap();
    forwarder.set_leaf(id, Some(2));
    house.show(1, SlotKind::Video, 0, Some((2, CAMERA)), 2);
    for packet in Publisher::new(CAMERA, 2, 5, &["q", "h", "f"]).pictures(&[2, 2, 2], 3_000) {
        house.rtp(2, &packet);
    }
    assert_eq!(house.dropped(DropReason::NotAllowed), 6);
    assert!(rtp_to(&house.sent(), 1).is_empty());
}

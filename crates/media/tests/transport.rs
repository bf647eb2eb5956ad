//! The transport from end to end in virtual time: two workers, one wire, no sockets.

mod pair;

use std::time::Duration;

use entente_media::dtls::Version;
use entente_media::types::{Command, DropReason, Event, Instant, PeerId};
use pair::*;

#[test]
fn two_workers_connect_and_exchange_media_in_every_version() {
    for (version, name) in [
        (Version::V12, "1.2"),
        (Version::Auto, "1.3"),
        (Version::V13, "1.3"),
    ] {
        let mut pair = Pair::connect(version);
        let Some(Event::Connected { dtls, profile, .. }) = pair.server_events.first() else {
            panic!()
        };
        assert_eq!((&dtls[..], &profile[..]), (name, "SRTP_AEAD_AES_256_GCM"));
        pair.client_sends(&rtp(1, 5, b"up"));
        assert_eq!(pair.server.media().rtp, [(SERVER, rtp(1, 5, b"up"))]);
        pair.server
            .media_mut()
            .to_send
            .push_back((SERVER, 12, rtp(9, 6, b"down")));
        pair.run(Duration::from_millis(50));
        assert_eq!(pair.client.media().rtp, [(CLIENT, rtp(9, 6, b"down"))]);
        let report = [&[0x80, 201, 0, 1][..], &5u32.to_be_bytes()].concat();
        pair.client
            .media_mut()
            .to_send_rtcp
            .push_back((CLIENT, report.clone()));
        pair.run(Duration::from_millis(50));
        assert_eq!(pair.server.media().rtcp, [(SERVER, report)]);
    }
}

#[test]
fn a_handshake_survives_every_third_datagram_lost() {
    for version in [Version::V12, Version::V13] {
        let (mut pair, mut count) = (Pair::new(version), 0);
        pair.run_with(Duration::from_secs(15), |_, _| {
            count += 1;
            if count % 3 == 0 {
                Fate::Lose
            } else {
                Fate::Deliver
            }
        });
        assert!(
            connected(&pair.server_events) && connected(&pair.client_events),
            "{version:?}"
        );
    }
}

#[test]
fn ten_silent_seconds_lose_a_peer_and_the_next_check_brings_it_back() {
    let mut pair = Pair::connect(Version::V12);
    pair.run_with(Duration::from_millis(9_000), |_, _| Fate::Lose);
    assert_eq!(lost(&pair.server_events), None);
    pair.run_with(Duration::from_millis(4_000), |_, _| Fate::Lose);
    assert_eq!(lost(&pair.server_events), Some("timeout"));
    pair.server_events.clear();
    pair.run(Duration::from_secs(5));
    assert!(
        connected(&pair.server_events),
        "traffic came back and nobody was told"
    );
    pair.client_sends(&rtp(1, 5, b"again"));
    assert_eq!(pair.server.media().rtp.len(), 1);
}

#[test]
fn m1_7_a_peer_that_stays_silent_is_forgotten_after_a_minute_and_the_core_is_told() {
    let mut pair = Pair::connect(Version::V12);
    pair.run_with(Duration::from_secs(80), |_, _| Fate::Lose);
    assert_eq!(pair.server.peers().count(), 0);
    assert!(!pair.server.media().knows(SERVER));
    let losses: Vec<_> = pair
        .server_events
        .iter()
        .filter_map(|event| match event {
            Event::Lost { reason, .. } => Some(&reason[..]),
            _ => None,
        })
        .collect();
    assert_eq!(losses, ["timeout", "forgotten"], "each is told once");
}

#[test]
fn an_idle_connection_does_not_spin() {
    let mut pair = Pair::connect(Version::V12);
    let mut wakeups = 0;
    let end = pair.now + Duration::from_secs(5);
    while pair.server.poll_timeout() <= end {
        pair.now = pair.server.poll_timeout().max(pair.now);
        pair.server.handle_timeout(pair.now);
        while pair.server.poll_event().is_some() {}
        wakeups += 1;
    }
    assert!(wakeups < 30, "{wakeups} wake-ups in five idle seconds");
}

#[test]
fn an_ice_restart_goes_on_with_the_same_keys() {
    let mut pair = Pair::connect(Version::V12);
    let server = Command::RestartIce {
        peer: SERVER,
        local: credentials("server2"),
        remote: credentials("client2"),
    };
    pair.server.handle_command(pair.now, server).unwrap();
    pair.run(Duration::from_secs(3));
    let client = Command::RestartIce {
        peer: CLIENT,
        local: credentials("client2"),
        remote: credentials("server2"),
    };
    pair.client.handle_command(pair.now, client).unwrap();
    pair.run(Duration::from_secs(20));
    assert_eq!(lost(&pair.server_events), None);
    pair.client_sends(&rtp(1, 5, b"still here"));
    assert_eq!(pair.server.media().rtp.len(), 1);
    assert_eq!(pair.server.drops().get(DropReason::StunUnknownUser), 0);
}

#[test]
fn a_removed_peer_hears_goodbye_and_is_gone_at_once() {
    let mut pair = Pair::connect(Version::V12);
    pair.server
        .handle_command(pair.now, Command::RemovePeer { peer: SERVER })
        .unwrap();
    assert_eq!(pair.server.peers().count(), 0);
    pair.run(Duration::from_millis(50));
    assert_eq!(lost(&pair.client_events), Some("closed"));
    let before = pair.server.drops().get(DropReason::UnknownTuple);
    pair.inject(at_server(), &[0x80; 40]);
    assert_eq!(
        pair.server.drops().get(DropReason::UnknownTuple),
        before + 1
    );
}

#[test]
fn a_room_that_ends_takes_its_peers_along() {
    let mut pair = Pair::connect(Version::V12);
    pair.server
        .handle_command(pair.now, Command::RemoveRoom { room: ROOM })
        .unwrap();
    assert_eq!(pair.server.peers().count(), 0);
    assert!(!pair.server.media().knows(SERVER));
}

/// M1.6.
#[test]
fn a_panic_over_a_peers_bytes_costs_that_peer_only() {
    let mut pair = Pair::connect(Version::V12);
    let bystander = pair.client.certificate().fingerprint();
    pair.server
        .handle_command(
            pair.now,
            add_server_peer(PeerId(7), "other", "nobody", bystander),
        )
        .unwrap();
    pair.server.media_mut().panics_on = Some(0xEE);
    pair.client_sends(&rtp(1, 5, &[0xEE]));
    assert_eq!(lost(&pair.server_events), Some("panic"));
    assert_eq!(pair.server.panics(), 1);
    assert_eq!(pair.server.peers().collect::<Vec<_>>(), [PeerId(7)]);
    assert!(pair.server.media().knows(PeerId(7)) && !pair.server.media().knows(SERVER));
}

#[test]
fn packets_for_people_without_keys_are_counted_and_not_sent() {
    let mut pair = Pair::new(Version::V12);
    pair.server
        .media_mut()
        .to_send
        .push_back((SERVER, 12, rtp(1, 5, b"early")));
    pair.server
        .media_mut()
        .to_send
        .push_back((PeerId(99), 12, rtp(1, 5, b"nobody")));
    pair.server.handle_timeout(pair.now);
    pair.server.flush();
    assert_eq!(pair.server.transmits().len(), 0);
    assert_eq!(pair.server.drops().get(DropReason::NotConnected), 1);
    assert_eq!(pair.server.drops().get(DropReason::UnknownPeer), 1);
}

#[test]
fn equal_packets_to_one_peer_leave_as_one_run() {
    let mut pair = Pair::connect(Version::V12);
    for sequence in 0..5 {
        pair.server
            .media_mut()
            .to_send
            .push_back((SERVER, 12, rtp(sequence, 5, &[7; 500])));
    }
    pair.server.handle_timeout(pair.now);
    pair.server.flush();
    let runs: Vec<(usize, usize)> = pair
        .server
        .transmits()
        .map(|run| (run.count(), run.segment))
        .collect();
    assert_eq!(runs, [(5, 12 + 500 + 16)]);
}

#[test]
fn time_starts_at_zero_and_statistics_come_each_second() {
    let mut worker = worker(3, Version::V12);
    assert!(worker.poll_timeout() > Instant::ZERO);
    let mut told = 0;
    for second in 1..=5 {
        worker.handle_timeout(Instant::from_millis(second * 1000));
        told += std::iter::from_fn(|| worker.poll_event())
            .filter(|event| matches!(event, Event::Stats(_)))
            .count();
    }
    assert_eq!(told, 5);
}

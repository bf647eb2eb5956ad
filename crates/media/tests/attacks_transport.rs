//! Attacks on the transport, each with its number in the project's list. Nothing here has the victim's keys; what
//! is written to the wire is what an attacker on or off the path can write.

mod pair;

use std::time::Duration;

use entente_media::dtls::Version;
use entente_media::ice::Tuple;
use entente_media::stun::{Builder, Class, IntegrityKey, Message};
use entente_media::types::{Command, DropReason, Fingerprint, PeerId};
use entente_media::worker::CommandError;
use pair::*;

fn elsewhere(port: u16) -> Tuple {
    Tuple::new(
        ([198, 51, 100, 7], port).into(),
        Some(server_address().ip()),
    )
}

fn check(password: &str) -> Vec<u8> {
    Builder::new(Class::Request, [9; 12])
        .username(b"serveruf:clientuf")
        .priority(1)
        .controlling(7)
        .use_candidate()
        .finish(&IntegrityKey::new(password.as_bytes()))
}

/// The first DTLS record a client would send.
fn client_hello() -> Vec<u8> {
    let pair = Pair::connect(Version::V12);
    pair.up
        .iter()
        .find(|bytes| bytes[0] == 22)
        .expect("a handshake record")
        .clone()
}

#[test]
fn attack_1_dtls_before_the_ice_check_is_not_even_parsed() {
    let mut pair = Pair::new(Version::V12);
    for from in [elsewhere(1), at_server()] {
        assert_eq!(pair.inject(from, &client_hello()), Vec::<Vec<u8>>::new());
    }
    assert_eq!(pair.server.drops().get(DropReason::UnknownTuple), 2);
    pair.run(Duration::from_secs(3));
    assert!(
        connected(&pair.server_events),
        "the attack kept the real client out"
    );
    assert!(pair.inject(elsewhere(1), &client_hello()).is_empty());
}

#[test]
fn attack_2_a_flood_of_false_srtp_is_counted_and_changes_nothing() {
    let mut pair = Pair::connect(Version::V12);
    for n in 0..20_000u32 {
        let mut packet = rtp(n as u16, n % 300, &[0x5A; 60]);
        if n % 2 == 0 {
            packet[1] = 200;
        }
        pair.inject(at_server(), &packet);
    }
    let drops = pair.server.drops();
    assert_eq!(
        drops.get(DropReason::SrtpAuth) + drops.get(DropReason::SrtcpAuth),
        20_000
    );
    assert!(pair.server.media().rtp.is_empty() && pair.server.media().rtcp.is_empty());
    pair.client_sends(&rtp(1, 5, b"the real one"));
    assert_eq!(pair.server.media().rtp.len(), 1);
}

#[test]
fn attack_2_false_srtp_does_not_keep_a_dead_peer_alive() {
    let mut pair = Pair::connect(Version::V12);
    for _ in 0..14 {
        pair.run_with(Duration::from_secs(1), |_, _| Fate::Lose);
        pair.inject(at_server(), &rtp(1, 1, &[0; 60]));
        pair.inject(at_server(), &check("wrong"));
    }
    assert_eq!(lost(&pair.server_events), Some("timeout"));
}

#[test]
fn attack_2_a_recorded_packet_is_not_taken_twice() {
    let mut pair = Pair::connect(Version::V12);
    pair.client_sends(&rtp(1, 5, b"once"));
    let sealed = pair
        .up
        .iter()
        .rev()
        .find(|bytes| bytes[0] == 0x80)
        .unwrap()
        .clone();
    pair.inject(at_server(), &sealed);
    assert_eq!(pair.server.media().rtp.len(), 1);
    assert_eq!(pair.server.drops().get(DropReason::SrtpReplay), 1);
}

#[test]
fn attack_3_media_from_another_address_moves_nothing_and_reaches_nobody() {
    let mut pair = Pair::connect(Version::V12);
    let true_packet = {
        pair.client
            .media_mut()
            .to_send
            .push_back((CLIENT, 12, rtp(1, 5, b"mine")));
        pair.client.handle_timeout(pair.now);
        pair.client.flush();
        let bytes = pair.client.transmits().next().unwrap().bytes.to_vec();
        pair.client.sent();
        bytes
    };
    // The very bytes of the victim, sealed with its keys, from an address that ICE has never seen.
    pair.inject(elsewhere(5), &true_packet);
    assert!(pair.server.media().rtp.is_empty());
    assert_eq!(pair.server.drops().get(DropReason::UnknownTuple), 1);
    pair.server
        .media_mut()
        .to_send
        .push_back((SERVER, 12, rtp(1, 6, b"reply")));
    pair.server.handle_timeout(pair.now);
    pair.server.flush();
    assert!(
        pair.server.transmits().all(|run| run.tuple == at_server()),
        "media was drawn to the attacker"
    );
}

#[test]
fn attack_3_a_forged_source_does_not_take_a_living_peers_place() {
    let mut pair = Pair::connect(Version::V12);
    let insider = pair.client.certificate().fingerprint();
    let add = add_server_peer(PeerId(3), "other", "rogue", insider);
    pair.server.handle_command(pair.now, add).unwrap();
    // Another participant, with credentials of its own, forges the victim's address.
    let forged = Builder::new(Class::Request, [9; 12])
        .username(b"otheruf:rogueuf")
        .use_candidate()
        .finish(&IntegrityKey::new(credentials("other").pwd.as_bytes()));
    assert!(pair.inject(at_server(), &forged).is_empty());
    assert_eq!(pair.server.drops().get(DropReason::TupleTaken), 1);
    pair.client_sends(&rtp(1, 5, b"still mine"));
    assert_eq!(
        pair.server.media().rtp,
        [(SERVER, rtp(1, 5, b"still mine"))]
    );
}

/// Whether media for the peer leaves now, and if so only to where the test says.
fn media_goes_to(pair: &mut Pair, sequence: u16, tuple: Tuple) -> bool {
    let queue = &mut pair.server.media_mut().to_send;
    queue.push_back((SERVER, 12, rtp(sequence, 6, b"for one person")));
    pair.server.handle_timeout(pair.now);
    pair.server.flush();
    let went: Vec<_> = pair.server.transmits().map(|run| run.tuple).collect();
    pair.server.sent();
    went == [tuple]
}

#[test]
fn attack_3_a_copied_check_from_a_forged_source_draws_no_media_and_shows_no_life() {
    let mut pair = Pair::connect(Version::V12);
    let copy = copied_check(&pair);
    let answers = pair.inject(elsewhere(5), &copy);
    assert_eq!(answers.len(), 2, "an answer and a challenge");
    assert!(answers.iter().all(|answer| answer.len() <= copy.len()));
    assert!(media_goes_to(&mut pair, 1, at_server()));
    // More copies at once do not make more challenges.
    assert_eq!(pair.inject(elsewhere(5), &copy).len(), 1);
    for n in 0..14 {
        pair.run_with(Duration::from_secs(1), |_, _| Fate::Lose);
        pair.inject(elsewhere(5), &copy);
        if n < 8 {
            assert!(media_goes_to(&mut pair, 2 + n, at_server()));
        }
    }
    assert_eq!(lost(&pair.server_events), Some("timeout"));
    assert!(!media_goes_to(&mut pair, 99, elsewhere(5)));
}

#[test]
fn attack_3_not_even_the_goodbye_goes_to_a_forged_source() {
    let mut pair = Pair::connect(Version::V12);
    let copy = copied_check(&pair);
    pair.inject(elsewhere(5), &copy);
    let remove = Command::RemovePeer { peer: SERVER };
    pair.server.handle_command(pair.now, remove).unwrap();
    let went: Vec<_> = pair.server.transmits().map(|run| run.tuple).collect();
    assert_eq!(went, [at_server()]);
}

#[test]
fn m2_2_a_handshake_that_went_to_two_places_proves_neither() {
    let mut pair = Pair::new(Version::V12);
    while !pair.down.iter().any(|bytes| bytes[0] == 22) {
        pair.run(Duration::from_millis(1));
    }
    pair.inject(elsewhere(5), &server_check([9; 12]));
    while !connected(&pair.server_events) {
        pair.run(Duration::from_millis(1));
    }
    for nowhere in [elsewhere(5), at_server()] {
        assert!(!media_goes_to(&mut pair, 1, nowhere), "{nowhere:?}");
    }
    // The next check of the true client is asked for its proof, and gives it.
    pair.run(Duration::from_secs(5));
    assert!(media_goes_to(&mut pair, 9, at_server()));
}

/// The person itself has all keys, and would turn its meeting on somebody who never asked for it.
#[test]
fn attack_5_not_even_a_members_own_packets_turn_its_media_on_a_stranger() {
    let mut pair = Pair::connect(Version::V12);
    pair.inject(elsewhere(5), &server_check([9; 12]));
    let queue = &mut pair.client.media_mut().to_send;
    queue.push_back((CLIENT, 12, rtp(1, 5, b"mine")));
    pair.client.handle_timeout(pair.now);
    pair.client.flush();
    let sealed = pair.client.transmits().next().unwrap().bytes.to_vec();
    pair.client.sent();
    pair.inject(elsewhere(5), &sealed);
    assert_eq!(pair.server.media().rtp.len(), 1, "it is authentic");
    assert!(media_goes_to(&mut pair, 1, at_server()));
}

#[test]
fn m2_2_a_path_moves_when_the_challenge_that_went_there_is_answered_from_there() {
    let mut pair = Pair::connect(Version::V12);
    let moved = elsewhere(6);
    pair.inject(elsewhere(7), &server_check([7; 12]));
    let challenge = pair.inject(moved, &server_check([9; 12])).remove(1);
    let asked = Message::parse(&challenge).unwrap();
    assert_eq!(asked.username(), Some(&b"clientuf:serveruf"[..]));
    let key = |name: &str| IntegrityKey::new(credentials(name).pwd.as_bytes());
    assert!(asked.verify(&key("client")) && asked.controlled().is_some());
    let proof = |class, transaction, name: &str| {
        let builder = Builder::new(class, transaction);
        builder.mapped_address(server_address()).finish(&key(name))
    };
    let good = proof(Class::Success, asked.transaction(), "client");
    for (from, wrong) in [
        (elsewhere(7), good.clone()),
        (moved, proof(Class::Success, [1; 12], "client")),
        (moved, proof(Class::Success, asked.transaction(), "server")),
        (moved, proof(Class::Error, asked.transaction(), "client")),
    ] {
        pair.inject(from, &wrong);
    }
    assert!(media_goes_to(&mut pair, 1, at_server()));
    // An answer from elsewhere proved that place no more than this one.
    pair.inject(elsewhere(7), &server_check([6; 12]));
    assert!(media_goes_to(&mut pair, 2, at_server()));
    pair.inject(moved, &server_check([5; 12]));
    pair.inject(moved, &good);
    assert!(media_goes_to(&mut pair, 3, moved));
    // Of two proven paths the one that was nominated last counts.
    pair.inject(at_server(), &server_check([8; 12]));
    assert!(media_goes_to(&mut pair, 4, at_server()));
}

/// Attack 1, later: records in clear that anybody can write do not end a session that has keys.
#[test]
fn attack_1_forged_handshakes_and_alerts_do_not_end_a_session() {
    for version in [Version::V12, Version::V13] {
        let mut pair = Pair::connect(version);
        let recorded: Vec<Vec<u8>> = pair
            .up
            .iter()
            .filter(|bytes| (20..64).contains(&bytes[0]))
            .cloned()
            .collect();
        assert!(!recorded.is_empty());
        let alert = |level, what| {
            [
                &[21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2][..],
                &[level, what],
            ]
            .concat()
        };
        let forged = [
            alert(2, 40),
            alert(1, 0),
            alert(2, 0),
            vec![23; 60],
            vec![20, 254, 253],
        ];
        for record in recorded.iter().chain(&forged) {
            pair.inject(at_server(), record);
        }
        pair.run(Duration::from_secs(5));
        assert_eq!(lost(&pair.server_events), None, "{version:?}");
        pair.client_sends(&rtp(1, 5, b"still here"));
        assert_eq!(pair.server.media().rtp.len(), 1);
    }
}

/// Attack 4, at the border where the core names a candidate.
#[test]
fn attack_4_a_link_towards_a_forbidden_address_is_refused() {
    let mut pair = Pair::without_peers(Version::V12);
    for target in [
        "0.0.0.0:9",
        "[::]:9",
        "[::ffff:127.0.0.1]:9",
        "169.254.169.254:80",
        "[fe80::1]:9",
        "224.0.0.1:9",
    ] {
        let fingerprint = pair.server.certificate().fingerprint();
        let mut command = add_client_peer(CLIENT, "client", "server", fingerprint);
        if let Command::AddPeer { candidate, .. } = &mut command {
            *candidate = Some(target.parse().unwrap());
        }
        assert_eq!(
            pair.client.handle_command(pair.now, command),
            Err(CommandError::BadCandidate),
            "{target}"
        );
    }
    assert_eq!(pair.client.peers().count(), 0);
}

#[test]
fn attack_5_stun_without_the_password_is_never_answered() {
    let mut pair = Pair::new(Version::V12);
    assert!(
        pair.inject(elsewhere(1), &check("wrong password"))
            .is_empty()
    );
    assert_eq!(pair.server.drops().get(DropReason::StunIntegrity), 1);
    let other = Builder::new(Class::Request, [9; 12])
        .username(b"nobody:clientuf")
        .finish(&IntegrityKey::new(b"x"));
    assert!(pair.inject(elsewhere(1), &other).is_empty());
    assert_eq!(pair.server.drops().get(DropReason::StunUnknownUser), 1);
    let answer = Builder::new(Class::Success, [9; 12])
        .mapped_address(client_address())
        .finish(&IntegrityKey::new(b"x"));
    assert!(pair.inject(elsewhere(1), &answer).is_empty());
}

#[test]
fn attack_5_an_answer_is_never_longer_than_what_asked_for_it() {
    let mut pair = Pair::new(Version::V12);
    let request = check(&credentials("server").pwd);
    let answers = pair.inject(elsewhere(1), &request);
    assert_eq!(answers.len(), 1);
    assert!(answers[0].len() <= request.len());
}

#[test]
fn attack_5_a_flood_of_checks_is_cut_and_the_known_peer_is_not() {
    let mut pair = Pair::connect(Version::V12);
    for n in 0..30_000u32 {
        pair.inject(elsewhere((n % 60_000) as u16 + 1), &check("wrong"));
    }
    assert!(pair.server.drops().get(DropReason::StunRate) >= 15_000);
    pair.run(Duration::from_secs(20));
    assert_eq!(lost(&pair.server_events), None);
}

#[test]
fn attack_6_a_certificate_that_signalling_did_not_name_gets_no_keys() {
    for version in [Version::V12, Version::V13] {
        for wrong_at_server in [true, false] {
            let mut pair = Pair::without_peers(version);
            let false_one = Fingerprint {
                hash: "sha-256".into(),
                value: vec![0xAB; 32],
            };
            let client = pair.client.certificate().fingerprint();
            let server = pair.server.certificate().fingerprint();
            let (at_server, at_client) = if wrong_at_server {
                (false_one, server)
            } else {
                (client, false_one)
            };
            pair.server
                .handle_command(
                    pair.now,
                    add_server_peer(SERVER, "server", "client", at_server),
                )
                .unwrap();
            pair.client
                .handle_command(
                    pair.now,
                    add_client_peer(CLIENT, "client", "server", at_client),
                )
                .unwrap();
            pair.run(Duration::from_secs(5));
            let (victim, events) = if wrong_at_server {
                (&pair.server, &pair.server_events)
            } else {
                (&pair.client, &pair.client_events)
            };
            assert_eq!(
                lost(events),
                Some("fingerprint_mismatch"),
                "{version:?} {wrong_at_server}"
            );
            assert!(!connected(events));
            assert_eq!(victim.peers().count(), 0);
        }
    }
}

#[test]
fn attack_6_no_fingerprint_or_a_weak_hash_is_no_identity() {
    let mut pair = Pair::without_peers(Version::V12);
    let mut command = add_server_peer(
        SERVER,
        "server",
        "client",
        pair.client.certificate().fingerprint(),
    );
    if let Command::AddPeer { remote, .. } = &mut command {
        remote.fingerprints.clear();
    }
    assert_eq!(
        pair.server.handle_command(pair.now, command),
        Err(CommandError::NoFingerprint)
    );

    let weak = Fingerprint {
        hash: "sha-1".into(),
        ..pair.client.certificate().fingerprint()
    };
    let server = pair.server.certificate().fingerprint();
    pair.server
        .handle_command(pair.now, add_server_peer(SERVER, "server", "client", weak))
        .unwrap();
    pair.client
        .handle_command(
            pair.now,
            add_client_peer(CLIENT, "client", "server", server),
        )
        .unwrap();
    pair.run(Duration::from_secs(5));
    assert!(
        pair.server_events
            .iter()
            .any(|event| format!("{event:?}").contains("fingerprint_mismatch"))
    );
}

#[test]
fn attack_7_headers_that_lie_about_their_length_are_refused_before_the_keys() {
    let mut pair = Pair::connect(Version::V12);
    let good = rtp(1, 5, &[1; 40]);
    let mut lies = vec![vec![0x80], vec![0x80, 96], good[..11].to_vec()];
    for (at, value) in [(0, 0x8F), (0, 0x9F)] {
        let mut lie = good[..20].to_vec();
        lie[at] = value;
        lies.push(lie);
    }
    let mut extension = good.clone();
    extension[0] = 0x90;
    extension[12..16].copy_from_slice(&[0xBE, 0xDE, 0xFF, 0xFF]);
    lies.push(extension);
    let count = lies.len() as u64;
    for lie in lies {
        pair.inject(at_server(), &lie);
    }
    let drops = pair.server.drops();
    assert_eq!(
        drops.get(DropReason::RtpMalformed) + drops.get(DropReason::SrtpAuth),
        count
    );
    assert!(drops.get(DropReason::RtpMalformed) >= count - 1);
    assert!(pair.server.media().rtp.is_empty());
}

/// Attack 8: the same SSRC from two peers is two streams, told apart by who holds the keys.
#[test]
fn attack_8_a_peer_cannot_speak_with_anothers_ssrc() {
    let mut pair = Pair::connect(Version::V12);
    let intruder = pair.client.certificate().fingerprint();
    let server = pair.server.certificate().fingerprint();
    pair.server
        .handle_command(
            pair.now,
            add_server_peer(PeerId(3), "other", "rogue", intruder),
        )
        .unwrap();
    pair.client_sends(&rtp(1, 5, b"victim"));
    let mut rogue = worker(9, Version::V12);
    rogue
        .handle_command(pair.now, add_client_peer(CLIENT, "rogue", "other", server))
        .unwrap();
    // Its certificate is its own, so the handshake that claims the other's peer id fails.
    let from = elsewhere(77);
    for _ in 0..20 {
        pair.now += Duration::from_millis(50);
        rogue.handle_timeout(pair.now);
        let sent: Vec<Vec<u8>> = rogue.transmits().map(|run| run.bytes.to_vec()).collect();
        rogue.sent();
        for datagram in sent {
            for mut answer in pair.inject(from, &datagram) {
                rogue.handle_datagram(pair.now, at_client(), &mut answer);
            }
        }
    }
    assert_eq!(pair.server.media().rtp, [(SERVER, rtp(1, 5, b"victim"))]);
    let lost_one = std::iter::from_fn(|| pair.server.poll_event())
        .any(|event| format!("{event:?}").contains("fingerprint_mismatch"));
    assert!(lost_one, "a foreign certificate took a peer's place");
}

#[test]
fn credentials_too_short_to_be_safe_are_refused() {
    let mut pair = Pair::without_peers(Version::V12);
    let mut command = add_server_peer(
        SERVER,
        "server",
        "client",
        pair.client.certificate().fingerprint(),
    );
    if let Command::AddPeer { local, .. } = &mut command {
        local.pwd = "short".into();
    }
    assert_eq!(
        pair.server.handle_command(pair.now, command),
        Err(CommandError::WeakCredentials)
    );
}

#[test]
fn bytes_of_no_protocol_are_counted_and_answered_by_nothing() {
    let mut pair = Pair::connect(Version::V12);
    let before = pair.server.drops().total();
    for first in 0..=255u8 {
        for length in [0usize, 1, 19, 20, 100] {
            let mut bytes = vec![first; length];
            if length > 8 {
                bytes[4..8].copy_from_slice(&0x2112_A442u32.to_be_bytes());
            }
            let answers = pair.inject(elsewhere(9), &bytes);
            assert!(answers.is_empty(), "{first} {length}");
        }
    }
    assert_eq!(pair.server.drops().total(), before + 256 * 5);
}

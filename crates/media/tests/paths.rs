//! The path among several that one browser nominates (M2.2), and what answers from strangers may cost.

mod pair;

use std::time::Duration;

use entente_media::dtls::Version;
use entente_media::ice::Tuple;
use entente_media::stun::{Builder, Class, IntegrityKey, Message};
use entente_media::types::{DropReason, Event};
use pair::*;

/// A second interface of the client's machine.
fn second() -> Tuple {
    Tuple::new(([192, 0, 2, 77], 7).into(), Some(server_address().ip()))
}

fn key(name: &str) -> IntegrityKey {
    IntegrityKey::new(credentials(name).pwd.as_bytes())
}

/// A consent check, as Firefox sends it on the pair it keeps: it nominates nothing.
fn plain_check(transaction: [u8; 12]) -> Vec<u8> {
    Builder::new(Class::Request, transaction)
        .username(b"serveruf:clientuf")
        .priority(1)
        .controlling(7)
        .finish(&key("server"))
}

/// What a full agent answers to a challenge; none to anything else.
fn proof(datagram: &[u8]) -> Option<Vec<u8>> {
    let asked = Message::parse(datagram)
        .ok()
        .filter(|message| message.class() == Class::Request)?;
    let answer = Builder::new(Class::Success, asked.transaction());
    let answer = answer.mapped_address(server_address());
    Some(answer.finish(&key("client")))
}

/// Where media for the peer leaves to now.
fn media_goes(pair: &mut Pair, sequence: u16) -> Vec<Tuple> {
    let queue = &mut pair.server.media_mut().to_send;
    queue.push_back((SERVER, 12, rtp(sequence, 6, b"for one person")));
    pair.server.handle_timeout(pair.now);
    pair.server.flush();
    let went = pair.server.transmits().map(|run| run.tuple).collect();
    pair.server.sent();
    went
}

/// The next packet of the client, sealed with its keys, for a test to deliver.
fn sealed(pair: &mut Pair, sequence: u16) -> Vec<u8> {
    let queue = &mut pair.client.media_mut().to_send;
    queue.push_back((CLIENT, 12, rtp(sequence, 5, b"mine")));
    pair.client.handle_timeout(pair.now);
    pair.client.flush();
    let media = pair.client.transmits().find(|run| run.bytes[0] == 0x80);
    let bytes = media.expect("a packet").bytes.to_vec();
    pair.client.sent();
    bytes
}

/// Delivers to the server and answers the challenges that come back, at once.
fn deliver(pair: &mut Pair, from: Tuple, bytes: &[u8]) {
    for answer in pair
        .inject(from, bytes)
        .iter()
        .filter_map(|sent| proof(sent))
    {
        pair.inject(from, &answer);
    }
}

/// A connected pair whose client nominated `second` before the handshake went to the tuple it nominated last.
fn nominated_twice() -> Pair {
    let mut pair = Pair::new(Version::V12);
    pair.inject(second(), &server_check([1; 12]));
    pair.run(Duration::from_secs(3));
    assert!(connected(&pair.server_events));
    assert_eq!(media_goes(&mut pair, 60_000), [at_server()]);
    pair
}

#[test]
fn m2_2_firefox_nominates_all_of_its_pairs_and_keeps_to_another_than_the_last() {
    let mut pair = nominated_twice();
    // Sealed at once, because the client's own worker, cut off, falls silent.
    let media: Vec<_> = (0..400).map(|n| sealed(&mut pair, n)).collect();
    // From here nothing comes from the tuple that the handshake proved.
    for (n, media) in (0u16..).zip(&media) {
        pair.run_with(Duration::from_millis(100), |_, _| Fate::Lose);
        if n % 25 == 0 {
            deliver(&mut pair, second(), &plain_check([n as u8; 12]));
        }
        deliver(&mut pair, second(), media);
        assert_eq!(media_goes(&mut pair, n), [second()], "{n}");
    }
    assert_eq!(pair.server.media().rtp.len(), 400);
    assert_eq!(lost(&pair.server_events), None);
}

#[test]
fn m2_2_media_alone_has_its_nominated_tuple_asked_for_a_proof_at_a_bounded_rate() {
    let mut pair = nominated_twice();
    let mut challenges = 0;
    for n in 0..50u16 {
        pair.run_with(Duration::from_millis(20), |_, _| Fate::Lose);
        let media = sealed(&mut pair, n);
        challenges += pair.inject(second(), &media).len();
        assert_eq!(media_goes(&mut pair, n), [at_server()], "not proven");
    }
    assert_eq!(challenges, 10, "one in 100 ms, within a second");
    let stranger = Tuple::new(([192, 0, 2, 78], 7).into(), second().local);
    let answers = pair.inject(stranger, &plain_check([9; 12]));
    assert_eq!(answers.len(), 1, "an answer and no challenge");
    let media = sealed(&mut pair, 99);
    assert!(pair.inject(stranger, &media).is_empty(), "never nominated");
}

#[test]
fn m2_2_a_challenge_outlives_its_resending_so_a_slow_answer_proves() {
    let mut pair = Pair::connect(Version::V12);
    // The answer needs 300 ms each way; a check comes every 50 ms.
    let mut answers = std::collections::VecDeque::new();
    let mut went = vec![];
    for n in 0..40u16 {
        pair.run_with(Duration::from_millis(50), |_, _| Fate::Lose);
        while answers.front().is_some_and(|(at, _)| *at <= pair.now) {
            let (_, answer): (_, Vec<u8>) = answers.pop_front().unwrap();
            pair.inject(second(), &answer);
        }
        let sent = pair.inject(second(), &server_check([n as u8; 12]));
        let due = pair.now + Duration::from_millis(600);
        answers.extend(sent.iter().filter_map(|sent| Some((due, proof(sent)?))));
        went = media_goes(&mut pair, n);
    }
    assert_eq!(went, [second()]);
}

#[test]
fn attack_5_a_flood_of_answers_on_a_known_tuple_is_bounded_and_costs_no_honest_peer_its_checks() {
    let mut pair = Pair::connect(Version::V12);
    let forged = |n: u32| {
        let transaction = [&n.to_be_bytes()[..], &[0; 8]].concat().try_into().unwrap();
        Builder::new(Class::Success, transaction).finish(&key("server"))
    };
    for n in 0..20_000 {
        pair.inject(at_server(), &forged(n));
    }
    let drops = pair.server.drops();
    let looked_at = drops.get(DropReason::StunUnknownUser);
    assert!(looked_at <= 10_100, "{looked_at}");
    let rate = drops.get(DropReason::StunRate);
    assert_eq!(looked_at + rate, 20_000);
    // A second later the pool is full again, and so is the peer's own share.
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.inject(at_server(), &server_check([9; 12])).len(), 1);
}

#[test]
fn attack_5_a_flood_from_strangers_leaves_the_share_of_a_peer_alone() {
    let mut pair = Pair::connect(Version::V12);
    for port in 1..=12_000 {
        let stranger = Tuple::new(([198, 51, 100, 7], port).into(), second().local);
        pair.inject(stranger, &server_check([0; 12])[..40]);
    }
    assert!(pair.server.drops().get(DropReason::StunRate) > 0);
    for n in 0..20 {
        let answers = pair.inject(at_server(), &server_check([n; 12]));
        assert_eq!(answers.len(), 1, "{n}");
    }
}

/// Attack 3, by somebody on the way who copies from the client's own address what the client sent there once.
#[test]
fn attack_3_copies_of_its_checks_do_not_draw_out_media_to_a_client_that_is_gone() {
    let mut pair = Pair::connect(Version::V12);
    let copy = copied_check(&pair);
    for n in 0..25 {
        pair.run_with(Duration::from_secs(1), |_, _| Fate::Lose);
        pair.inject(at_server(), &copy);
        if n < 8 {
            assert_eq!(media_goes(&mut pair, n), [at_server()]);
        }
    }
    assert_eq!(lost(&pair.server_events), Some("timeout"));
    assert_eq!(media_goes(&mut pair, 99), []);
    // Nor do they bring it back.
    for _ in 0..80 {
        pair.run_with(Duration::from_secs(1), |_, _| Fate::Lose);
        pair.inject(at_server(), &copy);
    }
    let comings = pair.server_events.iter();
    let comings = comings.filter(|event| matches!(event, Event::Connected { .. }));
    assert_eq!(comings.count(), 1);
}

#[test]
fn attack_3_a_copied_nomination_draws_no_media_back_to_a_path_that_was_left() {
    let mut pair = Pair::connect(Version::V12);
    let copy = copied_check(&pair);
    deliver(&mut pair, second(), &server_check([9; 12]));
    assert_eq!(media_goes(&mut pair, 0), [second()]);
    // Sealed at once, because the client's own worker, cut off, falls silent.
    let media: Vec<_> = (1..12).map(|n| sealed(&mut pair, n)).collect();
    for media in &media {
        pair.run_with(Duration::from_secs(1), |_, _| Fate::Lose);
        pair.inject(second(), media);
    }
    let sent = pair.inject(at_server(), &copy);
    assert_eq!(media_goes(&mut pair, 20), [second()]);
    // Whoever is really there again answers, and is sent to.
    let answer = sent.iter().find_map(|sent| proof(sent));
    pair.inject(at_server(), &answer.expect("a challenge"));
    assert_eq!(media_goes(&mut pair, 21), [at_server()]);
}

#[test]
fn m1_7_who_only_listens_lives_on_what_it_answers() {
    let mut pair = Pair::connect(Version::V12);
    pair.down.clear();
    pair.run(Duration::from_secs(120));
    assert_eq!(lost(&pair.server_events), None);
    let asked = pair.down.iter().filter(|sent| proof(sent).is_some());
    // One for each check, and those leave every 2.5 s.
    let asked = asked.count();
    assert!((40..=50).contains(&asked), "{asked} challenges");
    assert_eq!(media_goes(&mut pair, 1), [at_server()]);
}

//! Two agents against each other, and what strangers may try (attacks 3 and 5).

use super::*;

fn credentials(name: &str) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{name}uf"),
        pwd: format!("{name}password0123456789"),
    }
}

fn tuple(port: u16) -> Tuple {
    Tuple::new(([192, 0, 2, 1], port).into(), Some([192, 0, 2, 9].into()))
}

/// A request of a full, controlling browser with credentials "remote" towards our "local".
fn request(nominate: bool) -> Builder {
    let builder = Builder::new(Class::Request, [3; 12])
        .username(b"localuf:remoteuf")
        .priority(1)
        .controlling(5);
    if nominate {
        builder.use_candidate()
    } else {
        builder
    }
}

fn signed(builder: Builder, name: &str) -> Vec<u8> {
    builder.finish(&IntegrityKey::new(credentials(name).pwd.as_bytes()))
}

fn lite() -> Agent {
    Agent::lite(&credentials("local"), &credentials("remote"), 1)
}

fn feed(agent: &mut Agent, at: u64, from: u16, bytes: &[u8]) -> Result<Outcome, Refusal> {
    agent.handle_request(
        Instant::from_millis(at),
        tuple(from),
        &Message::parse(bytes).unwrap(),
    )
}

#[test]
fn a_lite_agent_answers_and_obeys_each_nomination() {
    let mut agent = lite();
    let outcome = feed(&mut agent, 0, 1, &signed(request(false), "local")).unwrap();
    assert!(outcome.verified);
    let answer = outcome.answer.unwrap();
    let answer = Message::parse(&answer).unwrap();
    assert_eq!(answer.mapped_address(), Some(tuple(1).remote));
    assert!(answer.verify(&IntegrityKey::new(credentials("local").pwd.as_bytes())));
    for port in [1, 2, 3, 1] {
        feed(&mut agent, 1, port, &signed(request(true), "local")).unwrap();
        assert_eq!(agent.path(), Some(tuple(port)));
    }
}

#[test]
fn media_moves_the_path_among_nominated_tuples_only() {
    let mut agent = lite();
    feed(&mut agent, 0, 1, &signed(request(true), "local")).unwrap();
    feed(&mut agent, 1, 2, &signed(request(true), "local")).unwrap();
    feed(&mut agent, 2, 3, &signed(request(false), "local")).unwrap();
    agent.authenticated(Instant::from_millis(3), tuple(1));
    assert_eq!(agent.path(), Some(tuple(1)));
    agent.authenticated(Instant::from_millis(3), tuple(3));
    assert_eq!(
        agent.path(),
        Some(tuple(1)),
        "a tuple that was never nominated latched the path"
    );
    agent.authenticated(Instant::from_millis(3), tuple(4));
    assert_eq!(agent.path(), Some(tuple(1)));
}

/// Attack 5: no answer to what is not authenticated, so nothing to amplify with a forged source.
#[test]
fn a_wrong_password_or_user_is_never_answered() {
    let mut agent = lite();
    assert_eq!(
        feed(&mut agent, 0, 1, &signed(request(true), "wrong")).unwrap_err(),
        Refusal::Integrity
    );
    for username in [
        &b"localuf"[..],
        b"localuf:",
        b"localuf:other",
        b"other:remoteuf",
        b"localufx:remoteuf",
        b"",
    ] {
        let bytes = signed(
            Builder::new(Class::Request, [3; 12]).username(username),
            "local",
        );
        assert_eq!(
            feed(&mut agent, 0, 1, &bytes).unwrap_err(),
            Refusal::WrongUser
        );
    }
    let bytes = signed(Builder::new(Class::Request, [3; 12]).priority(1), "local");
    assert_eq!(
        feed(&mut agent, 0, 1, &bytes).unwrap_err(),
        Refusal::WrongUser
    );
    assert_eq!(agent.path(), None);
}

/// Attack 5: an answer is never longer than the request that asked for it.
#[test]
fn an_answer_is_not_longer_than_its_request() {
    let mut agent = lite();
    for request in [
        signed(request(false), "local"),
        signed(request(true), "local"),
    ] {
        let answer = feed(&mut agent, 0, 1, &request).unwrap().answer.unwrap();
        assert!(
            answer.len() <= request.len(),
            "{} > {}",
            answer.len(),
            request.len()
        );
    }
}

/// Attack 5.
#[test]
fn a_role_conflict_is_answered_with_487_and_verifies_nothing() {
    let mut agent = lite();
    let bytes = signed(
        Builder::new(Class::Request, [3; 12])
            .username(b"localuf:remoteuf")
            .controlled(9),
        "local",
    );
    let outcome = feed(&mut agent, 0, 1, &bytes).unwrap();
    assert!(!outcome.verified);
    assert_eq!(
        Message::parse(&outcome.answer.unwrap())
            .unwrap()
            .error_code(),
        Some(487)
    );
    assert_eq!(agent.path(), None);
}

#[test]
fn consent_ends_and_the_path_falls_back() {
    let mut agent = lite();
    feed(&mut agent, 0, 1, &signed(request(true), "local")).unwrap();
    feed(&mut agent, 20_000, 2, &signed(request(true), "local")).unwrap();
    assert_eq!(agent.poll_timeout(), Some(Instant::from_millis(30_000)));
    assert_eq!(agent.expire(Instant::from_millis(30_000)), Some(tuple(1)));
    assert_eq!(agent.path(), Some(tuple(2)));
    assert_eq!(agent.expire(Instant::from_millis(50_000)), Some(tuple(2)));
    assert_eq!(agent.path(), None);
}

#[test]
fn a_peer_cannot_hold_more_tuples_than_the_limit() {
    let mut agent = lite();
    for port in 1..=40 {
        let outcome = feed(
            &mut agent,
            u64::from(port),
            port,
            &signed(request(port == 1), "local"),
        )
        .unwrap();
        assert_eq!(
            outcome.evicted.is_some(),
            usize::from(port) > MAX_TUPLES,
            "{port}"
        );
    }
    assert_eq!(agent.tuples().count(), MAX_TUPLES);
    assert_eq!(agent.path(), Some(tuple(1)), "the path in use was evicted");
}

#[test]
fn a_restart_keeps_the_old_credentials_until_the_new_ones_nominate() {
    let mut agent = lite();
    feed(&mut agent, 0, 1, &signed(request(true), "local")).unwrap();
    agent.restart(
        &credentials("newlocal"),
        &credentials("newremote"),
        Instant::from_millis(1),
    );
    feed(&mut agent, 2, 1, &signed(request(true), "local")).unwrap();
    let new = || {
        Builder::new(Class::Request, [4; 12])
            .username(b"newlocaluf:newremoteuf")
            .use_candidate()
    };
    assert_eq!(
        feed(&mut agent, 3, 2, &signed(new(), "local")).unwrap_err(),
        Refusal::Integrity
    );
    feed(&mut agent, 4, 2, &signed(new(), "newlocal")).unwrap();
    assert_eq!(agent.path(), Some(tuple(2)));
    assert_eq!(
        feed(&mut agent, 5, 1, &signed(request(true), "local")).unwrap_err(),
        Refusal::WrongUser
    );
}

#[test]
fn the_controlling_half_nominates_at_once_and_keeps_checking() {
    let mut server = lite();
    let candidate = tuple(7).remote;
    let mut client = Agent::controlling(
        &credentials("remote"),
        &credentials("local"),
        2,
        candidate,
        Instant::ZERO,
    )
    .unwrap();
    let mut checks = 0;
    for at in (0..10_000).step_by(100) {
        let now = Instant::from_millis(at);
        if let Some((to, bytes)) = client.poll_check(now, [at as u8; 12]) {
            checks += 1;
            assert_eq!(to, candidate);
            if at < 300 {
                continue;
            }
            let outcome = server
                .handle_request(now, tuple(1), &Message::parse(&bytes).unwrap())
                .unwrap();
            let answer = outcome.answer.unwrap();
            client
                .handle_response(now, tuple(7), &Message::parse(&answer).unwrap())
                .unwrap();
            assert_eq!(
                (client.path(), server.path()),
                (Some(tuple(7)), Some(tuple(1)))
            );
        }
    }
    assert_eq!(
        checks,
        2 + 4,
        "two lost, then one at 300 ms and every 2.5 s"
    );
}

/// Attack 3: an answer from elsewhere, or to nothing we asked, moves nothing.
#[test]
fn the_controlling_half_believes_only_answers_to_its_own_checks() {
    let candidate = tuple(7).remote;
    let mut client = Agent::controlling(
        &credentials("remote"),
        &credentials("local"),
        2,
        candidate,
        Instant::ZERO,
    )
    .unwrap();
    client.poll_check(Instant::ZERO, [1; 12]).unwrap();
    let answer = |transaction, name| {
        signed(
            Builder::new(Class::Success, transaction).mapped_address(tuple(1).remote),
            name,
        )
    };
    let mut try_it = |from, bytes: &[u8]| {
        client
            .handle_response(Instant::ZERO, tuple(from), &Message::parse(bytes).unwrap())
            .unwrap_err()
    };
    assert_eq!(try_it(8, &answer([1; 12], "local")), Refusal::Unexpected);
    assert_eq!(try_it(7, &answer([2; 12], "local")), Refusal::Unexpected);
    assert_eq!(try_it(7, &answer([1; 12], "other")), Refusal::Integrity);
    assert_eq!(client.path(), None);
}

#[test]
fn tuples_and_credentials_do_not_print_addresses_or_passwords() {
    assert_eq!(format!("{:?}", tuple(1)), "Tuple(v4)");
}

//! Two workers facing each other in virtual time: a controlling DTLS client and a lite DTLS server, with a wire
//! between them that a test may read, cut and write to.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use entente_media::config::Config;
use entente_media::dtls::{Certificate, Version};
use entente_media::ice::Tuple;
use entente_media::stun::{Builder, Class, IntegrityKey};
use entente_media::types::{
    Command, Event, Fingerprint, IceCredentials, IceRole, Instant, PeerId, RemoteParameters,
    RoomId, Secret, Setup, Source,
};
use entente_media::worker::Worker;
use entente_media::worker::probe::Probe;

pub const CLIENT: PeerId = PeerId(1);
pub const SERVER: PeerId = PeerId(2);
pub const ROOM: RoomId = RoomId(1);

pub fn client_address() -> SocketAddr {
    ([192, 0, 2, 1], 1000).into()
}

pub fn server_address() -> SocketAddr {
    ([192, 0, 2, 2], 2000).into()
}

/// How the server sees the client.
pub fn at_server() -> Tuple {
    Tuple::new(client_address(), Some(server_address().ip()))
}

/// How the client sees the server.
pub fn at_client() -> Tuple {
    Tuple::new(server_address(), Some(client_address().ip()))
}

pub fn credentials(name: &str) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{name}uf"),
        pwd: format!("{name}-password-of-24-chars"),
    }
}

pub fn remote(name: &str, fingerprint: Fingerprint) -> RemoteParameters {
    let IceCredentials { ufrag, pwd } = credentials(name);
    RemoteParameters {
        ufrag,
        pwd: Secret(pwd),
        fingerprints: vec![fingerprint],
    }
}

pub fn worker(seed: u8, dtls: Version) -> Worker<Probe> {
    let config = Config {
        dtls,
        ..Config::new(std::time::Instant::now(), Duration::ZERO, [seed; 32])
    };
    Worker::new(&config, Certificate::generate().unwrap(), Probe::default()).unwrap()
}

pub fn add_server_peer(
    peer: PeerId,
    name: &str,
    client: &str,
    fingerprint: Fingerprint,
) -> Command {
    Command::AddPeer {
        peer,
        room: ROOM,
        local: credentials(name),
        remote: remote(client, fingerprint),
        setup: Setup::Passive,
        role: IceRole::Lite,
        candidate: None,
        allowance: None,
        publish: Source::ALL.to_vec(),
        sections: vec![],
    }
}

pub fn add_client_peer(
    peer: PeerId,
    name: &str,
    server: &str,
    fingerprint: Fingerprint,
) -> Command {
    Command::AddPeer {
        peer,
        room: ROOM,
        local: credentials(name),
        remote: remote(server, fingerprint),
        setup: Setup::Active,
        role: IceRole::Controlling,
        candidate: Some(server_address()),
        allowance: None,
        publish: Source::ALL.to_vec(),
        sections: vec![],
    }
}

/// What a test does with a datagram on its way.
pub enum Fate {
    Deliver,
    Lose,
}

pub struct Pair {
    pub now: Instant,
    pub client: Worker<Probe>,
    pub server: Worker<Probe>,
    pub client_events: Vec<Event>,
    pub server_events: Vec<Event>,
    /// Everything that went from client to server, and back.
    pub up: Vec<Vec<u8>>,
    pub down: Vec<Vec<u8>>,
    in_flight: VecDeque<(Instant, bool, Vec<u8>)>,
    pub latency: Duration,
}

impl Pair {
    /// Both know each other's true fingerprints.
    pub fn new(dtls: Version) -> Self {
        Self::adapted(dtls, |_| {})
    }

    /// The same, with something else in both commands that make the peers.
    pub fn adapted(dtls: Version, adapt: impl Fn(&mut Command)) -> Self {
        let mut pair = Self::without_peers(dtls);
        let client = pair.client.certificate().fingerprint();
        let server = pair.server.certificate().fingerprint();
        let mut to_server = add_server_peer(SERVER, "server", "client", client);
        let mut to_client = add_client_peer(CLIENT, "client", "server", server);
        adapt(&mut to_server);
        adapt(&mut to_client);
        pair.server.handle_command(pair.now, to_server).unwrap();
        pair.client.handle_command(pair.now, to_client).unwrap();
        pair
    }

    pub fn without_peers(dtls: Version) -> Self {
        Self {
            now: Instant::from_millis(1),
            client: worker(1, dtls),
            server: worker(2, dtls),
            client_events: vec![],
            server_events: vec![],
            up: vec![],
            down: vec![],
            in_flight: VecDeque::new(),
            latency: Duration::from_millis(10),
        }
    }

    /// Lets both exchange datagrams for a while.
    pub fn run(&mut self, time: Duration) {
        self.run_with(time, |_, _| Fate::Deliver);
    }

    /// The same; `fate` sees each datagram with its direction (true: towards the server).
    pub fn run_with(&mut self, time: Duration, mut fate: impl FnMut(bool, &[u8]) -> Fate) {
        let end = self.now + time;
        loop {
            self.collect(&mut fate);
            let arrival = self.in_flight.front().map(|(at, ..)| *at);
            let timer = self.client.poll_timeout().min(self.server.poll_timeout());
            let next = arrival.map_or(timer, |at| at.min(timer)).max(self.now);
            if next > end {
                break;
            }
            self.now = next;
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            while self
                .in_flight
                .front()
                .is_some_and(|(at, ..)| *at <= self.now)
            {
                let (_, up, mut bytes) = self.in_flight.pop_front().unwrap();
                if up {
                    self.server
                        .handle_datagram(self.now, at_server(), &mut bytes);
                } else {
                    self.client
                        .handle_datagram(self.now, at_client(), &mut bytes);
                }
            }
        }
        self.now = end;
    }

    fn collect(&mut self, fate: &mut impl FnMut(bool, &[u8]) -> Fate) {
        for up in [true, false] {
            let worker = if up {
                &mut self.client
            } else {
                &mut self.server
            };
            worker.flush();
            for run in worker.transmits() {
                for datagram in run.bytes.chunks(run.segment) {
                    if matches!(fate(up, datagram), Fate::Deliver) {
                        self.in_flight
                            .push_back((self.now + self.latency, up, datagram.to_vec()));
                    }
                    if up {
                        self.up.push(datagram.to_vec())
                    } else {
                        self.down.push(datagram.to_vec())
                    }
                }
            }
            worker.sent();
            let events = std::iter::from_fn(|| worker.poll_event())
                .filter(|event| !matches!(event, Event::Stats(_)));
            if up {
                self.client_events.extend(events)
            } else {
                self.server_events.extend(events)
            }
        }
    }

    /// Feeds the server a datagram from anywhere; returns what it answers.
    pub fn inject(&mut self, from: Tuple, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.server
            .handle_datagram(self.now, from, &mut bytes.to_vec());
        self.server.flush();
        let sent = self.server.transmits().flat_map(|run| {
            run.bytes
                .chunks(run.segment)
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        });
        let sent = sent.collect();
        self.server.sent();
        sent
    }

    /// Runs until both ends are connected.
    pub fn connect(dtls: Version) -> Self {
        let mut pair = Self::new(dtls);
        pair.run(Duration::from_secs(3));
        assert!(
            connected(&pair.server_events) && connected(&pair.client_events),
            "{:?}",
            pair.server_events
        );
        pair
    }

    /// Sends an RTP packet from the client and lets it arrive.
    pub fn client_sends(&mut self, packet: &[u8]) {
        self.client
            .media_mut()
            .to_send
            .push_back((CLIENT, 12, packet.to_vec()));
        self.run(Duration::from_millis(50));
    }
}

/// A check of the client that nominates, with that transaction.
pub fn server_check(transaction: [u8; 12]) -> Vec<u8> {
    Builder::new(Class::Request, transaction)
        .username(b"serveruf:clientuf")
        .priority(1)
        .controlling(7)
        .use_candidate()
        .finish(&IntegrityKey::new(credentials("server").pwd.as_bytes()))
}

/// A check as the client sent it last, for whoever listens on the way.
pub fn copied_check(pair: &Pair) -> Vec<u8> {
    let check = pair.up.iter().rev().find(|bytes| bytes[..2] == [0, 1]);
    check.expect("a Binding request").clone()
}

pub fn connected(events: &[Event]) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::Connected { .. }))
}

pub fn lost(events: &[Event]) -> Option<&str> {
    events.iter().find_map(|event| match event {
        Event::Lost { reason, .. } => Some(&reason[..]),
        _ => None,
    })
}

pub fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 7]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

//! M1.2: what went into a worker is written down, and plays again to the same bytes and events.
#![cfg(debug_assertions)]

mod pair;
mod support;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use entente_media::config::Config;
use entente_media::dtls::{Certificate, Version};
use entente_media::ice::Tuple;
use entente_media::room::forwarder::Forwarder;
use entente_media::rtcp::write;
use entente_media::trace::{Output, Recorder, Trace, replay};
use entente_media::types::{
    Command, Event, Instant, PeerId, SlotAssignment, SlotKind, Source, TrackId,
};
use entente_media::worker::probe::Probe;
use entente_media::worker::{Worker, media_half};
use support::Dice;
use support::publisher::Publisher;
use support::sections::{client, slot_ssrc};

/// Two who watch each other over a network that loses one datagram in ten, from a printed seed.
struct Meeting {
    now: Instant,
    dice: Dice,
    server: Recorder<Forwarder>,
    clients: Vec<Worker<Probe>>,
    cameras: Vec<Publisher>,
    in_flight: VecDeque<(usize, bool, Vec<u8>)>,
    outputs: Vec<Output>,
}

fn address(at: usize) -> SocketAddr {
    ([192, 0, 2, 1], 1000 + at as u16).into()
}

fn name(side: &str, at: usize) -> String {
    format!("{side}{at}")
}

impl Meeting {
    fn new(seed: u64) -> Meeting {
        println!("seed {seed}");
        let config = Config::new(
            std::time::Instant::now(),
            Duration::from_secs(9),
            [seed as u8; 32],
        );
        let certificate = Certificate::generate().unwrap();
        let ours = certificate.fingerprint();
        let mut server = Recorder::new(&config, certificate, media_half(&config)).unwrap();
        let now = Instant::from_millis(1);
        server.handle_command(now, Command::AddRoom { room: pair::ROOM });
        let mut clients = Vec::new();
        for at in 0..2 {
            let mut client = pair::worker(at as u8 + 1, Version::V12);
            let theirs = client.certificate().fingerprint();
            let (here, there) = (name("server", at), name("client", at));
            let mut add = pair::add_server_peer(PeerId(at as u64), &here, &there, theirs);
            if let Command::AddPeer { sections, .. } = &mut add {
                *sections = self::client(10 + at as u32);
            }
            server.handle_command(now, add);
            let add = pair::add_client_peer(pair::CLIENT, &there, &here, ours.clone());
            client.handle_command(now, add).unwrap();
            clients.push(client);
        }
        let camera = |at| Publisher::new(Source::Camera, at, seed + at as u64, &["q", "h", "f"]);
        Meeting {
            now,
            dice: Dice(seed),
            server,
            clients,
            cameras: (0..2).map(camera).collect(),
            in_flight: VecDeque::new(),
            outputs: Vec::new(),
        }
    }

    /// Ten milliseconds.
    fn step(&mut self) {
        self.now += Duration::from_millis(10);
        let now = self.now;
        for (at, client) in self.clients.iter_mut().enumerate() {
            client.handle_timeout(now);
            client.flush();
            for run in client.transmits() {
                let pieces = run.bytes.chunks(run.segment);
                self.in_flight
                    .extend(pieces.map(|piece| (at, true, piece.to_vec())));
            }
            client.sent();
        }
        self.server.handle_timeout(now);
        for output in self.server.flush() {
            if let Output::Datagram(to, bytes) = &output {
                let at = usize::from(to.port() - 1000);
                self.in_flight.push_back((at, false, bytes.clone()));
            }
            self.outputs.push(output);
        }
        for (at, up, mut bytes) in std::mem::take(&mut self.in_flight) {
            if self.dice.below(10) == 0 {
                continue;
            }
            if up {
                let tuple = Tuple::new(address(at), None);
                self.server.handle_datagram(now, tuple, &bytes);
            } else {
                let tuple = Tuple::new(pair::server_address(), None);
                self.clients[at].handle_datagram(now, tuple, &mut bytes);
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.server.handle_command(self.now, command);
    }

    fn watch(&mut self, at: u64, max_layer: u8) {
        let track = TrackId {
            peer: PeerId(1 - at),
            source: Source::Camera,
        };
        self.command(Command::SetSlots {
            peer: PeerId(at),
            slots: vec![SlotAssignment {
                kind: SlotKind::Video,
                index: 0,
                track: Some(track),
                max_layer,
                await_epoch: None,
            }],
        });
    }

    /// A picture of each, and complaints about what may be missing.
    fn talk(&mut self, n: u64) {
        for at in 0..2 {
            self.cameras[at].key = n.is_multiple_of(20);
            for packet in self.cameras[at].pictures(&[1, 2, 3], 3_000) {
                let header = entente_media::rtp::Header::parse(&packet).unwrap().payload;
                let queue = &mut self.clients[at].media_mut().to_send;
                queue.push_back((pair::CLIENT, header.into(), packet));
            }
            let mut complaint = Vec::new();
            let seen = self.clients[at].media().rtp.last();
            let newest = seen.map_or(0, |(_, packet)| u16::from_be_bytes([packet[2], packet[3]]));
            let lost: Vec<_> = (0..9).map(|back| newest.wrapping_sub(back)).collect();
            write::nack(&mut complaint, 1, slot_ssrc(SlotKind::Video, 0), &lost);
            write::pli(&mut complaint, 1, slot_ssrc(SlotKind::Video, 0));
            let queue = &mut self.clients[at].media_mut().to_send_rtcp;
            queue.push_back((pair::CLIENT, complaint));
        }
    }
}

fn recorded(seed: u64) -> (Trace, Vec<Output>) {
    let mut meeting = Meeting::new(seed);
    let connected = |outputs: &[Output]| {
        let connected = |output: &&Output| match output {
            Output::Event(event) => matches!(**event, Event::Connected { .. }),
            Output::Datagram(..) => false,
        };
        outputs.iter().filter(connected).count()
    };
    for _ in 0..3_000 {
        if connected(&meeting.outputs) < 2 {
            meeting.step();
        }
    }
    assert_eq!(connected(&meeting.outputs), 2, "seed {seed}");
    for at in 0..2 {
        let leaf = Some(at as u16);
        meeting.command(Command::SetLeaf {
            peer: PeerId(at),
            leaf,
        });
        meeting.watch(at, 2);
    }
    for n in 0..300 {
        if n % 40 == 0 {
            meeting.watch(n % 2, (n / 40 % 3) as u8);
        }
        meeting.talk(n);
        (0..3).for_each(|_| meeting.step());
    }
    meeting.command(Command::RemovePeer { peer: PeerId(1) });
    (0..10).for_each(|_| meeting.step());
    (meeting.server.finish(), meeting.outputs)
}

#[test]
fn m1_2_a_recorded_meeting_with_loss_plays_again_to_the_same_datagrams_and_events() {
    for seed in [21, 22] {
        let (trace, first) = recorded(seed);
        let media = first.iter().filter(|output| match output {
            Output::Datagram(_, bytes) => bytes[0] >> 6 == 2,
            Output::Event(_) => false,
        });
        assert!(
            media.count() > 1_000,
            "seed {seed}: a meeting without media"
        );
        // Through bytes, as it would be kept.
        let kept = rmp_serde::to_vec_named(&trace).unwrap();
        let trace: Trace = rmp_serde::from_slice(&kept).unwrap();
        let again = replay(&trace, std::time::Instant::now(), media_half).unwrap();
        assert_eq!(again.len(), first.len(), "seed {seed}");
        for (n, (one, two)) in first.iter().zip(&again).enumerate() {
            assert_eq!(one, two, "seed {seed}: output {n} differs");
        }
        assert!(
            !format!("{trace:?}").contains("sending"),
            "keys do not print"
        );
    }
}

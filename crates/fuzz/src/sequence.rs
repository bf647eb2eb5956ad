//! A sequence of operations against one worker: peers come and go, strangers and the peers' own addresses send
//! anything, time passes. The bytes choose what happens.

use std::time::{Duration, Instant as SystemInstant};

use entente_media::config::Config;
use entente_media::dtls::Certificate;
use entente_media::ice::Tuple;
use entente_media::stun::{Builder, Class, IntegrityKey};
use entente_media::types::{
    Command, Fingerprint, IceCredentials, IceRole, Instant, PeerId, RemoteParameters, RoomId,
    Secret, Setup, Source,
};
use entente_media::worker::{Worker, media_half};

const PASSWORD: &str = "a-password-of-24-letters";

/// Plays the bytes as operations; the worker must neither panic nor send to a tuple that ICE has not verified.
pub fn operations(bytes: &[u8]) {
    let config = Config::new(SystemInstant::now(), Duration::ZERO, [3; 32]);
    let certificate = Certificate::generate().expect("a certificate");
    let mut worker = Worker::new(&config, certificate, media_half(&config)).expect("a worker");
    let mut now = Instant::from_millis(1);
    let mut rest = bytes;
    while let Some((operation, tail)) = rest.split_first() {
        let peer = u64::from(operation >> 4) % 4;
        let taken = step(&mut worker, now, operation & 0x0f, peer, tail);
        rest = &tail[taken.min(tail.len())..];
        now += Duration::from_millis(u64::from(operation % 7) * 50);
        if worker.poll_timeout() <= now {
            worker.handle_timeout(now);
        }
        worker.flush();
        assert!(
            worker
                .transmits()
                .all(|run| run.bytes.len() <= 65_507 && run.segment > 0)
        );
        worker.sent();
        while worker.poll_event().is_some() {}
    }
    assert_eq!(worker.panics(), 0, "a parser panicked");
}

type Engine = Worker<entente_media::room::forwarder::Forwarder>;

fn step(worker: &mut Engine, now: Instant, operation: u8, peer: u64, tail: &[u8]) -> usize {
    let id = PeerId(peer);
    let command = match operation {
        0 => Command::AddRoom { room: RoomId(1) },
        1 | 2 => add(peer),
        3 => Command::RemovePeer { peer: id },
        4 => Command::RestartIce {
            peer: id,
            local: credentials("ours", peer),
            remote: credentials("them", peer),
        },
        5 => Command::SetLeaf {
            peer: id,
            leaf: Some(peer as u16),
        },
        6 => Command::RemoveRoom { room: RoomId(1) },
        7 | 8 => {
            let check = Builder::new(Class::Request, [operation; 12])
                .username(format!("ours{peer}:them{peer}").as_bytes())
                .use_candidate()
                .finish(&IntegrityKey::new(PASSWORD.as_bytes()));
            worker.handle_datagram(now, tuple(peer), &mut check.clone());
            return 0;
        }
        _ => {
            let length = tail
                .first()
                .map_or(0, |length| usize::from(*length))
                .min(tail.len().saturating_sub(1));
            let mut datagram = tail.get(1..=length).unwrap_or_default().to_vec();
            worker.handle_datagram(now, tuple(peer), &mut datagram);
            return length + 1;
        }
    };
    // Refusals are part of the game: a peer that is there already, or is not.
    let _ = worker.handle_command(now, command);
    0
}

fn tuple(peer: u64) -> Tuple {
    Tuple::new(([192, 0, 2, 1], 1000 + peer as u16).into(), None)
}

fn credentials(name: &str, peer: u64) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{name}{peer}"),
        pwd: PASSWORD.into(),
    }
}

fn add(peer: u64) -> Command {
    Command::AddPeer {
        peer: PeerId(peer),
        room: RoomId(1),
        local: credentials("ours", peer),
        remote: RemoteParameters {
            ufrag: format!("them{peer}"),
            pwd: Secret(PASSWORD.into()),
            fingerprints: vec![Fingerprint {
                hash: "sha-256".into(),
                value: vec![0; 32],
            }],
        },
        setup: Setup::Passive,
        role: IceRole::Lite,
        candidate: None,
        allowance: None,
        publish: Source::ALL.to_vec(),
        sections: vec![],
    }
}

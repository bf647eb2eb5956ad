//! The client ends of a real worker's peers (M2.1): each an engine of its own in the controlling role, on a socket of its
//! own. They do handshakes and keep consent alive; what arrives in between is only counted, by [`crate::side::Side`].

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant as SystemInstant};

use entente_media::config::Config;
use entente_media::dtls::Certificate;
use entente_media::ice::Tuple;
use entente_media::types::{
    Command, Content, Event, Extension, ExtensionKind, Fingerprint, IceCredentials, IceRole,
    Instant, PeerId, RemoteParameters, RoomId, Secret, Section, Setup, SlotAssignment, SlotKind,
    Source, TrackId,
};
use entente_media::worker::Worker;
use entente_media::worker::probe::Probe;

use crate::sections;

const ROOM: RoomId = RoomId(1);
const HANG: Duration = Duration::from_secs(60);
/// The id under which slots carry abs-send-time.
const ABS_SEND_TIME: u8 = 2;

/// One end.
pub struct Peer {
    pub socket: UdpSocket,
    worker: Worker<Probe>,
    server: SocketAddr,
    connected: bool,
}

fn credentials(end: &str, peer: u64) -> IceCredentials {
    let ufrag = format!("{end}{peer:04}");
    IceCredentials {
        pwd: format!("{ufrag}-a-password-of-24-chars"),
        ufrag,
    }
}

fn remote(end: &str, peer: u64, fingerprint: Fingerprint) -> RemoteParameters {
    let IceCredentials { ufrag, pwd } = credentials(end, peer);
    RemoteParameters {
        ufrag,
        pwd: Secret(pwd),
        fingerprints: vec![fingerprint],
    }
}

/// `sha-256 AA:BB:…` as the subject prints it.
pub fn fingerprint(text: &str) -> Option<Fingerprint> {
    let (hash, value) = text.split_once(' ')?;
    let value = value
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).ok());
    Some(Fingerprint {
        hash: hash.into(),
        value: value.collect::<Option<_>>()?,
    })
}

impl Peer {
    /// Peer number `peer` of the worker at `server`.
    pub fn new(
        peer: u64,
        started: SystemInstant,
        certificate: &Certificate,
        (server, theirs): (SocketAddr, &Fingerprint),
    ) -> std::io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&peer.to_be_bytes());
        let config = Config::new(started, Duration::ZERO, seed);
        let mut worker = Worker::new(&config, certificate.clone(), Probe::default())
            .map_err(|_| std::io::Error::other("no DTLS"))?;
        let admission = Command::AddPeer {
            peer: PeerId(peer),
            room: ROOM,
            local: credentials("load", peer),
            remote: remote("node", peer, theirs.clone()),
            setup: Setup::Active,
            role: IceRole::Controlling,
            candidate: Some(server),
            allowance: None,
            publish: Source::ALL.to_vec(),
            sections: vec![],
        };
        worker
            .handle_command(Instant::ZERO, admission)
            .map_err(|_| std::io::Error::other("refused"))?;
        Ok(Self {
            socket,
            worker,
            server,
            connected: false,
        })
    }

    /// Gives the engine a datagram that is not media.
    pub fn take(&mut self, now: Instant, datagram: &mut [u8]) {
        let tuple = Tuple::new(self.server, None);
        self.worker.handle_datagram(now, tuple, datagram);
        self.send();
    }

    /// Does what is due.
    pub fn keep(&mut self, now: Instant) {
        if self.worker.poll_timeout() <= now {
            self.worker.handle_timeout(now);
            self.send();
        }
    }

    /// Seals and sends one RTP packet.
    pub fn publish(&mut self, now: Instant, peer: u64, header: usize, packet: Vec<u8>) {
        let media = self.worker.media_mut();
        media.to_send.push_back((PeerId(peer), header, packet));
        self.worker.handle_timeout(now);
        self.send();
    }

    fn send(&mut self) {
        self.worker.flush();
        for run in self.worker.transmits() {
            for datagram in run.bytes.chunks(run.segment) {
                // A full buffer loses a packet, as a network does; windows count what was lost.
                let _ = self.socket.send(datagram);
            }
        }
        self.worker.sent();
        while let Some(event) = self.worker.poll_event() {
            self.connected |= matches!(event, Event::Connected { .. });
        }
    }
}

/// Lets all of them shake hands.
pub fn connect(peers: &mut [Peer], started: SystemInstant) -> Result<(), String> {
    let mut datagram = [0; 2048];
    while peers.iter().any(|peer| !peer.connected) {
        let now = Instant::ZERO + started.elapsed();
        for peer in peers.iter_mut() {
            peer.keep(now);
            while let Ok(len) = peer.socket.recv(&mut datagram) {
                peer.take(now, &mut datagram[..len]);
            }
        }
        if started.elapsed() > HANG {
            return Err("not connected within a minute".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// What the worker is told of one peer: who it is, and what it watches.
pub fn admission(peer: u64, ours: Fingerprint, watched: Option<Source>) -> Vec<Command> {
    let id = PeerId(peer);
    let mut commands = vec![
        Command::AddRoom { room: ROOM },
        Command::AddPeer {
            peer: id,
            room: ROOM,
            local: credentials("node", peer),
            remote: remote("load", peer, ours),
            setup: Setup::Passive,
            role: IceRole::Lite,
            candidate: None,
            allowance: None,
            publish: Source::ALL.to_vec(),
            sections: negotiated(peer),
        },
        Command::SetLeaf {
            peer: id,
            leaf: Some(peer as u16),
        },
    ];
    if let Some(source) = watched {
        let kind = if source.is_video() {
            SlotKind::Video
        } else {
            SlotKind::Audio
        };
        let track = Some(TrackId {
            peer: PeerId(1),
            source,
        });
        let slots = vec![SlotAssignment {
            kind,
            index: 0,
            track,
            max_layer: 2,
            await_epoch: None,
        }];
        commands.push(Command::SetSlots { peer: id, slots });
    }
    commands
}

/// The sections of a client with fifteen slots; slots carry abs-send-time, as browsers ask for it.
fn negotiated(peer: u64) -> Vec<Section> {
    let microphone = if peer == 1 {
        crate::packets::MICROPHONE
    } else {
        0x0200_0000 + peer as u32
    };
    let mut sections = sections::client(microphone);
    for section in &mut sections {
        if matches!(section.content, Content::Slot { .. }) {
            let kind = ExtensionKind::AbsSendTime;
            section.extensions.push(Extension {
                id: ABS_SEND_TIME,
                kind,
            });
        }
    }
    sections
}

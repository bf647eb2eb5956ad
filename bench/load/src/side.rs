//! One of the two that are compared: a process that forwards, its publisher's socket and its receivers' sockets.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command as Program, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant as SystemInstant};

use entente_floor::cipher::Key;
use entente_floor::{forward, sys};
use entente_media::dtls::Certificate;
use entente_media::types::{Instant, Source};

use crate::packets::{Plain, watched};
use crate::peers::{self, Peer};

/// What receivers hold; 4 MB takes more than a window in flight.
const BUFFER: i32 = 4 << 20;
const PUBLISHER: u64 = 1;

enum Ends {
    Floor {
        publisher: UdpSocket,
        receivers: Vec<UdpSocket>,
        key: Key,
    },
    Worker {
        peers: Vec<Peer>,
        started: SystemInstant,
    },
}

/// A process and the sockets around it.
pub struct Side {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
    ends: Ends,
    /// RTP packets that receivers got, and their bytes.
    pub delivered: u64,
    pub bytes: u64,
    /// The newest line of statistics.
    pub told: String,
}

impl Side {
    /// The raw floor with N receivers of `source`.
    pub fn floor(program: &Path, source: Source, count: u64) -> Result<Self, Box<dyn Error>> {
        let socket = || -> std::io::Result<UdpSocket> {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let receivers = (0..count)
            .map(|_| socket())
            .collect::<Result<Vec<_>, _>>()?;
        receivers
            .iter()
            .try_for_each(|one| sys::enlarge(one, BUFFER))?;
        let mut arguments = vec![watched(source).to_string()];
        for one in &receivers {
            arguments.push(one.local_addr()?.to_string());
        }
        let (child, input, output) = start(program, &arguments)?;
        let server: SocketAddr = output.recv()?.parse()?;
        let publisher = socket()?;
        publisher.connect(server)?;
        let key = Key::numbered(forward::PUBLISHER);
        let ends = Ends::Floor {
            publisher,
            receivers,
            key,
        };
        Ok(Self {
            child,
            input,
            output,
            ends,
            delivered: 0,
            bytes: 0,
            told: String::new(),
        })
    }

    /// The real worker with N receivers of `source`, all connected.
    pub fn worker(program: &Path, source: Source, count: u64) -> Result<Self, Box<dyn Error>> {
        let (child, mut input, output) = start(program, &[])?;
        let line = output.recv()?;
        let (address, theirs) = line.split_once(' ').ok_or("no address")?;
        let (server, theirs) = (
            address.parse()?,
            peers::fingerprint(theirs).ok_or("no fingerprint")?,
        );
        let certificate = Certificate::generate().map_err(|_| "no certificate")?;
        let started = SystemInstant::now();
        let mut all = Vec::new();
        for peer in PUBLISHER..=PUBLISHER + count {
            let shown = (peer != PUBLISHER).then_some(source);
            for command in peers::admission(peer, certificate.fingerprint(), shown) {
                let bytes = rmp_serde::to_vec_named(&command)?;
                let line: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                writeln!(input, "{line}")?;
            }
            let end = Peer::new(peer, started, &certificate, (server, &theirs))?;
            sys::enlarge(&end.socket, BUFFER)?;
            all.push(end);
        }
        peers::connect(&mut all, started)?;
        let ends = Ends::Worker {
            peers: all,
            started,
        };
        Ok(Self {
            child,
            input,
            output,
            ends,
            delivered: 0,
            bytes: 0,
            told: String::new(),
        })
    }

    /// CPU time of the whole process so far.
    pub fn cpu(&self) -> Duration {
        sys::cpu_of(self.child.id()).unwrap_or_default()
    }

    /// The publisher sends.
    pub fn publish(&mut self, mut packet: Plain) {
        match &mut self.ends {
            Ends::Floor { publisher, key, .. } => {
                key.seal(
                    &mut packet.bytes,
                    0,
                    packet.header,
                    packet.ssrc,
                    packet.index,
                );
                // A full buffer loses a packet, as a network does; windows count what was lost.
                let _ = publisher.send(&packet.bytes);
            }
            Ends::Worker { peers, started } => {
                let now = Instant::ZERO + started.elapsed();
                peers[0].publish(now, PUBLISHER, packet.header, packet.bytes);
            }
        }
    }

    /// Takes what has arrived, one datagram at each call of the kernel; whether there was anything.
    pub fn drain(&mut self) -> bool {
        let before = self.delivered;
        let mut datagram = [0; 2048];
        match &mut self.ends {
            Ends::Floor { receivers, .. } => {
                for socket in receivers {
                    while let Ok(len) = socket.recv(&mut datagram) {
                        self.delivered += 1;
                        self.bytes += len as u64;
                    }
                }
            }
            Ends::Worker { peers, started } => {
                for (at, peer) in peers.iter_mut().enumerate() {
                    while let Ok(len) = peer.socket.recv(&mut datagram) {
                        let rtcp = (64..96).contains(&(datagram[1] & 0x7f));
                        if datagram[0] < 64 {
                            peer.take(Instant::ZERO + started.elapsed(), &mut datagram[..len]);
                        } else if at > 0 && !rtcp {
                            self.delivered += 1;
                            self.bytes += len as u64;
                        }
                    }
                }
            }
        }
        self.delivered > before
    }

    /// Checks of consent, and what the process has said.
    pub fn keep(&mut self) -> Result<(), Box<dyn Error>> {
        if let Ends::Worker { peers, started } = &mut self.ends {
            let now = Instant::ZERO + started.elapsed();
            peers.iter_mut().for_each(|peer| peer.keep(now));
        }
        while let Ok(line) = self.output.try_recv() {
            if line.starts_with("lost") {
                return Err(format!("the worker says: {line}").into());
            }
            if let Some(stats) = line.strip_prefix("stats ") {
                self.told = stats.into();
            }
        }
        Ok(())
    }

    /// The tick in microseconds (M1.4).
    pub fn tick(&mut self) -> Result<u64, Box<dyn Error>> {
        if let Ends::Floor { .. } = self.ends {
            writeln!(self.input)?;
            return Ok(self.output.recv()?.parse()?);
        }
        self.keep()?;
        Ok(self
            .told
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .unwrap_or_default())
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // A process that has ended already cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Started = (Child, ChildStdin, Receiver<String>);

fn start(program: &Path, arguments: &[String]) -> Result<Started, Box<dyn Error>> {
    let mut child = Program::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = child.stdin.take().ok_or("no input")?;
    let output = child.stdout.take().ok_or("no output")?;
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        for line in lines {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    Ok((child, input, told))
}

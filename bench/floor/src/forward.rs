//! Receive once, open, seal N times, send.

use std::io;
use std::net::{SocketAddrV4, UdpSocket};

use crate::cipher::Key;
use crate::sys::{self, Receiver, Run, Sender};

/// Buffers per `recvmmsg`, calls per wake-up, and packets made before they leave: the worker's numbers.
const RECEIVE_BATCH: usize = 16;
const ROUNDS: usize = 8;
const MADE: usize = 512;
/// Runs per `sendmmsg`.
const SEND_BATCH: usize = 64;
/// Linux's limits for one run.
const MAX_SEGMENTS: usize = 64;
const MAX_RUN: usize = 65_000;
/// What goes before each payload: an RTP header with one extension of three bytes, as slots have.
pub const HEADER: usize = 20;
/// The number of the publisher's key; receivers count from 1.
pub const PUBLISHER: u32 = 0;
const SSRC: u32 = 0x5000;

struct Target {
    to: SocketAddrV4,
    key: Key,
    index: u64,
}

/// The whole of it.
pub struct Forward {
    socket: UdpSocket,
    opener: Key,
    /// The stream that is passed on; others are opened and dropped, as layers nobody watches are.
    passed: u32,
    newest: Vec<(u32, u64)>,
    targets: Vec<Target>,
    receiver: Receiver,
    sender: Sender,
    bodies: Vec<u8>,
    spans: Vec<(usize, usize)>,
    arena: Vec<u8>,
    runs: Vec<(SocketAddrV4, usize, usize, usize)>,
}

impl Forward {
    /// A forwarder of the stream `passed` to these addresses.
    ///
    /// # Errors
    /// The kernel's, when it refuses an option.
    pub fn new(socket: UdpSocket, passed: u32, targets: &[SocketAddrV4]) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        sys::prepare_server(&socket)?;
        let targets = targets.iter().zip(1..).map(|(to, number)| Target {
            to: *to,
            key: Key::numbered(number),
            index: 0,
        });
        Ok(Self {
            socket,
            opener: Key::numbered(PUBLISHER),
            passed,
            newest: Vec::new(),
            targets: targets.collect(),
            receiver: Receiver::new(RECEIVE_BATCH),
            sender: Sender::new(SEND_BATCH),
            bodies: Vec::new(),
            spans: Vec::new(),
            arena: Vec::new(),
            runs: Vec::new(),
        })
    }

    /// The socket to wait for.
    #[must_use]
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Takes what waits and passes it on: one wake-up.
    pub fn serve(&mut self) {
        for _ in 0..ROUNDS {
            let filled = self.receive();
            if self.spans.len() * self.targets.len() >= MADE {
                self.flush();
            }
            if filled < RECEIVE_BATCH {
                break;
            }
        }
        self.flush();
    }

    fn receive(&mut self) -> usize {
        let Self {
            socket,
            opener,
            passed,
            newest,
            receiver,
            bodies,
            spans,
            ..
        } = self;
        let take = |datagrams: &mut [u8], segment: usize| {
            for packet in datagrams.chunks_mut(segment) {
                let Some((ssrc, at, end)) = open(opener, newest, packet) else {
                    continue;
                };
                if ssrc == *passed {
                    spans.push((bodies.len(), bodies.len() + end - at));
                    bodies.extend_from_slice(&packet[at..end]);
                }
            }
        };
        receiver.receive(socket, take).unwrap_or(0)
    }

    fn flush(&mut self) {
        for at in 0..self.targets.len() {
            for span in 0..self.spans.len() {
                self.seal(at, self.spans[span]);
            }
            if self.runs.len() >= SEND_BATCH {
                self.send();
            }
        }
        self.send();
        self.spans.clear();
        self.bodies.clear();
    }

    #[inline]
    fn seal(&mut self, at: usize, (from, to): (usize, usize)) {
        let target = &mut self.targets[at];
        let start = self.arena.len();
        let mut header = [
            0x90, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 0x22, 0, 0, 0,
        ];
        header[2..4].copy_from_slice(&(target.index as u16).to_be_bytes());
        header[8..12].copy_from_slice(&SSRC.to_be_bytes());
        self.arena.extend_from_slice(&header);
        self.arena.extend_from_slice(&self.bodies[from..to]);
        target
            .key
            .seal(&mut self.arena, start, HEADER, SSRC, target.index);
        target.index += 1;
        let (to, len) = (target.to, self.arena.len() - start);
        self.queue(to, start, len);
    }

    /// Joins the last run where segmentation offload allows it.
    #[inline]
    fn queue(&mut self, to: SocketAddrV4, start: usize, len: usize) {
        if let Some((last_to, _, last_len, segment)) = self.runs.last_mut()
            && *last_to == to
            && last_len.is_multiple_of(*segment)
            && len <= *segment
            && *last_len + len <= MAX_RUN
            && *last_len / *segment < MAX_SEGMENTS
        {
            *last_len += len;
        } else {
            self.runs.push((to, start, len, len));
        }
    }

    fn send(&mut self) {
        let arena = &self.arena;
        let runs = self.runs.iter().map(|&(to, start, len, segment)| Run {
            to,
            bytes: &arena[start..start + len],
            segment,
        });
        self.sender.send_all(&self.socket, runs);
        self.runs.clear();
        self.arena.clear();
    }
}

/// Opens one packet; its SSRC and where its payload lies.
#[inline]
fn open(key: &Key, newest: &mut Vec<(u32, u64)>, packet: &mut [u8]) -> Option<(u32, usize, usize)> {
    let word = |at: usize| Some(u32::from_be_bytes(*packet.get(at..)?.first_chunk()?));
    let (first, ssrc) = (word(0)?, word(8)?);
    let words = if first >> 28 & 1 == 1 {
        1 + (word(12)? & 0xffff) as usize
    } else {
        0
    };
    let header = 12 + 4 * words;
    let index = extend(newest, ssrc, first as u16);
    let end = key.open(packet, header, ssrc, index)?;
    Some((ssrc, header, end))
}

/// The 48-bit index of a sequence number, of a stream without reordering.
fn extend(newest: &mut Vec<(u32, u64)>, ssrc: u32, seq: u16) -> u64 {
    let Some((_, known)) = newest.iter_mut().find(|(known, _)| *known == ssrc) else {
        newest.push((ssrc, u64::from(seq)));
        return u64::from(seq);
    };
    *known += u64::from(seq.wrapping_sub(*known as u16));
    *known
}

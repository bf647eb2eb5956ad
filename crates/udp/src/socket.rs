//! One UDP socket with everything a media server asks of the kernel: the address that was hit, joined
//! datagrams, dropped ones counted, large buffers (M1.1, M1.5).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use entente_media::transmits::Transmit;

use crate::address::{Family, for_family};
use crate::sys::{self, Outgoing, Received, Receiver, Sender};

/// Buffers per `recvmmsg`. Each holds one joined batch of up to 64 KiB; more would outgrow the cache.
const RECEIVE_BATCH: usize = 16;
/// The largest datagram the kernel may hand over when it joins (UDP GRO).
const RECEIVE_SIZE: usize = 65_536;
/// Runs per `sendmmsg`; beyond some tens the saving is gone.
const SEND_BATCH: usize = 64;
/// How long one flush may wait for the send buffer before its rest is dropped: late media is worth nothing.
const SEND_PATIENCE: Duration = Duration::from_millis(1);

/// Runs more that were refused whole than left together: then it is not a destination that cannot take them so, but an
/// interface. Fewer lets some destinations with a narrow path slow down everybody's.
const IN_VAIN: u32 = 16;
/// Interfaces that are told apart, by our address on them; those beyond share. A handful is a large machine.
const INTERFACES: usize = 8;
/// Runs that then leave singly before segmentation is tried again: an interface or route may change.
const REST: u32 = 4096;

/// What the kernel granted, in bytes as it counts them (Linux doubles what is asked).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffers {
    /// Asked for, each way.
    pub asked: usize,
    /// Receive buffer.
    pub receive: usize,
    /// Send buffer.
    pub send: usize,
}

/// What a flush did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Datagrams the kernel did not take.
    pub(crate) refused: u64,
    /// Runs that left with segmentation offload.
    pub(crate) offloaded: u64,
}

/// Whether runs leave with segmentation offload by one interface. One without checksum offload refuses it for all, a path
/// narrower than a segment for some.
#[derive(Default)]
struct Offload {
    in_vain: u32,
    resting: u32,
}

impl Offload {
    fn ask(&mut self) -> bool {
        let on = self.resting == 0;
        self.resting = self.resting.saturating_sub(1);
        on
    }

    /// A run left whole. It makes up for one that did not, and for no more: where most are refused, trying costs more than
    /// it saves.
    fn worked(&mut self) {
        self.in_vain = self.in_vain.saturating_sub(1);
    }

    /// A run left singly that was refused whole.
    fn failed(&mut self) {
        self.in_vain += 1;
        if self.in_vain >= IN_VAIN {
            *self = Self {
                in_vain: 0,
                resting: REST,
            };
        }
    }
}

/// The socket and its memory.
pub(crate) struct Socket {
    fd: OwnedFd,
    address: SocketAddr,
    buffers: Buffers,
    receiver: Receiver,
    overflowed: u32,
    outlet: Outlet,
}

/// The half of a socket that sends. It is lent to whoever takes what comes, so that a burst can be answered before all
/// of it was read.
pub(crate) struct Outlet {
    /// A descriptor of its own, of the same socket.
    fd: OwnedFd,
    family: Family,
    sender: Sender,
    offloads: [Offload; INTERFACES],
}

impl Socket {
    /// Opens and binds; `[::]` is dual-stack.
    pub(crate) fn bind(bind: SocketAddr, buffer: usize) -> io::Result<Self> {
        let family = Family::of(bind);
        let fd = sys::udp_socket(family)?;
        match family {
            Family::V4 => sys::set_option(&fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?,
            Family::Dual => {
                sys::set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
                sys::set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
            }
        }
        let _ = sys::set_option(&fd, libc::SOL_UDP, libc::UDP_GRO, 1);
        let _ = sys::set_option(&fd, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1);
        let buffers = enlarge(&fd, buffer)?;
        sys::bind(&fd, bind)?;
        let address = sys::local_address(&fd)?;
        let outlet = Outlet {
            fd: fd.try_clone()?,
            family,
            sender: Sender::new(family, SEND_BATCH),
            offloads: Default::default(),
        };
        Ok(Self {
            fd,
            address,
            buffers,
            receiver: Receiver::new(RECEIVE_BATCH, RECEIVE_SIZE),
            overflowed: 0,
            outlet,
        })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) const fn buffers(&self) -> Buffers {
        self.buffers
    }

    pub(crate) fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// The half that sends.
    pub(crate) fn outlet(&mut self) -> &mut Outlet {
        &mut self.outlet
    }

    /// One `recvmmsg`. Returns whether it was full, so that more may wait, and what the kernel dropped since.
    pub(crate) fn receive(
        &mut self,
        mut take: impl FnMut(&mut Outlet, Received<'_>),
    ) -> io::Result<(bool, u64)> {
        let before = self.overflowed;
        let (overflowed, outlet) = (&mut self.overflowed, &mut self.outlet);
        let filled = self.receiver.receive(&self.fd, |received| {
            *overflowed = received.overflowed.unwrap_or(*overflowed);
            take(outlet, received);
        });
        match filled {
            Ok(filled) => Ok((
                filled == RECEIVE_BATCH,
                u64::from(self.overflowed.wrapping_sub(before)),
            )),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((false, 0)),
            Err(error) => Err(error),
        }
    }
}

impl Outlet {
    /// Sends all runs; what the kernel refuses is counted, never retried later.
    pub(crate) fn send<'a>(&mut self, runs: impl Iterator<Item = Transmit<'a>>) -> Sent {
        let mut sent = Sent::default();
        let mut batch = [Outgoing::EMPTY; SEND_BATCH];
        let mut filled = 0;
        for run in runs {
            let Some(to) = for_family(self.family, run.tuple.remote) else {
                sent.refused += run.count() as u64;
                continue;
            };
            let several = run.bytes.len() > run.segment;
            let pieces = if several && self.offload(run.tuple.local).ask() {
                run.bytes.len()
            } else {
                run.segment
            };
            for bytes in run.bytes.chunks(pieces.max(1)) {
                let segment = (bytes.len() > run.segment).then_some(run.segment as u16);
                batch[filled] = Outgoing {
                    to,
                    local: run.tuple.local,
                    bytes,
                    segment,
                };
                filled += 1;
                if filled == SEND_BATCH {
                    self.send_batch(&batch, &mut sent);
                    filled = 0;
                }
            }
        }
        self.send_batch(&batch[..filled], &mut sent);
        sent
    }

    /// The state of the interface with that address of ours.
    fn offload(&mut self, local: Option<IpAddr>) -> &mut Offload {
        let last = |ip| match ip {
            IpAddr::V4(ip) => ip.octets()[3],
            IpAddr::V6(ip) => ip.octets().iter().fold(0, |mixed, byte| mixed ^ byte),
        };
        &mut self.offloads[usize::from(local.map_or(0, last)) % INTERFACES]
    }

    fn send_batch(&mut self, mut batch: &[Outgoing<'_>], sent: &mut Sent) {
        let mut patience = true;
        while let Some(first) = batch.first() {
            match self.sender.send(&self.fd, batch) {
                Ok(taken) => {
                    for run in batch[..taken].iter().filter(|run| run.segment.is_some()) {
                        sent.offloaded += 1;
                        self.offload(run.local).worked();
                    }
                    batch = &batch[taken..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && patience => {
                    patience = sys::wait_writable(&self.fd, SEND_PATIENCE);
                    if !patience {
                        return sent.refused += batch.iter().map(datagrams).sum::<u64>();
                    }
                }
                Err(error) => {
                    let invalid = [libc::EIO, libc::EINVAL, libc::EMSGSIZE].map(Some);
                    match first.segment {
                        Some(segment) if invalid.contains(&error.raw_os_error()) => {
                            self.send_singly(first, segment, sent);
                        }
                        _ => sent.refused += datagrams(first),
                    }
                    batch = &batch[1..];
                }
            }
        }
    }

    /// Sends the datagrams of a run that was refused whole. If none of them leaves either, the run was at fault (its
    /// destination cannot be reached) and not its form.
    fn send_singly(&mut self, run: &Outgoing<'_>, segment: u16, sent: &mut Sent) {
        let before = sent.refused;
        let mut batch = [Outgoing::EMPTY; SEND_BATCH];
        let mut pieces = singly(run, segment);
        loop {
            let mut filled = 0;
            for (place, piece) in batch.iter_mut().zip(&mut pieces) {
                *place = piece;
                filled += 1;
            }
            if filled == 0 {
                break;
            }
            self.send_batch(&batch[..filled], sent);
        }
        if sent.refused - before < datagrams(run) {
            self.offload(run.local).failed();
        }
    }
}

/// Pieces of a run as datagrams of their own.
fn singly<'a>(run: &Outgoing<'a>, segment: u16) -> impl Iterator<Item = Outgoing<'a>> {
    let (to, local) = (run.to, run.local);
    run.bytes
        .chunks(usize::from(segment).max(1))
        .map(move |bytes| Outgoing {
            to,
            local,
            bytes,
            segment: None,
        })
}

fn datagrams(run: &Outgoing<'_>) -> u64 {
    run.segment.map_or(1, |segment| {
        run.bytes.len().div_ceil(usize::from(segment)) as u64
    })
}

/// Asks for more than the system's limit first, as root may have; reads back what was granted.
fn enlarge(fd: &OwnedFd, asked: usize) -> io::Result<Buffers> {
    let value = i32::try_from(asked).unwrap_or(i32::MAX);
    for (forced, plain) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
    ] {
        if sys::set_option(fd, libc::SOL_SOCKET, forced, value).is_err() {
            sys::set_option(fd, libc::SOL_SOCKET, plain, value)?;
        }
    }
    let granted =
        |name| sys::option(fd, libc::SOL_SOCKET, name).map(|n| usize::try_from(n).unwrap_or(0));
    Ok(Buffers {
        asked,
        receive: granted(libc::SO_RCVBUF)?,
        send: granted(libc::SO_SNDBUF)?,
    })
}

#[cfg(test)]
mod tests;

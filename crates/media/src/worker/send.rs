//! From plain packets to sealed runs: grouped by destination, so that its keys stay in the cache while all of
//! its packets are sealed and equal ones share one system call.

use super::{MediaHalf, Worker};
use crate::ice::Tuple;
use crate::outbox::{OutPacket, Outbox};
use crate::peer::{Peer, Phase};
use crate::srtp::SealError;
use crate::transmits::Transmits;
use crate::types::{DropReason, PeerId};

impl<M: MediaHalf> Worker<M> {
    /// Seals everything the media half has queued; then send [`Worker::transmits`].
    pub fn flush(&mut self) {
        if self.outbox.packets().is_empty() {
            return;
        }
        self.group();
        let Self {
            peers,
            outbox,
            transmits,
            dirty,
            drops,
            counters,
            ..
        } = self;
        for index in dirty.drain(..) {
            let Some(peer) = peers[index as usize].as_deref_mut() else {
                continue;
            };
            let pending = std::mem::take(&mut peer.pending);
            for &at in &pending {
                match seal(peer, outbox, &outbox.packets()[at as usize], transmits) {
                    Ok(len) => {
                        counters.packets_out += 1;
                        counters.bytes_out += len as u64;
                    }
                    Err(reason) => drops.count(reason),
                }
            }
            peer.pending = pending;
            peer.pending.clear();
        }
        outbox.clear();
    }

    /// Lists each peer's packets, in their order.
    fn group(&mut self) {
        let Self {
            peers,
            outbox,
            by_id,
            dirty,
            drops,
            ..
        } = self;
        let mut last: Option<(PeerId, u32)> = None;
        for (at, packet) in outbox.packets().iter().enumerate() {
            let index = match last {
                Some((id, index)) if id == packet.peer => Some(index),
                _ => by_id.get(&packet.peer).copied(),
            };
            let Some(index) = index else {
                drops.count(DropReason::UnknownPeer);
                continue;
            };
            last = Some((packet.peer, index));
            if let Some(peer) = peers[index as usize].as_deref_mut() {
                if peer.pending.is_empty() {
                    dirty.push(index);
                }
                peer.pending.push(at as u32);
            }
        }
    }
}

#[inline]
fn seal(
    peer: &mut Peer,
    outbox: &Outbox,
    packet: &OutPacket,
    transmits: &mut Transmits,
) -> Result<usize, DropReason> {
    let path: Option<Tuple> = peer.ice.media_path();
    let (Some(tuple), Some(session), Phase::Connected) = (path, &mut peer.session, peer.phase)
    else {
        return Err(DropReason::NotConnected);
    };
    let (head, body) = (outbox.bytes(packet.head), outbox.bytes(packet.body));
    let sealed = transmits.with(tuple, |arena| {
        if packet.rtcp {
            session.outbound.seal_rtcp(head, arena)
        } else {
            session
                .outbound
                .seal_rtp(head, body, usize::from(packet.rtp_header_len), arena)
        }
    });
    sealed.map_err(|error| {
        debug_assert!(
            error != SealError::IndexUsed,
            "the media half reused an SRTP index"
        );
        match error {
            SealError::IndexUsed => DropReason::IndexReused,
            SealError::Malformed => DropReason::RtpMalformed,
            SealError::TooManyStreams => DropReason::TooManySsrcs,
            SealError::Exhausted | SealError::Library => DropReason::SealRefused,
        }
    })
}

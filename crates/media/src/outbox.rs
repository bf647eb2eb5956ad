//! Where the forwarder leaves plain packets for the transport to seal: one arena of bytes per batch, so that
//! forwarding to a hundred people copies a payload once and allocates nothing once the arena has grown.

use crate::types::PeerId;

/// A stretch of the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it holds nothing.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// One plain packet for one peer: `head ‖ body`. The body may be shared by many packets.
#[derive(Clone, Copy, Debug)]
pub struct OutPacket {
    /// Who it is for.
    pub peer: PeerId,
    /// RTP header with extensions and the codec's rewritten descriptor, or a whole RTCP compound.
    pub head: Span,
    /// What follows the head, untouched; empty for RTCP.
    pub body: Span,
    /// Length of the RTP header with extensions inside `head`, which SRTP authenticates but leaves clear.
    /// Zero for RTCP.
    pub rtp_header_len: u16,
    /// Whether this is RTCP.
    pub rtcp: bool,
}

impl OutPacket {
    /// Length of the whole packet in bytes.
    pub const fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Whether the packet holds nothing; never true for one the forwarder made.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Packets the forwarder made, until the transport has sealed them and calls [`Outbox::clear`].
#[derive(Debug, Default)]
pub struct Outbox {
    arena: Vec<u8>,
    packets: Vec<OutPacket>,
}

impl Outbox {
    /// An empty outbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// The packets, in the order they must leave.
    pub fn packets(&self) -> &[OutPacket] {
        &self.packets
    }

    /// Bytes of a head or body.
    pub fn bytes(&self, span: Span) -> &[u8] {
        &self.arena[span.start as usize..span.start as usize + span.len()]
    }

    /// Appends the whole plain packet to `to`.
    pub fn copy_to(&self, packet: &OutPacket, to: &mut Vec<u8>) {
        to.extend_from_slice(self.bytes(packet.head));
        to.extend_from_slice(self.bytes(packet.body));
    }

    /// Bytes held; the transport may flush before a batch grows past its cache.
    pub fn arena_len(&self) -> usize {
        self.arena.len()
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.packets.clear();
    }

    /// Stores bytes that packets can share.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> Span {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        Span {
            start,
            len: bytes.len() as u32,
        }
    }

    /// Starts a head at the arena's end; what is written to [`Outbox::writer`] until the packet is pushed
    /// belongs to it.
    pub(crate) fn begin(&self) -> usize {
        self.arena.len()
    }

    /// The arena to append to.
    pub(crate) fn writer(&mut self) -> &mut Vec<u8> {
        &mut self.arena
    }

    /// The bytes written since `begin`.
    fn since(&self, begin: usize) -> Span {
        Span {
            start: begin as u32,
            len: (self.arena.len() - begin) as u32,
        }
    }

    /// Ends an RTP head begun at `begin` and queues the packet.
    pub(crate) fn push_rtp(
        &mut self,
        peer: PeerId,
        begin: usize,
        rtp_header_len: usize,
        body: Span,
    ) {
        let head = self.since(begin);
        self.packets.push(OutPacket {
            peer,
            head,
            body,
            rtp_header_len: rtp_header_len as u16,
            rtcp: false,
        });
    }

    /// Ends an RTCP compound begun at `begin` and queues it; an empty one is left out.
    pub(crate) fn push_rtcp(&mut self, peer: PeerId, begin: usize) {
        let head = self.since(begin);
        if !head.is_empty() {
            let body = Span::default();
            self.packets.push(OutPacket {
                peer,
                head,
                body,
                rtp_header_len: 0,
                rtcp: true,
            });
        }
    }
}

//! The worker: one thread's whole media plane without its thread (M1). Datagrams, commands and time go in,
//! sealed datagrams and events come out.
//!
//! Call order, per wake-up: `handle_timeout` if [`Worker::poll_timeout`] has passed, `handle_command` and
//! `handle_datagrams` as often as there is something, and after them (or in between, when
//! [`Worker::wants_flush`] says so) `flush`, `transmits`, `sent`; then `poll_event` until it is empty. The one
//! thing a caller must keep: `now` never goes backwards.

mod commands;
mod forward;
mod half;
#[doc(hidden)]
pub mod probe;
mod receive;
mod send;
mod timers;

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustc_hash::FxHashMap;

pub use commands::CommandError;
pub use forward::media_half;
pub use half::MediaHalf;

use crate::config::{Allowance, Config};
use crate::dtls::{Certificate, Context, DtlsError};
use crate::guard::active;
use crate::ice::Tuple;
use crate::outbox::Outbox;
use crate::peer::Peer;
use crate::transmits::{Transmit, Transmits};
use crate::types::{DropCounts, DropReason, Event, Instant, PeerId, Stats};

/// Statistics leave this often.
const STATS: std::time::Duration = std::time::Duration::from_secs(1);
/// Plain packets that wait for a flush at most. More of them share system calls; fewer stay in the cache.
const BATCH: usize = 512;
/// Plain packets, or runs of sealed ones, that wait for a flush at the very most. One read may bring 1,024 datagrams, each of
/// which may go to hundreds of people: all of them at once would take hundreds of megabytes, which nothing gives back. Fewer
/// cost large meetings the joining of their packets into runs; more let the memory of a thread grow beyond some 15 MB.
const MOST: usize = 8_192;
/// Checks per second that are looked at from tuples nobody has verified; each costs an HMAC of about 1 µs. A node
/// of 500 people joining at once sends some 5,000; lower refuses them, higher feeds a flood.
const STUN_PER_SECOND: u32 = 10_000;

/// What the thread around the worker knows and the statistics tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadReport {
    /// Busy share over the last second, 0 to 1.
    pub load: f32,
    /// Tick in microseconds (M1.4).
    pub tick_us: u32,
    /// Runs sent with segmentation offload since the start.
    pub gso_batches: u64,
}

#[derive(Default)]
struct Counters {
    packets_in: u64,
    packets_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    panics: u64,
}

/// See the module's text for the order of calls.
pub struct Worker<M> {
    media: M,
    context: Arc<Context>,
    peers: Vec<Option<Box<Peer>>>,
    free: Vec<u32>,
    by_id: FxHashMap<PeerId, u32>,
    by_tuple: FxHashMap<(u128, u128), u32>,
    by_ufrag: HashMap<Vec<u8>, u32>,
    outbox: Outbox,
    transmits: Transmits,
    dirty: Vec<u32>,
    events: VecDeque<Event>,
    drops: DropCounts,
    counters: Counters,
    report: ThreadReport,
    rng: ChaCha12Rng,
    /// Nothing of the transport is due before this.
    transport_due: Instant,
    stats_due: Instant,
    stun_left: u32,
    allowance: Allowance,
    /// Whose bytes are being worked on: who pays for a panic.
    current: Option<u32>,
}

impl<M: MediaHalf> Worker<M> {
    /// A worker without rooms.
    ///
    /// # Errors
    /// [`DtlsError`] if the cryptographic library cannot do DTLS.
    pub fn new(config: &Config, certificate: Certificate, media: M) -> Result<Self, DtlsError> {
        Ok(Self {
            media,
            context: Arc::new(Context::new(certificate, config.dtls, config.started)?),
            peers: Vec::new(),
            free: Vec::new(),
            by_id: FxHashMap::default(),
            by_tuple: FxHashMap::default(),
            by_ufrag: HashMap::new(),
            outbox: Outbox::new(),
            transmits: Transmits::default(),
            dirty: Vec::new(),
            events: VecDeque::new(),
            drops: DropCounts::default(),
            counters: Counters::default(),
            report: ThreadReport::default(),
            rng: ChaCha12Rng::from_seed(config.seed),
            transport_due: Instant::ZERO + STATS,
            stats_due: Instant::ZERO + STATS,
            stun_left: STUN_PER_SECOND,
            allowance: config.allowance,
            current: None,
        })
    }

    /// Records or replays handshakes from here on; returns the script so far (M1.2).
    #[cfg(debug_assertions)]
    pub(crate) fn set_script(
        &self,
        script: crate::dtls::script::Script,
    ) -> crate::dtls::script::Script {
        let locked = self.context.script.lock();
        let mut locked = locked.unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut *locked, script)
    }

    /// Our certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.context.certificate()
    }

    /// The media half, for tests and figures.
    pub fn media(&self) -> &M {
        &self.media
    }

    /// The media half, for tests that steer it.
    #[doc(hidden)]
    pub fn media_mut(&mut self) -> &mut M {
        &mut self.media
    }

    /// Every peer it has.
    pub fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.by_id.keys().copied()
    }

    /// Whether the batch is large enough to be sealed and sent now.
    #[must_use]
    pub fn wants_flush(&self) -> bool {
        self.outbox.packets().len() >= BATCH
    }

    /// Whether so much waits that it must be sealed and sent before another datagram is taken.
    fn must_flush(&self) -> bool {
        (self.outbox.packets().len() >= MOST || self.transmits.iter().len() >= MOST)
            && active("M1.2.most-waiting")
    }

    /// Sealed datagrams, in runs; after sending them call [`Worker::sent`].
    pub fn transmits(&self) -> impl ExactSizeIterator<Item = Transmit<'_>> {
        self.transmits.iter()
    }

    /// Forgets the datagrams of the last [`Worker::transmits`].
    pub fn sent(&mut self) {
        self.transmits.clear();
    }

    /// The next thing the core should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front().or_else(|| self.media.poll_event())
    }

    /// When [`Worker::handle_timeout`] must be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        let own = self.transport_due.min(self.stats_due);
        self.media
            .poll_timeout()
            .map_or(own, |media| media.min(own))
    }

    /// Counts drops that the thread saw: the kernel's, or a queue's.
    pub fn count_drops(&mut self, reason: DropReason, n: u64) {
        self.drops.add(reason, n);
    }

    /// What the statistics shall say of the thread.
    pub fn report(&mut self, report: ThreadReport) {
        self.report = report;
    }

    /// Every drop so far, of both halves.
    #[must_use]
    pub fn drops(&self) -> DropCounts {
        let mut all = self.drops.clone();
        all.merge(self.media.drops());
        all
    }

    /// Panics caught so far; each cost one peer (M1.6).
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.counters.panics
    }

    fn stats(&self) -> Stats {
        Stats {
            packets_in: self.counters.packets_in,
            packets_out: self.counters.packets_out,
            bytes_in: self.counters.bytes_in,
            bytes_out: self.counters.bytes_out,
            drops: self.drops(),
            load: self.report.load,
            tick_us: self.report.tick_us,
            gso_batches: self.report.gso_batches,
            peers: self.media.peer_stats(),
        }
    }

    fn drop_packet(&mut self, reason: DropReason) {
        self.drops.count(reason);
    }

    fn transaction(&mut self) -> [u8; 12] {
        let mut id = [0; 12];
        self.rng.fill_bytes(&mut id);
        id
    }

    /// Runs `work`; if it panics, the peer whose bytes it was reading is dropped (M1.6). A panic of nobody's
    /// bytes, or one while cleaning up, ends the worker.
    fn guarded(&mut self, now: Instant, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.counters.panics += 1;
            match self.current.take() {
                Some(index) => self.lose(now, index, "panic"),
                None => std::panic::resume_unwind(panic),
            }
        }
        self.current = None;
    }

    /// Ends a peer from our side and tells the core.
    fn lose(&mut self, now: Instant, index: u32, reason: &str) {
        if let Some(peer) = self.remove_transport(index) {
            self.media.remove_peer(now, peer);
            self.events.push_back(Event::Lost {
                peer,
                reason: reason.into(),
            });
            self.transport_due = self.transport_due.min(now);
        }
    }

    /// Forgets a peer's transport: tuples, credentials, keys.
    fn remove_transport(&mut self, index: u32) -> Option<PeerId> {
        let peer = self.peers.get_mut(index as usize)?.take()?;
        for tuple in peer.ice.tuples() {
            self.by_tuple.remove(&tuple.key());
        }
        self.by_ufrag.retain(|_, owner| *owner != index);
        self.by_id.remove(&peer.id);
        self.free.push(index);
        Some(peer.id)
    }

    fn peer(&mut self, index: u32) -> Option<&mut Peer> {
        self.peers.get_mut(index as usize)?.as_deref_mut()
    }

    fn index_of(&self, peer: PeerId) -> Option<u32> {
        self.by_id.get(&peer).copied()
    }

    /// Queues an unsealed datagram: STUN or DTLS.
    fn send_plain(&mut self, tuple: Tuple, bytes: &[u8]) {
        let wrote = self.transmits.with::<()>(tuple, |arena| {
            arena.extend_from_slice(bytes);
            Ok(())
        });
        if let Ok(len) = wrote {
            self.counters.packets_out += 1;
            self.counters.bytes_out += len as u64;
        }
    }
}

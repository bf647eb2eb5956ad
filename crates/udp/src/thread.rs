//! The worker's thread: wait, take commands and datagrams, flush, tell events, wait again.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as SystemInstant};

use entente_media::config::Config;
use entente_media::dtls::Certificate;
use entente_media::ice::Tuple;
use entente_media::types::{Command, DropReason, Event, Instant};
use entente_media::worker::{MediaHalf, ThreadReport, Worker};

use crate::commands::{CommandQueue, QueueFull};
use crate::events::EventQueue;
use crate::socket::{Buffers, Outlet, Socket};
use crate::sys;
use crate::tick::Ticker;

/// The longest sleep: bounds how late a stop is noticed should the wake-up be lost.
const NAP: Duration = Duration::from_millis(500);
/// Between a panic and the next worker: long enough that a panic at every start costs no core, short enough that
/// people who come back by M5.1 do not notice.
const RESTART: Duration = Duration::from_millis(100);
/// `recvmmsg` calls in a row before commands and timers get their turn.
const ROUNDS: usize = 8;

/// How to start a worker.
pub struct Options {
    /// Its number in the node.
    pub index: usize,
    /// Address to bind; port 0 takes a free one, `[::]` both families.
    pub bind: SocketAddr,
    /// Socket buffer to ask for, bytes each way.
    pub socket_buffer: usize,
    /// Time, seed and versions.
    pub config: Config,
}

/// Why a worker could not start; for the operator.
#[derive(Debug)]
pub enum SpawnError {
    /// The socket could not be opened or bound.
    Socket(io::Error),
    /// No certificate, or no DTLS, from the cryptographic library.
    Cryptography,
    /// The system refused a thread.
    Thread(io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => write!(f, "the media socket cannot be opened: {error}"),
            Self::Cryptography => f.write_str("the cryptographic library offers no DTLS"),
            Self::Thread(error) => write!(f, "the system refused a worker thread: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {}

/// A running worker; stops when dropped.
pub struct WorkerHandle {
    commands: Arc<CommandQueue>,
    stop: Arc<AtomicBool>,
    address: SocketAddr,
    buffers: Buffers,
    fingerprint: String,
    thread: Option<JoinHandle<()>>,
}

impl WorkerHandle {
    /// Binds the socket, makes a certificate and starts the thread. `media` makes the media half, again after a
    /// panic that was nobody's.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn<M, F>(
        options: Options,
        events: Arc<EventQueue>,
        media: F,
    ) -> Result<Self, SpawnError>
    where
        M: MediaHalf + 'static,
        F: Fn(&Config) -> M + Send + 'static,
    {
        let socket =
            Socket::bind(options.bind, options.socket_buffer).map_err(SpawnError::Socket)?;
        let certificate = Certificate::generate().map_err(|_| SpawnError::Cryptography)?;
        let (address, buffers) = (socket.address(), socket.buffers());
        let fingerprint = certificate.fingerprint_sdp();
        let commands = Arc::new(CommandQueue::new().map_err(SpawnError::Socket)?);
        let stop = Arc::new(AtomicBool::new(false));
        let mut inside = Inside {
            index: options.index,
            config: options.config,
            certificate,
            socket,
            commands: commands.clone(),
            events,
            stop: stop.clone(),
            gso_batches: 0,
        };
        let thread = std::thread::Builder::new()
            .name(format!("entente-media-{}", options.index))
            .spawn(move || inside.live(&media))
            .map_err(SpawnError::Thread)?;
        Ok(Self {
            commands,
            stop,
            address,
            buffers,
            fingerprint,
            thread: Some(thread),
        })
    }

    /// Queues a command.
    ///
    /// # Errors
    /// [`QueueFull`] when too many wait.
    pub fn command(&self, command: Command) -> Result<(), QueueFull> {
        self.commands.push(command)
    }

    /// Where the socket is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Socket buffers, asked and granted (M1.5).
    pub fn buffers(&self) -> Buffers {
        self.buffers
    }

    /// The certificate's fingerprint as SDP writes it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Stops the thread and waits for it.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.commands.wake.signal();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has already told its losses.
            let _ = thread.join();
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the thread owns besides the worker.
struct Inside {
    index: usize,
    config: Config,
    certificate: Certificate,
    socket: Socket,
    commands: Arc<CommandQueue>,
    events: Arc<EventQueue>,
    stop: Arc<AtomicBool>,
    gso_batches: u64,
}

impl Inside {
    /// Runs workers until told to stop. One that panics is replaced; its people are told lost (M1.6).
    fn live<M: MediaHalf, F: Fn(&Config) -> M>(&mut self, media: &F) {
        while !self.stop.load(Ordering::Acquire) {
            let Ok(mut worker) =
                Worker::new(&self.config, self.certificate.clone(), media(&self.config))
            else {
                return;
            };
            if catch_unwind(AssertUnwindSafe(|| self.run(&mut worker))).is_err() {
                let lost = worker.peers().map(|peer| Event::Lost {
                    peer,
                    reason: "panic".into(),
                });
                self.events
                    .push(self.index, lost.chain([Event::Overflow {}]));
                std::thread::sleep(RESTART);
            }
        }
    }

    fn run<M: MediaHalf>(&mut self, worker: &mut Worker<M>) {
        let mut ticker = Ticker::new(SystemInstant::now());
        let mut woken = SystemInstant::now();
        while !self.stop.load(Ordering::Acquire) {
            let tick = ticker.tick();
            if !tick.is_zero() {
                std::thread::sleep((woken + tick).saturating_duration_since(SystemInstant::now()));
            }
            let due = worker.poll_timeout().since(self.now()).min(NAP);
            let ready = sys::wait([self.socket.raw(), self.commands.wake.as_raw_fd()], due)
                .unwrap_or([true; 2]);
            woken = SystemInstant::now();
            self.serve(worker, ready);
            self.report(worker, &ticker);
            ticker.worked(woken, SystemInstant::now());
        }
    }

    /// The worker's time.
    fn now(&self) -> Instant {
        Instant::ZERO + self.config.started.elapsed()
    }

    fn serve<M: MediaHalf>(&mut self, worker: &mut Worker<M>, [socket, commands]: [bool; 2]) {
        if commands {
            let now = self.now();
            for command in self.commands.drain() {
                // The worker itself tells the core of a peer it refused; the rest are the core's own mistakes
                // about peers that left meanwhile.
                let _ = worker.handle_command(now, command);
            }
        }
        if socket {
            for _ in 0..ROUNDS {
                if !self.receive(worker) {
                    break;
                }
            }
        }
        let now = self.now();
        if worker.poll_timeout() <= now {
            worker.handle_timeout(now);
        }
        self.send(worker);
        self.events
            .push(self.index, std::iter::from_fn(|| worker.poll_event()));
    }

    /// One `recvmmsg`; whether more may wait.
    fn receive<M: MediaHalf>(&mut self, worker: &mut Worker<M>) -> bool {
        let now = self.now();
        let batches = &mut self.gso_batches;
        let received = self.socket.receive(|outlet, received| {
            let tuple = Tuple::new(received.from, received.local);
            worker.handle_datagrams(now, tuple, received.bytes, received.segment, |worker| {
                *batches += send(worker, outlet);
            });
        });
        let (more, overflowed) = received.unwrap_or((false, 0));
        worker.count_drops(DropReason::KernelOverflow, overflowed);
        if worker.wants_flush() {
            self.send(worker);
        }
        more
    }

    fn send<M: MediaHalf>(&mut self, worker: &mut Worker<M>) {
        self.gso_batches += send(worker, self.socket.outlet());
    }

    fn report<M: MediaHalf>(&self, worker: &mut Worker<M>, ticker: &Ticker) {
        worker.report(ThreadReport {
            load: ticker.load(),
            tick_us: ticker.tick().as_micros() as u32,
            gso_batches: self.gso_batches,
        });
    }
}

/// Seals and sends all that waits; returns how many runs left with segmentation offload.
fn send<M: MediaHalf>(worker: &mut Worker<M>, outlet: &mut Outlet) -> u64 {
    worker.flush();
    let sent = outlet.send(worker.transmits());
    worker.sent();
    worker.count_drops(DropReason::SendRefused, sent.refused);
    sent.offloaded
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_media::types::{
        Fingerprint, IceCredentials, IceRole, PeerId, RemoteParameters, RoomId, Secret, Setup,
        Source,
    };
    use entente_media::worker::probe::Probe;
    use std::sync::atomic::AtomicUsize;

    fn options() -> Options {
        let config = Config::new(SystemInstant::now(), Duration::ZERO, [1; 32]);
        let bind = ([127, 0, 0, 1], 0).into();
        Options {
            index: 0,
            bind,
            socket_buffer: 1 << 16,
            config,
        }
    }

    /// Waits by the queue's own descriptor, so that no time is guessed.
    fn until(events: &EventQueue, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let (mut seen, end) = (Vec::new(), SystemInstant::now() + Duration::from_secs(10));
        while SystemInstant::now() < end {
            let fd = events.wake().as_raw_fd();
            sys::wait([fd, fd], Duration::from_millis(100)).unwrap();
            seen.extend(events.drain().into_iter().map(|(_, event)| event));
            if seen.iter().any(&wanted) {
                return seen;
            }
        }
        panic!("not told within ten seconds: {seen:?}");
    }

    fn add_peer(peer: u64) -> Command {
        let credentials = |name: &str| IceCredentials {
            ufrag: format!("{name}{peer}"),
            pwd: "p".repeat(24),
        };
        Command::AddPeer {
            peer: PeerId(peer),
            room: RoomId(1),
            local: credentials("ours"),
            remote: RemoteParameters {
                ufrag: "theirs".into(),
                pwd: Secret("q".repeat(24)),
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

    /// M1.6.
    #[test]
    fn a_panic_of_nobodys_bytes_ends_the_worker_tells_its_people_and_a_new_one_takes_over() {
        let events = Arc::new(EventQueue::new().unwrap());
        let born = Arc::new(AtomicUsize::new(0));
        let count = born.clone();
        let ordered = Arc::new(AtomicBool::new(false));
        let order = ordered.clone();
        let media = move |_: &Config| {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let mut probe = Probe::default();
            probe.panics_at_timeout = first.then(|| order.clone());
            probe
        };
        let handle = WorkerHandle::spawn(options(), events.clone(), media).unwrap();
        handle.command(add_peer(5)).unwrap();
        until(&events, |event| matches!(event, Event::Stats(_)));
        ordered.store(true, Ordering::SeqCst);
        let told = until(&events, |event| matches!(event, Event::Overflow {}));
        let lost = Event::Lost {
            peer: PeerId(5),
            reason: "panic".into(),
        };
        assert!(told.contains(&lost), "{told:?}");
        handle.command(add_peer(6)).unwrap();
        until(&events, |event| matches!(event, Event::Stats(_)));
        assert_eq!(born.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_stopped_worker_frees_its_port() {
        let events = Arc::new(EventQueue::new().unwrap());
        let mut handle =
            WorkerHandle::spawn(options(), events.clone(), |_: &Config| Probe::default()).unwrap();
        let bind = handle.address();
        let taken = Options { bind, ..options() };
        let refused = WorkerHandle::spawn(taken, events.clone(), |_: &Config| Probe::default());
        assert!(matches!(refused.map(drop), Err(SpawnError::Socket(_))));
        handle.stop();
        let again = Options { bind, ..options() };
        assert!(WorkerHandle::spawn(again, events, |_: &Config| Probe::default()).is_ok());
    }
}

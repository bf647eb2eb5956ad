//! Recording all that goes into a worker, and playing it again to the same bytes (M1.2): a failure seen once can be looked
//! at as often as need be. Debug builds only, because the trace holds the SRTP keys of its handshakes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::dtls::script::{Script, Step};
use crate::dtls::{Certificate, DtlsError};
use crate::ice::Tuple;
use crate::transmits::Transmit;
use crate::types::{Command, Event, Instant};
use crate::worker::{MediaHalf, Worker};

/// One thing that went into a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Input {
    Command(Instant, Box<Command>),
    Datagram {
        now: Instant,
        remote: SocketAddr,
        local: Option<IpAddr>,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    Timeout(Instant),
    Flush,
}

/// All that went into a worker since its start, with its seed and what its handshakes came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trace {
    seed: [u8; 32],
    wall_offset: Duration,
    inputs: Vec<Input>,
    steps: Vec<Step>,
}

/// What came out of a worker, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A sealed datagram.
    Datagram(SocketAddr, Vec<u8>),
    /// Something the core was told.
    Event(Box<Event>),
}

/// A worker whose inputs are written down; the order of calls is the worker's own.
pub struct Recorder<M> {
    worker: Worker<M>,
    seed: [u8; 32],
    wall_offset: Duration,
    inputs: Vec<Input>,
}

impl<M: MediaHalf> Recorder<M> {
    /// A worker without rooms, recorded from here on.
    ///
    /// # Errors
    /// [`DtlsError`] if the cryptographic library cannot do DTLS.
    pub fn new(config: &Config, certificate: Certificate, media: M) -> Result<Self, DtlsError> {
        let worker = Worker::new(config, certificate, media)?;
        worker.set_script(Script::Record(Vec::new()));
        let (seed, wall_offset) = (config.seed, config.wall_offset);
        Ok(Self {
            worker,
            seed,
            wall_offset,
            inputs: Vec::new(),
        })
    }

    /// The worker, to look at.
    pub fn worker(&self) -> &Worker<M> {
        &self.worker
    }

    /// As [`Worker::handle_command`]; a refusal is the core's to know and is told as it is there.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        self.put(Input::Command(now, Box::new(command)));
    }

    /// As [`Worker::handle_datagram`].
    pub fn handle_datagram(&mut self, now: Instant, tuple: Tuple, bytes: &[u8]) {
        let (remote, local, bytes) = (tuple.remote, tuple.local, bytes.to_vec());
        self.put(Input::Datagram {
            now,
            remote,
            local,
            bytes,
        });
    }

    /// As [`Worker::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.put(Input::Timeout(now));
    }

    /// Seals what waits, and takes all that came out.
    pub fn flush(&mut self) -> Vec<Output> {
        self.inputs.push(Input::Flush);
        outputs(&mut self.worker)
    }

    /// The trace so far.
    #[must_use]
    pub fn finish(self) -> Trace {
        let steps = match self.worker.set_script(Script::Live) {
            Script::Record(steps) => steps,
            Script::Live | Script::Replay(_) => Vec::new(),
        };
        Trace {
            seed: self.seed,
            wall_offset: self.wall_offset,
            inputs: self.inputs,
            steps,
        }
    }

    fn put(&mut self, input: Input) {
        feed(&mut self.worker, &input);
        self.inputs.push(input);
    }
}

/// Plays a trace on a fresh worker; what comes out is what came out then. `started` is any moment.
///
/// # Errors
/// [`DtlsError`] if the cryptographic library cannot do DTLS.
pub fn replay<M: MediaHalf>(
    trace: &Trace,
    started: std::time::Instant,
    media: impl FnOnce(&Config) -> M,
) -> Result<Vec<Output>, DtlsError> {
    let config = Config::new(started, trace.wall_offset, trace.seed);
    let certificate = Certificate::generate().map_err(|_| DtlsError::Failed)?;
    let mut worker = Worker::new(&config, certificate, media(&config))?;
    worker.set_script(Script::Replay(trace.steps.iter().cloned().collect()));
    let mut all = Vec::new();
    for input in &trace.inputs {
        feed(&mut worker, input);
        if matches!(input, Input::Flush) {
            all.extend(outputs(&mut worker));
        }
    }
    Ok(all)
}

fn feed<M: MediaHalf>(worker: &mut Worker<M>, input: &Input) {
    match input {
        Input::Command(now, command) => {
            // Refusals that matter come out as events.
            let _ = worker.handle_command(*now, (**command).clone());
        }
        Input::Datagram {
            now,
            remote,
            local,
            bytes,
        } => worker.handle_datagram(*now, Tuple::new(*remote, *local), &mut bytes.clone()),
        Input::Timeout(now) => worker.handle_timeout(*now),
        Input::Flush => {}
    }
}

fn outputs<M: MediaHalf>(worker: &mut Worker<M>) -> Vec<Output> {
    worker.flush();
    let mut all = Vec::new();
    worker
        .transmits()
        .for_each(|run| all.extend(datagrams(&run)));
    worker.sent();
    all.extend(
        std::iter::from_fn(|| worker.poll_event()).map(|event| Output::Event(Box::new(event))),
    );
    all
}

fn datagrams(run: &Transmit<'_>) -> Vec<Output> {
    let pieces = run.bytes.chunks(run.segment);
    pieces
        .map(|piece| Output::Datagram(run.tuple.remote, piece.to_vec()))
        .collect()
}

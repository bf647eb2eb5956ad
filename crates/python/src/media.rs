//! `core._native.media`: starts worker threads, carries commands in and events out as msgpack (M1.3).
//!
//! No packet and no lock of the hot path is touched from here; the interpreter's lock is released wherever a
//! call may wait.

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use entente_media::config::Config;
use entente_media::dtls::Version;
use entente_udp::{EventQueue, Options, WorkerHandle};
use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

create_exception!(
    media,
    QueueFull,
    PyRuntimeError,
    "Too many commands wait at this worker; try again later."
);

/// The 8 MB that M1.5 asks for.
const SOCKET_BUFFER: usize = 8 << 20;
/// Node and worker numbers are two hexadecimal digits each in a ufrag (M1.1).
const MAX_WORKERS: usize = 256;

/// Worker threads of one node. Commands go in by `command`, events come out of `poll` when `fileno` is readable.
#[pyclass(module = "core._native.media", frozen)]
struct MediaNode {
    node_id: u8,
    events: Arc<EventQueue>,
    workers: Mutex<Vec<WorkerHandle>>,
}

/// One entry of the constructor's list.
struct WorkerOptions {
    bind: SocketAddr,
    socket_buffer: usize,
    dtls: Version,
}

#[pymethods]
impl MediaNode {
    /// Starts one thread per entry of `workers`: `{"bind": "0.0.0.0:8500", "socket_buffer": 8388608, "dtls": "1.2"}`,
    /// all but `bind` optional. `seed` (32 bytes) makes the engine's randomness repeatable in tests.
    #[new]
    #[pyo3(signature = (node_id, workers, seed = None))]
    fn new(
        py: Python<'_>,
        node_id: u8,
        workers: Vec<Bound<'_, PyDict>>,
        seed: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        if workers.is_empty() || workers.len() > MAX_WORKERS {
            return Err(PyValueError::new_err("a node has 1 to 256 workers"));
        }
        let options = workers
            .iter()
            .map(worker_options)
            .collect::<PyResult<Vec<_>>>()?;
        let seed = seed_of(seed)?;
        let events = Arc::new(EventQueue::new()?);
        let started = py.detach(|| start(options, seed, &events))?;
        Ok(Self {
            node_id,
            events,
            workers: Mutex::new(started),
        })
    }

    /// This node's id, 0 to 255.
    #[getter]
    fn node_id(&self) -> u8 {
        self.node_id
    }

    /// How many workers run.
    #[getter]
    fn workers(&self) -> usize {
        self.handles().len()
    }

    /// The worker's DTLS certificate as in SDP: `sha-256 AA:BB:…`.
    fn fingerprint(&self, worker: usize) -> PyResult<String> {
        self.with(worker, |handle| handle.fingerprint().to_owned())
    }

    /// The UDP port the worker listens on.
    fn local_port(&self, worker: usize) -> PyResult<u16> {
        self.with(worker, |handle| handle.address().port())
    }

    /// Socket buffers `(asked, receive, send)` in bytes, as the kernel counts them (M1.5).
    fn socket_buffers(&self, worker: usize) -> PyResult<(usize, usize, usize)> {
        self.with(worker, |handle| {
            let buffers = handle.buffers();
            (buffers.asked, buffers.receive, buffers.send)
        })
    }

    /// Queues one msgpack command. Raises QueueFull, or ValueError when it does not parse.
    fn command(&self, worker: usize, command: &[u8]) -> PyResult<()> {
        let command = rmp_serde::from_slice(command)
            .map_err(|error| PyValueError::new_err(format!("not a command: {error}")))?;
        self.with(worker, |handle| handle.command(command))?
            .map_err(|_| QueueFull::new_err("too many commands wait at this worker"))
    }

    /// Everything the workers have told since the last call, oldest first, as `(worker, msgpack)`.
    fn poll<'py>(&self, py: Python<'py>) -> PyResult<Vec<(usize, Bound<'py, PyBytes>)>> {
        let encoded = py.detach(|| {
            let events = self.events.drain().into_iter();
            events
                .map(|(worker, event)| rmp_serde::to_vec_named(&event).map(|bytes| (worker, bytes)))
                .collect::<Result<Vec<_>, _>>()
        });
        let encoded = encoded.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(encoded
            .into_iter()
            .map(|(worker, bytes)| (worker, PyBytes::new(py, &bytes)))
            .collect())
    }

    /// A descriptor that is readable while events wait, for asyncio's `add_reader`.
    fn fileno(&self) -> i32 {
        self.events.wake().as_raw_fd()
    }

    /// How often events had to be thrown away because nobody polled.
    fn overflows(&self) -> u64 {
        self.events.overflows()
    }

    /// Stops every worker and waits for its thread. Calling it again does nothing.
    fn close(&self, py: Python<'_>) {
        let workers = std::mem::take(&mut *self.handles());
        py.detach(|| drop(workers));
    }
}

impl MediaNode {
    fn handles(&self) -> std::sync::MutexGuard<'_, Vec<WorkerHandle>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, worker: usize, read: impl FnOnce(&WorkerHandle) -> T) -> PyResult<T> {
        let handles = self.handles();
        let handle = handles
            .get(worker)
            .ok_or_else(|| PyValueError::new_err("no such worker"))?;
        Ok(read(handle))
    }
}

fn worker_options(options: &Bound<'_, PyDict>) -> PyResult<WorkerOptions> {
    let bind: String = options
        .get_item("bind")?
        .ok_or_else(|| PyValueError::new_err("`bind` is missing"))?
        .extract()?;
    let bind = bind
        .parse()
        .map_err(|_| PyValueError::new_err("`bind` is not ip:port"))?;
    let socket_buffer = match options.get_item("socket_buffer")? {
        Some(value) => value.extract()?,
        None => SOCKET_BUFFER,
    };
    let dtls = match options.get_item("dtls")? {
        Some(value) => version(&value.extract::<String>()?)?,
        None => Version::default(),
    };
    Ok(WorkerOptions {
        bind,
        socket_buffer,
        dtls,
    })
}

fn version(text: &str) -> PyResult<Version> {
    match text {
        "1.2" => Ok(Version::V12),
        "1.3" => Ok(Version::V13),
        "auto" => Ok(Version::Auto),
        _ => Err(PyValueError::new_err("`dtls` is one of 1.2, 1.3 and auto")),
    }
}

fn seed_of(seed: Option<Vec<u8>>) -> PyResult<[u8; 32]> {
    match seed {
        Some(seed) => seed
            .try_into()
            .map_err(|_| PyValueError::new_err("a seed has 32 bytes")),
        None => {
            let mut fresh = [0; 32];
            entente_udp::random(&mut fresh)
                .map_err(|_| PyRuntimeError::new_err("the system has no randomness"))?;
            Ok(fresh)
        }
    }
}

fn start(
    options: Vec<WorkerOptions>,
    seed: [u8; 32],
    events: &Arc<EventQueue>,
) -> PyResult<Vec<WorkerHandle>> {
    let wall_offset = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let started = Instant::now();
    let start_one = |(index, one): (usize, WorkerOptions)| {
        let mut seed = seed;
        seed[31] ^= index as u8;
        let config = Config {
            dtls: one.dtls,
            ..Config::new(started, wall_offset, seed)
        };
        let options = Options {
            index,
            bind: one.bind,
            socket_buffer: one.socket_buffer,
            config,
        };
        WorkerHandle::spawn(options, events.clone(), entente_media::worker::media_half)
    };
    let handles: Result<Vec<_>, _> = options.into_iter().enumerate().map(start_one).collect();
    handles.map_err(|error| PyOSError::new_err(error.to_string()))
}

/// Adds the submodule and makes `import core._native.media` work.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let module = PyModule::new(py, "media")?;
    module.add_class::<MediaNode>()?;
    module.add("QueueFull", py.get_type::<QueueFull>())?;
    parent.add_submodule(&module)?;
    py.import("sys")?
        .getattr("modules")?
        .set_item("core._native.media", module)
}

//! Sockets, batches and the worker thread around the sans-IO engine.
//!
//! [`WorkerHandle::spawn`] starts a thread that owns one UDP socket and one [`entente_media::worker::Worker`].
//! It is told things through a bounded queue of commands and tells things through a bounded queue of events;
//! it never waits for whoever reads them (M1.3). This is the only crate of the product with `unsafe`: the system calls in `sys`.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

mod address;
mod commands;
mod events;
mod socket;
mod sys;
mod thread;
mod tick;

pub use commands::QueueFull;
pub use events::EventQueue;
pub use socket::Buffers;
pub use sys::EventFd;
pub use thread::{Options, SpawnError, WorkerHandle};

/// The system refused randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

/// Fills bytes from the system: the one source of seeds, since the engine takes them as an argument.
///
/// # Errors
/// [`NoRandomness`].
pub fn random(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| NoRandomness)
}

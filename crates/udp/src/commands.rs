//! The bounded queue of commands towards a worker, with the descriptor that wakes it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use entente_media::types::Command;

use crate::sys::EventFd;

/// Commands that may wait. The core sends a handful per join; thousands waiting mean that the worker is gone or
/// the core loops, and more memory would only hide it.
const CAPACITY: usize = 4096;

/// The worker does not keep up; the core should slow down and try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// Core to worker.
pub(crate) struct CommandQueue {
    waiting: Mutex<VecDeque<Command>>,
    pub(crate) wake: EventFd,
}

impl CommandQueue {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            waiting: Mutex::new(VecDeque::new()),
            wake: EventFd::new()?,
        })
    }

    pub(crate) fn push(&self, command: Command) -> Result<(), QueueFull> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= CAPACITY {
            return Err(QueueFull);
        }
        waiting.push_back(command);
        drop(waiting);
        self.wake.signal();
        Ok(())
    }

    /// Takes everything that waits.
    pub(crate) fn drain(&self) -> VecDeque<Command> {
        self.wake.reset();
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_media::types::RoomId;

    #[test]
    fn a_full_queue_says_so_and_keeps_what_it_has() {
        let queue = CommandQueue::new().unwrap();
        for n in 0..CAPACITY as u64 {
            queue.push(Command::AddRoom { room: RoomId(n) }).unwrap();
        }
        assert_eq!(
            queue.push(Command::AddRoom { room: RoomId(0) }),
            Err(QueueFull)
        );
        assert_eq!(queue.drain().len(), CAPACITY);
        assert_eq!(queue.push(Command::AddRoom { room: RoomId(0) }), Ok(()));
    }
}

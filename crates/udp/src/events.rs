//! The bounded queue of events from all workers of a node, read whole by whoever owns the descriptor (M1.3).
//!
//! Values that only matter when new (levels, speakers, slots, statistics) keep the newest per key. Everything
//! else is kept in order; if nobody reads it, it is thrown away whole and one `overflow` says so, because a core
//! that missed one `lost` or `connected` cannot know what else it missed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use entente_media::types::{Event, PeerId, RoomId, SlotKind};

use crate::sys::EventFd;

/// Ordered events that may wait: a storm of 500 joins makes about 5,000. Higher hides a dead reader for longer,
/// lower forces resynchronisations that a busy one does not need.
const CAPACITY: usize = 8192;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Speakers(usize, RoomId),
    Levels(usize, RoomId),
    Slot(usize, PeerId, SlotKind, u8),
    Stats(usize),
}

#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the usual one; a box for each event would only add an allocation"
)]
enum Entry {
    Ordered(usize, Event),
    Newest(Key),
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    newest: HashMap<Key, (usize, Event)>,
    ordered: usize,
    overflowed: Vec<usize>,
    overflows: u64,
}

/// Workers to core.
pub struct EventQueue {
    waiting: Mutex<Waiting>,
    wake: EventFd,
}

impl EventQueue {
    /// An empty queue.
    ///
    /// # Errors
    /// The kernel's, when the process has no descriptor left.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            waiting: Mutex::new(Waiting::default()),
            wake: EventFd::new()?,
        })
    }

    /// Readable while events wait.
    pub fn wake(&self) -> &EventFd {
        &self.wake
    }

    /// Adds what a worker has to say.
    pub(crate) fn push(&self, worker: usize, events: impl Iterator<Item = Event>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut any = false;
        for event in events {
            any = true;
            waiting.add(worker, event);
        }
        drop(waiting);
        if any {
            self.wake.signal();
        }
    }

    /// Takes everything, oldest first, with the worker that said it.
    pub fn drain(&self) -> Vec<(usize, Event)> {
        self.wake.reset();
        let taken = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let overflows = waiting.overflows;
            std::mem::replace(
                &mut *waiting,
                Waiting {
                    overflows,
                    ..Waiting::default()
                },
            )
        };
        taken.into_events()
    }

    /// How often everything had to be thrown away.
    pub fn overflows(&self) -> u64 {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .overflows
    }
}

impl Waiting {
    fn add(&mut self, worker: usize, event: Event) {
        if let Some(key) = key(worker, &event) {
            if self.newest.insert(key, (worker, event)).is_none() {
                self.entries.push_back(Entry::Newest(key));
            }
            return;
        }
        if self.ordered >= CAPACITY {
            let lost: Vec<usize> = self
                .entries
                .iter()
                .filter_map(Entry::worker)
                .chain([worker])
                .collect();
            self.overflowed.extend(lost);
            self.overflowed.sort_unstable();
            self.overflowed.dedup();
            self.entries
                .retain(|entry| matches!(entry, Entry::Newest(_)));
            self.ordered = 0;
            self.overflows += 1;
            return;
        }
        self.ordered += 1;
        self.entries.push_back(Entry::Ordered(worker, event));
    }

    fn into_events(mut self) -> Vec<(usize, Event)> {
        let mut events: Vec<_> = self
            .overflowed
            .iter()
            .map(|worker| (*worker, Event::Overflow {}))
            .collect();
        for entry in self.entries.drain(..) {
            match entry {
                Entry::Ordered(worker, event) => events.push((worker, event)),
                Entry::Newest(key) => events.extend(self.newest.remove(&key)),
            }
        }
        events
    }
}

impl Entry {
    const fn worker(&self) -> Option<usize> {
        match self {
            Self::Ordered(worker, _) => Some(*worker),
            Self::Newest(_) => None,
        }
    }
}

fn key(worker: usize, event: &Event) -> Option<Key> {
    match event {
        Event::Speakers { room, .. } => Some(Key::Speakers(worker, *room)),
        Event::Levels { room, .. } => Some(Key::Levels(worker, *room)),
        Event::Slot {
            peer, kind, index, ..
        } => Some(Key::Slot(worker, *peer, *kind, *index)),
        Event::Stats(_) => Some(Key::Stats(worker)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(n: u64) -> Event {
        Event::Lost {
            peer: PeerId(n),
            reason: "timeout".into(),
        }
    }

    #[test]
    fn levels_keep_the_newest_and_the_order_of_the_rest_stands() {
        let queue = EventQueue::new().unwrap();
        let levels = |level| Event::Levels {
            room: RoomId(1),
            levels: vec![(PeerId(1), level)],
        };
        queue.push(0, [lost(1), levels(1), lost(2), levels(2)].into_iter());
        queue.push(1, [levels(3)].into_iter());
        assert_eq!(
            queue.drain(),
            [(0, lost(1)), (0, levels(2)), (0, lost(2)), (1, levels(3))]
        );
        assert_eq!(queue.drain(), []);
    }

    #[test]
    fn an_overflow_is_told_once_per_worker_and_counted() {
        let queue = EventQueue::new().unwrap();
        queue.push(0, (0..CAPACITY as u64).map(lost));
        queue.push(3, [lost(9), lost(10)].into_iter());
        let events = queue.drain();
        assert_eq!(
            events,
            [
                (0, Event::Overflow {}),
                (3, Event::Overflow {}),
                (3, lost(10))
            ]
        );
        assert_eq!(queue.overflows(), 1);
        queue.push(0, [lost(1)].into_iter());
        assert_eq!(queue.drain(), [(0, lost(1))]);
    }
}

//! Sealed datagrams on their way out: one arena, and runs of equal datagrams that one system call can carry.

use crate::ice::Tuple;

/// Most datagrams in one run: the kernel's limit for UDP GSO (`UDP_MAX_SEGMENTS` of Linux 4.18).
const MAX_SEGMENTS: usize = 64;
/// Most bytes in one run: what an IPv4 datagram may hold, less headers.
const MAX_RUN: usize = 65_000;

/// A run of datagrams to one tuple: all of `segment` bytes, the last perhaps shorter (UDP GSO's rule).
#[derive(Debug, Clone, Copy)]
pub struct Transmit<'a> {
    /// Where to, and which of our addresses to leave from (M1.1).
    pub tuple: Tuple,
    /// The datagrams, one behind the other.
    pub bytes: &'a [u8],
    /// Length of each but the last.
    pub segment: usize,
}

impl Transmit<'_> {
    /// How many datagrams this is.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.len().div_ceil(self.segment.max(1))
    }
}

#[derive(Clone, Copy)]
struct Run {
    tuple: Tuple,
    start: usize,
    len: usize,
    segment: usize,
    closed: bool,
}

/// The queue: write with [`Transmits::with`], read with [`Transmits::iter`], then [`Transmits::clear`].
#[derive(Default)]
pub(crate) struct Transmits {
    arena: Vec<u8>,
    runs: Vec<Run>,
}

impl Transmits {
    /// Lets `write` append one datagram for `tuple`; on an error nothing is queued.
    pub(crate) fn with<E>(
        &mut self,
        tuple: Tuple,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let start = self.arena.len();
        if let Err(error) = write(&mut self.arena) {
            self.arena.truncate(start);
            return Err(error);
        }
        let len = self.arena.len() - start;
        self.extend(tuple, start, len);
        Ok(len)
    }

    /// Joins the last run if that keeps GSO's rule, else begins another.
    fn extend(&mut self, tuple: Tuple, start: usize, len: usize) {
        if let Some(last) = self.runs.last_mut()
            && !last.closed
            && last.tuple == tuple
            && len <= last.segment
            && last.len + len <= MAX_RUN
            && last.len / last.segment < MAX_SEGMENTS
        {
            last.len += len;
            last.closed = len < last.segment;
            return;
        }
        self.runs.push(Run {
            tuple,
            start,
            len,
            segment: len.max(1),
            closed: false,
        });
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Transmit<'_>> {
        self.runs.iter().map(|run| Transmit {
            tuple: run.tuple,
            bytes: &self.arena[run.start..run.start + run.len],
            segment: run.segment,
        })
    }

    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        self.runs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(port: u16) -> Tuple {
        Tuple::new(([192, 0, 2, 1], port).into(), None)
    }

    fn runs(datagrams: &[(u16, usize)]) -> Vec<(usize, usize)> {
        let mut queue = Transmits::default();
        for &(port, len) in datagrams {
            queue
                .with::<()>(tuple(port), |arena| {
                    arena.resize(arena.len() + len, 0);
                    Ok(())
                })
                .unwrap();
        }
        queue
            .iter()
            .map(|run| (run.count(), run.bytes.len()))
            .collect()
    }

    #[test]
    fn equal_datagrams_share_a_run_and_a_shorter_one_ends_it() {
        assert_eq!(
            runs(&[(1, 100), (1, 100), (1, 40), (1, 100)]),
            [(3, 240), (1, 100)]
        );
        assert_eq!(runs(&[(1, 100), (1, 101)]), [(1, 100), (1, 101)]);
        assert_eq!(runs(&[(1, 100), (2, 100), (1, 100)]).len(), 3);
    }

    #[test]
    fn a_run_never_passes_the_kernels_limits() {
        assert_eq!(runs(&[(1, 100); 65]), [(64, 6400), (1, 100)]);
        assert_eq!(runs(&[(1, 1200); 60])[0], (54, 64_800));
    }

    #[test]
    fn a_datagram_that_could_not_be_written_leaves_nothing() {
        let mut queue = Transmits::default();
        let refused = queue.with(tuple(1), |arena| {
            arena.push(1);
            Err("no")
        });
        assert_eq!((refused, queue.iter().len()), (Err("no"), 0));
    }
}

//! Sealing what goes to a peer: every index at most once, by a window of what was already sealed.

use rustc_hash::FxHashMap;

use super::cipher::Cipher;
use super::window::{Verdict, Window, guess_index};
use super::{KeyError, Keys, MAX_STREAMS, ssrc_at};

/// Why a packet was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealError {
    /// The plain packet is no RTP or RTCP packet: a bug of the caller.
    Malformed,
    /// The index was sealed before, or may have been: sealing it again would reveal keystream.
    IndexUsed,
    /// All indices of this key are used (RFC 3711 §9.2); the session must be keyed anew.
    Exhausted,
    /// More SSRCs than [`MAX_STREAMS`].
    TooManyStreams,
    /// The cryptographic library refused.
    Library,
}

/// Our sending keys towards one peer and what was sealed under them.
pub struct Outbound {
    rtp: Cipher,
    rtcp: Cipher,
    windows: FxHashMap<u32, Window>,
    rtcp_indices: FxHashMap<u32, u32>,
}

impl Outbound {
    /// # Errors
    /// [`KeyError`] if session keys cannot be derived.
    pub fn new(keys: &Keys) -> Result<Self, KeyError> {
        Ok(Self {
            rtp: Cipher::rtp(keys)?,
            rtcp: Cipher::rtcp(keys)?,
            windows: FxHashMap::default(),
            rtcp_indices: FxHashMap::default(),
        })
    }

    /// Appends the sealed form of the RTP packet `head ‖ body` to `out`; the first `header` bytes stay clear.
    ///
    /// # Errors
    /// `out` is as before.
    pub fn seal_rtp(
        &mut self,
        head: &[u8],
        body: &[u8],
        header: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        if header < 12 || head.len() < header {
            return Err(SealError::Malformed);
        }
        let sequence = u16::from_be_bytes([head[2], head[3]]);
        let ssrc = ssrc_at(head, 8).ok_or(SealError::Malformed)?;
        if self.windows.len() >= MAX_STREAMS && !self.windows.contains_key(&ssrc) {
            return Err(SealError::TooManyStreams);
        }
        let window = self.windows.entry(ssrc).or_insert_with(Window::new);
        let newest = window.newest();
        let index = guess_index(newest, sequence).ok_or_else(|| used_up(newest))?;
        if window.check(index) != Verdict::Fresh {
            return Err(SealError::IndexUsed);
        }
        window.mark(index);
        let start = out.len();
        out.extend_from_slice(head);
        out.extend_from_slice(body);
        self.rtp
            .seal_rtp(out, start, header, ssrc, index)
            .map_err(|_| {
                out.truncate(start);
                SealError::Library
            })
    }

    /// Appends the sealed form of an RTCP compound to `out`.
    ///
    /// # Errors
    /// `out` is as before.
    pub fn seal_rtcp(&mut self, compound: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let ssrc = ssrc_at(compound, 4).ok_or(SealError::Malformed)?;
        if self.rtcp_indices.len() >= MAX_STREAMS && !self.rtcp_indices.contains_key(&ssrc) {
            return Err(SealError::TooManyStreams);
        }
        let next = self.rtcp_indices.entry(ssrc).or_insert(0);
        if *next >= 1 << 31 {
            return Err(SealError::Exhausted);
        }
        let index = *next;
        *next += 1;
        let start = out.len();
        out.extend_from_slice(compound);
        self.rtcp.seal_rtcp(out, start, ssrc, index).map_err(|_| {
            out.truncate(start);
            SealError::Library
        })
    }
}

fn used_up(newest: Option<u64>) -> SealError {
    if newest.is_some_and(|newest| newest >> 16 >= u64::from(u32::MAX)) {
        SealError::Exhausted
    } else {
        SealError::IndexUsed
    }
}

//! Opening what a peer sends: authenticate first, remember after, so that forged packets leave no trace.

use rustc_hash::FxHashMap;

use super::cipher::Cipher;
use super::window::{Verdict, Window, guess_index};
use super::{KeyError, Keys, MAX_STREAMS, rtp_header_len, ssrc_at};

/// Why a packet was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// Not an RTP or RTCP packet at all.
    Malformed,
    /// The tag is wrong.
    Authentication,
    /// The index was seen before, or lies behind the window.
    Replay,
    /// The peer uses more SSRCs than [`MAX_STREAMS`].
    TooManyStreams,
}

/// One peer's sending keys and what was already received under them.
pub struct Inbound {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_windows: FxHashMap<u32, Window>,
    rtcp_windows: FxHashMap<u32, Window>,
}

impl Inbound {
    /// # Errors
    /// [`KeyError`] if session keys cannot be derived.
    pub fn new(keys: &Keys) -> Result<Self, KeyError> {
        Ok(Self {
            rtp: Cipher::rtp(keys)?,
            rtcp: Cipher::rtcp(keys)?,
            rtp_windows: FxHashMap::default(),
            rtcp_windows: FxHashMap::default(),
        })
    }

    /// Opens an SRTP packet in place; the plain packet is `packet[..returned]`.
    ///
    /// # Errors
    /// After an error the bytes are worthless.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, OpenError> {
        let header = rtp_header_len(packet).ok_or(OpenError::Malformed)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = ssrc_at(packet, 8).ok_or(OpenError::Malformed)?;
        let window = self.rtp_windows.get(&ssrc);
        let index =
            guess_index(window.and_then(Window::newest), sequence).ok_or(OpenError::Replay)?;
        admit(window, index, self.rtp_windows.len())?;
        let length = self
            .rtp
            .open_rtp(packet, header, ssrc, index)
            .map_err(|_| OpenError::Authentication)?;
        self.rtp_windows
            .entry(ssrc)
            .or_insert_with(Window::new)
            .mark(index);
        Ok(length)
    }

    /// Opens an SRTCP packet in place; the plain compound is `packet[..returned]`.
    ///
    /// # Errors
    /// After an error the bytes are worthless.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, OpenError> {
        let ssrc = ssrc_at(packet, 4).ok_or(OpenError::Malformed)?;
        let word = self.rtcp.rtcp_word(packet).ok_or(OpenError::Malformed)?;
        let index = u64::from(word & !(1 << 31));
        admit(self.rtcp_windows.get(&ssrc), index, self.rtcp_windows.len())?;
        let length = self
            .rtcp
            .open_rtcp(packet, ssrc, word)
            .map_err(|_| OpenError::Authentication)?;
        self.rtcp_windows
            .entry(ssrc)
            .or_insert_with(Window::new)
            .mark(index);
        Ok(length)
    }
}

fn admit(window: Option<&Window>, index: u64, streams: usize) -> Result<(), OpenError> {
    match window.map(|window| window.check(index)) {
        None if streams >= MAX_STREAMS => Err(OpenError::TooManyStreams),
        None | Some(Verdict::Fresh) => Ok(()),
        Some(Verdict::Used | Verdict::TooOld) => Err(OpenError::Replay),
    }
}

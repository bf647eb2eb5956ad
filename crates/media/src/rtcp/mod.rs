//! RTCP as bytes (RFC 3550 §6): walking a compound, reading what receivers and publishers say, and writing what
//! the worker says. Nothing here remembers anything; transport-wide feedback has a file of its own.

pub mod read;
pub mod transport_cc;
pub mod write;

/// Packet types of RTCP the worker reads or writes.
pub mod packet_type {
    /// Sender report (RFC 3550 §6.4.1).
    pub const SR: u8 = 200;
    /// Receiver report (RFC 3550 §6.4.2).
    pub const RR: u8 = 201;
    /// Source description (RFC 3550 §6.5).
    pub const SDES: u8 = 202;
    /// Goodbye (RFC 3550 §6.6).
    pub const BYE: u8 = 203;
    /// Transport-layer feedback (RFC 4585 §6.2).
    pub const RTPFB: u8 = 205;
    /// Payload-specific feedback (RFC 4585 §6.3).
    pub const PSFB: u8 = 206;
}

/// Feedback message types.
pub mod feedback_type {
    /// Generic NACK, of RTPFB (RFC 4585 §6.2.1).
    pub const NACK: u8 = 1;
    /// Transport-wide congestion control, of RTPFB.
    pub const TRANSPORT_CC: u8 = 15;
    /// Picture loss indication, of PSFB (RFC 4585 §6.3.1).
    pub const PLI: u8 = 1;
    /// Full intra request, of PSFB (RFC 5104 §4.3.1).
    pub const FIR: u8 = 4;
    /// Application layer feedback, of PSFB; REMB lives here.
    pub const ALFB: u8 = 15;
}

/// Why bytes are not RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpError {
    /// A length runs past the end.
    Truncated,
    /// Version is not 2.
    Version,
    /// Padding longer than the packet, or none where the bit is set.
    Padding,
}

/// One report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Which source it reports on.
    pub ssrc: u32,
    /// Share lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; 24 bits, signed.
    pub lost: i32,
    /// Extended highest sequence number received.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report.
    pub last_sr: u32,
    /// Delay since that report, in 65,536ths of a second.
    pub delay: u32,
}

/// Sender information of a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// The sender.
    pub ssrc: u32,
    /// NTP time, 32.32 fixed point since 1900.
    pub ntp: u64,
    /// The same moment in the media's timestamps.
    pub rtp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

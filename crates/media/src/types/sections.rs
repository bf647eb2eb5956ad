//! A negotiated session: its m-lines, and the credentials of both ends.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SlotKind, Source};

/// Names of the codecs the engine forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodecName {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// The AOMedia RTP payload format.
    Av1,
}

/// One payload type of a section, as negotiated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codec {
    /// RTP payload type.
    pub pt: u8,
    /// Which codec.
    pub name: CodecName,
    /// RTP clock rate in Hz.
    pub clock: u32,
    /// Channels; 1 for pictures.
    #[serde(default = "one")]
    pub channels: u8,
    /// Format parameters as written in SDP; the engine does not read them.
    #[serde(default)]
    pub fmtp: Option<String>,
    /// Payload type of its retransmissions (RFC 4588).
    #[serde(default)]
    pub rtx_pt: Option<u8>,
    /// Generic NACK (RFC 4585 §6.2.1).
    #[serde(default)]
    pub nack: bool,
    /// Picture loss indication (RFC 4585 §6.3.1).
    #[serde(default)]
    pub pli: bool,
    /// Full intra request (RFC 5104 §4.3.1).
    #[serde(default)]
    pub fir: bool,
    /// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    #[serde(default)]
    pub transport_cc: bool,
    /// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03).
    #[serde(default)]
    pub remb: bool,
}

fn one() -> u8 {
    1
}

/// RTP header extensions the engine reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionKind {
    /// RFC 9143.
    Mid,
    /// RFC 8852.
    Rid,
    /// RFC 8852.
    RepairedRid,
    /// The abs-send-time extension.
    AbsSendTime,
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01.
    TransportCc,
    /// RFC 6464.
    AudioLevel,
    /// 3GPP TS 26.114, coordination of video orientation.
    VideoOrientation,
    /// The AV1 RTP specification's Dependency Descriptor.
    DependencyDescriptor,
}

/// One negotiated header extension of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Local identifier, 1 to 255 but not 15 in the one-byte form (RFC 8285).
    pub id: u8,
    /// What it means.
    pub kind: ExtensionKind,
}

/// What a section of the session carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The peer sends here.
    Publish {
        /// What it is made from.
        source: Source,
        /// RTP stream ids, lowest layer first; empty when there is one full layer (M3.6).
        #[serde(default)]
        rids: Vec<String>,
        /// SSRCs named in the offer, in the order of `rids`; may be empty (Chromium with rids).
        #[serde(default)]
        ssrcs: Vec<u32>,
        /// Media SSRC to the SSRC of its retransmissions (FID groups of the offer).
        #[serde(default)]
        rtx: BTreeMap<u32, u32>,
    },
    /// The peer receives here.
    Slot {
        /// Kind of slot.
        kind: SlotKind,
        /// Number among its kind.
        index: u8,
        /// Its constant SSRC.
        ssrc: u32,
        /// SSRC of its repairs.
        #[serde(default)]
        rtx_ssrc: Option<u32>,
        /// The worker's one cname for all slots of the peer.
        cname: String,
        /// Media stream id that ties sound and picture together.
        #[serde(default)]
        stream: String,
    },
}

/// One m-line of a session, already negotiated: the engine never sees SDP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Media identification (RFC 9143).
    pub mid: String,
    /// What it carries.
    pub content: Content,
    /// Payload types, preferred first.
    pub codecs: Vec<Codec>,
    /// Header extensions.
    #[serde(default)]
    pub extensions: Vec<Extension>,
}

/// ICE user fragment and password of one end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceCredentials {
    /// User fragment.
    pub ufrag: String,
    /// Password: a secret, never printed.
    pub pwd: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

/// A certificate fingerprint as in `a=fingerprint`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Hash name, `sha-256`.
    pub hash: String,
    /// The hash itself.
    #[serde(with = "serde_bytes")]
    pub value: Vec<u8>,
}

/// ICE credentials and certificate fingerprints of the other end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteParameters {
    /// User fragment.
    pub ufrag: String,
    /// Password: a secret, never printed.
    pub pwd: Secret,
    /// Accepted certificates; one match is enough.
    pub fingerprints: Vec<Fingerprint>,
}

/// A string that is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What we are in the DTLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setup {
    /// DTLS client.
    Active,
    /// DTLS server.
    Passive,
}

/// What we are in ICE (M2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IceRole {
    /// ICE-lite, controlled.
    Lite,
    /// Controlling, towards one given candidate.
    Controlling,
}

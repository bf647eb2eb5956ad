//! Names and counters of everything the engine refuses to pass on (M1.5): a packet that disappears without a
//! name is a bug. Both halves of the engine count here.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// Why a packet, or part of one, was not passed on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum DropReason { $($(#[$doc])* $variant,)* }

        impl DropReason {
            /// Every reason.
            pub const ALL: &'static [DropReason] = &[$(DropReason::$variant,)*];

            /// Its stable name in statistics.
            pub const fn name(self) -> &'static str {
                match self { $(DropReason::$variant => $name,)* }
            }
        }
    };
}

drop_reasons! {
    /// First byte belongs to none of the multiplexed protocols (RFC 7983).
    NotOurs => "not_ours",
    /// No ICE check has verified this tuple (M2.2).
    UnknownTuple => "unknown_tuple",
    /// STUN that does not parse.
    StunMalformed => "stun_malformed",
    /// STUN for a user fragment nobody has.
    StunUnknownUser => "stun_unknown_user",
    /// MESSAGE-INTEGRITY is missing or wrong.
    StunIntegrity => "stun_integrity",
    /// A check of one peer from an address on which another one is alive (attack 3).
    TupleTaken => "tuple_taken",
    /// More checks than allowed from one address.
    StunRate => "stun_rate",
    /// DTLS that does not parse or is refused.
    DtlsRefused => "dtls_refused",
    /// Media before the handshake ended.
    BeforeKeys => "before_keys",
    /// SRTP authentication failed.
    SrtpAuth => "srtp_auth",
    /// SRTP index seen before or too old.
    SrtpReplay => "srtp_replay",
    /// SRTCP authentication failed.
    SrtcpAuth => "srtcp_auth",
    /// SRTCP index seen before or too old.
    SrtcpReplay => "srtcp_replay",
    /// More SSRCs from one peer than a session needs.
    TooManySsrcs => "too_many_ssrcs",
    /// The kernel's receive buffer overflowed.
    KernelOverflow => "kernel_overflow",
    /// The kernel refused to send.
    SendRefused => "send_refused",
    /// A queue of ours was full.
    QueueFull => "queue_full",
    /// The peer is not known here.
    UnknownPeer => "unknown_peer",
    /// The destination has no keys or no address yet.
    NotConnected => "not_connected",
    /// A packet whose SRTP index was sealed before: never sent, because that would give keystream away.
    IndexReused => "index_reused",
    /// The cryptographic library refused to seal, or a key has no index left.
    SealRefused => "seal_refused",
    /// RTP that does not parse (RFC 3550 §5.1).
    RtpMalformed => "rtp_malformed",
    /// RTCP that does not parse (RFC 3550 §6).
    RtcpMalformed => "rtcp_malformed",
    /// Neither SSRC nor mid and rid belong to a section of the peer.
    UnknownSsrc => "unknown_ssrc",
    /// Payload type that was not negotiated for the section.
    UnknownPayloadType => "unknown_payload_type",
    /// A retransmission of nothing we know (RFC 4588).
    RtxUnknown => "rtx_unknown",
    /// A retransmission too short to name its original.
    RtxMalformed => "rtx_malformed",
    /// The codec's payload descriptor does not parse.
    CodecMalformed => "codec_malformed",
    /// A packet seen before.
    Duplicate => "duplicate",
    /// A packet older than anything that can still be repaired.
    TooOld => "too_old",
    /// The peer has no leaf in the group yet (K5.4).
    NoLeaf => "no_leaf",
    /// The frame does not begin as SFrame (K5.4, RFC 9605 §4.3).
    NotSframe => "not_sframe",
    /// The key id names another leaf (K5.4).
    WrongLeaf => "wrong_leaf",
    /// The key id names another kind of media (K5.4).
    WrongKind => "wrong_kind",
    /// The first packet of this frame was refused or never seen, so its rest is not passed on.
    FrameRefused => "frame_refused",
    /// Muted by the server.
    Muted => "muted",
    /// The peer may not send this source.
    NotAllowed => "not_allowed",
    /// Older than the key frame a slot began with (M4.1).
    BeforeKeyframe => "before_keyframe",
    /// Frame start that came late by retransmission: not switched to (M4.4).
    LateKeyframe => "late_keyframe",
    /// A source began anew more often than its slot enters it (M4.2).
    EntryRate => "entry_rate",
    /// A NACK for a packet that is no longer kept, or never was (M4.3).
    NackUnknown => "nack_unknown",
    /// More repairs than a receiver may ask for (attack 10).
    NackRate => "nack_rate",
    /// Feedback about an SSRC that is not a slot of the peer.
    FeedbackUnknown => "feedback_unknown",
    /// A key frame request folded into another (M4.4).
    PliCoalesced => "pli_coalesced",
    /// A datagram longer than any that a client has reason to send.
    TooLarge => "too_large",
    /// More bytes or packets than one peer may send.
    ClientRate => "client_rate",
    /// More compounds of RTCP than one peer may send.
    RtcpRate => "rtcp_rate",
    /// A datagram from port 0, to which nothing can be sent back.
    Unanswerable => "unanswerable",
}

const COUNT: usize = DropReason::ALL.len();

/// One counter per reason. Serialised as a map from name to count, zeroes left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropCounts([u64; COUNT]);

impl Default for DropCounts {
    fn default() -> Self {
        DropCounts([0; COUNT])
    }
}

impl DropCounts {
    /// Counts one drop.
    #[inline]
    pub fn count(&mut self, reason: DropReason) {
        self.0[reason as usize] += 1;
    }

    /// Counts several drops, such as those the kernel reports.
    pub fn add(&mut self, reason: DropReason, n: u64) {
        self.0[reason as usize] += n;
    }

    /// Drops of one reason so far.
    pub fn get(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// Adds the counters of another part of the worker.
    pub fn merge(&mut self, other: &DropCounts) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Every reason that happened, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .iter()
            .map(|&reason| (reason, self.get(reason)))
            .filter(|(_, n)| *n > 0)
    }

    /// All drops together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for DropCounts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.iter().count()))?;
        for (reason, n) in self.iter() {
            map.serialize_entry(reason.name(), &n)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for DropCounts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = DropCounts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from drop reason to count")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DropCounts, A::Error> {
                let mut counts = DropCounts::default();
                while let Some((name, n)) = map.next_entry::<String, u64>()? {
                    if let Some(reason) = DropReason::ALL.iter().find(|r| r.name() == name) {
                        counts.add(*reason, n);
                    }
                }
                Ok(counts)
            }
        }
        from.deserialize_map(Names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_cross_the_border_by_name_without_zeroes() {
        let mut counts = DropCounts::default();
        counts.count(DropReason::WrongLeaf);
        counts.add(DropReason::Muted, 3);
        let bytes = rmp_serde::to_vec_named(&counts).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("wrong_leaf") && text.contains("muted") && !text.contains("no_leaf"));
        assert_eq!(rmp_serde::from_slice::<DropCounts>(&bytes).unwrap(), counts);
    }

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let mut names: Vec<_> = DropReason::ALL.iter().map(|r| r.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DropReason::ALL.len());
    }
}

//! The sans-IO selective forwarding unit: packets in, packets out, no socket, clock or thread.
//!
//! Two halves meet here. The transport (ICE, DTLS, SRTP) turns datagrams into plain packets of a known peer;
//! the media half (RTP, RTCP, codecs, slots) turns those into plain packets for other peers.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("the feature `mutants` switches checks off and has no place in a release build");

mod bucket;
pub mod codec;
pub mod config;
pub mod drops;
pub mod dtls;
pub mod guard;
pub mod ice;
pub mod ingress;
pub mod ntp;
pub mod outbox;
mod peer;
pub mod pli;
pub mod room;
pub mod rtcp;
pub mod rtp;
pub mod sframe_header;
pub mod slots;
pub mod speakers;
pub mod srtp;
pub mod stun;
#[cfg(debug_assertions)]
pub mod trace;
pub mod transmits;
pub mod types;
pub mod worker;

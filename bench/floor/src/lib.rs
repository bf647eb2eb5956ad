//! The raw floor: what any forwarder written with these system calls and this cipher has to pay per delivered packet.
//!
//! It receives with `recvmmsg`, opens each packet once, writes a fixed header before its payload for each of N receivers,
//! seals it under that receiver's key with AEAD_AES_256_GCM (what both browsers negotiate, M2.3) and sends with `sendmmsg`
//! and segmentation offload: the calls, batch sizes and tick of the worker in `crates/udp`, and nothing else. It knows no
//! rooms, slots, repairs, reports, ICE or DTLS. **It is frozen**: a figure beside it stays comparable only while it stays
//! as it is, so it depends on no other crate of ours, and its own time stands beside `openssl speed`.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod cipher;
pub mod forward;
pub mod sys;
pub mod tick;

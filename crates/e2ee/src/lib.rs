//! End-to-end encryption: MLS members, public groups, SFrame, certificates and every signed structure.
//!
//! The browser's Worker runs this crate as WebAssembly, the headless participant and the server run it natively. Time is an
//! argument, storage is memory that dies with the value, and a refusal is an [`Error`] with a stable code. The one invariant a
//! caller must keep: frames leave only under [`Member::frame_sender`]'s keys, one sealer for each call, because a generation
//! that is used twice repeats nonces (K5.2).
//!
//! Order of reading: `signed` (what is signed), `identity` (who may sign), `group` (what a commit may do), `member` (one
//! leaf's life), `frames` (SFrame).
#![forbid(unsafe_code)]

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("the feature `mutants` switches checks off and has no place in a release build");

#[macro_use]
pub mod guard;
pub mod bytes;
pub mod chain;
mod crypto;
pub mod error;
pub mod frames;
pub mod group;
pub mod identity;
pub mod member;
pub mod pack;
pub mod params;
mod provider;
pub mod signed;
pub mod wire;

pub use error::{Code, Error, Result};
pub use group::PublicGroup;
pub use identity::{LeafKey, Trust};
pub use member::Member;
pub use params::GroupParams;

/// The default suite of the design: ML-KEM-768 with X25519, AES-128-GCM, SHA-256, Ed25519. A draft's code point, so it is
/// named in one place only.
pub const SUITE_HYBRID: u16 = 0x004F;
/// The classical suite that a signed policy may allow (K2.6).
pub const SUITE_CLASSICAL: u16 = 0x0001;
/// Version of the GroupContext extension and of the rules behind it.
pub const PROTOCOL_VERSION: u16 = 1;
/// Leaves above this index do not fit a key id (K5.1).
pub const MAX_LEAVES: u32 = 4096;

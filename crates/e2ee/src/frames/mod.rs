//! SFrame (RFC 9605) on whole frames (K5): key ids, key derivation, sealing and opening, behind tiny synthetic codec headers.
//!
//! The browser seals with WebCrypto; this is the reference that it and the server's tap are tested against, and what the
//! headless participant uses.

mod header;
mod keys;
mod kid;
mod padding;
mod replay;
mod sealing;
mod synthetic;

pub use header::{FrameHeader, parse_header};
pub use keys::{BASE_LABEL, FrameKeys, KEY_LENGTH, SALT_LENGTH, derive};
pub use kid::{Kid, Kind};
pub use replay::ReplayWindow;
pub use sealing::{Opener, Sealer, TAG_LENGTH};
pub use synthetic::Codec;

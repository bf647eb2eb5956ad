//! What a group may be and what a commit may do (K3): the rules that members and servers share.
//!
//! `config` fixes every MLS parameter, `leaf` checks a leaf and its chain, `points` its encryption keys, `rules` checks proposals and commits, `external`
//! makes the hub's proposals, `public` is the server's view, `welcome` cuts a Welcome to one joiner.

pub(crate) mod config;
mod external;
pub(crate) mod leaf;
pub(crate) mod message;
mod points;
mod public;
pub(crate) mod rules;
mod welcome;

pub use external::{external_add, external_remove};
pub use leaf::LeafLine;
pub use public::{CheckedKeyPackage, PublicGroup, Staged};
pub use welcome::split_welcome;

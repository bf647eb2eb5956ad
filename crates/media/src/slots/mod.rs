//! Receive slots (M4): each is one unbroken stream to its receiver, whatever tracks and layers pass through it.

pub mod history;
pub mod rewrite;
pub mod slot;
pub mod wire;

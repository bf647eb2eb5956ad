//! Sound of one size (K5.6): frames are padded before sealing, so that sizes tell nothing about words.

use crate::{Code, Error, Result};

/// Sizes are multiples of this, bytes. Opus at constant rate stays in one step; a larger one costs bandwidth on each packet.
const STEP: usize = 64;
/// The byte that ends the frame; zeros follow it.
const END: u8 = 0x80;

/// Pads to the smallest multiple of 64 that fits and is not below the floor.
pub fn pad(frame: &[u8], floor: usize) -> Vec<u8> {
    let size = (frame.len() + 1).next_multiple_of(STEP).max(floor);
    let mut out = Vec::with_capacity(size);
    out.extend(frame);
    out.push(END);
    out.resize(size, 0);
    out
}

/// Takes the padding away.
pub fn strip(mut padded: Vec<u8>) -> Result<Vec<u8>> {
    while padded.last() == Some(&0) {
        padded.pop();
    }
    match padded.pop() {
        Some(END) => Ok(padded),
        _ => Err(Error::new(Code::FramePadding, "")),
    }
}

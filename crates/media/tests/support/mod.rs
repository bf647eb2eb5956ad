//! Doubles of clients for the forwarder's tests: what a browser would negotiate, publishers that send dark VP8
//! and Opus frames, and receivers that notice every break in a slot.
#![allow(dead_code)]

pub mod house;
pub mod meeting;
pub mod publisher;
pub mod receiver;
pub mod sections;
pub mod targets;

/// A small generator with a printable seed.
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }
}

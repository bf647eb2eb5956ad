//! Repeatable randomness for the runner: a seed that failed plays the same again, on every machine.

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below an end that is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    /// Bytes, fewer than `most` of them.
    pub fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.roll() % most).map(|_| self.roll() as u8).collect()
    }

    /// The bytes with one to four bits changed, or a piece cut out or added; never the same.
    pub fn spoil(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        match self.below(6) {
            0 => bytes.truncate(self.below(good.len())),
            1 => bytes.extend([self.roll() as u8; 3]),
            2 => {
                let at = self.below(good.len());
                let end = (at + 1 + self.below(40)).min(good.len());
                bytes.drain(at..end);
            }
            _ => {
                for _ in 0..=self.below(4) {
                    let at = self.below(good.len());
                    bytes[at] ^= 1 << self.below(8);
                }
            }
        }
        if bytes == good {
            bytes[0] ^= 0x80;
        }
        bytes
    }
}

//! The key id (K5.1): generation (16) ‖ kind (3) ‖ leaf (12) ‖ epoch mod 256 (8), top bits zero.

use crate::{Code, Error, Result};

/// Kind of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Microphone.
    Microphone = 0,
    /// Camera.
    Camera = 1,
    /// Shared screen.
    Screen = 2,
    /// Sound of the shared screen.
    ScreenSound = 3,
    /// The microphone's copy under consent (K7.2).
    ConsentMicrophone = 4,
}

impl Kind {
    /// By its name on the wire.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "microphone" => Ok(Kind::Microphone),
            "camera" => Ok(Kind::Camera),
            "screen" => Ok(Kind::Screen),
            "screen_sound" => Ok(Kind::ScreenSound),
            "consent_microphone" => Ok(Kind::ConsentMicrophone),
            _ => Err(Error::new(Code::ArgumentMalformed, "no such kind of media")),
        }
    }

    fn from_bits(bits: u64) -> Option<Self> {
        [
            Kind::Microphone,
            Kind::Camera,
            Kind::Screen,
            Kind::ScreenSound,
            Kind::ConsentMicrophone,
        ]
        .into_iter()
        .find(|kind| *kind as u64 == bits)
    }

    /// Whether frames are padded to one size (K5.6).
    #[must_use]
    pub fn is_sound(self) -> bool {
        !matches!(self, Kind::Camera | Kind::Screen)
    }
}

/// A key id, taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kid {
    /// Counts sealers of this kind in the leaf's life.
    pub generation: u16,
    /// Kind of media.
    pub kind: Kind,
    /// The sender's leaf, below 4,096.
    pub leaf: u16,
    /// The epoch's lowest byte.
    pub epoch: u8,
}

impl Kid {
    /// The number on the wire.
    #[must_use]
    pub fn pack(self) -> u64 {
        (u64::from(self.generation) << 23)
            | ((self.kind as u64) << 20)
            | (u64::from(self.leaf & 0xfff) << 8)
            | u64::from(self.epoch)
    }

    /// Takes a number apart; set top bits and unknown kinds are refused.
    pub fn unpack(kid: u64) -> Result<Self> {
        guard!("K5.1.top-bits", kid >> 39 == 0, KidMalformed, "top bits");
        let kind =
            Kind::from_bits((kid >> 20) & 7).ok_or(Error::new(Code::KidMalformed, "kind"))?;
        Ok(Self {
            generation: (kid >> 23) as u16,
            kind,
            leaf: ((kid >> 8) & 0xfff) as u16,
            epoch: kid as u8,
        })
    }
}

//! A tuple: the peer's address and the address of ours that it hit.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where a datagram came from and which of our addresses it reached; replies leave from there (M1.1).
/// It does not print: addresses of people belong in no log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// The peer's address, never a v4-mapped one.
    pub remote: SocketAddr,
    /// Ours, where the kernel told.
    pub local: Option<IpAddr>,
}

impl Tuple {
    /// A tuple with both addresses in their plain form.
    #[must_use]
    pub fn new(remote: SocketAddr, local: Option<IpAddr>) -> Self {
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        Self {
            remote,
            local: local.map(|ip| ip.to_canonical()),
        }
    }

    /// Flat form for the worker's table: cheaper to hash than the enums.
    #[must_use]
    #[inline]
    pub(crate) fn key(&self) -> (u128, u128) {
        let local = self.local.map_or(0, bits);
        (
            bits(self.remote.ip()),
            local ^ (u128::from(self.remote.port()) << 96),
        )
    }
}

/// A number for an address; v4 and v6 cannot collide because v4 takes the v4-mapped range.
#[inline]
fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => 0xffff_0000_0000 | u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

impl fmt::Debug for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.remote.is_ipv4() {
            "Tuple(v4)"
        } else {
            "Tuple(v6)"
        })
    }
}

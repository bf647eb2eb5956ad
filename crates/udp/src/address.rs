//! Between Rust's addresses and the kernel's. On a dual-stack socket every address crosses as IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The families one socket may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// IPv4 only.
    V4,
    /// IPv6, and IPv4 in mapped form.
    Dual,
}

impl Family {
    pub(crate) const fn of(bind: SocketAddr) -> Self {
        if bind.is_ipv4() { Self::V4 } else { Self::Dual }
    }
}

/// An address as this socket's family writes it; `None` when it cannot reach it.
pub(crate) fn for_family(family: Family, address: SocketAddr) -> Option<SocketAddr> {
    match (family, address) {
        (Family::V4, SocketAddr::V4(_)) | (Family::Dual, SocketAddr::V6(_)) => Some(address),
        (Family::Dual, SocketAddr::V4(v4)) => Some(SocketAddr::V6(SocketAddrV6::new(
            v4.ip().to_ipv6_mapped(),
            v4.port(),
            0,
            0,
        ))),
        (Family::V4, SocketAddr::V6(_)) => None,
    }
}

/// Fills a kernel address; returns its length.
pub(crate) fn write(address: SocketAddr, to: &mut libc::sockaddr_in6) -> libc::socklen_t {
    match address {
        SocketAddr::V6(v6) => {
            to.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            to.sin6_port = v6.port().to_be();
            to.sin6_flowinfo = 0;
            to.sin6_addr.s6_addr = v6.ip().octets();
            to.sin6_scope_id = v6.scope_id();
            size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
        SocketAddr::V4(v4) => {
            // The first eight bytes of sockaddr_in lie where family, port and flow info of sockaddr_in6 do.
            to.sin6_family = libc::AF_INET as libc::sa_family_t;
            to.sin6_port = v4.port().to_be();
            to.sin6_flowinfo = u32::from_ne_bytes(v4.ip().octets());
            size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
    }
}

/// Reads a kernel address; a v4-mapped one becomes IPv4.
pub(crate) fn read(from: &libc::sockaddr_in6) -> SocketAddr {
    let port = u16::from_be(from.sin6_port);
    let ip = if i32::from(from.sin6_family) == libc::AF_INET {
        IpAddr::V4(Ipv4Addr::from(from.sin6_flowinfo.to_ne_bytes()))
    } else {
        let ip = Ipv6Addr::from(from.sin6_addr.s6_addr);
        if ip.to_ipv4_mapped().is_none() && from.sin6_scope_id != 0 {
            return SocketAddr::V6(SocketAddrV6::new(ip, port, 0, from.sin6_scope_id));
        }
        IpAddr::V6(ip).to_canonical()
    };
    SocketAddr::new(ip, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_form() {
        for text in ["127.0.0.1:80", "[2001:db8::1]:65535", "[fe80::1%7]:9"] {
            let address: SocketAddr = text.parse().unwrap();
            // SAFETY: all-zero bytes are a valid sockaddr_in6.
            let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            write(address, &mut raw);
            assert_eq!(read(&raw), address);
        }
    }

    #[test]
    fn a_dual_stack_socket_reaches_both_and_a_v4_socket_one() {
        let v4: SocketAddr = "192.0.2.1:5".parse().unwrap();
        let v6: SocketAddr = "[2001:db8::1]:5".parse().unwrap();
        assert_eq!(
            for_family(Family::Dual, v4),
            Some("[::ffff:192.0.2.1]:5".parse().unwrap())
        );
        assert_eq!(for_family(Family::V4, v6), None);
        assert_eq!(for_family(Family::V4, v4), Some(v4));
    }
}

//! The system calls: everything `unsafe` of the project. Each function does one call, or one option, and
//! gives Rust values back; nothing above this file holds a raw pointer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use crate::address::{self, Family};

/// Bytes of ancillary data for one datagram: packet info, segment size, overflow counter, with alignment.
const CONTROL: usize = 128;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// A non-blocking UDP socket, not yet bound.
pub(crate) fn udp_socket(family: Family) -> io::Result<OwnedFd> {
    let domain = if family == Family::V4 {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers; a non-negative result is a descriptor that nobody else owns.
    unsafe { check(libc::socket(domain, kind, 0)).map(|fd| OwnedFd::from_raw_fd(fd)) }
}

/// Sets an integer option.
pub(crate) fn set_option(fd: &OwnedFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let size = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the pointer is to a live i32 and the length is its own.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const value).cast(), size) };
    check(result).map(|_| ())
}

/// Reads an integer option.
pub(crate) fn option(fd: &OwnedFd, level: i32, name: i32) -> io::Result<i32> {
    let (mut value, mut size) = (0i32, size_of::<i32>() as libc::socklen_t);
    // SAFETY: both pointers are to live values of the sizes told.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw mut value).cast(),
            &raw mut size,
        )
    };
    check(result).map(|_| value)
}

/// Binds to an address that [`address::for_family`] has passed.
pub(crate) fn bind(fd: &OwnedFd, to: SocketAddr) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid sockaddr_in6.
    let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    let size = address::write(to, &mut raw);
    // SAFETY: the pointer is to a live address of at least `size` bytes.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const raw).cast(), size) }).map(|_| ())
}

/// The address a socket is bound to.
pub(crate) fn local_address(fd: &OwnedFd) -> io::Result<SocketAddr> {
    // SAFETY: all-zero bytes are a valid sockaddr_in6.
    let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    let mut size = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
    // SAFETY: both pointers are to live values; the kernel writes at most `size` bytes.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut raw).cast(), &raw mut size) })?;
    Ok(address::read(&raw))
}

/// Waits until one of the descriptors is readable or the time is over; which ones are.
pub(crate) fn wait(descriptors: [RawFd; 2], timeout: Duration) -> io::Result<[bool; 2]> {
    let mut polled = descriptors.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    let time = timespec(timeout);
    // SAFETY: the array holds two live entries and the time is live; no signal mask.
    match check(unsafe { libc::ppoll(polled.as_mut_ptr(), 2, &raw const time, std::ptr::null()) }) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok([false; 2]),
        Err(error) => Err(error),
        Ok(_) => Ok(polled.map(|entry| entry.revents != 0)),
    }
}

/// Waits until the socket takes data again or the time is over.
pub(crate) fn wait_writable(fd: &OwnedFd, timeout: Duration) -> bool {
    let mut polled = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    let time = timespec(timeout);
    // SAFETY: one live entry and a live time; no signal mask.
    unsafe { libc::ppoll(&raw mut polled, 1, &raw const time, std::ptr::null()) > 0 }
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

/// A counter that wakes a sleeping thread or an asyncio loop.
pub struct EventFd(OwnedFd);

impl EventFd {
    /// A fresh one at zero.
    ///
    /// # Errors
    /// The kernel's, when the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers; a non-negative result is a descriptor that nobody else owns.
        unsafe {
            check(libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC))
                .map(|fd| Self(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// Makes it readable. A counter that is full is readable already.
    pub fn signal(&self) {
        let one = 1u64;
        // SAFETY: the pointer is to eight live bytes.
        let _ = unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Makes it unreadable again.
    pub fn reset(&self) {
        let mut count = 0u64;
        // SAFETY: the pointer is to eight live bytes.
        let _ = unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Ancillary data, aligned as the kernel wants its headers.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// One received datagram, or several of equal length that the kernel joined (UDP GRO).
pub(crate) struct Received<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) local: Option<IpAddr>,
    pub(crate) bytes: &'a mut [u8],
    /// Length of each datagram but the last.
    pub(crate) segment: usize,
    /// Datagrams the kernel has dropped on this socket so far.
    pub(crate) overflowed: Option<u32>,
}

/// Memory for one `recvmmsg`.
pub(crate) struct Receiver {
    buffers: Vec<u8>,
    size: usize,
    addresses: Vec<libc::sockaddr_in6>,
    controls: Vec<Control>,
    headers: Vec<libc::mmsghdr>,
    vectors: Vec<libc::iovec>,
}

// SAFETY: the raw pointers inside `headers` and `vectors` are rewritten at the start of each `receive` and never
// read outside it, so moving the empty shell to another thread moves nothing that is shared.
unsafe impl Send for Receiver {}

impl Receiver {
    /// `count` buffers of `size` bytes.
    pub(crate) fn new(count: usize, size: usize) -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_in6.
        let address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
        Self {
            buffers: vec![0; count * size],
            size,
            addresses: vec![address; count],
            controls: vec![Control([0; CONTROL]); count],
            headers: Vec::with_capacity(count),
            vectors: Vec::with_capacity(count),
        }
    }

    /// One `recvmmsg`; hands over what came, in order. Returns how many buffers were filled.
    pub(crate) fn receive(
        &mut self,
        fd: &OwnedFd,
        mut take: impl FnMut(Received<'_>),
    ) -> io::Result<usize> {
        self.prepare();
        let (headers, count) = (self.headers.as_mut_ptr(), self.headers.len() as u32);
        // SAFETY: every header points into `self`, which outlives the call; lengths are their own.
        let result = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                headers,
                count,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        let filled = check(result)? as usize;
        for (index, header) in self.headers.iter().enumerate().take(filled) {
            let start = index * self.size;
            let length = (header.msg_len as usize).min(self.size);
            // SAFETY: the kernel has filled this header's control buffer and set its length.
            let ancillary = unsafe { read_control(&header.msg_hdr) };
            take(Received {
                from: address::read(&self.addresses[index]),
                local: ancillary.local,
                segment: ancillary.segment.unwrap_or(length).max(1),
                overflowed: ancillary.overflowed,
                bytes: &mut self.buffers[start..start + length],
            });
        }
        Ok(filled)
    }

    fn prepare(&mut self) {
        self.headers.clear();
        self.vectors.clear();
        self.vectors.extend(
            self.buffers
                .chunks_mut(self.size)
                .map(|buffer| libc::iovec {
                    iov_base: buffer.as_mut_ptr().cast(),
                    iov_len: buffer.len(),
                }),
        );
        for index in 0..self.addresses.len() {
            // SAFETY: all-zero bytes are a valid mmsghdr.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_name = (&raw mut self.addresses[index]).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_hdr.msg_iov = &raw mut self.vectors[index];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = (&raw mut self.controls[index]).cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
            self.headers.push(header);
        }
    }
}

#[derive(Default)]
struct Ancillary {
    local: Option<IpAddr>,
    segment: Option<usize>,
    overflowed: Option<u32>,
}

/// Reads what the kernel said about a datagram.
///
/// # Safety
/// `header` must have been filled by a successful receive, its control buffer alive.
unsafe fn read_control(header: &libc::msghdr) -> Ancillary {
    let mut found = Ancillary::default();
    // SAFETY: the caller's promise; the macros stay inside msg_controllen.
    let mut current = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !current.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return headers that lie whole inside the buffer, and the
        // kernel writes the whole payload of the kinds read here.
        unsafe {
            let data = libc::CMSG_DATA(current);
            match ((*current).cmsg_level, (*current).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info: libc::in_pktinfo = data.cast::<libc::in_pktinfo>().read_unaligned();
                    found.local = Some(IpAddr::V4(info.ipi_addr.s_addr.to_ne_bytes().into()));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info: libc::in6_pktinfo = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    found.local = Some(IpAddr::V6(info.ipi6_addr.s6_addr.into()).to_canonical());
                }
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    found.segment = usize::try_from(data.cast::<i32>().read_unaligned()).ok();
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    found.overflowed = Some(data.cast::<u32>().read_unaligned());
                }
                _ => {}
            }
            current = libc::CMSG_NXTHDR(header, current);
        }
    }
    found
}

/// One run of datagrams to send.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) to: SocketAddr,
    pub(crate) local: Option<IpAddr>,
    pub(crate) bytes: &'a [u8],
    /// Set where the bytes hold several datagrams of this length (UDP GSO).
    pub(crate) segment: Option<u16>,
}

impl Outgoing<'_> {
    /// A place to be filled.
    pub(crate) const EMPTY: Self = Self {
        to: SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0),
        local: None,
        bytes: &[],
        segment: None,
    };
}

/// Memory for one `sendmmsg`.
pub(crate) struct Sender {
    family: Family,
    addresses: Vec<libc::sockaddr_in6>,
    controls: Vec<Control>,
    headers: Vec<libc::mmsghdr>,
    vectors: Vec<libc::iovec>,
}

// SAFETY: the raw pointers inside `headers` and `vectors` are rewritten at the start of each `send` and never
// read outside it, so moving the empty shell to another thread moves nothing that is shared.
unsafe impl Send for Sender {}

impl Sender {
    /// Room for `count` runs.
    pub(crate) fn new(family: Family, count: usize) -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_in6.
        let address: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
        Self {
            family,
            addresses: vec![address; count],
            controls: vec![Control([0; CONTROL]); count],
            headers: Vec::with_capacity(count),
            vectors: Vec::with_capacity(count),
        }
    }

    /// One `sendmmsg` of at most as many runs as there is room for; how many the kernel took.
    ///
    /// # Errors
    /// The kernel's, about the first run that it did not take.
    pub(crate) fn send(&mut self, fd: &OwnedFd, runs: &[Outgoing<'_>]) -> io::Result<usize> {
        let count = runs.len().min(self.addresses.len());
        self.headers.clear();
        self.vectors.clear();
        self.vectors
            .extend(runs[..count].iter().map(|run| libc::iovec {
                iov_base: run.bytes.as_ptr().cast_mut().cast(),
                iov_len: run.bytes.len(),
            }));
        for (index, run) in runs[..count].iter().enumerate() {
            let size = address::write(run.to, &mut self.addresses[index]);
            let used = write_control(self.family, &mut self.controls[index], run);
            // SAFETY: all-zero bytes are a valid mmsghdr.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_name = (&raw mut self.addresses[index]).cast();
            header.msg_hdr.msg_namelen = size;
            header.msg_hdr.msg_iov = &raw mut self.vectors[index];
            header.msg_hdr.msg_iovlen = 1;
            if used > 0 {
                header.msg_hdr.msg_control = (&raw mut self.controls[index]).cast();
                header.msg_hdr.msg_controllen = used as _;
            }
            self.headers.push(header);
        }
        // SAFETY: every header points into `self` and into `runs`, which outlive the call; the kernel only
        // reads the payload.
        let sent = unsafe {
            libc::sendmmsg(
                fd.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count as u32,
                libc::MSG_DONTWAIT as _,
            )
        };
        check(sent).map(|sent| sent as usize)
    }
}

/// Writes source address and segment size; returns the bytes used.
fn write_control(family: Family, control: &mut Control, run: &Outgoing<'_>) -> usize {
    let mut used = 0;
    match (family, run.local) {
        (Family::V4, Some(IpAddr::V4(ip))) => {
            // SAFETY: all-zero bytes are a valid in_pktinfo.
            let mut info: libc::in_pktinfo = unsafe { std::mem::zeroed() };
            info.ipi_spec_dst.s_addr = u32::from_ne_bytes(ip.octets());
            used = push_control(control, used, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        (Family::Dual, Some(ip)) => {
            // SAFETY: all-zero bytes are a valid in6_pktinfo.
            let mut info: libc::in6_pktinfo = unsafe { std::mem::zeroed() };
            info.ipi6_addr.s6_addr = match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            used = push_control(control, used, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
        _ => {}
    }
    if let Some(segment) = run.segment {
        used = push_control(control, used, libc::SOL_UDP, libc::UDP_SEGMENT, segment);
    }
    used
}

/// Appends one ancillary message; returns the bytes used so far.
fn push_control<T: Copy>(
    control: &mut Control,
    used: usize,
    level: i32,
    kind: i32,
    value: T,
) -> usize {
    // SAFETY: plain arithmetic on a size.
    let (space, length) = unsafe {
        (
            libc::CMSG_SPACE(size_of::<T>() as u32) as usize,
            libc::CMSG_LEN(size_of::<T>() as u32) as usize,
        )
    };
    let Some(room) = control.0.get_mut(used..used + space) else {
        return used;
    };
    let header = room.as_mut_ptr().cast::<libc::cmsghdr>();
    // SAFETY: `room` holds `space` bytes, which is header plus value with padding; `used` is a multiple of the
    // header's alignment because every CMSG_SPACE is, and `Control` is aligned.
    unsafe {
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        (*header).cmsg_len = length as _;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
    }
    used + space
}

//! The system calls, as `crates/udp` makes them on an IPv4 socket: everything `unsafe` of the figures. Written out again
//! rather than shared, because what the floor calls must not change with what is measured.

use std::io;
use std::mem::zeroed;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// The largest datagram the kernel hands over when it joins (UDP GRO).
const RECEIVE_SIZE: usize = 65_536;
const BUFFER: i32 = 8 << 20;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 128]);

fn set(socket: &UdpSocket, level: i32, name: i32, value: i32) -> io::Result<()> {
    let size = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the pointer is to a live i32 and the length is its own.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Options of the worker's socket: packet info, joined datagrams, drop counter, large buffers.
///
/// # Errors
/// The kernel's.
pub fn prepare_server(socket: &UdpSocket) -> io::Result<()> {
    set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
    set(socket, libc::SOL_UDP, libc::UDP_GRO, 1)?;
    set(socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
    enlarge(socket, BUFFER)
}

/// Asks for larger buffers, past the system's limit where the caller may.
///
/// # Errors
/// The kernel's.
pub fn enlarge(socket: &UdpSocket, bytes: i32) -> io::Result<()> {
    for (forced, plain) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
    ] {
        if set(socket, libc::SOL_SOCKET, forced, bytes).is_err() {
            set(socket, libc::SOL_SOCKET, plain, bytes)?;
        }
    }
    Ok(())
}

/// The receive buffer the kernel granted, bytes as it counts them.
#[must_use]
pub fn granted(socket: &UdpSocket) -> usize {
    let (mut value, mut size) = (0i32, size_of::<i32>() as libc::socklen_t);
    // SAFETY: both pointers are to live values of the sizes told.
    unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&raw mut value).cast(),
            &raw mut size,
        );
    }
    usize::try_from(value).unwrap_or(0)
}

/// Waits until the socket is readable or the time is over.
pub fn wait(socket: &UdpSocket, timeout: Duration) -> bool {
    let mut polled = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let time = libc::timespec {
        tv_sec: timeout.as_secs() as i64,
        tv_nsec: i64::from(timeout.subsec_nanos()),
    };
    // SAFETY: one live entry and a live time; no signal mask.
    unsafe { libc::ppoll(&raw mut polled, 1, &raw const time, std::ptr::null()) > 0 }
}

/// CPU time that a process has used, all its threads, user and kernel; none when it is gone.
#[must_use]
pub fn cpu_of(pid: u32) -> Option<Duration> {
    let (mut clock, mut time) = (
        0,
        libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
    );
    // SAFETY: both pointers are to live values.
    let failed = unsafe {
        libc::clock_getcpuclockid(pid as libc::pid_t, &raw mut clock) != 0
            || libc::clock_gettime(clock, &raw mut time) != 0
    };
    (!failed).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Keeps the calling process on one core.
pub fn pin(core: usize) {
    // SAFETY: all-zero bytes are an empty set, and the set outlives the call. A refusal changes nothing but noise.
    unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

/// Memory for one `recvmmsg`.
pub struct Receiver {
    buffers: Vec<u8>,
    addresses: Vec<libc::sockaddr_in6>,
    controls: Vec<Control>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

// SAFETY: the raw pointers are rewritten at the start of each call and not read outside it.
unsafe impl Send for Receiver {}

impl Receiver {
    /// Room for `count` datagrams, or joined runs of them.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            buffers: vec![0; count * RECEIVE_SIZE],
            // SAFETY: all-zero bytes are a valid sockaddr_in6.
            addresses: vec![unsafe { zeroed() }; count],
            controls: vec![Control([0; 128]); count],
            vectors: Vec::with_capacity(count),
            headers: Vec::with_capacity(count),
        }
    }

    /// One `recvmmsg`; `take` gets each buffer with the length of its datagrams. How many were filled.
    ///
    /// # Errors
    /// The kernel's.
    pub fn receive(
        &mut self,
        socket: &UdpSocket,
        mut take: impl FnMut(&mut [u8], usize),
    ) -> io::Result<usize> {
        self.vectors.clear();
        self.headers.clear();
        self.vectors.extend(
            self.buffers
                .chunks_mut(RECEIVE_SIZE)
                .map(|buffer| libc::iovec {
                    iov_base: buffer.as_mut_ptr().cast(),
                    iov_len: buffer.len(),
                }),
        );
        for at in 0..self.addresses.len() {
            // SAFETY: all-zero bytes are a valid mmsghdr.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            header.msg_hdr.msg_name = (&raw mut self.addresses[at]).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in6>() as _;
            header.msg_hdr.msg_iov = &raw mut self.vectors[at];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = (&raw mut self.controls[at]).cast();
            header.msg_hdr.msg_controllen = 128;
            self.headers.push(header);
        }
        let (headers, count) = (self.headers.as_mut_ptr(), self.headers.len() as u32);
        let flags = libc::MSG_DONTWAIT as _;
        // SAFETY: every header points into `self`, which outlives the call; lengths are their own.
        let filled = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers,
                count,
                flags,
                std::ptr::null_mut(),
            )
        };
        let filled = usize::try_from(filled).map_err(|_| io::Error::last_os_error())?;
        for (at, header) in self.headers.iter().enumerate().take(filled) {
            let length = (header.msg_len as usize).min(RECEIVE_SIZE);
            // SAFETY: the kernel has filled this header's control buffer and set its length.
            let segment = unsafe { segment(&header.msg_hdr) }.unwrap_or(length).max(1);
            let start = at * RECEIVE_SIZE;
            take(&mut self.buffers[start..start + length], segment);
        }
        Ok(filled)
    }
}

/// The length of joined datagrams.
///
/// # Safety
/// `header` must have been filled by a successful receive, its control buffer alive.
unsafe fn segment(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the caller's promise; the macros stay inside msg_controllen, and the kernel writes whole values.
    unsafe {
        let mut current = libc::CMSG_FIRSTHDR(header);
        while !current.is_null() {
            if ((*current).cmsg_level, (*current).cmsg_type) == (libc::SOL_UDP, libc::UDP_GRO) {
                return usize::try_from(libc::CMSG_DATA(current).cast::<i32>().read_unaligned())
                    .ok();
            }
            current = libc::CMSG_NXTHDR(header, current);
        }
    }
    None
}

/// Datagrams of `segment` bytes to one address, the last perhaps shorter.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Where to.
    pub to: SocketAddrV4,
    /// The datagrams one behind the other.
    pub bytes: &'a [u8],
    /// Length of each but the last.
    pub segment: usize,
}

/// Memory for one `sendmmsg`.
pub struct Sender {
    room: usize,
    addresses: Vec<libc::sockaddr_in>,
    controls: Vec<Control>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

// SAFETY: the raw pointers are rewritten at the start of each call and not read outside it.
unsafe impl Send for Sender {}

impl Sender {
    /// Room for `count` runs.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            room: count,
            addresses: Vec::with_capacity(count),
            controls: vec![Control([0; 128]); count],
            vectors: Vec::with_capacity(count),
            headers: Vec::with_capacity(count),
        }
    }

    /// Sends all runs, as many in each `sendmmsg` as there is room for; what the kernel refuses is lost.
    pub fn send_all<'a>(&mut self, socket: &UdpSocket, mut runs: impl Iterator<Item = Run<'a>>) {
        loop {
            let batch = runs.by_ref().take(self.room);
            if self.send(socket, batch) < self.room {
                return;
            }
        }
    }

    fn send<'a>(&mut self, socket: &UdpSocket, runs: impl Iterator<Item = Run<'a>>) -> usize {
        self.addresses.clear();
        self.vectors.clear();
        self.headers.clear();
        for (at, run) in runs.enumerate() {
            // SAFETY: all-zero bytes are a valid sockaddr_in.
            let mut address: libc::sockaddr_in = unsafe { zeroed() };
            address.sin_family = libc::AF_INET as _;
            address.sin_port = run.to.port().to_be();
            address.sin_addr.s_addr = u32::from_ne_bytes(run.to.ip().octets());
            self.addresses.push(address);
            self.vectors.push(libc::iovec {
                iov_base: run.bytes.as_ptr().cast_mut().cast(),
                iov_len: run.bytes.len(),
            });
            let used = write_control(&mut self.controls[at], &run);
            // SAFETY: all-zero bytes are a valid mmsghdr.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            header.msg_hdr.msg_name = (&raw mut self.addresses[at]).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as _;
            header.msg_hdr.msg_iov = &raw mut self.vectors[at];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = (&raw mut self.controls[at]).cast();
            header.msg_hdr.msg_controllen = used as _;
            self.headers.push(header);
        }
        let filled = self.headers.len();
        let mut at = 0;
        while at < filled {
            let (headers, count) = (&raw mut self.headers[at], (filled - at) as u32);
            let flags = libc::MSG_DONTWAIT as _;
            // SAFETY: every header points into `self`, which holds room for all of them, and into the runs; both
            // outlive the call, and the kernel only reads.
            let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers, count, flags) };
            at += usize::try_from(sent).unwrap_or(1).max(1);
        }
        filled
    }
}

/// Writes source address and, for several datagrams, their length; returns the bytes used.
fn write_control(control: &mut Control, run: &Run<'_>) -> usize {
    // SAFETY: all-zero bytes are a valid in_pktinfo.
    let mut info: libc::in_pktinfo = unsafe { zeroed() };
    info.ipi_spec_dst.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
    let used = push(control, 0, (libc::IPPROTO_IP, libc::IP_PKTINFO), info);
    if run.bytes.len() > run.segment {
        return push(
            control,
            used,
            (libc::SOL_UDP, libc::UDP_SEGMENT),
            run.segment as u16,
        );
    }
    used
}

fn push<T: Copy>(control: &mut Control, used: usize, (level, kind): (i32, i32), value: T) -> usize {
    // SAFETY: `Control` is aligned as headers are, 128 bytes hold the two messages that are ever written, and `used`
    // is what CMSG_SPACE said of the first.
    unsafe {
        let header = control.0.as_mut_ptr().add(used).cast::<libc::cmsghdr>();
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        (*header).cmsg_len = libc::CMSG_LEN(size_of::<T>() as u32) as _;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
        used + libc::CMSG_SPACE(size_of::<T>() as u32) as usize
    }
}

//! The floor as a process of its own: `entente-floor SSRC ADDRESS…` binds a port, prints it, and forwards the stream SSRC to
//! the addresses until its standard input ends. Each line there is answered with the present tick in microseconds.

use std::io::BufRead;
use std::net::{SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use entente_floor::forward::Forward;
use entente_floor::sys;
use entente_floor::tick::Ticker;

const NAP: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let passed = arguments.next().ok_or("SSRC ADDRESS…")?.parse()?;
    let targets: Vec<SocketAddrV4> = arguments.map(|one| one.parse()).collect::<Result<_, _>>()?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("{}", socket.local_addr()?);
    let mut forward = Forward::new(socket, passed, &targets)?;
    let tick = Arc::new(AtomicU64::new(0));
    let told = tick.clone();
    std::thread::spawn(move || run(&mut forward, &told));
    for line in std::io::stdin().lock().lines() {
        line?;
        println!("{}", tick.load(Ordering::Relaxed));
    }
    Ok(())
}

/// The worker's loop, less its commands, timers and events.
fn run(forward: &mut Forward, told: &AtomicU64) {
    let mut ticker = Ticker::new(Instant::now());
    let mut woken = Instant::now();
    loop {
        let tick = ticker.tick();
        if !tick.is_zero() {
            std::thread::sleep((woken + tick).saturating_duration_since(Instant::now()));
        }
        let ready = sys::wait(forward.socket(), NAP);
        woken = Instant::now();
        if ready {
            forward.serve();
        }
        ticker.worked(woken, Instant::now());
        told.store(ticker.tick().as_micros() as u64, Ordering::Relaxed);
    }
}

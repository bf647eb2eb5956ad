//! What is measured, as a process of its own: one worker thread with the real engine, as a node runs it. It prints its
//! address and certificate, takes commands as lines of hexadecimal msgpack, tells what happens in lines, and ends with its
//! standard input.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use entente_media::config::{Allowance, Config};
use entente_media::types::{Command, Event};
use entente_media::worker::media_half;
use entente_udp::{EventQueue, Options, WorkerHandle};

/// Between two looks at the events. A node's core is woken more often; its share is not the worker's.
const LOOK: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut seed = [0; 32];
    entente_udp::random(&mut seed).map_err(|_| "no randomness")?;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let events = Arc::new(EventQueue::new()?);
    let mut config = Config::new(Instant::now(), wall, seed);
    // The hot loop sends through one publisher what a node's thousand would: the bound on each is not what is measured.
    config.allowance = Allowance {
        bytes: u32::MAX,
        packets: u32::MAX,
        compounds: u32::MAX,
    };
    let options = Options {
        index: 0,
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        socket_buffer: 8 << 20,
        config,
    };
    let worker = WorkerHandle::spawn(options, events.clone(), media_half)?;
    println!("{} {}", worker.address(), worker.fingerprint());
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(LOOK);
            if events
                .drain()
                .into_iter()
                .any(|(_, event)| tell(&event).is_err())
            {
                return;
            }
        }
    });
    for line in std::io::stdin().lock().lines() {
        let bytes = unhex(&line?).ok_or("not hexadecimal")?;
        let command: Command = rmp_serde::from_slice(&bytes)?;
        while worker.command(command.clone()).is_err() {
            std::thread::sleep(LOOK);
        }
    }
    Ok(())
}

fn tell(event: &Event) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match event {
        Event::Connected { peer, profile, .. } => writeln!(out, "connected {} {profile}", peer.0),
        Event::Lost { peer, reason } => writeln!(out, "lost {} {reason}", peer.0),
        Event::Stats(stats) => {
            let drops = serde_json::to_string(&stats.drops)?;
            writeln!(out, "stats {} {drops}", stats.tick_us)
        }
        _ => Ok(()),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

//! How long the forwarder takes per delivered packet, without keys and sockets: one publisher, N receivers.
//! `cargo run --release -p entente-media --example forward` prints a table of medians over eleven runs.

#[path = "../tests/support/mod.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Clock};

use entente_media::types::{SlotKind, Source};
use support::house::House;
use support::publisher::Publisher;
use support::sections::client;

/// Length of a video packet's payload behind the descriptor, and of a voice's.
const VIDEO: usize = 1_100;
const VOICE: usize = 110;

/// Counts allocations, to show that the hot path makes none (M1.2).
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// The counter must see every allocation of the process; only an allocator can.
#[allow(unsafe_code)]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    println!(
        "{:<8} {:>5} {:>14} {:>12} {:>12} {:>12}",
        "media", "N", "ns/delivered", "low", "high", "allocations"
    );
    for receivers in [10, 100, 300] {
        for video in [true, false] {
            let mut runs: Vec<_> = (0..11).map(|_| run(receivers, video)).collect();
            runs.sort_by(|a, b| a.0.total_cmp(&b.0));
            let name = if video { "video" } else { "voice" };
            let (median, low, high) = (runs[5].0, runs[1].0, runs[9].0);
            println!(
                "{name:<8} {receivers:>5} {median:>14.1} {low:>12.1} {high:>12.1} {:>12}",
                runs[5].1
            );
        }
    }
}

/// Nanoseconds per delivered packet and allocations during the measured stretch.
fn run(receivers: u64, video: bool) -> (f64, u64) {
    let mut house = House::new();
    house.join(1, &client(11));
    for peer in 2..receivers + 2 {
        house.join(peer, &client(10 + peer as u32));
        if video {
            house.show(peer, SlotKind::Video, 0, Some((1, Source::Camera)), 2);
        } else {
            house.show(peer, SlotKind::Audio, 0, Some((1, Source::Microphone)), 0);
        }
    }
    let source = if video {
        Source::Camera
    } else {
        Source::Microphone
    };
    let mut publisher = Publisher::new(source, 1, 5, if video { &["q", "h", "f"] } else { &[] });
    publisher.encodings[0].ssrc = 11;
    let mut packets = Vec::new();
    let per_receiver = (600_000 / receivers).clamp(3_000, 20_000);
    while (packets.len() as u64) < per_receiver {
        let (mut new, len) = if video {
            (publisher.picture(2, 5), VIDEO)
        } else {
            (vec![publisher.voice(30)], VOICE)
        };
        publisher.next(3_000);
        new.iter_mut().for_each(|packet| packet.resize(len, 0x5a));
        packets.append(&mut new);
    }
    // The first third fills buffers and finds the slots.
    let (warm, measured) = packets.split_at(packets.len() / 3);
    warm.iter().for_each(|packet| drive(&mut house, packet));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let start = Clock::now();
    measured.iter().for_each(|packet| drive(&mut house, packet));
    let spent = start.elapsed();
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    (
        spent.as_nanos() as f64 / (measured.len() as u64 * receivers) as f64,
        allocations,
    )
}

fn drive(house: &mut House, packet: &[u8]) {
    house.now += Duration::from_micros(700);
    house.rtp(1, packet);
    assert!(!house.out.packets().is_empty());
    house.out.clear();
}

//! `entente-load [PAIRS [MEDIA N PACE]]`: what a delivered packet costs the real worker beside the raw floor, 1 → N, in
//! alternating windows of three seconds. Prints one JSON object a line; progress goes to standard error.

mod packets;
mod peers;
#[path = "../../../crates/media/tests/support/sections.rs"]
#[allow(dead_code, reason = "each user of these sections takes some")]
mod sections;
mod side;
mod trace;
mod window;

use std::error::Error;
use std::path::{Path, PathBuf};

use entente_floor::sys;
use entente_media::types::Source;
use serde_json::{Value, json};

use side::Side;
use trace::Trace;
use window::{Pace, Window};

const RECEIVERS: [u64; 3] = [10, 100, 300];
const PAIRS: u32 = 11;
/// The measured processes have one core, this one another.
const MEASURED: usize = 0;
const OURS: usize = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pairs = arguments.first().map_or(Ok(PAIRS), |one| one.parse())?;
    let wanted = |at: usize, value: &str| {
        arguments
            .get(at)
            .is_none_or(|one| one == value || one == "all")
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces");
    for (source, name) in [
        (Source::Camera, "video"),
        (Source::Microphone, "microphone"),
    ] {
        let trace = Trace::load(&folder, name)?;
        for count in RECEIVERS {
            let paces = [Pace::Hot, Pace::Recorded].into_iter();
            let paces: Vec<_> = paces.filter(|pace| wanted(3, pace.name())).collect();
            if wanted(1, name) && wanted(2, &count.to_string()) && !paces.is_empty() {
                compare(source, name, count, &trace, pairs, &paces)?;
            }
        }
    }
    Ok(())
}

fn beside(name: &str) -> std::io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// All pairs of one number of receivers.
fn compare(
    source: Source,
    name: &str,
    count: u64,
    trace: &Trace,
    pairs: u32,
    paces: &[Pace],
) -> Result<(), Box<dyn Error>> {
    sys::pin(MEASURED);
    let floor = Side::floor(&beside("entente-floor")?, source, count)?;
    let worker = Side::worker(&beside("entente-subject")?, source, count)?;
    sys::pin(OURS);
    let mut sides = [floor, worker].map(|side| Window::new(side, source, count));
    for side in &mut sides {
        side.warm_up(trace)?;
    }
    for pace in paces {
        let mut rows: [Vec<Value>; 2] = Default::default();
        for pair in 0..pairs {
            // Whoever goes first may find a warmer or a cooler machine: in turn.
            let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
            for at in order {
                let [one, other] = &mut sides;
                let (measured, idle) = if at == 0 { (one, other) } else { (other, one) };
                rows[at].push(measured.measure(trace, pair, *pace, idle)?);
            }
            let ns = |at: usize| {
                rows[at]
                    .last()
                    .and_then(|row| row["ns"].as_f64())
                    .unwrap_or_default()
            };
            eprintln!(
                "{name} 1 to {count}, {}: floor {:.0} ns, worker {:.0} ns",
                pace.name(),
                ns(0),
                ns(1)
            );
        }
        let [floor, worker] = rows;
        let line = json!({"media": name, "receivers": count, "pace": pace.name(), "floor": floor, "worker": worker});
        println!("{line}");
    }
    eprintln!("{}", sides[1].told());
    Ok(())
}

//! One measured window: three seconds of traffic through one side, and what it cost the process there.

use std::error::Error;
use std::time::{Duration, Instant};

use entente_media::types::Source;
use serde_json::{Value, json};

use crate::packets::{Publisher, watched};
use crate::side::Side;
use crate::trace::{Step, Trace, WINDOW};

/// Deliveries under way at most in the hot loop: a wake-up every 2 ms finds work, and no buffer overflows.
const IN_FLIGHT: u64 = 6_000;
/// Per receiver at most, so that a few receivers' buffers do not overflow either.
const EACH: u64 = 400;
/// Between two looks at the sockets while packets are paced.
const LOOK: Duration = Duration::from_micros(500);
/// Between two looks at timers.
const KEEP: Duration = Duration::from_millis(50);
/// How long the last deliveries may take; what comes later is lost.
const LAST: Duration = Duration::from_millis(500);

/// When packets leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As soon as the receivers keep up.
    Hot,
    /// When the browser sent them.
    Recorded,
}

impl Pace {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Recorded => "paced",
        }
    }
}

/// A side with its publisher and its count of what should arrive.
pub struct Window {
    side: Side,
    publisher: Publisher,
    source: Source,
    receivers: u64,
    expected: u64,
    kept: Instant,
}

impl Window {
    pub fn new(side: Side, source: Source, receivers: u64) -> Self {
        let publisher = Publisher::new(source);
        Self {
            side,
            publisher,
            source,
            receivers,
            expected: 0,
            kept: Instant::now(),
        }
    }

    /// What the process said last.
    pub fn told(&self) -> &str {
        &self.side.told
    }

    /// The first packets, until everybody has what is sent.
    pub fn warm_up(&mut self, trace: &Trace) -> Result<(), Box<dyn Error>> {
        let end = Instant::now() + Duration::from_secs(10);
        for step in trace.steps.iter().cycle() {
            let before = self.side.delivered;
            let sent = self.send(step);
            let patience = Instant::now() + Duration::from_millis(20);
            while self.side.delivered < before + sent && Instant::now() < patience {
                self.look()?;
            }
            if step.marker && sent > 0 && self.side.delivered == before + sent {
                break;
            }
            if Instant::now() > end {
                return Err(format!("nobody gets anything: {}", self.side.told).into());
            }
        }
        self.expected = self.side.delivered;
        Ok(())
    }

    /// Deliveries that this packet leads to.
    fn send(&mut self, step: &Step) -> u64 {
        let packet = self.publisher.packet(step);
        let passed = packet.ssrc == watched(self.source);
        self.side.publish(packet);
        let sent = if passed { self.receivers } else { 0 };
        self.expected += sent;
        sent
    }

    fn look(&mut self) -> Result<bool, Box<dyn Error>> {
        if self.kept.elapsed() >= KEEP {
            self.kept = Instant::now();
            self.side.keep()?;
        }
        Ok(self.side.drain())
    }

    /// One window from the `number`th of the trace on; `idle` is kept alive meanwhile.
    pub fn measure(
        &mut self,
        trace: &Trace,
        number: u32,
        pace: Pace,
        idle: &mut Self,
    ) -> Result<Value, Box<dyn Error>> {
        self.look()?;
        let (delivered, bytes, expected) = (self.side.delivered, self.side.bytes, self.expected);
        let (cpu, start) = (self.side.cpu(), Instant::now());
        match pace {
            Pace::Hot => self.hot(trace, number, idle, start)?,
            Pace::Recorded => self.paced(trace, number, idle, start)?,
        }
        let last = Instant::now() + LAST;
        while self.side.delivered - delivered < self.expected - expected && Instant::now() < last {
            self.look()?;
            std::thread::sleep(LOOK);
        }
        let spent = self.side.cpu().saturating_sub(cpu);
        let count = self.side.delivered - delivered;
        let lost = (self.expected - expected).saturating_sub(count);
        self.expected = self.side.delivered;
        Ok(json!({
            "ns": spent.as_nanos() as f64 / count.max(1) as f64,
            "delivered": count,
            "lost": lost,
            "bytes": (self.side.bytes - bytes) as f64 / count.max(1) as f64,
            "load": spent.as_secs_f64() / start.elapsed().as_secs_f64(),
            "tick_us": self.side.tick()?,
        }))
    }

    fn hot(
        &mut self,
        trace: &Trace,
        number: u32,
        idle: &mut Self,
        start: Instant,
    ) -> Result<(), Box<dyn Error>> {
        let most = IN_FLIGHT.min(EACH * self.receivers);
        let mut steps = trace.steps.iter().cycle().skip(trace.from(number));
        while start.elapsed() < WINDOW {
            while self.expected.saturating_sub(self.side.delivered) < most {
                let Some(step) = steps.next() else { break };
                self.send(step);
            }
            self.look()?;
            idle.stay()?;
        }
        Ok(())
    }

    fn paced(
        &mut self,
        trace: &Trace,
        number: u32,
        idle: &mut Self,
        start: Instant,
    ) -> Result<(), Box<dyn Error>> {
        let from = WINDOW * (number % trace.windows);
        for step in &trace.steps[trace.from(number)..] {
            let due = step.at.saturating_sub(from);
            if due >= WINDOW {
                break;
            }
            while start.elapsed() < due {
                self.look()?;
                idle.stay()?;
                std::thread::sleep(LOOK.min(due.saturating_sub(start.elapsed())));
            }
            self.send(step);
        }
        Ok(())
    }

    /// Keeps consent alive while the other side is measured.
    fn stay(&mut self) -> Result<(), Box<dyn Error>> {
        if self.kept.elapsed() >= KEEP {
            self.look().map(|_| ())
        } else {
            Ok(())
        }
    }
}

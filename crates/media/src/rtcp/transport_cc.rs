//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): the
//! packet's bytes. What arrived when is remembered in `ingress`.

use super::{feedback_type as fmt, packet_type as pt};

/// Ticks of 250 µs, the unit of receive deltas.
pub const TICK_NANOS: u64 = 250_000;

/// Ticks in one unit of the reference time (64 ms).
const REFERENCE_TICKS: u64 = 256;

/// Most packets one feedback speaks of; keeps it well inside a datagram.
pub const MAX_STATUSES: usize = 400;

/// Appends one feedback packet: `arrivals[i]` is the arrival of sequence number `base + i` in ticks since the
/// worker's start, or none. Returns how many entries were covered: fewer than given where a step between two
/// arrivals does not fit 16 bits.
pub fn write(
    to: &mut Vec<u8>,
    sender: u32,
    media: u32,
    base: u16,
    number: u8,
    arrivals: &[Option<u64>],
) -> usize {
    let Some(first) = arrivals.iter().flatten().next().copied() else {
        return 0;
    };
    let reference = first / REFERENCE_TICKS;
    let mut symbols = [0u8; MAX_STATUSES];
    let mut deltas = Vec::with_capacity(2 * arrivals.len().min(MAX_STATUSES));
    let mut last = reference * REFERENCE_TICKS;
    let mut covered = 0;
    for (symbol, arrival) in symbols.iter_mut().zip(arrivals) {
        if let Some(ticks) = arrival {
            let Ok(delta) = i16::try_from(*ticks as i64 - last as i64) else {
                break;
            };
            last = *ticks;
            if let Ok(small) = u8::try_from(delta) {
                *symbol = 1;
                deltas.push(small);
            } else {
                *symbol = 2;
                deltas.extend_from_slice(&delta.to_be_bytes());
            }
        }
        covered += 1;
    }
    let begin = to.len();
    to.extend_from_slice(&[0x80 | fmt::TRANSPORT_CC, pt::RTPFB, 0, 0]);
    to.extend_from_slice(&sender.to_be_bytes());
    to.extend_from_slice(&media.to_be_bytes());
    to.extend_from_slice(&base.to_be_bytes());
    to.extend_from_slice(&(covered as u16).to_be_bytes());
    to.extend_from_slice(&((reference as u32) << 8 | number as u32).to_be_bytes());
    write_chunks(to, &symbols[..covered]);
    to.extend_from_slice(&deltas);
    // Padded with the length in the last byte, as RFC 3550 §6.4.1 has it.
    let padding = (4 - (to.len() - begin) % 4) % 4;
    if padding != 0 {
        to[begin] |= 0x20;
        to.resize(to.len() + padding, 0);
        *to.last_mut().expect("padding was just added") = padding as u8;
    }
    let words = ((to.len() - begin) / 4 - 1) as u16;
    to[begin + 2..begin + 4].copy_from_slice(&words.to_be_bytes());
    covered
}

/// Status chunks: a run where it covers more than a vector of seven would, else the vector (§3.1.3, §3.1.4).
fn write_chunks(to: &mut Vec<u8>, mut symbols: &[u8]) {
    while let Some(&first) = symbols.first() {
        let run = symbols
            .iter()
            .take(0x1fff)
            .take_while(|s| **s == first)
            .count();
        let chunk = if run >= 7 || run == symbols.len() {
            symbols = &symbols[run..];
            (first as u16) << 13 | run as u16
        } else {
            let (head, rest) = symbols.split_at(symbols.len().min(7));
            symbols = rest;
            head.iter()
                .enumerate()
                .fold(0xc000, |chunk, (i, s)| chunk | (*s as u16) << (12 - 2 * i))
        };
        to.extend_from_slice(&chunk.to_be_bytes());
    }
}

/// Reads the arrivals a feedback body names, counted from its base; for tests and interop.
pub fn read(body: &[u8]) -> Option<(u16, Vec<Option<u64>>)> {
    let base = u16::from_be_bytes(*body.first_chunk()?);
    let count = u16::from_be_bytes(*body.get(2..)?.first_chunk()?) as usize;
    let head = u32::from_be_bytes(*body.get(4..)?.first_chunk()?);
    let mut symbols = Vec::new();
    let mut at = 8;
    while symbols.len() < count {
        let chunk = u16::from_be_bytes(*body.get(at..)?.first_chunk()?);
        at += 2;
        if chunk & 0x8000 == 0 {
            let run = (chunk & 0x1fff) as usize;
            symbols.extend(std::iter::repeat_n((chunk >> 13 & 3) as u8, run));
        } else if chunk & 0x4000 != 0 {
            symbols.extend((0..7).map(|i| (chunk >> (12 - 2 * i) & 3) as u8));
        } else {
            symbols.extend((0..14).map(|i| (chunk >> (13 - i) & 1) as u8));
        }
    }
    symbols.truncate(count);
    let mut last = (head >> 8) as u64 * REFERENCE_TICKS;
    let mut arrivals = Vec::with_capacity(count);
    for symbol in symbols {
        let delta = match symbol {
            1 => *body.get(at)? as i64,
            2 => i16::from_be_bytes(*body.get(at..)?.first_chunk()?) as i64,
            _ => {
                arrivals.push(None);
                continue;
            }
        };
        at += symbol as usize;
        last = last.checked_add_signed(delta)?;
        arrivals.push(Some(last));
    }
    Some((base, arrivals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtcp::read::{Compound, Packet};

    fn round_trip(arrivals: &[Option<u64>]) -> (usize, Vec<Option<u64>>) {
        let mut bytes = Vec::new();
        let covered = write(&mut bytes, 1, 2, 65_530, 3, arrivals);
        let Some(Ok(Packet::TransportCc(body))) = Compound::new(&bytes).next() else {
            panic!("not transport-wide feedback")
        };
        let (base, read) = read(body).unwrap();
        assert_eq!(base, 65_530);
        (covered, read)
    }

    #[test]
    fn feedback_round_trips_with_losses_runs_and_reorder() {
        let mut arrivals: Vec<_> = (0..40u64).map(|i| Some(1_000 + 4 * i)).collect();
        arrivals[3] = None;
        arrivals[20] = Some(900);
        arrivals.extend([None; 12]);
        arrivals.push(Some(2_000));
        let (covered, read) = round_trip(&arrivals);
        assert_eq!(covered, arrivals.len());
        assert_eq!(read, arrivals);
    }

    #[test]
    fn a_step_too_large_for_a_delta_is_left_to_the_next_feedback() {
        let (covered, read) = round_trip(&[Some(10), Some(20), Some(100_000)]);
        assert_eq!((covered, read), (2, vec![Some(10), Some(20)]));
        assert_eq!(write(&mut Vec::new(), 1, 2, 3, 4, &[None, None]), 0);
    }
}

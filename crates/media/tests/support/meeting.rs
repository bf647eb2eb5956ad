//! A meeting of three, and what went to whom.

use super::house::{House, Sent};
use super::publisher::Publisher;
use super::sections::client;
use entente_media::rtcp::read::{Compound, Packet};
use entente_media::types::Source;

/// Three people with cameras; the first watches.
pub fn meeting() -> (House, Vec<Publisher>) {
    let mut house = House::new();
    let mut cameras = Vec::new();
    for peer in 1..=3 {
        house.join(peer, &client(10 + peer as u32));
        cameras.push(Publisher::new(
            Source::Camera,
            peer as u16,
            peer * 977,
            &["q", "h", "f"],
        ));
    }
    (house, cameras)
}

/// The media packets that went to a peer.
pub fn rtp_to(sent: &[Sent], peer: u64) -> Vec<Vec<u8>> {
    sent.iter()
        .filter(|s| s.to == peer && !s.rtcp)
        .map(|s| s.bytes.clone())
        .collect()
}

/// The SSRCs whose key frame a peer was asked for.
pub fn plis_to(sent: &[Sent], peer: u64) -> Vec<u32> {
    let rtcp = sent.iter().filter(|s| s.to == peer && s.rtcp);
    let mut plis = Vec::new();
    for packet in rtcp {
        plis.extend(
            Compound::new(&packet.bytes).filter_map(|p| match p.unwrap() {
                Packet::Pli { media } => Some(media),
                _ => None,
            }),
        );
    }
    plis
}

/// The numbers that a peer was asked for again.
pub fn nacks_to(sent: &[Sent], peer: u64) -> Vec<u16> {
    let rtcp = sent.iter().filter(|s| s.to == peer && s.rtcp);
    let mut lost_all = Vec::new();
    for packet in rtcp {
        for part in Compound::new(&packet.bytes) {
            if let Packet::Nack { lost, .. } = part.unwrap() {
                lost_all.extend(lost);
            }
        }
    }
    lost_all
}

//! The second fence around dark frames (K5.4, M3.5): a frame is passed on only if it begins as SFrame under a
//! key id of the publisher's own leaf and kind. The verdict on a frame's first packet holds for all of it.

use crate::codec::Payload;
use crate::guard::active;
use crate::sframe_header::KeyId;
use crate::types::{CodecName, DropReason, Source};

/// Frames whose verdict is remembered: those that packets of one stream can mix by reordering and repair.
const REMEMBERED: usize = 16;

/// Judge of one stream.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    refused: [Option<u32>; REMEMBERED],
    next: usize,
}

/// What is known of a packet that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Epoch byte, on the first packet of a frame.
    pub epoch: Option<u8>,
}

impl Guard {
    /// Judges one packet of a frame with that timestamp.
    ///
    /// A packet whose frame's beginning was never seen passes: no receiver can assemble a frame without its
    /// beginning, and the beginning itself is judged whenever it comes.
    pub fn judge(
        &mut self,
        leaf: Option<u16>,
        source: Source,
        codec: CodecName,
        timestamp: u32,
        payload: &Payload,
        bytes: &[u8],
    ) -> Result<Passed, DropReason> {
        let leaf = leaf.ok_or(DropReason::NoLeaf)?;
        if payload.sframe_at.is_some() || payload.start && codec != CodecName::H264 {
            return match check(leaf, source, codec, payload, bytes) {
                Ok(epoch) => {
                    // Another frame may reuse a timestamp that was refused long ago.
                    self.forget(timestamp, payload.start);
                    Ok(Passed { epoch: Some(epoch) })
                }
                Err(reason) => {
                    self.refuse(timestamp);
                    Err(reason)
                }
            };
        }
        if self.refused.contains(&Some(timestamp)) && active("K5.4.rest-of-frame") {
            return Err(DropReason::FrameRefused);
        }
        Ok(Passed { epoch: None })
    }

    fn refuse(&mut self, timestamp: u32) {
        if !self.refused.contains(&Some(timestamp)) {
            self.refused[self.next] = Some(timestamp);
            self.next = (self.next + 1) % REMEMBERED;
        }
    }

    fn forget(&mut self, timestamp: u32, start: bool) {
        if start {
            for refused in self
                .refused
                .iter_mut()
                .filter(|refused| **refused == Some(timestamp))
            {
                *refused = None;
            }
        }
    }
}

/// Leaf and kind of the key id against the publisher's; returns the epoch byte.
#[inline]
fn check(
    leaf: u16,
    source: Source,
    codec: CodecName,
    payload: &Payload,
    bytes: &[u8],
) -> Result<u8, DropReason> {
    let header = payload.sframe(codec, bytes).ok_or(DropReason::NotSframe)?;
    let id = KeyId::from_u64(header.kid).ok_or(DropReason::NotSframe)?;
    if id.leaf != leaf && active("K5.4.leaf") {
        return Err(DropReason::WrongLeaf);
    }
    if !id.is_of(source) && active("K5.4.kind") {
        return Err(DropReason::WrongKind);
    }
    Ok(id.epoch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::vp8::KEY_HEADER;
    use crate::sframe_header;

    fn frame(kind: u8, leaf: u16, epoch: u8) -> Vec<u8> {
        let mut bytes = vec![0x10];
        bytes.extend_from_slice(&KEY_HEADER);
        let kid = KeyId {
            generation: 1,
            kind,
            leaf,
            epoch,
        }
        .to_u64();
        sframe_header::write(&mut bytes, kid, 77);
        bytes.extend_from_slice(&[0; 32]);
        bytes
    }

    fn judge(
        guard: &mut Guard,
        leaf: Option<u16>,
        ts: u32,
        bytes: &[u8],
    ) -> Result<Passed, DropReason> {
        let payload = Payload::parse(CodecName::Vp8, bytes, None).unwrap();
        guard.judge(leaf, Source::Camera, CodecName::Vp8, ts, &payload, bytes)
    }

    #[test]
    fn k5_4_only_frames_of_the_publishers_own_leaf_and_kind_pass() {
        let mut guard = Guard::default();
        let mut begin = |leaf, bytes: Vec<u8>| judge(&mut guard, leaf, 1, &bytes);
        assert_eq!(
            begin(Some(9), frame(1, 9, 4)),
            Ok(Passed { epoch: Some(4) })
        );
        assert_eq!(begin(None, frame(1, 9, 4)), Err(DropReason::NoLeaf));
        assert_eq!(begin(Some(9), frame(1, 8, 4)), Err(DropReason::WrongLeaf));
        assert_eq!(begin(Some(9), frame(0, 9, 4)), Err(DropReason::WrongKind));
        assert_eq!(
            begin(Some(9), vec![0x10, 0x31, 0xff]),
            Err(DropReason::NotSframe)
        );
        let mut plain = frame(1, 9, 4);
        plain[11..].fill(0xff);
        assert_eq!(begin(Some(9), plain), Err(DropReason::NotSframe));
    }

    #[test]
    fn k5_4_the_verdict_holds_for_the_rest_of_the_frame_and_no_longer() {
        let mut guard = Guard::default();
        let rest = [0x00, 1, 2, 3];
        assert!(judge(&mut guard, Some(9), 5, &frame(1, 8, 4)).is_err());
        assert_eq!(
            judge(&mut guard, Some(9), 5, &rest),
            Err(DropReason::FrameRefused)
        );
        assert_eq!(
            judge(&mut guard, Some(9), 6, &rest),
            Ok(Passed { epoch: None })
        );
        assert!(judge(&mut guard, Some(9), 5, &frame(1, 9, 4)).is_ok());
        assert!(judge(&mut guard, Some(9), 5, &rest).is_ok());
    }
}

//! Which section, layer and role an incoming SSRC has (M2.4, RFC 9143 §9.2, RFC 8852): named in the offer, or
//! bound by the mid and rid its first packets carry. Keyed by peer, since clients' SSRCs collide.

use crate::rtp::Extensions;
use crate::types::{Codec, CodecName, Content, DropReason, Section, Source};

/// Most SSRCs one peer may have bound: five sources, three layers, each with retransmissions, and room for
/// restarts.
const MAX_BOUND: usize = 64;

/// What an SSRC carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Which published section, by its place in [`Bindings::sections`].
    pub section: u8,
    /// Which layer.
    pub layer: u8,
    /// Whether it carries retransmissions of that layer.
    pub repairs: bool,
}

/// One published section.
#[derive(Clone, Debug)]
pub struct Published {
    /// What it is made from.
    pub source: Source,
    mid: String,
    rids: Vec<String>,
    codecs: Vec<Codec>,
}

impl Published {
    /// Layers this section has; one without rids (M3.6).
    pub fn layers(&self) -> u8 {
        self.rids.len().max(1) as u8
    }

    /// The codec of a payload type and whether it marks a retransmission.
    #[inline]
    pub fn codec(&self, pt: u8) -> Option<(&Codec, bool)> {
        self.codecs.iter().find_map(|codec| match pt {
            _ if codec.pt == pt => Some((codec, false)),
            _ if codec.rtx_pt == Some(pt) => Some((codec, true)),
            _ => None,
        })
    }

    /// The codec the peer will most likely send, whose feedback flags count.
    pub fn preferred(&self) -> Option<&Codec> {
        self.codecs.first()
    }

    /// Whether a packet that names a layer names this one; one that names none agrees.
    #[inline]
    fn agrees(&self, stream: Stream, extensions: &Extensions<'_>) -> bool {
        let named = if stream.repairs {
            extensions.repaired_rid
        } else {
            extensions.rid
        };
        let known = self.rids.get(stream.layer as usize);
        named.is_none() || known.is_none() || named == known.map(|rid| rid.as_bytes())
    }

    /// Clock rate of a codec here.
    pub fn clock(&self, name: CodecName) -> u32 {
        self.codecs
            .iter()
            .find(|codec| codec.name == name)
            .map_or(90_000, |codec| codec.clock)
    }
}

/// All SSRCs of one peer.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// The peer's published sections.
    pub sections: Vec<Published>,
    ssrcs: Vec<u32>,
    streams: Vec<Stream>,
}

impl Bindings {
    /// Adds or renews a published section with the SSRCs its offer named.
    pub fn add(&mut self, section: &Section) {
        let Content::Publish {
            source,
            rids,
            ssrcs,
            rtx,
        } = &section.content
        else {
            return;
        };
        let published = Published {
            source: *source,
            mid: section.mid.clone(),
            rids: rids.clone(),
            codecs: section.codecs.clone(),
        };
        let place = self.sections.iter().position(|old| old.source == *source);
        let place = place.unwrap_or(self.sections.len());
        if place == self.sections.len() {
            self.sections.push(published);
        } else {
            self.sections[place] = published;
        }
        let layers = rids.len().max(1);
        for (layer, ssrc) in ssrcs.iter().take(layers).enumerate() {
            let stream = Stream {
                section: place as u8,
                layer: layer as u8,
                repairs: false,
            };
            let _ = self.bind(*ssrc, stream);
            if let Some(repairs) = rtx.get(ssrc) {
                let _ = self.bind(
                    *repairs,
                    Stream {
                        repairs: true,
                        ..stream
                    },
                );
            }
        }
    }

    /// What a packet's SSRC is known to carry; none if the packet itself names another layer, since an offer
    /// need not list its SSRCs in the order of its rids.
    #[inline]
    pub fn find_agreeing(&self, ssrc: u32, extensions: &Extensions<'_>) -> Option<Stream> {
        let stream = self.find(ssrc)?;
        self.sections[stream.section as usize]
            .agrees(stream, extensions)
            .then_some(stream)
    }

    /// What an SSRC is known to carry.
    #[inline]
    pub fn find(&self, ssrc: u32) -> Option<Stream> {
        let at = self.ssrcs.iter().position(|known| *known == ssrc)?;
        Some(self.streams[at])
    }

    /// The SSRC bound to a stream.
    pub fn ssrc_of(&self, stream: Stream) -> Option<u32> {
        self.streams
            .iter()
            .position(|known| *known == stream)
            .map(|at| self.ssrcs[at])
    }

    /// Binds an unknown SSRC by what its packet says of itself; `repairs` comes from the payload type.
    pub fn learn(
        &mut self,
        ssrc: u32,
        pt: u8,
        extensions: &Extensions<'_>,
    ) -> Result<Stream, DropReason> {
        let mid = extensions.mid.ok_or(DropReason::UnknownSsrc)?;
        let place = self
            .sections
            .iter()
            .position(|section| section.mid.as_bytes() == mid);
        let place = place.ok_or(DropReason::UnknownSsrc)?;
        let section = &self.sections[place];
        let (_, repairs) = section.codec(pt).ok_or(DropReason::UnknownPayloadType)?;
        let rid = if repairs {
            extensions.repaired_rid
        } else {
            extensions.rid
        };
        let layer = if section.rids.is_empty() {
            0
        } else {
            // A retransmission without its rid cannot be placed; a media packet without one neither.
            let missing = if repairs {
                DropReason::RtxUnknown
            } else {
                DropReason::UnknownSsrc
            };
            let rid = rid.ok_or(missing)?;
            section
                .rids
                .iter()
                .position(|known| known.as_bytes() == rid)
                .ok_or(missing)?
        };
        let stream = Stream {
            section: place as u8,
            layer: layer as u8,
            repairs,
        };
        self.bind(ssrc, stream)?;
        Ok(stream)
    }

    /// Makes `ssrc` the one of `stream`; an earlier one of that stream is forgotten.
    fn bind(&mut self, ssrc: u32, stream: Stream) -> Result<(), DropReason> {
        for at in (0..self.ssrcs.len()).rev() {
            if self.ssrcs[at] == ssrc || self.streams[at] == stream {
                self.ssrcs.swap_remove(at);
                self.streams.swap_remove(at);
            }
        }
        if self.ssrcs.len() >= MAX_BOUND {
            return Err(DropReason::TooManySsrcs);
        }
        self.ssrcs.push(ssrc);
        self.streams.push(stream);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn codec(pt: u8, rtx: u8) -> Codec {
        Codec {
            pt,
            name: CodecName::Vp8,
            clock: 90_000,
            channels: 1,
            fmtp: None,
            rtx_pt: Some(rtx),
            nack: true,
            pli: true,
            fir: false,
            transport_cc: true,
            remb: true,
        }
    }

    fn camera(mid: &str, rids: &[&str], ssrcs: &[u32]) -> Section {
        Section {
            mid: mid.into(),
            content: Content::Publish {
                source: Source::Camera,
                rids: rids.iter().map(|rid| rid.to_string()).collect(),
                ssrcs: ssrcs.to_vec(),
                rtx: ssrcs
                    .iter()
                    .map(|ssrc| (*ssrc, ssrc + 1))
                    .collect::<BTreeMap<_, _>>(),
            },
            codecs: vec![codec(96, 97)],
            extensions: vec![],
        }
    }

    #[test]
    fn named_ssrcs_are_bound_to_layers_with_their_repairs() {
        let mut bindings = Bindings::default();
        bindings.add(&camera("1", &["q", "h"], &[10, 20]));
        let stream = Stream {
            section: 0,
            layer: 1,
            repairs: false,
        };
        assert_eq!(bindings.find(20), Some(stream));
        assert_eq!(
            bindings.find(21),
            Some(Stream {
                repairs: true,
                ..stream
            })
        );
        assert_eq!(bindings.find(30), None);
    }

    #[test]
    fn a_packet_that_names_its_layer_corrects_the_order_of_the_offer() {
        let mut bindings = Bindings::default();
        bindings.add(&camera("1", &["q", "h"], &[10, 20]));
        let says = |rid| Extensions {
            mid: Some(b"1"),
            rid,
            ..Extensions::default()
        };
        assert!(bindings.find_agreeing(10, &says(None)).is_some());
        assert!(bindings.find_agreeing(10, &says(Some(b"q"))).is_some());
        assert_eq!(bindings.find_agreeing(10, &says(Some(b"h"))), None);
        assert_eq!(bindings.learn(10, 96, &says(Some(b"h"))).unwrap().layer, 1);
        assert_eq!(
            bindings.find(20),
            None,
            "the one that was listed for this layer is not its own"
        );
        assert_eq!(bindings.learn(20, 96, &says(Some(b"q"))).unwrap().layer, 0);
        assert_eq!(bindings.find(10).unwrap().layer, 1);
    }

    #[test]
    fn unknown_ssrcs_are_bound_by_mid_and_rid_and_rebound_when_they_change() {
        let mut bindings = Bindings::default();
        bindings.add(&camera("1", &["q", "h", "f"], &[]));
        let says = |mid: &'static str, rid, repaired_rid| Extensions {
            mid: Some(mid.as_bytes()),
            rid,
            repaired_rid,
            ..Extensions::default()
        };
        let media = bindings.learn(5, 96, &says("1", Some(b"h"), None)).unwrap();
        assert_eq!(
            media,
            Stream {
                section: 0,
                layer: 1,
                repairs: false
            }
        );
        let repairs = bindings.learn(6, 97, &says("1", None, Some(b"h"))).unwrap();
        assert_eq!(
            repairs,
            Stream {
                repairs: true,
                ..media
            }
        );
        assert_eq!(
            bindings.learn(7, 97, &says("1", Some(b"h"), None)),
            Err(DropReason::RtxUnknown)
        );
        assert_eq!(
            bindings.learn(7, 96, &says("1", Some(b"x"), None)),
            Err(DropReason::UnknownSsrc)
        );
        assert_eq!(
            bindings.learn(7, 96, &says("2", Some(b"h"), None)),
            Err(DropReason::UnknownSsrc)
        );
        assert_eq!(
            bindings.learn(7, 33, &says("1", Some(b"h"), None)),
            Err(DropReason::UnknownPayloadType)
        );
        bindings.learn(9, 96, &says("1", Some(b"h"), None)).unwrap();
        assert_eq!((bindings.find(5), bindings.find(9)), (None, Some(media)));
    }
}

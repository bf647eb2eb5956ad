//! What the core asks of a worker.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::Allowance;

use super::{
    IceCredentials, IceRole, PeerId, RemoteParameters, RoomId, Section, Setup, SlotKind, Source,
    TrackId,
};

/// A track in a slot, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotAssignment {
    /// Kind of the slot.
    pub kind: SlotKind,
    /// Number among its kind.
    pub index: u8,
    /// Track to show, or none to empty the slot.
    #[serde(default)]
    pub track: Option<TrackId>,
    /// Highest layer this slot is large enough for, 0 the lowest.
    #[serde(default = "top_layer")]
    pub max_layer: u8,
    /// Epoch byte whose first frame is followed by a request for a key frame, for joiners (M4.4).
    #[serde(default)]
    pub await_epoch: Option<u8>,
}

fn top_layer() -> u8 {
    2
}

/// What the core asks of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Opens a meeting.
    AddRoom {
        /// The meeting.
        room: RoomId,
    },
    /// Ends a meeting; its peers are removed.
    RemoveRoom {
        /// The meeting.
        room: RoomId,
    },
    /// Admits a transport session.
    AddPeer {
        /// The peer.
        peer: PeerId,
        /// Its meeting.
        room: RoomId,
        /// Our ICE credentials.
        local: IceCredentials,
        /// Theirs, and their certificates.
        remote: RemoteParameters,
        /// What we are in DTLS; towards clients passive.
        setup: Setup,
        /// What we are in ICE.
        role: IceRole,
        /// Where a controlling end sends its checks.
        #[serde(
            default,
            with = "address_text",
            skip_serializing_if = "Option::is_none"
        )]
        candidate: Option<SocketAddr>,
        /// What it may send (M1.8); none for a client, which gets the worker's allowance for clients. A link brings
        /// its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowance: Option<Allowance>,
        /// The sources that it may send, from its first packet on.
        publish: Vec<Source>,
        /// The negotiated m-lines in order.
        sections: Vec<Section>,
    },
    /// Growth by one renegotiation (M3.1): the full new list of sections.
    UpdatePeer {
        /// The peer.
        peer: PeerId,
        /// All sections, old and new.
        sections: Vec<Section>,
    },
    /// New ICE credentials for the same peer (M1.7).
    RestartIce {
        /// The peer.
        peer: PeerId,
        /// Our new credentials.
        local: IceCredentials,
        /// Their new credentials.
        remote: IceCredentials,
    },
    /// Ends a transport session.
    RemovePeer {
        /// The peer.
        peer: PeerId,
    },
    /// Binds a peer to its MLS leaf; without one all its frames are dropped (K5.4).
    SetLeaf {
        /// The peer.
        peer: PeerId,
        /// Its leaf index.
        leaf: Option<u16>,
    },
    /// Fills and empties slots; only those listed change.
    SetSlots {
        /// The receiving peer.
        peer: PeerId,
        /// Slots that change.
        slots: Vec<SlotAssignment>,
    },
    /// Which sources a peer may send from now on: all of them, not a change. Holds for sections that come later too.
    SetPublish {
        /// The publishing peer.
        peer: PeerId,
        /// What it may send.
        sources: Vec<Source>,
    },
    /// Mute that the server enforces.
    SetMuted {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
        /// Whether its packets are dropped.
        muted: bool,
    },
    /// Signing counts as speaking (M4.7).
    SetSigning {
        /// The person's peer.
        peer: PeerId,
        /// Whether it signs now.
        signing: bool,
    },
    /// Asks a publisher for a key frame.
    RequestKeyframe {
        /// The publishing peer.
        peer: PeerId,
        /// Which source.
        source: Source,
    },
    /// Turns the test tap on; refused by builds without the feature `tap`.
    SetTap {
        /// Whether payloads come out as events.
        on: bool,
    },
}

/// `ip:port` as text, because msgpack has no address.
mod address_text {
    use std::net::SocketAddr;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Option<SocketAddr>, to: S) -> Result<S::Ok, S::Error> {
        value.map(|address| address.to_string()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| {
            text.parse()
                .map_err(|_| D::Error::custom("candidate is not ip:port"))
        })
        .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Fingerprint, Secret};

    #[test]
    fn commands_cross_the_border_with_names_and_snake_case() {
        let command = Command::SetSlots {
            peer: PeerId(7),
            slots: vec![SlotAssignment {
                kind: SlotKind::ScreenSound,
                index: 0,
                track: Some(TrackId {
                    peer: PeerId(9),
                    source: Source::ScreenSound,
                }),
                max_layer: 0,
                await_epoch: Some(3),
            }],
        };
        let bytes = rmp_serde::to_vec_named(&command).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for name in ["set_slots", "screen_sound", "await_epoch", "max_layer"] {
            assert!(text.contains(name), "{name} is missing");
        }
        assert_eq!(rmp_serde::from_slice::<Command>(&bytes).unwrap(), command);
    }

    #[test]
    fn optional_fields_may_be_absent() {
        #[derive(Serialize)]
        struct Assignment {
            kind: &'static str,
            index: u8,
        }
        let bytes = rmp_serde::to_vec_named(&Assignment {
            kind: "video",
            index: 1,
        })
        .unwrap();
        let slot: SlotAssignment = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(
            (slot.track, slot.max_layer, slot.await_epoch),
            (None, 2, None)
        );
    }

    #[test]
    fn an_address_crosses_as_text() {
        let command = Command::AddPeer {
            peer: PeerId(1),
            room: RoomId(1),
            local: IceCredentials {
                ufrag: "00ab".into(),
                pwd: "hidden-local".into(),
            },
            remote: RemoteParameters {
                ufrag: "cdef".into(),
                pwd: Secret("hidden-remote".into()),
                fingerprints: vec![Fingerprint {
                    hash: "sha-256".into(),
                    value: vec![1; 32],
                }],
            },
            setup: Setup::Passive,
            role: IceRole::Lite,
            candidate: Some("127.0.0.1:8500".parse().unwrap()),
            allowance: None,
            publish: vec![],
            sections: vec![],
        };
        let bytes = rmp_serde::to_vec_named(&command).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("127.0.0.1:8500"));
        assert_eq!(rmp_serde::from_slice::<Command>(&bytes).unwrap(), command);
        assert!(
            !format!("{command:?}").contains("hidden"),
            "a password was printed"
        );
    }
}

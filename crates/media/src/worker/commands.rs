//! What the core may ask for, and how a wrong wish is refused.

use std::net::SocketAddr;

use rand_chacha::rand_core::Rng;

use super::{MediaHalf, Worker};
use crate::config::Allowance;
use crate::dtls::Endpoint;
use crate::ice::Agent;
use crate::peer::Peer;
use crate::room::RoomError;
use crate::types::{
    Command, Event, IceCredentials, IceRole, Instant, PeerId, RemoteParameters, RoomId, Section,
    Setup,
};

/// Fewest characters of an ICE user fragment and of a password (RFC 8445 §5.3).
const MIN_UFRAG: usize = 4;
const MIN_PASSWORD: usize = 22;

/// Why a command was not carried out. For the operator: the core made a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandError {
    /// The peer exists already, or its user fragment does.
    Duplicate,
    /// No such peer.
    UnknownPeer,
    /// ICE credentials shorter than RFC 8445 §5.3 allows.
    WeakCredentials,
    /// A controlling end without a candidate, or with one no peer can have (attack 4).
    BadCandidate,
    /// No fingerprint to know the peer by.
    NoFingerprint,
    /// The media half refused.
    Media(RoomError),
    /// This build has no tap.
    NoTap,
}

/// The transport's part of `add_peer`.
struct Admission {
    local: IceCredentials,
    remote: RemoteParameters,
    setup: Setup,
    role: IceRole,
    candidate: Option<SocketAddr>,
    allowance: Option<Allowance>,
}

impl<M: MediaHalf> Worker<M> {
    /// Carries out one command of the core.
    ///
    /// # Errors
    /// [`CommandError`]; nothing changed. A peer that could not be added is also reported as lost.
    pub fn handle_command(&mut self, now: Instant, command: Command) -> Result<(), CommandError> {
        match command {
            Command::AddRoom { room } => self.media.add_room(room),
            Command::RemoveRoom { room } => self.remove_room(now, room),
            Command::AddPeer {
                peer,
                room,
                local,
                remote,
                setup,
                role,
                candidate,
                allowance,
                publish,
                sections,
            } => {
                let admission = Admission {
                    local,
                    remote,
                    setup,
                    role,
                    candidate,
                    allowance,
                };
                return self
                    .add_peer(now, peer, room, &admission, &sections)
                    .map(|()| self.media.set_publish(now, peer, &publish))
                    .inspect_err(|_| {
                        self.events.push_back(Event::Lost {
                            peer,
                            reason: "refused".into(),
                        });
                    });
            }
            Command::UpdatePeer { peer, sections } => {
                self.known(peer)?;
                self.media
                    .update_peer(now, peer, &sections)
                    .map_err(CommandError::Media)?;
            }
            Command::RestartIce {
                peer,
                local,
                remote,
            } => return self.restart_ice(now, peer, &local, &remote),
            Command::RemovePeer { peer } => self.remove_peer(now, peer)?,
            Command::SetLeaf { peer, leaf } => {
                self.known(peer)?;
                self.media.set_leaf(now, peer, leaf);
            }
            Command::SetSlots { peer, slots } => {
                self.known(peer)?;
                self.media.set_slots(now, peer, &slots, &mut self.outbox);
            }
            Command::SetPublish { peer, sources } => {
                self.known(peer)?;
                self.media.set_publish(now, peer, &sources);
            }
            Command::SetMuted {
                peer,
                source,
                muted,
            } => {
                self.known(peer)?;
                self.media.set_muted(now, peer, source, muted);
            }
            Command::SetSigning { peer, signing } => {
                self.known(peer)?;
                self.media.set_signing(now, peer, signing);
            }
            Command::RequestKeyframe { peer, source } => {
                self.known(peer)?;
                self.media
                    .request_keyframe(now, peer, source, &mut self.outbox);
            }
            Command::SetTap { on } if !self.media.set_tap(on) => return Err(CommandError::NoTap),
            Command::SetTap { .. } => {}
        }
        Ok(())
    }

    fn known(&self, peer: PeerId) -> Result<u32, CommandError> {
        self.index_of(peer).ok_or(CommandError::UnknownPeer)
    }

    fn remove_room(&mut self, now: Instant, room: RoomId) {
        for index in 0..self.peers.len() as u32 {
            if self.peer(index).is_some_and(|peer| peer.room == room) {
                self.say_goodbye(index);
                self.remove_transport(index);
            }
        }
        self.media.remove_room(now, room);
    }

    fn remove_peer(&mut self, now: Instant, peer: PeerId) -> Result<(), CommandError> {
        let index = self.known(peer)?;
        self.say_goodbye(index);
        self.remove_transport(index);
        self.media.remove_peer(now, peer);
        Ok(())
    }

    /// Sends what the media half has left for this peer, then DTLS's close_notify, while there is a path.
    fn say_goodbye(&mut self, index: u32) {
        self.flush();
        let Self {
            peers, transmits, ..
        } = self;
        let Some(peer) = peers[index as usize].as_deref_mut() else {
            return;
        };
        let Some(tuple) = peer.ice.path() else { return };
        peer.dtls.close();
        // A peer that we forget anyway cannot fail any more than it has.
        let _ = peer.dtls.drain(|packet| {
            let _ = transmits.with::<()>(tuple, |arena| {
                arena.extend_from_slice(packet);
                Ok(())
            });
        });
    }

    fn add_peer(
        &mut self,
        now: Instant,
        id: PeerId,
        room: RoomId,
        admission: &Admission,
        sections: &[Section],
    ) -> Result<(), CommandError> {
        let Admission {
            local,
            remote,
            setup,
            ..
        } = admission;
        if self.by_id.contains_key(&id) || self.by_ufrag.contains_key(local.ufrag.as_bytes()) {
            return Err(CommandError::Duplicate);
        }
        if remote.fingerprints.is_empty() {
            return Err(CommandError::NoFingerprint);
        }
        let theirs = IceCredentials {
            ufrag: remote.ufrag.clone(),
            pwd: remote.pwd.0.clone(),
        };
        strong(local)?;
        strong(&theirs)?;
        let ice = self.agent(now, admission, &theirs)?;
        self.media
            .add_peer(now, id, room, sections)
            .map_err(CommandError::Media)?;
        let dtls = Endpoint::new(&self.context, *setup, remote.fingerprints.clone(), now);
        let allowance = admission.allowance.unwrap_or(self.allowance);
        let peer = Peer::new(id, room, ice, dtls, *setup, allowance, now);
        let index = self.free.pop().unwrap_or(self.peers.len() as u32);
        if index as usize == self.peers.len() {
            self.peers.push(None);
        }
        self.peers[index as usize] = Some(Box::new(peer));
        self.by_id.insert(id, index);
        self.by_ufrag
            .insert(local.ufrag.clone().into_bytes(), index);
        self.reschedule(index);
        Ok(())
    }

    fn agent(
        &mut self,
        now: Instant,
        admission: &Admission,
        theirs: &IceCredentials,
    ) -> Result<Agent, CommandError> {
        let tie_breaker = self.rng.next_u64();
        match (admission.role, admission.candidate) {
            (IceRole::Lite, _) => Ok(Agent::lite(&admission.local, theirs, tie_breaker)),
            (IceRole::Controlling, Some(candidate)) => {
                Agent::controlling(&admission.local, theirs, tie_breaker, candidate, now)
                    .map_err(|_| CommandError::BadCandidate)
            }
            (IceRole::Controlling, None) => Err(CommandError::BadCandidate),
        }
    }

    fn restart_ice(
        &mut self,
        now: Instant,
        peer: PeerId,
        local: &IceCredentials,
        remote: &IceCredentials,
    ) -> Result<(), CommandError> {
        let index = self.known(peer)?;
        strong(local)?;
        strong(remote)?;
        if self.by_ufrag.contains_key(local.ufrag.as_bytes()) {
            return Err(CommandError::Duplicate);
        }
        self.by_ufrag
            .insert(local.ufrag.clone().into_bytes(), index);
        if let Some(peer) = self.peer(index) {
            peer.ice.restart(local, remote, now);
        }
        self.forget_old_ufrags(index);
        self.reschedule(index);
        Ok(())
    }

    fn forget_old_ufrags(&mut self, index: u32) {
        let Self {
            peers, by_ufrag, ..
        } = self;
        let Some(peer) = peers[index as usize].as_deref() else {
            return;
        };
        let live = peer.ice.local_ufrags();
        by_ufrag.retain(|ufrag, owner| *owner != index || live.contains(&Some(&ufrag[..])));
    }
}

fn strong(credentials: &IceCredentials) -> Result<(), CommandError> {
    let long = credentials.ufrag.len() >= MIN_UFRAG && credentials.pwd.len() >= MIN_PASSWORD;
    if long {
        Ok(())
    } else {
        Err(CommandError::WeakCredentials)
    }
}

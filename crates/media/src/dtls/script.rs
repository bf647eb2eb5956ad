//! What one worker's handshakes said and came to, written down and read again (M1.2). DTLS draws its keys from the system,
//! so a replay cannot run it: it hands out what was recorded, keys included, at the same moments.
//!
//! Debug builds only: a release build has no way to write a key down.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use serde_bytes::ByteBuf;

use super::{Context, DtlsError, Endpoint, Established};
use crate::guard::active;
use crate::srtp::{Keys, Profile};
use crate::types::Instant;

/// One call of an endpoint that can tell something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    /// A datagram or the time was taken.
    Fed(Option<DtlsError>),
    /// What had to leave, when the next timer is due, and how it stands.
    Drained {
        packets: Vec<ByteBuf>,
        deadline: Option<Instant>,
        end: End,
    },
}

/// How an endpoint stands after it was drained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum End {
    Open,
    Failed(DtlsError),
    Established(Box<Recorded>),
}

/// A finished handshake, keys included: the one place where they can be written down.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Recorded {
    newest: bool,
    profile: u8,
    sending: [Vec<u8>; 2],
    receiving: [Vec<u8>; 2],
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorded")
    }
}

/// Whether endpoints run, are recorded, or are replayed.
#[derive(Default)]
pub(crate) enum Script {
    #[default]
    Live,
    Record(Vec<Step>),
    Replay(VecDeque<Step>),
}

impl Recorded {
    fn of(established: &Established) -> Self {
        let place = |one: &Profile| *one == established.profile;
        Self {
            newest: established.version == "1.3",
            profile: Profile::ALL.iter().position(place).unwrap_or(0) as u8,
            sending: established.sending.parts(),
            receiving: established.receiving.parts(),
        }
    }

    fn restore(&self) -> Option<Established> {
        let profile = *Profile::ALL.get(usize::from(self.profile))?;
        let keys = |[key, salt]: &[Vec<u8>; 2]| Keys::new(profile, key, salt).ok();
        Some(Established {
            version: if self.newest { "1.3" } else { "1.2" },
            profile,
            sending: keys(&self.sending)?,
            receiving: keys(&self.receiving)?,
        })
    }
}

impl Context {
    fn with_script<T>(&self, look: impl FnOnce(&mut Script) -> T) -> T {
        let locked = self.script.lock();
        look(&mut locked.unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The step to play now; none if nothing is replayed. A script that has ended goes on saying nothing.
    fn play(&self) -> Option<Step> {
        self.with_script(|script| match script {
            Script::Replay(steps) if active("M1.2.handshakes") => {
                Some(steps.pop_front().unwrap_or(Step::Fed(None)))
            }
            Script::Live | Script::Record(_) | Script::Replay(_) => None,
        })
    }

    fn record(&self, step: impl FnOnce() -> Step) {
        self.with_script(|script| {
            if let Script::Record(steps) = script {
                steps.push(step());
            }
        });
    }
}

impl Endpoint {
    /// Feeds the endpoint, or says what came of it then.
    pub(super) fn scripted(
        &mut self,
        feed: impl FnOnce(&mut Self) -> Result<(), DtlsError>,
    ) -> Result<(), DtlsError> {
        match self.context.play() {
            Some(Step::Fed(Some(error))) => Err(error),
            Some(_) => Ok(()),
            None => {
                let result = feed(self);
                self.context.record(|| Step::Fed(result.err()));
                result
            }
        }
    }

    /// Drains the endpoint, or hands out what left it then.
    pub(super) fn scripted_drain(
        &mut self,
        mut send: impl FnMut(&[u8]),
    ) -> Result<Option<Established>, DtlsError> {
        match self.context.play() {
            Some(Step::Drained {
                packets,
                deadline,
                end,
            }) => {
                packets.iter().for_each(|packet| send(packet));
                self.deadline = deadline.map(|at| self.context.system(at));
                end.restore()
            }
            Some(Step::Fed(_)) => Ok(None),
            None => {
                let mut packets = Vec::new();
                let result = self.pump(|packet| {
                    packets.push(ByteBuf::from(packet));
                    send(packet);
                });
                let deadline = self.poll_timeout();
                self.context
                    .record(|| Step::drained(packets, deadline, &result));
                result
            }
        }
    }
}

impl Step {
    fn drained(
        packets: Vec<ByteBuf>,
        deadline: Option<Instant>,
        result: &Result<Option<Established>, DtlsError>,
    ) -> Self {
        let end = match result {
            Ok(None) => End::Open,
            Ok(Some(established)) => End::Established(Box::new(Recorded::of(established))),
            Err(error) => End::Failed(*error),
        };
        Self::Drained {
            packets,
            deadline,
            end,
        }
    }
}

impl End {
    /// What the endpoint answered then.
    pub(super) fn restore(&self) -> Result<Option<Established>, DtlsError> {
        match self {
            Self::Open => Ok(None),
            Self::Failed(error) => Err(*error),
            Self::Established(recorded) => recorded.restore().map(Some).ok_or(DtlsError::NoProfile),
        }
    }
}

//! What people write: MLS application messages, numbered by their sender so that a dropped one is seen (K6.1).

use super::timing::KEEP_MS;
use super::{Member, library};
use crate::bytes::Bytes;
use crate::group::message;
use crate::wire::{Reader, Wire};
use crate::{Code, Error, Result};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;

/// A message as it arrived.
#[derive(serde::Serialize)]
pub struct Message {
    /// The sender's leaf.
    pub leaf: u32,
    /// Its epoch.
    pub epoch: u64,
    /// The sender's own number.
    pub number: u64,
    /// What was written.
    pub content: Bytes,
    /// How many of the sender's messages before it never arrived.
    pub missed: u64,
}

impl Member {
    /// Encrypts under the current epoch, at once after it was reached (K4.5).
    pub fn encrypt(&mut self, content: &[u8], now: u64) -> Result<Vec<u8>> {
        self.tick(now);
        let (provider, key) = (&self.provider, &self.key);
        let group = self
            .group
            .as_mut()
            .filter(|group| group.live && !group.removed)
            .ok_or(Code::NotMember)?;
        group.check_removals(now)?;
        let mut plain = Vec::with_capacity(content.len() + 8);
        (group.sent + 1).put(&mut plain);
        plain.extend(content);
        let sealed = group
            .mls
            .create_message(provider, key, &plain)
            .map_err(library)?;
        group.sent += 1;
        sealed.tls_serialize_detached().map_err(library)
    }

    /// Opens a message of the current epoch, or of an older one inside the window of 5 s.
    pub fn decrypt(&mut self, data: &[u8], now: u64) -> Result<Message> {
        self.tick(now);
        let message = message::private(data)?;
        let provider = &self.provider;
        let group = self
            .group
            .as_mut()
            .filter(|group| group.live && !group.removed)
            .ok_or(Code::NotMember)?;
        let protocol = ProtocolMessage::from(message);
        let epoch = protocol.epoch().as_u64();
        let current = group.mls.epoch().as_u64();
        guard!("K6.1.future", epoch <= current, UnknownEpoch, "{epoch}");
        let known = group.records.iter().any(|record| record.epoch == epoch);
        guard!(
            "K6.1.window",
            known,
            StaleEpoch,
            "{epoch}, {KEEP_MS} ms are kept"
        );
        let processed = group
            .mls
            .process_message(provider, protocol)
            .map_err(|error| Error::new(Code::MessageUndecipherable, error.to_string()))?;
        let Sender::Member(leaf) = processed.sender() else {
            return Err(Code::MessageUndecipherable.into());
        };
        let leaf = leaf.u32();
        let ProcessedMessageContent::ApplicationMessage(content) = processed.into_content() else {
            return Err(Code::MessageUndecipherable.into());
        };
        self.admit(leaf, epoch, &content.into_bytes(), now)
    }

    fn admit(&mut self, leaf: u32, epoch: u64, plain: &[u8], now: u64) -> Result<Message> {
        let group = self.live()?;
        let gone = group.gone.get(&leaf).is_some_and(|at| *at > epoch);
        guard!("K4.5.removed-message", !gone, RemovedLeaf, "leaf {leaf}");
        let record = group.records.iter().find(|record| record.epoch == epoch);
        let key = record
            .and_then(|record| record.leaves.get(&leaf))
            .copied()
            .ok_or(Code::UnknownLeaf)?;
        self.check_revoked(leaf, &key, now)?;
        let number = u64::get(&mut Reader::new(plain)).ok_or(Code::MessageMalformed)?;
        let heard = &mut self.live_mut()?.heard;
        let last = heard.get(&(leaf, key)).copied();
        guard!(
            "K6.1.number",
            last.is_none_or(|last| number > last),
            MessageNumber,
            "leaf {leaf}: {number}"
        );
        heard.insert((leaf, key), number);
        let missed = last.map_or(0, |last| number.saturating_sub(last + 1));
        Ok(Message {
            leaf,
            epoch,
            number,
            content: Bytes::from(&plain[8..]),
            missed,
        })
    }
}

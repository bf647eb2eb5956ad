//! The meeting's history as one member has seen it: each entry signed by the hub, chained, and contradicting none before it
//! (K4.2, K4.7).

use crate::bytes::B32;
use crate::params::GroupParams;
use crate::signed::{Entry, Signed, State, structure_hash};
use crate::{Code, Error, Result, group::config};
use std::collections::BTreeMap;

/// An entry that is signed, in place and without contradiction, and its hash.
#[derive(Clone)]
pub struct Checked {
    /// The fields.
    pub entry: Entry,
    /// Hash over what the hub signed.
    pub hash: B32,
}

/// What the hub has told this member, from its first entry on.
#[derive(Default)]
pub struct Chain {
    seen: BTreeMap<u64, B32>,
    proposed: BTreeMap<(u64, u32), B32>,
    outcomes: BTreeMap<(u64, u32), State>,
    reached: BTreeMap<u64, u32>,
}

/// Checks what an entry must have whatever was before: the hub's signature, meeting, group and term.
pub fn open(data: &[u8], params: &GroupParams) -> Result<Checked> {
    let key = config::hub_key(params)?;
    let entry = Entry::peek(data)?;
    let signed = Entry::open(data, &key).is_ok();
    guard!("K4.2.entry-signature", signed, EntrySignature);
    let ours = entry.meeting == params.meeting
        && entry.group == params.group_id
        && entry.term == params.term;
    guard!("K4.2.entry-foreign", ours, EntryForeign);
    Ok(Checked {
        entry,
        hash: structure_hash(data)?,
    })
}

impl Chain {
    /// Hash of the last entry; zero before the first.
    #[must_use]
    pub fn head(&self) -> B32 {
        self.seen
            .last_key_value()
            .map_or(B32::default(), |(_, hash)| *hash)
    }

    /// Checks an entry against everything before it, without taking it in.
    pub fn check(&self, data: &[u8], params: &GroupParams, state: State) -> Result<Checked> {
        let checked = open(data, params)?;
        self.contradicts(&checked)?;
        let entry = &checked.entry;
        guard!("K4.2.entry-state", entry.state == state, EntryState);
        let Some((last, head)) = self.seen.last_key_value() else {
            let first = entry.seq == 0 && entry.prev_hash == B32::default();
            guard!("K4.2.entry-first", first, EntryChain, "seq {}", entry.seq);
            return Ok(checked);
        };
        guard!(
            "K4.2.entry-repeated",
            entry.seq > *last,
            EntryRepeated,
            "seq {}",
            entry.seq
        );
        guard!(
            "K4.2.entry-gap",
            entry.seq == last + 1,
            EntryGap,
            "seq {} after {last}",
            entry.seq
        );
        guard!(
            "K4.7.prev-hash",
            entry.prev_hash == *head,
            Equivocation,
            "prev_hash at seq {}",
            entry.seq
        );
        Ok(checked)
    }

    /// Whether the entry is the last one, sent again because a step after it failed.
    #[must_use]
    pub fn is_head(&self, data: &[u8]) -> bool {
        structure_hash(data).is_ok_and(|hash| !self.seen.is_empty() && hash == self.head())
    }

    /// Takes an entry in, checked by `check`; for a joiner the first one from anywhere.
    pub fn push(&mut self, checked: &Checked) {
        let entry = &checked.entry;
        let key = (entry.epoch, entry.attempt);
        self.seen.insert(entry.seq, checked.hash);
        match entry.state {
            State::Proposed => {
                self.proposed.insert(key, entry.commit_hash);
            }
            State::Reached => {
                self.reached.insert(entry.epoch, entry.attempt);
                self.outcomes.insert(key, entry.state);
            }
            State::Withdrawn => {
                self.outcomes.insert(key, entry.state);
            }
        }
    }

    /// Proof of equivocation (K4.7): two entries under one seq, two commits or outcomes for one attempt, two reached epochs.
    fn contradicts(&self, checked: &Checked) -> Result<()> {
        let entry = &checked.entry;
        let key = (entry.epoch, entry.attempt);
        match self.seen.get(&entry.seq) {
            Some(hash) if *hash == checked.hash => {
                return Err(Error::new(
                    Code::EntryRepeated,
                    format!("seq {}", entry.seq),
                ));
            }
            Some(_) => guard!(
                "K4.7.same-seq",
                false,
                Equivocation,
                "two entries at seq {}",
                entry.seq
            ),
            None => {}
        }
        let same_commit = self
            .proposed
            .get(&key)
            .is_none_or(|hash| *hash == entry.commit_hash);
        guard!(
            "K4.7.commit",
            same_commit,
            Equivocation,
            "two commits for epoch {} attempt {}",
            key.0,
            key.1
        );
        let same_outcome = self
            .outcomes
            .get(&key)
            .is_none_or(|state| entry.state == *state);
        guard!(
            "K4.7.outcome",
            same_outcome,
            Equivocation,
            "two outcomes for epoch {} attempt {}",
            key.0,
            key.1
        );
        let once = entry.state != State::Reached
            || self
                .reached
                .get(&entry.epoch)
                .is_none_or(|attempt| *attempt == key.1);
        guard!(
            "K4.7.reached",
            once,
            Equivocation,
            "two reached entries for epoch {}",
            key.0
        );
        Ok(())
    }
}

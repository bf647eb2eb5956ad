//! Joining by a Welcome: the group is looked at whole, leaf by leaf, and held until its epoch is reached (K2.2, K3.1, K4.3).

use super::{Group, Kind, Line, Member, Pending, Revoked, library};
use crate::chain::{self, Checked};
use crate::group::{config, leaf, message, rules};
use crate::identity::Trust;
use crate::params::GroupParams;
use crate::signed::State;
use crate::{Code, Error, Result};
use openmls::prelude::*;
use openmls_traits::storage::StorageProvider as _;
use std::collections::BTreeMap;

impl Member {
    /// Joins, holds the group and answers with a joiner's receipt.
    pub fn join(
        &mut self,
        entry: &[u8],
        welcome: &[u8],
        tree: &[u8],
        params: GroupParams,
        now: u64,
    ) -> Result<Vec<u8>> {
        if self.group.is_some() {
            return Err(Code::WrongState.into());
        }
        config::check_params(&params, &self.trust)?;
        guard!("K2.6.join-suite", params.suite == self.suite, SuiteChanged);
        let checked = chain::open(entry, &params)?;
        guard!(
            "K4.2.join-state",
            checked.entry.state == State::Proposed,
            EntryState
        );
        let staged = self.open_welcome(welcome, tree)?;
        let context = staged.group_context();
        config::check_context(context, &params)?;
        let next = context.epoch().as_u64() == checked.entry.epoch;
        guard!(
            "K4.2.join-epoch",
            next,
            WrongEpoch,
            "{}",
            context.epoch().as_u64()
        );
        let mls = staged
            .into_group(&self.provider)
            .map_err(|error| refused(&error))?;
        let pending = self.hold(mls, params, &checked, now)?;
        let receipt = self.sign_receipt(&pending)?.ok_or(Code::Library)?;
        if let Some(group) = self.group.as_mut() {
            group.pending = Some(pending);
        }
        Ok(receipt)
    }

    fn open_welcome(&mut self, welcome: &[u8], tree: &[u8]) -> Result<StagedWelcome> {
        let welcome = message::welcome(welcome)?;
        let tree = message::tree(tree)?;
        let bundle = self.package.as_ref().ok_or(Code::WrongState)?;
        // A provider of its own for each try, so that a withdrawn group leaves nothing behind.
        self.provider = Default::default();
        let reference = bundle
            .key_package()
            .hash_ref(self.provider.crypto())
            .map_err(library)?;
        self.provider
            .storage()
            .write_key_package(&reference, bundle)
            .map_err(library)?;
        let processed =
            ProcessedWelcome::new_from_welcome(&self.provider, &config::join_config(), welcome)
                .map_err(|e| refused(&e))?;
        // masked by: the vault, which holds no such secret, so that MLS refuses the Welcome before it is opened
        guard!("K3.2.psk", processed.psks().is_empty(), WelcomePsk);
        let own_tree = processed
            .unverified_group_info()
            .extensions()
            .ratchet_tree()
            .is_none();
        guard!(
            "K3.2.tree-extension",
            own_tree,
            WelcomeRefused,
            "ratchet tree inside"
        );
        processed
            .into_staged_welcome(&self.provider, Some(tree))
            .map_err(|error| refused(&error))
    }

    /// Checks every leaf's chain, then keeps the group.
    fn hold(
        &mut self,
        mls: MlsGroup,
        params: GroupParams,
        checked: &Checked,
        now: u64,
    ) -> Result<Pending> {
        let lines = check_leaves(
            mls.public_group(),
            &self.trust,
            &self.revoked,
            checked.entry.epoch,
            now,
        )?;
        // MLS finds our leaf by its signature key; it must be the very leaf of the key package that waits.
        let waiting = self.package.as_ref().map(|b| b.key_package().leaf_node());
        let ours = waiting.is_some() && mls.own_leaf_node() == waiting;
        guard!("K3.2.own-leaf", ours, WelcomeOwnLeaf);
        let mut group = Group::new(mls, params);
        group.history.push(checked);
        group.lines = lines;
        let pending = Pending {
            kind: Kind::Joined,
            epoch: checked.entry.epoch,
            attempt: checked.entry.attempt,
            commit_hash: checked.entry.commit_hash,
            entry_hash: checked.hash,
            authenticator: Some(group.authenticator()?),
            added: Vec::new(),
            removed: Vec::new(),
            leaves: group.keys(),
        };
        self.group = Some(group);
        Ok(pending)
    }
}

fn check_leaves(
    group: &PublicGroup,
    trust: &Trust,
    revoked: &Revoked,
    epoch: u64,
    now: u64,
) -> Result<BTreeMap<u32, Line>> {
    let mut lines = BTreeMap::new();
    for member in group.members() {
        rules::fits(member.index.u32())?;
        let node = group.leaf(member.index).ok_or(Code::Library)?;
        let identity = leaf::check(node, group.ciphersuite(), trust, now).map_err(|error| {
            Error::new(
                error.code,
                format!("leaf {}: {}", member.index.u32(), error.detail),
            )
        })?;
        guard!(
            "K2.4.revoked-join",
            revoked.since(&identity).is_none(),
            CertificateRevoked
        );
        let key = leaf::signature_key(node)?;
        lines.insert(
            member.index.u32(),
            Line {
                identity,
                key,
                joined_epoch: epoch,
            },
        );
    }
    Ok(lines)
}

fn refused(error: &impl std::fmt::Display) -> Error {
    Error::new(Code::WelcomeRefused, error.to_string())
}

//! Key packages, and the first member's new group (K3.1).

use super::{Group, Kind, Line, Member, Pending, library};
use crate::bytes::{Bytes, sha256};
use crate::group::{config, leaf};
use crate::params::GroupParams;
use crate::provider::Provider;
use crate::{Code, Result};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;
use std::collections::BTreeMap;

/// A new group's public state.
#[derive(serde::Serialize)]
pub struct Created {
    /// GroupInfo message.
    pub group_info: Bytes,
    /// Ratchet tree.
    pub tree: Bytes,
}

impl Member {
    /// A key package that lives as long as our certificate. It can be asked for again, and replaces the one before.
    pub fn key_package(&mut self, _now: u64) -> Result<Vec<u8>> {
        if self.group.is_some() {
            return Err(Code::WrongState.into());
        }
        let suite = config::ciphersuite(self.suite)?;
        let bundle = KeyPackage::builder()
            .key_package_lifetime(self.lifetime())
            .leaf_node_capabilities(config::capabilities(suite))
            .build(suite, &self.provider, &self.key, self.credential())
            .map_err(library)?;
        let message = MlsMessageOut::from(bundle.key_package().clone());
        self.package = Some(bundle);
        message.tls_serialize_detached().map_err(library)
    }

    /// Creates the meeting's group; it is held until the hub's entry 0 is given to `reached`.
    pub fn create(&mut self, params: GroupParams, _now: u64) -> Result<Created> {
        if self.group.is_some() {
            return Err(Code::WrongState.into());
        }
        config::check_params(&params, &self.trust)?;
        guard!(
            "K2.6.create-suite",
            params.suite == self.suite,
            SuiteChanged
        );
        // A provider of its own: what an abandoned attempt left behind must not meet this group.
        self.provider = Provider::default();
        let mls_config = config::create_config(&params, self.lifetime())?;
        let id = openmls::group::GroupId::from_slice(params.group_id.as_ref());
        let mls = MlsGroup::new_with_group_id(
            &self.provider,
            &self.key,
            &mls_config,
            id,
            self.credential(),
        )
        .map_err(library)?;
        let info = mls
            .export_group_info(self.provider.crypto(), &self.key, false)
            .map_err(library)?;
        let info = info.tls_serialize_detached().map_err(library)?;
        let tree = mls
            .export_ratchet_tree()
            .tls_serialize_detached()
            .map_err(library)?;
        let mut group = Group::new(mls, params);
        let line = Line {
            identity: self.identity.clone(),
            key: self.key.public(),
            joined_epoch: 0,
        };
        group.lines.insert(0, line);
        group.pending = Some(Pending {
            kind: Kind::Created,
            epoch: 0,
            attempt: 0,
            commit_hash: sha256(&[&info]),
            entry_hash: Default::default(),
            authenticator: Some(group.authenticator()?),
            added: Vec::new(),
            removed: Vec::new(),
            leaves: BTreeMap::from([(0, self.key.public())]),
        });
        self.group = Some(group);
        Ok(Created {
            group_info: info.into(),
            tree: tree.into(),
        })
    }

    pub(super) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: leaf::credential(&self.chain),
            signature_key: self.key.public().as_ref().to_vec().into(),
        }
    }

    /// Our certificate's end; the beginning is a day and an hour before it, since certificates last a day at most.
    fn lifetime(&self) -> Lifetime {
        let end = self.identity.not_after / 1000;
        Lifetime::init(end.saturating_sub(25 * 3600), end)
    }
}

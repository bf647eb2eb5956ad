//! The hub's own proposals, signed as external sender. Only the signer process, which holds the hub key, calls these.

use super::message;
use crate::{Code, Error, LeafKey, Result};
use openmls::group::GroupId;
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::*;

/// A proposal to add the owner of a key package. `epoch` is the group's current one, which the commit leaves.
pub fn external_add(
    seed: &[u8; 32],
    group: &[u8],
    epoch: u64,
    sender: u32,
    key_package: &[u8],
) -> Result<Vec<u8>> {
    let crypto = openmls_rust_crypto::RustCrypto::default();
    let package = message::key_package(key_package)?
        .validate(&crypto, ProtocolVersion::Mls10)
        .map_err(|error| Error::new(Code::KeyPackageInvalid, error.to_string()))?;
    let signer = LeafKey::from_seed(seed);
    let sender = SenderExtensionIndex::new(sender);
    ExternalProposal::new_add::<crate::provider::Provider>(
        package,
        GroupId::from_slice(group),
        epoch.into(),
        &signer,
        sender,
    )
    .map_err(|error| Error::new(Code::Library, error.to_string()))?
    .tls_serialize_detached()
    .map_err(|error| Error::new(Code::Library, error.to_string()))
}

/// A proposal to remove a leaf. `epoch` is the group's current one, which the commit leaves.
pub fn external_remove(
    seed: &[u8; 32],
    group: &[u8],
    epoch: u64,
    sender: u32,
    leaf: u32,
) -> Result<Vec<u8>> {
    let signer = LeafKey::from_seed(seed);
    let sender = SenderExtensionIndex::new(sender);
    let leaf = LeafNodeIndex::new(leaf);
    ExternalProposal::new_remove::<crate::provider::Provider>(
        leaf,
        GroupId::from_slice(group),
        epoch.into(),
        &signer,
        sender,
    )
    .map_err(|error| Error::new(Code::Library, error.to_string()))?
    .tls_serialize_detached()
    .map_err(|error| Error::new(Code::Library, error.to_string()))
}

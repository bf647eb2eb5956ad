//! One leaf against its certificate (K2.2): what OpenMLS leaves to us, at key package, staged commit and join.

use super::{config, points};
use crate::bytes::{B32, Bytes};
use crate::identity::{Identity, Trust};
use crate::wire::Wire;
use crate::{Code, Error, Result};
use openmls::prelude::*;
use openmls::treesync::LeafNodeSource;
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

/// A leaf and who it is.
#[derive(Clone, serde::Serialize)]
pub struct LeafLine {
    /// Leaf index.
    pub leaf: u32,
    /// What its certificate says.
    pub identity: Identity,
}

/// The credential that carries a chain: a vector of DER certificates (RFC 9420 §5.3).
pub fn credential(chain: &[Vec<u8>]) -> Credential {
    let chain: Vec<Bytes> = chain
        .iter()
        .map(|der| Bytes::from(der.as_slice()))
        .collect();
    Credential::new(CredentialType::X509, chain.encode())
}

/// Who a credential and signature key are (K2.2).
pub fn identify(credential: &Credential, key: &[u8], trust: &Trust, now: u64) -> Result<Identity> {
    guard!(
        "K2.2.credential-type",
        credential.credential_type() == CredentialType::X509,
        CredentialType
    );
    let chain =
        Vec::<Bytes>::decode(credential.serialized_content()).ok_or(Code::ChainMalformed)?;
    let identity = trust.verify_chain(&chain, now)?;
    guard!(
        "K2.2.leaf-key",
        identity.leaf_public_key.as_ref() == key,
        LeafKeyMismatch
    );
    let member = matches!(identity.role.as_str(), "participant" | "guest");
    guard!("K2.1.role", member, RoleRefused, "{}", identity.role);
    Ok(identity)
}

/// Checks the leaf of a key package or of a tree: chain, key, role, capabilities, lifetime.
pub fn check(leaf: &LeafNode, suite: Ciphersuite, trust: &Trust, now: u64) -> Result<Identity> {
    let identity = identify(
        leaf.credential(),
        leaf.signature_key().as_slice(),
        trust,
        now,
    )?;
    guard!(
        "K2.6.capabilities",
        config::has_capabilities(leaf, suite),
        LeafCapabilities
    );
    guard!(
        "K3.2.leaf-extensions",
        leaf.extensions().iter().next().is_none(),
        LeafCapabilities,
        "extensions"
    );
    let strong = !points::is_low_order(encryption_key(leaf)?.as_slice());
    guard!(
        "K2.2.low-order-leaf",
        strong,
        KeyPackageInvalid,
        "low-order encryption key"
    );
    if let LeafNodeSource::KeyPackage(lifetime) = leaf.leaf_node_source() {
        let fits = lifetime.not_after() <= identity.not_after / 1000;
        guard!("K2.1.lifetime", fits, LeafLifetime);
        let in_time = lifetime.not_before() * 1000 <= now && now <= lifetime.not_after() * 1000;
        guard!("K2.1.lifetime-now", in_time, LeafLifetime, "not valid now");
    }
    Ok(identity)
}

/// A key package that may be added to a group of this suite, and who it is.
pub fn check_key_package(
    package: KeyPackageIn,
    suite: Ciphersuite,
    crypto: &impl OpenMlsCrypto,
    trust: &Trust,
    now: u64,
) -> Result<(KeyPackage, Identity)> {
    let package = package
        .validate(crypto, ProtocolVersion::Mls10)
        .map_err(|error| Error::new(Code::KeyPackageInvalid, error.to_string()))?;
    let identity = check_added(&package, suite, trust, now)?;
    Ok((package, identity))
}

/// The same for a key package whose signatures MLS has checked already.
pub fn check_added(
    package: &KeyPackage,
    suite: Ciphersuite,
    trust: &Trust,
    now: u64,
) -> Result<Identity> {
    let named = u16::from(package.ciphersuite());
    guard!(
        "K2.6.suite-key-package",
        package.ciphersuite() == suite,
        SuiteChanged,
        "{named:#06x}"
    );
    let plain = !package.last_resort() && package.extensions().iter().next().is_none();
    guard!("K2.2.key-package-extension", plain, KeyPackageExtension);
    let strong = !points::is_low_order(package.hpke_init_key().as_slice());
    guard!(
        "K2.2.low-order-init",
        strong,
        KeyPackageInvalid,
        "low-order init key"
    );
    check(package.leaf_node(), suite, trust, now)
}

/// The signature key of a leaf as 32 bytes.
pub fn signature_key(leaf: &LeafNode) -> Result<B32> {
    B32::from_slice(leaf.signature_key().as_slice()).ok_or_else(|| Code::LeafKeyMismatch.into())
}

/// The encryption key of a leaf, which OpenMLS shows of members only.
pub fn encryption_key(leaf: &LeafNode) -> Result<VLBytes> {
    let library = |error: tls_codec::Error| Error::new(Code::Library, error.to_string());
    let key = leaf
        .encryption_key()
        .tls_serialize_detached()
        .map_err(library)?;
    VLBytes::tls_deserialize_exact(key).map_err(library)
}

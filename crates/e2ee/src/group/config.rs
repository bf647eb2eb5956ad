//! Every MLS parameter of our groups, and the GroupContext extension that says which meeting a group belongs to (K3.1).

use crate::bytes::B32;
use crate::identity::Trust;
use crate::params::GroupParams;
use crate::wire::Wire;
use crate::{Code, Error, PROTOCOL_VERSION, Result, SUITE_CLASSICAL, SUITE_HYBRID};
use openmls::prelude::*;

/// Our GroupContext extension, in the private range of RFC 9420 §17.3.
const EXTENSION: u16 = 0xf0e7;

/// Past epochs that OpenMLS keeps. Batches come at most four a second (K3.3) and removals at once, so 32 cover the 5 s of
/// K4.5 with room for a storm of removals; more would keep more secrets alive.
const PAST_EPOCHS: usize = 32;

/// The suite of a code point; only the two of K2.6 are known.
pub fn ciphersuite(suite: u16) -> Result<Ciphersuite> {
    match suite {
        SUITE_HYBRID | SUITE_CLASSICAL => Ciphersuite::try_from(suite)
            .map_err(|_| Error::new(Code::SuiteUnknown, format!("{suite:#06x}"))),
        _ => Err(Error::new(Code::SuiteUnknown, format!("{suite:#06x}"))),
    }
}

/// What each leaf announces: exactly one suite, our extension, certificates.
pub fn capabilities(suite: Ciphersuite) -> Capabilities {
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(vec![suite])
        .extensions(vec![ExtensionType::Unknown(EXTENSION)])
        .proposals(vec![])
        .credentials(vec![CredentialType::X509])
        .build()
}

/// Whether a leaf announces what the group needs and no other suite: one that announced more could be talked down (K2.6).
pub fn has_capabilities(leaf: &LeafNode, suite: Ciphersuite) -> bool {
    let capabilities = leaf.capabilities();
    capabilities.ciphersuites() == [VerifiableCiphersuite::from(suite)]
        && capabilities
            .extensions()
            .contains(&ExtensionType::Unknown(EXTENSION))
        && capabilities.credentials() == [CredentialType::X509]
}

/// The GroupContext's extensions for these parameters.
pub fn context_extensions(params: &GroupParams) -> Result<Extensions<GroupContext>> {
    let required = RequiredCapabilitiesExtension::new(
        &[ExtensionType::Unknown(EXTENSION)],
        &[],
        &[CredentialType::X509],
    );
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required),
        Extension::ExternalSenders(external_senders(params)),
        Extension::Unknown(EXTENSION, UnknownExtension(params.encode())),
    ])
    .map_err(|error| Error::new(Code::Library, error.to_string()))
}

fn external_senders(params: &GroupParams) -> Vec<ExternalSender> {
    params
        .hub_keys
        .iter()
        .map(|key| {
            ExternalSender::new(
                key.as_ref().to_vec().into(),
                BasicCredential::new(params.hub.clone().into()).into(),
            )
        })
        .collect()
}

/// Compares a group's context with the parameters that our own deployment describes (K3.1, K3.2, K2.6).
pub fn check_context(context: &GroupContext, expected: &GroupParams) -> Result<()> {
    let suite = u16::from(context.ciphersuite());
    guard!(
        "K2.6.suite-changed",
        suite == expected.suite,
        SuiteChanged,
        "{suite:#06x}"
    );
    let named = context.group_id().as_slice() == expected.group_id.as_ref();
    guard!("K3.1.group-id", named, ParamsMismatch, "another group");
    let extensions = context.extensions();
    let content = extensions.unknown(EXTENSION).ok_or(Code::ParamsMissing)?;
    let found =
        GroupParams::decode(&content.0).ok_or(Error::new(Code::ParamsMissing, "malformed"))?;
    guard!(
        "K3.1.params",
        found == *expected,
        ParamsMismatch,
        "{}",
        difference(&found, expected)
    );
    let senders = extensions
        .external_senders()
        .is_some_and(|senders| *senders == external_senders(expected));
    guard!("K3.2.external-senders", senders, ExternalSenders);
    let whole = context_extensions(expected)? == *extensions;
    guard!("K3.1.extensions", whole, ParamsMismatch, "other extensions");
    Ok(())
}

fn difference(found: &GroupParams, expected: &GroupParams) -> &'static str {
    match () {
        () if found.version != expected.version => "version",
        () if found.meeting != expected.meeting => "meeting",
        () if found.term != expected.term => "term",
        () if found.hub != expected.hub || found.hub_keys != expected.hub_keys => "hub",
        () if found.policy_hash != expected.policy_hash => "policy",
        () if found.manifest_set_hash != expected.manifest_set_hash => "manifests",
        () if found.suite != expected.suite => "suite",
        () if found.sframe != expected.sframe => "sframe",
        () => "prior group",
    }
}

/// Checks parameters against what we verified ourselves: version, manifests, hub keys (K2.3, K3.1).
pub fn check_params(params: &GroupParams, trust: &Trust) -> Result<()> {
    guard!(
        "K3.1.version",
        params.version == PROTOCOL_VERSION && params.sframe.suite == 4,
        ParamsVersion
    );
    guard!(
        "K2.3.manifest-set",
        params.manifest_set_hash == trust.manifest_set_hash,
        ManifestSetChanged
    );
    let Some((hub, successors)) = params.hub_keys.split_first() else {
        return Err(Error::new(Code::HubUnknown, "no key"));
    };
    let known =
        trust.is_hub(&params.hub, hub) && successors.iter().all(|key| trust.is_any_hub(key));
    guard!("K3.1.hub", known, HubUnknown);
    Ok(())
}

/// The key that signs entries in this term.
pub fn hub_key(params: &GroupParams) -> Result<B32> {
    params
        .hub_keys
        .first()
        .copied()
        .ok_or_else(|| Code::HubUnknown.into())
}

/// How we create groups.
pub fn create_config(params: &GroupParams, lifetime: Lifetime) -> Result<MlsGroupCreateConfig> {
    let suite = ciphersuite(params.suite)?;
    Ok(MlsGroupCreateConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(PAST_EPOCHS)
        .ciphersuite(suite)
        .capabilities(capabilities(suite))
        .lifetime(lifetime)
        .with_group_context_extensions(context_extensions(params)?)
        .build())
}

/// How we join groups.
pub fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(PAST_EPOCHS)
        .build()
}

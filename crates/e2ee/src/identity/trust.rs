//! Verified manifests and the own ministry's policy: the only place where a root becomes somebody's voice (K2.2, K2.3, K2.6).
//!
//! Chains are built by webpki over strict Ed25519; then comes our own comparison, because webpki knows neither URI name
//! constraints nor ministries.

use super::{Certificate, MAX_CERTIFICATE_MS};
use crate::bytes::{B32, sha256};
use crate::signed::{Manifest, Policy, Revocation, Signed, structure_hash};
use crate::{Code, Error, Result, SUITE_CLASSICAL, SUITE_HYBRID};
use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime, alg_id,
};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// What a verified certificate says about a leaf (K2.1).
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// Deployment in the URI, bound to the root by a manifest.
    pub deployment: String,
    /// Ministry in the URI, bound to the root by a manifest.
    pub tenant: String,
    /// Opaque id in the ministry.
    pub subject: String,
    /// Display name.
    pub name: String,
    /// Whether the issuer checked the name.
    pub name_checked: bool,
    /// participant, guest, agent or recipient.
    pub role: String,
    /// low, substantial or high.
    pub assurance: String,
    /// End of validity, unix ms.
    pub not_after: u64,
    /// SHA-256 of the root.
    pub issuer_fingerprint: B32,
    /// SHA-256 of the leaf certificate.
    pub fingerprint: B32,
    /// The leaf key.
    pub leaf_public_key: B32,
}

/// One root and the ministry that its manifest binds it to.
struct Root {
    deployment: String,
    tenant: String,
    fingerprint: B32,
    public_key: B32,
}

/// Verified manifests and the own ministry's policy.
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    roots: Vec<Root>,
    hubs: Vec<(String, Vec<B32>)>,
    policy: Policy,
    /// Hash of the set of manifests.
    pub manifest_set_hash: B32,
    /// Hash of the policy.
    pub policy_hash: B32,
}

/// The hash of a set of manifests, whatever their order.
pub fn manifest_set_hash<T: AsRef<[u8]>>(manifests: &[T]) -> Result<B32> {
    let mut hashes = manifests
        .iter()
        .map(|manifest| structure_hash(manifest.as_ref()))
        .collect::<Result<Vec<_>>>()?;
    hashes.sort();
    let parts: Vec<&[u8]> = hashes.iter().map(AsRef::as_ref).collect();
    Ok(sha256(&parts))
}

/// The hash of a policy.
pub fn policy_hash(policy: &[u8]) -> Result<B32> {
    structure_hash(policy)
}

impl Trust {
    /// Verifies manifests under their own keys, which people pinned out of band, and the policy under its ministry's key.
    pub fn new<T: AsRef<[u8]>>(
        manifests: &[T],
        policy: &[u8],
        own_deployment: &str,
        now: u64,
    ) -> Result<Self> {
        let mut opened: Vec<Manifest> = Vec::new();
        for manifest in manifests {
            opened.push(open_manifest(manifest.as_ref(), now)?);
            let count = opened
                .iter()
                .filter(|other| {
                    opened
                        .last()
                        .is_some_and(|m| m.deployment == other.deployment)
                })
                .count();
            guard!("K2.3.manifest-duplicate", count == 1, ManifestDuplicate);
        }
        let own = opened
            .iter()
            .find(|manifest| manifest.deployment == own_deployment)
            .ok_or(Code::ManifestMissing)?;
        let policy_value = open_policy(policy, own, now)?;
        let mut trust = Self {
            anchors: Vec::new(),
            roots: Vec::new(),
            hubs: opened
                .iter()
                .map(|manifest| (manifest.deployment.clone(), manifest.hub_keys.clone()))
                .collect(),
            policy: policy_value,
            manifest_set_hash: manifest_set_hash(manifests)?,
            policy_hash: policy_hash(policy)?,
        };
        for manifest in &opened {
            trust.bind_roots(manifest)?;
        }
        Ok(trust)
    }

    fn bind_roots(&mut self, manifest: &Manifest) -> Result<()> {
        for tenant in &manifest.tenants {
            for der in &tenant.roots {
                let parsed = Certificate::parse(der.as_ref())?;
                let taken = self
                    .roots
                    .iter()
                    .any(|root| root.public_key == parsed.public_key);
                guard!(
                    "K2.3.root-bound-twice",
                    !taken,
                    RootBoundTwice,
                    "{}",
                    tenant.tenant
                );
                let der = CertificateDer::from(der.as_ref());
                let anchor = anchor_from_trusted_cert(&der)
                    .map_err(|e| Error::new(Code::ChainMalformed, format!("{e}")))?;
                self.anchors.push(anchor.to_owned());
                self.roots.push(Root {
                    deployment: manifest.deployment.clone(),
                    tenant: tenant.tenant.clone(),
                    fingerprint: parsed.fingerprint,
                    public_key: parsed.public_key,
                });
            }
        }
        Ok(())
    }

    /// Suites that the own ministry allows.
    #[must_use]
    pub fn suites(&self) -> &[u16] {
        &self.policy.suites
    }

    /// Refuses suites we do not know, and those that the own policy does not name (K2.6).
    pub fn check_suite(&self, suite: u16, allow_classical: bool) -> Result<()> {
        if suite != SUITE_HYBRID && suite != SUITE_CLASSICAL {
            return Err(Error::new(Code::SuiteUnknown, format!("{suite:#06x}")));
        }
        let wanted = suite != SUITE_CLASSICAL || allow_classical;
        guard!(
            "K2.6.suite-wish",
            wanted,
            SuiteNotAllowed,
            "{suite:#06x} without allow_classical"
        );
        guard!(
            "K2.6.suite-policy",
            self.policy.suites.contains(&suite),
            SuiteNotAllowed,
            "{suite:#06x}"
        );
        Ok(())
    }

    /// Refuses a policy of another ministry than the person's own.
    pub fn check_own_policy(&self, identity: &Identity) -> Result<()> {
        let own =
            identity.deployment == self.policy.deployment && identity.tenant == self.policy.tenant;
        guard!("K2.6.policy-foreign", own, PolicyForeign);
        Ok(())
    }

    /// Whether a manifest of this deployment names the hub key (K3.1).
    #[must_use]
    pub fn is_hub(&self, deployment: &str, key: &B32) -> bool {
        self.hubs
            .iter()
            .any(|(name, keys)| name == deployment && keys.contains(key))
    }

    /// Whether any manifest names the hub key: successors may be of any deployment that takes part.
    #[must_use]
    pub fn is_any_hub(&self, key: &B32) -> bool {
        self.hubs.iter().any(|(_, keys)| keys.contains(key))
    }

    /// Builds and checks the chain of a leaf, leaf certificate first, and says who it is.
    pub fn verify_chain<T: AsRef<[u8]>>(&self, chain: &[T], now: u64) -> Result<Identity> {
        let leaf = chain.first().ok_or(Code::ChainMalformed)?.as_ref();
        if chain.len() > 4 {
            return Err(Error::new(Code::ChainMalformed, "too long"));
        }
        let certificate = Certificate::parse(leaf)?;
        let in_time = certificate.not_before <= now && now <= certificate.not_after;
        guard!("K2.1.expired", in_time, CertificateExpired);
        let root = self.build(leaf, &chain[1..], now)?;
        let lifetime = certificate.not_after.saturating_sub(certificate.not_before);
        guard!(
            "K2.1.too-long",
            lifetime <= MAX_CERTIFICATE_MS,
            CertificateTooLong,
            "{lifetime} ms"
        );
        compare(certificate, root)
    }

    fn build<T: AsRef<[u8]>>(&self, leaf: &[u8], rest: &[T], now: u64) -> Result<&Root> {
        let leaf = CertificateDer::from(leaf);
        let end_entity = EndEntityCert::try_from(&leaf)
            .map_err(|e| Error::new(Code::ChainMalformed, format!("{e}")))?;
        let others: Vec<CertificateDer<'_>> = rest
            .iter()
            .map(|der| CertificateDer::from(der.as_ref()))
            .collect();
        let time = UnixTime::since_unix_epoch(Duration::from_millis(now));
        let path = end_entity
            .verify_for_usage(
                &[&Ed25519],
                &self.anchors,
                &others,
                time,
                KeyUsage::client_auth(),
                None,
                None,
            )
            .map_err(|e| Error::new(Code::ChainUntrusted, format!("{e}")))?;
        let anchor = path.anchor();
        let index = self
            .anchors
            .iter()
            .position(|a| {
                a.subject == anchor.subject
                    && a.subject_public_key_info == anchor.subject_public_key_info
            })
            .ok_or(Code::Library)?;
        Ok(&self.roots[index])
    }

    /// Opens a revocation under any root of the ministry that it names (K2.4).
    pub fn open_revocation(&self, data: &[u8]) -> Result<Revocation> {
        let claimed = Revocation::peek(data)?;
        let mut roots = self
            .roots
            .iter()
            .filter(|r| r.deployment == claimed.deployment && r.tenant == claimed.tenant);
        let signed = roots.any(|root| Revocation::open(data, &root.public_key).is_ok());
        guard!("K2.4.revocation-foreign", signed, RevocationForeign);
        Ok(claimed)
    }
}

fn open_manifest(data: &[u8], now: u64) -> Result<Manifest> {
    let key = Manifest::peek(data)?.key;
    let manifest =
        Manifest::open(data, &key).map_err(|e| Error::new(Code::ManifestInvalid, e.to_string()))?;
    let in_time = manifest.not_before <= now && now <= manifest.not_after;
    guard!(
        "K2.3.manifest-expired",
        in_time,
        ManifestExpired,
        "{}",
        manifest.deployment
    );
    Ok(manifest)
}

fn open_policy(data: &[u8], own: &Manifest, now: u64) -> Result<Policy> {
    let tenant = Policy::peek(data)?.tenant;
    let key = own
        .tenants
        .iter()
        .find(|t| t.tenant == tenant)
        .map(|t| t.policy_key)
        .ok_or(Code::PolicyInvalid)?;
    let policy =
        Policy::open(data, &key).map_err(|e| Error::new(Code::PolicyInvalid, e.to_string()))?;
    guard!(
        "K2.6.policy-deployment",
        policy.deployment == own.deployment,
        PolicyInvalid,
        "another deployment"
    );
    let in_time = policy.not_before <= now && now <= policy.not_after;
    guard!("K2.6.policy-expired", in_time, PolicyExpired);
    Ok(policy)
}

/// Our own comparison (K2.2): the URI must name the ministry that the manifest binds to the root; a role must be there.
fn compare(certificate: Certificate, root: &Root) -> Result<Identity> {
    let [uri] = certificate.uris.as_deref().unwrap_or_default() else {
        return Err(Error::new(Code::CertificateUri, "not exactly one URI"));
    };
    let parts: Vec<&str> = uri
        .strip_prefix("entente://")
        .unwrap_or_default()
        .split('/')
        .collect();
    let [deployment, tenant, subject] = parts[..] else {
        return Err(Error::new(
            Code::CertificateUri,
            "not entente://deployment/tenant/subject",
        ));
    };
    if subject.is_empty() {
        return Err(Error::new(Code::CertificateUri, "no subject"));
    }
    let bound = deployment == root.deployment && tenant == root.tenant;
    guard!(
        "K2.2.foreign-root",
        bound,
        LeafCertificateForeignRoot,
        "{deployment}/{tenant} under {}/{}",
        root.deployment,
        root.tenant
    );
    // Under such a key any signature can be made by anybody, and strict verification accepts none (attack 17).
    let strong = !crate::signed::is_weak(&certificate.public_key);
    guard!("K2.2.weak-key", strong, LeafKeyMismatch, "small-order key");
    let [name] = &certificate.common_names[..] else {
        return Err(Error::new(
            Code::CertificateName,
            "not exactly one common name",
        ));
    };
    let role = certificate.role.unwrap_or_default();
    let known = ["participant", "guest", "agent", "recipient"].contains(&role.as_str());
    guard!("K2.2.role-missing", known, RoleMissing);
    let assurance = certificate
        .assurance
        .filter(|level| ["low", "substantial", "high"].contains(&level.as_str()));
    Ok(Identity {
        deployment: deployment.to_owned(),
        tenant: tenant.to_owned(),
        subject: subject.to_owned(),
        name: name.clone(),
        name_checked: certificate.name_checked,
        role,
        assurance: assurance.unwrap_or_else(|| "low".to_owned()),
        not_after: certificate.not_after,
        issuer_fingerprint: root.fingerprint,
        fingerprint: certificate.fingerprint,
        leaf_public_key: certificate.public_key,
    })
}

/// Ed25519 for webpki, by ed25519-dalek in its strict form.
#[derive(Debug)]
struct Ed25519;

impl SignatureVerificationAlgorithm for Ed25519 {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> std::result::Result<(), InvalidSignature> {
        let (Some(key), Ok(signature)) = (B32::from_slice(key), signature.try_into()) else {
            return Err(InvalidSignature);
        };
        if crate::signed::verify(&key, message, signature) {
            Ok(())
        } else {
            Err(InvalidSignature)
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }
}

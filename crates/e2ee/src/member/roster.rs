//! Who is in the group, the code that people compare, and revocations (K2.4, K5.5, K6.3).

use super::Member;
use crate::identity::Identity;
use crate::{Code, Result};
use hkdf::Hkdf;
use sha2::Sha256;

/// One line of the roster: a leaf of the tree.
#[derive(serde::Serialize)]
pub struct RosterLine {
    /// Leaf index.
    pub leaf: u32,
    /// What its certificate says.
    pub identity: Identity,
    /// When it came; for those who were there before us, when we came.
    pub joined_epoch: u64,
    /// Whether it is us.
    #[serde(rename = "self")]
    pub own: bool,
    /// Whether its issuer revoked it.
    pub revoked: bool,
}

impl Member {
    /// The tree's leaves: the only roster there is.
    pub fn roster(&self) -> Result<Vec<RosterLine>> {
        let group = self.live()?;
        let own = group.own_leaf();
        Ok(group
            .lines
            .iter()
            .map(|(leaf, line)| RosterLine {
                leaf: *leaf,
                identity: line.identity.clone(),
                joined_epoch: line.joined_epoch,
                own: *leaf == own,
                revoked: self.revoked.since(&line.identity).is_some(),
            })
            .collect())
    }

    /// 30 digits from the epoch's authenticator and the group's id, to be compared aloud (K6.3).
    pub fn code(&self) -> Result<String> {
        let group = self.live()?;
        let authenticator = group.records.last().ok_or(Code::NotMember)?.authenticator;
        let kdf = Hkdf::<Sha256>::new(Some(group.params.group_id.as_ref()), authenticator.as_ref());
        let mut bytes = [0u8; 48];
        kdf.expand(b"entente code v1", &mut bytes)
            .map_err(super::library)?;
        // Eight bytes for five digits: the modulo bias is below 2^-47.
        let digits = bytes.chunks_exact(8).map(|chunk| {
            let value = chunk
                .iter()
                .fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
            format!("{:05}", value % 100_000)
        });
        Ok(digits.collect())
    }

    /// Takes in a revocation signed by its ministry's root: marked at once, refused after 2 s, and then we stop sending (K2.4).
    pub fn revoke(&mut self, revocation: &[u8], now: u64) -> Result<()> {
        self.tick(now);
        let revocation = self.trust.open_revocation(revocation)?;
        let (deployment, tenant) = (revocation.deployment.clone(), revocation.tenant.clone());
        self.revoked
            .0
            .entry((deployment, tenant, revocation.fingerprint))
            .or_insert(now);
        let own = self.identity.fingerprint;
        if let Some(group) = self.group.as_mut() {
            let leaves: Vec<u32> = group
                .lines
                .iter()
                .filter(|(_, line)| {
                    let identity = &line.identity;
                    let theirs = identity.deployment == revocation.deployment
                        && identity.tenant == revocation.tenant;
                    identity.fingerprint == revocation.fingerprint
                        && theirs
                        && identity.fingerprint != own
                })
                .map(|(leaf, _)| *leaf)
                .collect();
            leaves
                .into_iter()
                .for_each(|leaf| group.expect_removal(leaf, now));
        }
        Ok(())
    }
}

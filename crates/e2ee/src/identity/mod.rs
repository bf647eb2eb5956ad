//! Who a leaf is (K2): its key, its certificate, and the manifests that say which root speaks for which ministry.
//!
//! OpenMLS checks neither the chain in a credential nor that its key is the leaf's, so everything here is called by us at key
//! package, staged commit and join, on server and client alike.

mod certificate;
mod der;
mod key;
mod trust;

pub use certificate::Certificate;
pub use key::LeafKey;
pub use trust::{Identity, Trust, manifest_set_hash, policy_hash};

/// The arc of our certificate extensions: `2.25` and a random UUID (ITU-T X.667), until an arc is registered.
const ARC: u128 = 0x2839_2fae_750b_4b6f_aa26_d8f0_a327_ce20;

/// Role of the holder; DER UTF8String.
pub const OID_ROLE: &str = "2.25.53466047847508169771931854429913337376.1";
/// Assurance level of the identification; DER UTF8String.
pub const OID_ASSURANCE: &str = "2.25.53466047847508169771931854429913337376.2";
/// Whether the issuer checked the display name; DER BOOLEAN, absent means no.
pub const OID_NAME_CHECKED: &str = "2.25.53466047847508169771931854429913337376.3";

/// Longest validity of a leaf certificate, ms: longer than any meeting, short enough to live without revocation lists (K2.1).
pub const MAX_CERTIFICATE_MS: u64 = 24 * 60 * 60 * 1000;

/// DER content of `2.25.<ARC>.<last>`.
pub(crate) fn oid(last: u8) -> Vec<u8> {
    let mut digits = Vec::new();
    let mut rest = ARC;
    while rest > 0 {
        digits.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    let mut out = vec![2 * 40 + 25];
    out.extend(
        digits
            .iter()
            .enumerate()
            .rev()
            .map(|(i, digit)| if i == 0 { *digit } else { digit | 0x80 }),
    );
    out.push(last);
    out
}

//! What the GroupContext carries about its meeting (K3.1), as the hub's deployment describes it and each joiner compares it.

use crate::bytes::{B32, Bytes};
use crate::wire_struct;

wire_struct! {
    /// Parameters of SFrame in this group.
    pub struct Sframe {
        /// Cipher suite of RFC 9605; 4 is AES_128_GCM_SHA256_128.
        pub suite: u16,
    }

    /// The group that this one replaces in a running meeting.
    pub struct Prior {
        /// Its group id.
        pub group: Bytes,
        /// The hash of its last entry.
        pub head_hash: B32,
        /// Why it was replaced.
        pub reason: String,
    }

    /// The content of our GroupContext extension, and of the `params` that a deployment tells its own people.
    pub struct GroupParams {
        /// Version of the rules.
        pub version: u16,
        /// MLS group id.
        pub group_id: Bytes,
        /// The meeting's label (K9.2).
        pub meeting: B32,
        /// Term of the hub.
        pub term: u64,
        /// Deployment that orders the meeting.
        pub hub: String,
        /// Keys in the order of external_senders: the hub's first, then its successors'.
        pub hub_keys: Vec<B32>,
        /// Hash of the meeting's policy.
        pub policy_hash: B32,
        /// Hash of the meeting's manifests.
        pub manifest_set_hash: B32,
        /// MLS cipher suite.
        pub suite: u16,
        /// SFrame parameters.
        pub sframe: Sframe,
        /// The group before, where the meeting had one.
        pub prior: Option<Prior>,
    }
}

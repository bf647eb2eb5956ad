//! Every refusal of this crate, in one table: a stable code for programs, the rule behind it, and a sentence for people.
//!
//! `tests/vectors/e2ee_errors.json` is generated from this table, and the interface's texts are checked against it.

/// The result of an operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal. The detail is for operators and never holds a secret, a name or content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was seen.
    pub code: Code,
    /// Where, in few words; may be empty.
    pub detail: String,
}

impl Error {
    /// A refusal with its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code, "")
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.detail.is_empty() {
            f.write_str(self.code.as_str())
        } else {
            write!(f, "{}: {}", self.code.as_str(), self.detail)
        }
    }
}

impl std::error::Error for Error {}

macro_rules! codes {
    ($($variant:ident $code:literal $rule:literal $text:literal)*) => {
        /// What was seen; see [`Code::text`] for the sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $text] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The stable name that crosses the bindings.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code),* }
            }

            /// The rule behind the refusal.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self { $(Code::$variant => $rule),* }
            }

            /// What was seen, in a sentence.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Code::$variant => $text),* }
            }
        }
    };
}

codes! {
    ArgumentMalformed "argument_malformed" "-" "An argument does not have the shape that the interface names."
    Library "library" "-" "An invariant inside the MLS library or this crate broke; the worker must be replaced."
    WrongState "wrong_state" "-" "The call does not fit what the member is doing now."

    SignedMalformed "signed_malformed" "K" "A signed structure does not parse."
    SignedLabel "signed_label" "K" "A signed structure is of another kind than the one expected."
    SignedVersion "signed_version" "K" "A signed structure has a version that this software does not know."
    SignedSignature "signed_signature" "K" "The signature of a signed structure is wrong."

    ChainMalformed "chain_malformed" "K2.2" "A certificate chain does not parse."
    ChainUntrusted "chain_untrusted" "K2.2" "A certificate chain ends in no root that a manifest names."
    CertificateExpired "certificate_expired" "K2.1" "A certificate is not valid at this time."
    CertificateTooLong "certificate_too_long" "K2.1" "A certificate is valid for more than 24 hours."
    CertificateUri "certificate_uri" "K2.1" "A certificate does not carry exactly one entente:// name."
    CertificateName "certificate_name" "K2.1" "A certificate does not carry one display name."
    LeafCertificateForeignRoot "leaf_certificate_foreign_root" "K2.2" "A certificate names a ministry that its issuer does not speak for."
    LeafKeyMismatch "leaf_key_mismatch" "K2.2" "A member's key is not the key of its certificate."
    RoleMissing "role_missing" "K2.2" "A certificate names no role."
    RoleRefused "role_refused" "K2.1" "A certificate's role may not be a member."
    CredentialType "credential_type" "K2.2" "A member does not identify itself by a certificate."
    CertificateRevoked "certificate_revoked" "K2.4" "A certificate was revoked by its issuer."
    RevocationForeign "revocation_foreign" "K2.4" "A revocation is not signed by the issuer of the ministry it names."

    ManifestInvalid "manifest_invalid" "K2.3" "A deployment's manifest is not validly signed by its own key."
    ManifestExpired "manifest_expired" "K2.3" "A deployment's manifest is not valid at this time."
    ManifestDuplicate "manifest_duplicate" "K2.3" "Two manifests speak for the same deployment."
    RootBoundTwice "root_bound_twice" "K2.3" "One root is bound to two ministries."
    ManifestMissing "manifest_missing" "K2.3" "There is no manifest for a deployment that takes part."
    PolicyInvalid "policy_invalid" "K2.6" "The ministry's policy is not validly signed."
    PolicyExpired "policy_expired" "K2.6" "The ministry's policy is not valid at this time."
    PolicyForeign "policy_foreign" "K2.6" "The policy belongs to another ministry than the certificate."
    SuiteUnknown "suite_unknown" "K2.6" "The encryption suite is none that this software knows."
    SuiteNotAllowed "suite_not_allowed" "K2.6" "The encryption suite is not allowed by the ministry's signed policy."
    SuiteChanged "suite_changed" "K2.6" "The encryption suite is not the one of this meeting."

    ParamsVersion "params_version" "K3.1" "The meeting's group speaks a protocol version that this software does not know."
    ParamsMismatch "params_mismatch" "K3.1" "The meeting's group is not the one that our own deployment describes."
    ParamsMissing "params_missing" "K3.1" "The meeting's group does not say which meeting it belongs to."
    ManifestSetChanged "manifest_set_changed" "K2.3" "The meeting's group rests on other manifests than the ones we verified."
    HubUnknown "hub_unknown" "K3.1" "The meeting is ordered by a key that no manifest names."
    ExternalSenders "external_senders" "K3.2" "The group lets others propose members than the hub and its successors."
    GroupTooLarge "group_too_large" "K5.1" "The group would have more than 4,096 leaves."

    MessageMalformed "message_malformed" "K3.2" "An encryption message does not parse."
    MessageTrailing "message_trailing" "K3.2" "An encryption message has bytes behind its end."
    MessageWireFormat "message_wire_format" "K3.2" "An encryption message has another format than the rules allow."
    MessageRefused "message_refused" "K3.2" "An encryption message fails the checks of MLS."
    KeyPackageInvalid "key_package_invalid" "K2.2" "A newcomer's key package is not valid."
    KeyPackageExtension "key_package_extension" "K2.2" "A newcomer's key package can be used more than once or carries extensions."
    LeafCapabilities "leaf_capabilities" "K2.6" "A member's software does not announce what this meeting needs."
    LeafLifetime "leaf_lifetime" "K2.1" "A member's key outlives its certificate."
    KeyPackageUsed "key_package_used" "K2.2" "A key is already that of a member."

    ProposalSender "proposal_sender" "K3.2" "A change of membership was proposed by somebody else than the hub."
    ProposalType "proposal_type" "K3.2" "A change was proposed that is neither an addition nor a removal."
    ProposalUnknownLeaf "proposal_unknown_leaf" "K3.2" "A removal names nobody in the group."
    ProposalRepeated "proposal_repeated" "K3.2" "The same change was proposed twice."
    CommitterUnknown "committer_unknown" "K3.2" "The named committer is not a member or is being removed."
    ExternalCommit "external_commit" "K3.2" "Somebody tried to enter the group without being proposed."
    CommitSender "commit_sender" "K3.2" "A commit comes from another member than the one named."
    CommitInlineProposal "commit_inline_proposal" "K3.2" "A commit carries a change that was not announced."
    CommitProposals "commit_proposals" "K3.2" "A commit makes other changes than the ones announced."
    CommitCredential "commit_credential" "K3.2" "A commit changes the certificate or key of its author."
    CommitContext "commit_context" "K3.2" "A commit changes what the group says about its meeting."
    CommitEmpty "commit_empty" "K3.2" "A commit neither changes the membership nor renews a key."
    CommitTags "commit_tags" "K4.1" "A commit's author signed it, but its tags are wrong."
    CommitAltered "commit_altered" "K4.1" "A commit is not the one that the hub recorded: it was altered on the way."
    SubmissionSignature "submission_signature" "K4.1" "A commit is not signed by its author: it was altered on the way."
    OwnCommitReplaced "own_commit_replaced" "K4.1" "The server announced another commit in our name than the one we made."
    NotAnnounced "not_announced" "K4.2" "A commit arrived for which nothing was announced."
    WrongEpoch "wrong_epoch" "K4.2" "A message is for another epoch than the next one."
    AttemptStale "attempt_stale" "K4.2" "An attempt was announced again or out of order."
    NotWithdrawn "not_withdrawn" "K4.3" "A new attempt was announced while the staged one was neither reached nor withdrawn."

    EntryForeign "entry_foreign" "K4.2" "An entry of the meeting's log belongs to another meeting, group or term."
    EntrySignature "entry_signature" "K4.2" "An entry of the meeting's log is not signed by the hub."
    EntryRepeated "entry_repeated" "K4.2" "An entry of the meeting's log was sent again."
    EntryGap "entry_gap" "K4.2" "Entries of the meeting's log are missing."
    EntryChain "entry_chain" "K4.2" "The meeting's log does not continue where it ended."
    EntryState "entry_state" "K4.2" "An entry of the meeting's log has another state than this step needs."
    Equivocation "equivocation" "K4.7" "The hub signed two histories that contradict each other."
    ReceiptsMissing "receipts_missing" "K4.4" "An epoch was announced as reached without a confirmation by another member."
    ReceiptsHash "receipts_hash" "K4.4" "The confirmations are not the ones that the hub recorded."
    ReceiptSignature "receipt_signature" "K4.3" "A confirmation is not signed by the member it names."
    ReceiptStale "receipt_stale" "K4.4" "A confirmation belongs to no epoch that we still know."
    ReceiptConflict "receipt_conflict" "K4.4" "Another member is in a different group than we are: the meeting was forked."
    NotStaged "not_staged" "K4.3" "An outcome was announced for a commit that we did not stage."

    WelcomeMalformed "welcome_malformed" "K3.2" "A welcome does not parse or is not for us."
    WelcomePsk "welcome_psk" "K3.2" "A welcome demands a secret that is not part of the rules."
    WelcomeRefused "welcome_refused" "K3.2" "A welcome fails the checks of MLS."
    WelcomeOwnLeaf "welcome_own_leaf" "K3.2" "A welcome gives us a leaf that is not ours."

    NotMember "not_member" "K4.3" "We are not a member of the group yet, or no longer."
    StoppedRemovalPending "stopped_removal_pending" "K4.6" "Somebody is to be removed and still is in the group: nothing is sent until the removal is done."
    StoppedAlone "stopped_alone" "K3.3" "Nobody else is connected: nothing is sent until somebody joins."
    StaleEpoch "stale_epoch" "K6.1" "A message is older than the window in which old keys are kept."
    UnknownEpoch "unknown_epoch" "K4.5" "A frame or message belongs to an epoch that we have not reached or no longer know."
    RemovedLeaf "removed_leaf" "K4.5" "A frame or message comes from somebody who was removed."
    UnknownLeaf "unknown_leaf" "K5.1" "A frame comes from nobody in the group."
    RevokedLeaf "revoked_leaf" "K2.4" "A frame or message comes from somebody whose certificate was revoked."
    MessageNumber "message_number" "K6.1" "A message repeats or goes back in its sender's numbering."
    MessageUndecipherable "message_undecipherable" "K6.1" "A message cannot be decrypted or is not authentic."
    SnapshotForeign "snapshot_foreign" "K6.2" "A snapshot belongs to another group."

    KidMalformed "kid_malformed" "K5.1" "A frame's key id does not have the layout of the rules."
    GenerationExhausted "generation_exhausted" "K5.2" "All generations of keys are used up: rejoin as a fresh leaf."
    CounterExhausted "counter_exhausted" "K5.2" "A key has sealed all the frames it may."
    FrameMalformed "frame_malformed" "K5" "A frame does not parse."
    FrameKid "frame_kid" "K5.1" "A frame carries another key id than the one expected."
    FrameReplayed "frame_replayed" "K5.3" "A frame was delivered before or is too old to tell."
    FrameForged "frame_forged" "K5.3" "A frame was altered or sealed under another key."
    FramePadding "frame_padding" "K5.6" "A sound frame's padding is wrong."
}

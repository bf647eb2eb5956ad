/**
 * What the encryption noticed: stable codes to one plain sentence each, and how loudly to say it.
 * The codes are those of the member in the key Worker (`crates/e2ee/src/error.rs`, every one is
 * listed here, and a test says so), of the SDK, and of the server. An unknown code is an alarm.
 */

/** `danger` takes the promise back, `warn` is shown above the stage, `note` only in the panel. */
export type Severity = "danger" | "warn" | "note";

interface Family {
  readonly severity: Severity;
  readonly codes: readonly string[];
}

const FAMILIES = {
  "alarm.fork": { severity: "danger", codes: ["fork", "equivocation", "receipt_conflict"] },
  "alarm.history": {
    severity: "danger",
    codes: [
      "entry_foreign", "entry_signature", "entry_gap", "entry_chain", "entry_state", "entry_repeated", "not_announced", "not_withdrawn",
      "not_staged", "wrong_epoch",
    ],
  },
  "alarm.unconfirmed": { severity: "danger", codes: ["receipts_missing", "receipts_hash", "receipt_signature", "receipt_stale"] },
  "alarm.altered": {
    severity: "danger",
    codes: [
      "commit_altered", "submission_signature", "own_commit_replaced", "signed_malformed", "signed_label", "signed_version",
      "signed_signature", "message_malformed", "message_trailing", "message_wire_format", "message_refused", "message_undecipherable",
      "welcome_malformed", "welcome_psk", "welcome_refused", "welcome_own_leaf",
    ],
  },
  "alarm.rules": {
    severity: "danger",
    codes: [
      "proposal_sender", "proposal_type", "proposal_unknown_leaf", "proposal_repeated", "committer_unknown", "external_commit",
      "external_senders", "commit_sender", "commit_inline_proposal", "commit_proposals", "commit_credential", "commit_context",
      "commit_empty", "commit_tags",
    ],
  },
  "alarm.replayed": { severity: "danger", codes: ["message_number", "frame_replayed"] },
  "alarm.certificate": {
    severity: "danger",
    codes: [
      "chain_malformed", "chain_untrusted", "certificate_expired", "certificate_too_long", "certificate_uri", "certificate_name",
      "leaf_certificate_foreign_root", "leaf_key_mismatch", "role_missing", "role_refused", "credential_type", "revocation_foreign",
      "key_package_invalid", "key_package_extension", "key_package_used", "leaf_capabilities", "leaf_lifetime",
    ],
  },
  "alarm.revoked": { severity: "danger", codes: ["certificate_revoked", "revoked_leaf"] },
  "alarm.papers": {
    severity: "danger",
    codes: [
      "manifest_invalid", "manifest_expired", "manifest_duplicate", "manifest_missing", "root_bound_twice", "policy_invalid",
      "policy_expired", "policy_foreign",
    ],
  },
  "alarm.meeting": {
    severity: "danger",
    codes: ["params_version", "params_mismatch", "params_missing", "manifest_set_changed", "hub_unknown", "snapshot_foreign"],
  },
  "alarm.suite": { severity: "danger", codes: ["suite_unknown", "suite_not_allowed", "suite_changed", "suite_refused"] },
  "alarm.stopped": { severity: "danger", codes: ["stopped_removal_pending"] },
  "alarm.swapped": { severity: "danger", codes: ["tiles_swapped"] },
  "alarm.frames": {
    severity: "danger",
    codes: ["removed_leaf", "unknown_leaf", "kid_malformed", "frame_malformed", "frame_kid", "frame_forged", "frame_padding"],
  },
  "alarm.plaintext": { severity: "danger", codes: ["plaintext", "transform_lost"] },
  "alarm.new_group": { severity: "warn", codes: ["new_group"] },
  "alarm.manifests": { severity: "warn", codes: ["manifests_changed"] },
  "alarm.missed": { severity: "warn", codes: ["message_missed"] },
  "alarm.software": {
    severity: "note",
    codes: [
      "argument_malformed", "library", "wrong_state", "group_too_large", "generation_exhausted", "counter_exhausted",
      "key_worker_failed", "protocol", "stale_epoch", "unknown_epoch", "attempt_stale", "not_member", "stopped_alone",
    ],
  },
  "alarm.refused": {
    severity: "note",
    codes: [
      "internal", "unavailable", "rate_limited", "out_of_order", "already_done", "bad_message", "unknown_type", "message_too_large",
      "certify_refused", "key_package_refused", "group_unknown", "attempt_unknown", "not_committer", "commit_refused",
      "receipt_refused", "network", "timeout", "closed",
    ],
  },
} as const satisfies Record<string, Family>;

export type AlarmKey = keyof typeof FAMILIES | "alarm.unknown";

const KEYS: ReadonlyMap<string, keyof typeof FAMILIES> = new Map(
  (Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]).flatMap((key) => FAMILIES[key].codes.map((code) => [code, key] as const)),
);

/** The sentence for a code. */
export function alarmKey(code: string): AlarmKey {
  return KEYS.get(code) ?? "alarm.unknown";
}

/** How loudly a code is told. What is not known counts as danger. */
export function severity(code: string): Severity {
  const key = KEYS.get(code);
  return key === undefined ? "danger" : FAMILIES[key].severity;
}

/**
 * Codes to sentences: every stable code of the server and the SDK that a person can meet, and
 * the reasons a meeting ends for somebody. An unknown code gets an honest general sentence.
 */

import type { DeviceProblem, Input } from "./state/devices.ts";

const PROBLEMS = {
  network: "problem.network",
  timeout: "problem.network",
  closed: "problem.network",
  unavailable: "problem.unavailable",
  media_unavailable: "problem.unavailable",
  restarting: "problem.unavailable",
  internal: "problem.internal",
  malformed: "problem.internal",
  rate_limited: "problem.rate_limited",
  not_found: "problem.not_found",
  room_unknown: "problem.room_unknown",
  guests_refused: "problem.guests_refused",
  unauthorized: "problem.unauthorized",
  forbidden: "problem.forbidden",
  not_host: "problem.forbidden",
  account_blocked: "problem.account_blocked",
  assurance_low: "problem.assurance_low",
  claims_missing: "problem.claims_missing",
  tenant_suspended: "problem.tenant_suspended",
  quota_reached: "problem.quota_reached",
  provider_failed: "problem.provider_failed",
  provider_unknown: "problem.login_disabled",
  login_expired: "problem.login_again",
  login_replayed: "problem.login_again",
  login_mismatch: "problem.login_again",
  login_denied: "problem.login_denied",
  id_token_issuer: "problem.login_forged",
  id_token_audience: "problem.login_forged",
  id_token_algorithm: "problem.login_forged",
  id_token_signature: "problem.login_forged",
  id_token_expired: "problem.login_forged",
  id_token_early: "problem.login_forged",
  id_token_nonce: "problem.login_forged",
  login_disabled: "problem.login_disabled",
  person_unknown: "problem.person_unknown",
  token_unknown: "problem.token",
  token_used: "problem.token",
  token_expired: "problem.token",
  meeting_full: "problem.meeting_full",
  meeting_ended: "problem.meeting_ended",
  guests_ended: "problem.guests_ended",
  pin_required: "problem.pin_required",
  pin_wrong: "problem.pin_wrong",
  lobby_full: "problem.lobby_full",
  lobby_required: "problem.token",
  rule_refused: "problem.rule_refused",
  rename_refused: "problem.rename_refused",
  knock_unknown: "problem.knock_unknown",
  participant_unknown: "problem.participant_unknown",
  invalid: "problem.invalid",
  barred_audience: "barred.audience",
  barred_held: "barred.held",
  barred_unmute: "barred.unmute",
  barred_share: "barred.share",
  barred_chat: "barred.chat",
  removed: "problem.removed",
  unsupported_browser: "problem.unsupported_browser",
  key_worker_failed: "problem.encryption",
  suite_refused: "problem.suite_refused",
  certify_refused: "problem.encryption",
  key_package_refused: "problem.encryption",
  fork: "problem.fork",
  media_failed: "problem.media_failed",
  media_blocked: "problem.media_blocked",
} as const;

export type ProblemKey = (typeof PROBLEMS)[keyof typeof PROBLEMS] | "problem.unknown";

export function problemKey(code: string): ProblemKey {
  return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as keyof typeof PROBLEMS] : "problem.unknown";
}

const ENDED = {
  left: { title: "ended.left_title", text: "ended.left_text", again: true },
  removed: { title: "ended.removed_title", text: "ended.removed_text", again: false },
  ended: { title: "ended.ended_title", text: "ended.ended_text", again: true },
  over: { title: "ended.ended_title", text: "ended.over_text", again: true },
  lost: { title: "ended.lost_title", text: "ended.lost_text", again: true },
  security: { title: "ended.security_title", text: "ended.security_text", again: true },
  refused: { title: "ended.refused_title", text: "ended.refused_text", again: true },
  timeout: { title: "ended.timeout_title", text: "ended.timeout_text", again: true },
  locked: { title: "ended.locked_title", text: "ended.locked_text", again: true },
  closed_room: { title: "ended.closed_title", text: "ended.closed_text", again: false },
  excluded: { title: "ended.excluded_title", text: "ended.excluded_text", again: false },
  suspended: { title: "ended.suspended_title", text: "ended.suspended_text", again: false },
} as const;

type EndedKeys = (typeof ENDED)[keyof typeof ENDED];

const REASONS: Record<string, keyof typeof ENDED> = {
  left: "left",
  leave: "left",
  removed: "removed",
  host: "removed",
  ended: "ended",
  closed: "ended",
  meeting_ended: "over",
  everybody_left: "ended",
  shutdown: "ended",
  lobby_refused: "refused",
  lobby_timeout: "timeout",
  room_locked: "locked",
  room_closed: "closed_room",
  excluded: "excluded",
  tenant_suspended: "suspended",
  fork: "security",
  alarm: "security",
  revoked: "security",
  security: "security",
};

interface EndedWords {
  readonly title: EndedKeys["title"];
  readonly text: EndedKeys["text"] | ProblemKey;
  /** Whether trying again makes sense. */
  readonly again: boolean;
}

/** Title and text for the reason a meeting ended; what is not known counts as a lost connection. */
export function endedKey(reason: string): EndedWords {
  if (Object.hasOwn(REASONS, reason)) return ENDED[REASONS[reason] ?? "lost"];
  const problem = problemKey(reason);
  return problem === "problem.unknown" ? ENDED.lost : { title: ENDED.lost.title, text: problem, again: true };
}

const DEVICE = {
  microphone: {
    denied: "device.microphone_denied",
    missing: "device.microphone_missing",
    busy: "device.microphone_busy",
    unsupported: "device.unsupported",
    failed: "device.microphone_failed",
    unplugged: "device.microphone_unplugged",
  },
  camera: {
    denied: "device.camera_denied",
    missing: "device.camera_missing",
    busy: "device.camera_busy",
    unsupported: "device.unsupported",
    failed: "device.camera_failed",
    unplugged: "device.camera_unplugged",
  },
} as const satisfies Record<Input, Record<DeviceProblem, string>>;

export function deviceKey(input: Input, problem: DeviceProblem): (typeof DEVICE)[Input][DeviceProblem] {
  return DEVICE[input][problem];
}

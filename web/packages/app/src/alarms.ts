/**
 * What the encryption noticed, in one plain sentence each. Codes come from the member in the
 * key Worker and from the SDK; one that is not listed still alarms, with a general sentence.
 */

const ALARMS = {
  fork: "alarm.fork",
  equivocation: "alarm.fork",
  conflicting_receipt: "alarm.fork",
  withdrawn_after_reached: "alarm.withdrawn",
  bad_signature: "alarm.altered",
  commit_altered: "alarm.altered",
  bad_tags: "alarm.altered",
  replayed: "alarm.replayed",
  commit_replayed: "alarm.replayed",
  foreign_certificate: "alarm.certificate",
  certificate: "alarm.certificate",
  wrong_tenant: "alarm.certificate",
  suite_lowered: "alarm.suite",
  suite_refused: "alarm.suite",
  tiles_swapped: "alarm.swapped",
  swapped: "alarm.swapped",
  revoked: "alarm.revoked",
  removal_overdue: "alarm.stopped",
  stopped: "alarm.stopped",
  plaintext: "alarm.plaintext",
  transform_lost: "alarm.plaintext",
  new_group: "alarm.new_group",
  manifests_changed: "alarm.manifests",
  message_missed: "alarm.missed",
} as const;

export type AlarmKey = (typeof ALARMS)[keyof typeof ALARMS] | "alarm.unknown";

export function alarmKey(code: string): AlarmKey {
  return Object.hasOwn(ALARMS, code) ? ALARMS[code as keyof typeof ALARMS] : "alarm.unknown";
}

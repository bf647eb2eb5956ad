/**
 * What the encryption panel may say, and when. The rule of the house: the sentence about who
 * can hear is shown only while the client is in a reached epoch and nothing is wrong; every
 * other state has words of its own (KEYS K1: no text claims more than the table).
 */

import { severity } from "./alarms.ts";
import { members } from "./people.ts";
import type { EncryptionState, MeetingSnapshot, Person, Tenant } from "./port.ts";

export type Standing = "protected" | "pending" | "alarm";

/** Which sentence opens the panel. */
export function standing(snapshot: MeetingSnapshot): Standing {
  if (snapshot.encryption.alarms.some((alarm) => severity(alarm.code) === "danger")) return "alarm";
  if (snapshot.state === "connecting" || snapshot.state === "waiting" || snapshot.state === "lobby") return "pending";
  if (!snapshot.encryption.active || snapshot.encryption.code === null) return "pending";
  return "protected";
}

/** Why the group is a new one, as far as there is a sentence for it. */
export function newGroupKind(encryption: EncryptionState): "restarted" | "other" | null {
  if (!encryption.newGroup) return null;
  return /restart/.test(encryption.newGroup.reason) ? "restarted" : "other";
}

/** The 30 digits in six groups of five, as they are read aloud. */
export function codeGroups(code: string): string[] {
  return code.replace(/\D/g, "").match(/.{1,5}/g) ?? [];
}

/** Everyone in the tree: me first, then hosts, then by name. */
export function listed(people: readonly Person[], language: string): Person[] {
  const order = new Intl.Collator(language);
  const rank = (person: Person): number => (person.self ? 0 : person.host ? 1 : 2);
  return members(people).sort((a, b) => rank(a) - rank(b) || order.compare(a.name, b.name));
}

export function tenantOf(person: Pick<Person, "tenant" | "deployment">, tenants: readonly Tenant[]): Tenant | null {
  return tenants.find((tenant) => tenant.tenant === person.tenant && tenant.deployment === person.deployment) ?? null;
}

/** What the suite's number means to a reader of the details. */
export function suiteKind(encryption: EncryptionState): "hybrid" | "classical" | "unknown" {
  if (/4f/i.test(encryption.suite) || /mlkem/i.test(encryption.suite)) return "hybrid";
  if (/0x0*1$/i.test(encryption.suite) || /x25519/i.test(encryption.suite)) return "classical";
  return "unknown";
}

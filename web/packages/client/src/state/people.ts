/**
 * The people: the MLS tree, joined with hints. Every leaf of the tree is listed, whatever signalling says (DESIGN §4: the
 * server can propose a member, never hide one); a hint without a leaf is somebody still joining.
 */

import type { Person as Hint } from "../generated/wire.ts";
import type { Person } from "../types.ts";
import type { RosterLine } from "../worker/native.ts";

/** What else is known of a participant: what speaking and written messages have told. */
export interface Extras {
  /** Who had a leaf by an earlier hint, by certificate: somebody who left stays who he was until the tree forgets him. */
  readonly before: ReadonlyMap<string, string>;
  readonly self: string | null;
  readonly hands: ReadonlySet<number>;
  readonly speaking: ReadonlySet<string>;
  readonly levels: ReadonlyMap<string, number>;
}

/** Bytes as lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Joins tree and hints. Own entry first, then in the order of joining. */
export function joinPeople(roster: readonly RosterLine[], hints: readonly Hint[], extras: Extras): Person[] {
  const byLeaf = match(roster, hints, extras);
  const people = roster.map((line) => fromTree(line, byLeaf.get(line.leaf) ?? null, extras));
  const taken = new Set(roster.map((line) => byLeaf.get(line.leaf)));
  for (const hint of hints) if (!taken.has(hint)) people.push(fromHint(hint, extras));
  const order = new Map(hints.map((hint, at) => [hint.participant, at]));
  const rank = (person: Person): number => (person.self ? -1 : (order.get(person.participant) ?? hints.length));
  return people.sort((a, b) => rank(a) - rank(b) || (a.leaf ?? 0) - (b.leaf ?? 0));
}

/** Which hint speaks of which leaf. */
function match(roster: readonly RosterLine[], hints: readonly Hint[], extras: Extras): Map<number, Hint> {
  const byLeaf = new Map<number, Hint>();
  const self = roster.find((line) => line.self);
  const own = hints.find((hint) => hint.participant === extras.self);
  if (self !== undefined && own !== undefined) byLeaf.set(self.leaf, own);
  // Two hints for one leaf: only the first is believed, the other stays without a leaf.
  for (const hint of hints) if (hint.leaf !== null && hint !== own && !byLeaf.has(hint.leaf)) byLeaf.set(hint.leaf, hint);
  // The list comes a moment after the epoch: until then one person of that name and ministry is the one.
  const free = hints.filter((hint) => hint.leaf === null && hint !== own);
  for (const line of roster) {
    if (byLeaf.has(line.leaf)) continue;
    const alike = free.filter((hint) => says(hint, line));
    const rivals = roster.filter((other) => !byLeaf.has(other.leaf) && alike.some((hint) => says(hint, other)));
    if (alike.length === 1 && rivals.length === 1 && alike[0] !== undefined) byLeaf.set(line.leaf, alike[0]);
  }
  return byLeaf;
}

function says(hint: Hint, { identity }: RosterLine): boolean {
  return hint.name_hint === identity.name && hint.tenant === identity.tenant && hint.deployment === identity.deployment;
}

function fromTree(line: RosterLine, hint: Hint | null, extras: Extras): Person {
  const before = extras.before.get(hex(line.identity.fingerprint));
  const participant = hint?.participant ?? before ?? `leaf-${line.leaf}`;
  return {
    participant,
    leaf: line.leaf,
    name: line.identity.name,
    nameChecked: line.identity.name_checked,
    tenant: line.identity.tenant,
    deployment: line.identity.deployment,
    role: line.identity.role,
    issuer: hex(line.identity.issuer_fingerprint),
    self: line.self,
    hand: extras.hands.has(line.leaf),
    leaving: hint === null && before !== undefined,
    ...media(hint, participant, extras),
  };
}

function fromHint(hint: Hint, extras: Extras): Person {
  return {
    participant: hint.participant,
    leaf: null,
    name: hint.name_hint,
    nameChecked: false,
    tenant: hint.tenant,
    deployment: hint.deployment,
    role: hint.role,
    issuer: "",
    self: hint.participant === extras.self,
    hand: false,
    leaving: false,
    ...media(hint, hint.participant, extras),
  };
}

function media(
  hint: Hint | null,
  participant: string,
  extras: Extras,
): Pick<Person, "host" | "roomRole" | "signing" | "microphone" | "camera" | "screen" | "speaking" | "level" | "state"> {
  return {
    host: hint?.host ?? false,
    roomRole: hint?.room_role ?? "member",
    signing: hint?.signing ?? false,
    microphone: hint?.sources.microphone ?? "off",
    camera: hint?.sources.camera ?? "off",
    screen: hint?.sources.screen ?? "off",
    speaking: extras.speaking.has(participant),
    level: extras.levels.get(participant) ?? 0,
    state: hint?.state ?? "reconnecting",
  };
}

/** Loudness 0…1 of a level in −dBov (0 loudest, 127 silent). */
export function loudness(level: number): number {
  return Math.min(1, Math.max(0, (60 - level) / 50));
}

/**
 * What a screen reader is told while a meeting goes on, and what is shown for a moment:
 * comings and goings, hands, chat, a shared screen. Computed from two snapshots, so nothing
 * is told twice; many arrivals at once become one sentence.
 */

import { present } from "./people.ts";
import type { Issued, Knocker, MeetingSnapshot, Person, RoomRole } from "./port.ts";

/** A name, and what its certificate says of it. */
interface Named {
  readonly name: string;
  readonly of: Issued | null;
}

export type Announcement =
  | ({ readonly kind: "joined" | "left" | "hand" | "screen" | "screen_off" | "knock" } & Named)
  | { readonly kind: "joined_many" | "left_many" | "knock_many"; readonly count: number }
  | ({ readonly kind: "chat"; readonly text: string } & Named)
  | { readonly kind: "role"; readonly role: RoomRole }
  | { readonly kind: "locked" | "unlocked" | "may_speak" | "may_not_speak" }
  | { readonly kind: "reconnecting" | "reconnected" };

/** The announcements for the step from `before` to `after`; none for the first snapshot. */
export function announcements(before: MeetingSnapshot | null, after: MeetingSnapshot): Announcement[] {
  if (!before) return [];
  const told: Announcement[] = [];
  if (before.state === "connected" && after.state === "reconnecting") told.push({ kind: "reconnecting" });
  if (before.state === "reconnecting" && after.state === "connected") told.push({ kind: "reconnected" });
  if (after.state !== "connected" || before.state !== "connected") return told;
  told.push(...own(before, after), ...knocks(before.lobby, after.lobby));
  const was = index(before.people);
  const is = index(after.people);
  told.push(...several("joined", [...is].filter(([key]) => !was.has(key)).map(([, person]) => person)));
  told.push(...several("left", [...was].filter(([key]) => !is.has(key)).map(([, person]) => person)));
  for (const [key, person] of is) {
    const earlier = was.get(key);
    if (!earlier) continue;
    if (person.hand && !earlier.hand) told.push({ kind: "hand", ...named(person) });
    if (person.screen === "live" && earlier.screen !== "live") told.push({ kind: "screen", ...named(person) });
    if (person.screen !== "live" && earlier.screen === "live") told.push({ kind: "screen_off", ...named(person) });
  }
  const known = new Set(before.messages.map((message) => message.id));
  for (const message of after.messages) {
    if (!message.own && !known.has(message.id)) told.push({ kind: "chat", name: message.name, of: message.from, text: message.text });
  }
  return told;
}

/** The others who are present, by who they are in the tree: signalling's ids may come a moment later. */
function index(people: readonly Person[]): Map<string, Person> {
  const others = new Map<string, Person>();
  for (const person of present(people)) {
    if (person.self) continue;
    const name = `${person.deployment}/${person.tenant}/${person.role}/${person.name}`;
    let key = name;
    for (let twin = 2; others.has(key); twin += 1) key = `${name}/${twin}`;
    others.set(key, person);
  }
  return others;
}

function several(kind: "joined" | "left", people: readonly Person[]): Announcement[] {
  if (people.length > 3) return [{ kind: kind === "joined" ? "joined_many" : "left_many", count: people.length }];
  return people.map((person) => ({ kind, ...named(person) }));
}

function named(person: Person): Named {
  return { name: person.name, of: person };
}

/** What changed for me: my part in the room, the door, the right to speak. */
function own(before: MeetingSnapshot, after: MeetingSnapshot): Announcement[] {
  const told: Announcement[] = [];
  const role = (snapshot: MeetingSnapshot): RoomRole | null => snapshot.people.find((person) => person.self)?.roomRole ?? null;
  const [was, is] = [role(before), role(after)];
  if (was !== null && is !== null && was !== is) told.push({ kind: "role", role: is });
  else if (before.rights.may.unmute !== after.rights.may.unmute) told.push({ kind: after.rights.may.unmute ? "may_speak" : "may_not_speak" });
  if (before.rules && after.rules && before.rules.locked !== after.rules.locked) told.push({ kind: after.rules.locked ? "locked" : "unlocked" });
  return told;
}

/** Who has knocked. Nothing in a certificate speaks for them yet: whose name it is they say themselves. */
function knocks(before: readonly Knocker[], after: readonly Knocker[]): Announcement[] {
  const known = new Set(before.map(({ knock }) => knock));
  const fresh = after.filter(({ knock }) => !known.has(knock));
  if (fresh.length > 3) return [{ kind: "knock_many", count: fresh.length }];
  return fresh.map(({ name }) => ({ kind: "knock", name, of: null }));
}

/**
 * What a screen reader is told while a meeting goes on, and what is shown for a moment:
 * comings and goings, hands, chat, a shared screen. Computed from two snapshots, so nothing
 * is told twice; many arrivals at once become one sentence.
 */

import { present } from "./people.ts";
import type { MeetingSnapshot, Person } from "./port.ts";

export type Announcement =
  | { readonly kind: "joined" | "left" | "hand" | "screen" | "screen_off"; readonly name: string }
  | { readonly kind: "joined_many" | "left_many"; readonly count: number }
  | { readonly kind: "chat"; readonly name: string; readonly text: string }
  | { readonly kind: "reconnecting" | "reconnected" };

/** The announcements for the step from `before` to `after`; none for the first snapshot. */
export function announcements(before: MeetingSnapshot | null, after: MeetingSnapshot): Announcement[] {
  if (!before) return [];
  const told: Announcement[] = [];
  if (before.state === "connected" && after.state === "reconnecting") told.push({ kind: "reconnecting" });
  if (before.state === "reconnecting" && after.state === "connected") told.push({ kind: "reconnected" });
  if (after.state !== "connected" || before.state !== "connected") return told;
  const was = index(before.people);
  const is = index(after.people);
  told.push(...several("joined", [...is].filter(([key]) => !was.has(key)).map(([, person]) => person)));
  told.push(...several("left", [...was].filter(([key]) => !is.has(key)).map(([, person]) => person)));
  for (const [key, person] of is) {
    const earlier = was.get(key);
    if (!earlier) continue;
    if (person.hand && !earlier.hand) told.push({ kind: "hand", name: person.name });
    if (person.screen === "live" && earlier.screen !== "live") told.push({ kind: "screen", name: person.name });
    if (person.screen !== "live" && earlier.screen === "live") told.push({ kind: "screen_off", name: person.name });
  }
  const known = new Set(before.messages.map((message) => message.id));
  for (const message of after.messages) {
    if (!message.own && !known.has(message.id)) told.push({ kind: "chat", name: message.name, text: message.text });
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
  return people.map((person) => ({ kind, name: person.name }));
}

/**
 * The order in which people sit. Seats are sticky: people keep their place while others come, go
 * and speak, because a face that jumps is hard to follow. Somebody who speaks and sits on a later
 * page changes places with whoever was silent the longest on the first.
 */

import { present } from "./people.ts";
import type { Person } from "./port.ts";

export interface Seats {
  /** Everyone present but me, in order; the first ones are on the first page. */
  readonly order: readonly string[];
  /** When each was last heard (milliseconds of the caller's clock). */
  readonly heard: ReadonlyMap<string, number>;
  /** Who speaks, or spoke last; somebody as long as anybody else is present. */
  readonly speaker: string | null;
}

export const NO_SEATS: Seats = { order: [], heard: new Map(), speaker: null };

/**
 * The seats after `people` changed. `room` is how many other people the first page shows; with
 * `still` nobody changes places, because the person looks at another page now.
 */
export function seat(before: Seats, people: readonly Person[], room: number, now: number, still = false): Seats {
  const others = present(people).filter((person) => !person.self);
  const here = new Set(others.map((person) => person.participant));
  const heard = new Map<string, number>();
  for (const person of others) {
    const last = before.heard.get(person.participant) ?? 0;
    heard.set(person.participant, active(person) ? now : last);
  }
  const order = before.order.filter((id) => here.has(id));
  const seated = new Set(order);
  for (const { participant } of others) if (!seated.has(participant)) order.push(participant);
  if (!still) letSpeakersIn(order, others, room, heard, now);
  return { order, heard, speaker: speaker(before.speaker, others, order) };
}

function letSpeakersIn(order: string[], others: readonly Person[], room: number, heard: ReadonlyMap<string, number>, now: number): void {
  for (const person of others) {
    const at = order.indexOf(person.participant);
    if (!active(person) || at < room || room <= 0) continue;
    const quiet = quietest(order.slice(0, room), heard, now);
    if (quiet < 0) return;
    order[at] = order[quiet] ?? "";
    order[quiet] = person.participant;
  }
}

/** Who signs speaks (M4.7). */
function active(person: Person): boolean {
  return person.speaking || person.signing;
}

/** The large picture stays with whoever has it until they are silent and somebody else speaks. */
function speaker(before: string | null, others: readonly Person[], order: readonly string[]): string | null {
  const now = others.find((person) => person.participant === before);
  if (now && active(now)) return before;
  return others.find(active)?.participant ?? now?.participant ?? order[0] ?? null;
}

/** The index of the seat heard longest ago, or -1 when everyone seated is speaking now. */
function quietest(order: readonly string[], heard: ReadonlyMap<string, number>, now: number): number {
  let found = -1;
  let oldest = now;
  order.forEach((id, index) => {
    const last = heard.get(id) ?? 0;
    if (last < oldest) {
      oldest = last;
      found = index;
    }
  });
  return found;
}

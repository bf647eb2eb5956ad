/**
 * Who is on the stage, and in which order. Seats are sticky: people keep their place while
 * others come, go and speak, because a face that jumps is hard to follow. Somebody who
 * speaks off stage takes the seat of whoever was silent the longest.
 */

import { present } from "./people.ts";
import type { MeetingSnapshot, Person, Tile, View } from "./port.ts";

export interface Seats {
  /** Participants on stage, in order, without the own tile. */
  readonly order: readonly string[];
  /** When each was last heard (milliseconds of the caller's clock). */
  readonly heard: ReadonlyMap<string, number>;
}

export const NO_SEATS: Seats = { order: [], heard: new Map() };

/** The seats after `people` changed. `room` is how many other people fit. */
export function seat(before: Seats, people: readonly Person[], room: number, now: number): Seats {
  const others = present(people).filter((person) => !person.self);
  const here = new Set(others.map((person) => person.participant));
  const heard = new Map<string, number>();
  for (const person of others) {
    const last = before.heard.get(person.participant) ?? 0;
    heard.set(person.participant, person.speaking ? now : last);
  }
  const order = before.order.filter((id) => here.has(id)).slice(0, Math.max(0, room));
  const seated = new Set(order);
  for (const person of others) {
    if (order.length >= room) break;
    if (seated.has(person.participant)) continue;
    order.push(person.participant);
    seated.add(person.participant);
  }
  for (const person of others) {
    if (seated.has(person.participant) || !person.speaking || room <= 0) continue;
    const quiet = quietest(order, heard, now);
    if (quiet < 0) break;
    order[quiet] = person.participant;
    seated.add(person.participant);
  }
  return { order, heard };
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

export interface StageTile {
  readonly key: string;
  readonly person: Person | null;
  readonly tile: Tile | null;
  readonly source: "camera" | "screen";
}

export interface Stage {
  /** The screen shown large, if anyone shares one; the newest wins. */
  readonly screen: StageTile | null;
  readonly tiles: readonly StageTile[];
  /** People present but not on stage. */
  readonly hidden: number;
}

/** Joins seats with the snapshot's tiles: what the stage draws. */
export function arrange(snapshot: MeetingSnapshot, seats: Seats): Stage {
  const people = new Map(snapshot.people.map((person) => [person.participant, person]));
  const cameras = new Map<string, Tile>();
  let screen: StageTile | null = null;
  for (const tile of snapshot.tiles) {
    if (tile.source === "camera") cameras.set(tile.participant, tile);
    else {
      const person = people.get(tile.participant) ?? null;
      if (!person?.self) screen = { key: `${tile.participant}/screen`, person, tile, source: "screen" };
    }
  }
  const tiles: StageTile[] = [];
  for (const id of seats.order) {
    const person = people.get(id);
    if (person) tiles.push({ key: id, person, tile: cameras.get(id) ?? null, source: "camera" });
  }
  const me = snapshot.people.find((person) => person.self);
  if (me) tiles.push({ key: me.participant, person: me, tile: null, source: "camera" });
  const others = present(snapshot.people).filter((person) => !person.self).length;
  return { screen, tiles, hidden: Math.max(0, others - seats.order.length) };
}

/** What to ask of the server: the screen first, then the seats, each at its drawn height. */
export function wishes(stage: Stage, screenHeight: number, tileHeight: number): View[] {
  const views: View[] = [];
  if (stage.screen) {
    views.push({ participant: stage.screen.key.split("/")[0] ?? "", source: "screen", height: Math.round(screenHeight) });
  }
  for (const tile of stage.tiles) {
    if (tile.person && !tile.person.self) {
      views.push({ participant: tile.person.participant, source: "camera", height: Math.round(tileHeight) });
    }
  }
  return views;
}

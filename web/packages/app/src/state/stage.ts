/**
 * What the stage draws: equal tiles, or one large picture with small ones beside it, page by page.
 * Large is what the person pinned, else the newest shared screen, else (by choice) who speaks.
 */

import { type Box, gridPage, mainHeight, type Page, stripPage } from "./layout.ts";
import { present } from "./people.ts";
import type { MeetingSnapshot, Person, Tile, View } from "./port.ts";
import type { Seats } from "./seats.ts";

export type Layout = "grid" | "speaker";

/** What the person chose. */
export interface Choice {
  readonly layout: Layout;
  /** A tile's key, or null. */
  readonly pinned: string | null;
  /** From 0. */
  readonly page: number;
  /** The large picture, when there is one, is to stand alone. */
  readonly filled: boolean;
}

export interface StageTile {
  /** `participant` for a camera, `participant/screen` for a screen. */
  readonly key: string;
  readonly person: Person | null;
  readonly tile: Tile | null;
  readonly source: "camera" | "screen";
}

export interface Stage {
  readonly main: StageTile | null;
  /** The large picture stands alone. */
  readonly filled: boolean;
  /** The page's tiles; the own one is the last of each page. */
  readonly tiles: readonly StageTile[];
  readonly page: number;
  readonly pages: number;
}

/** How the stage is divided now. `seats` is how many other people the first page has room for. */
export interface Plan {
  readonly large: boolean;
  readonly page: Page;
  readonly seats: number;
}

/** Divides the stage, before anybody is seated. */
export function plan(snapshot: MeetingSnapshot, choice: Choice, box: Box): Plan {
  const shown = screens(snapshot);
  const others = otherPeople(snapshot).length;
  const pinned = choice.pinned !== null && [...shown.keys(), ...otherPeople(snapshot).map((one) => one.participant)].includes(choice.pinned);
  const large = pinned || shown.size > 0 || (choice.layout === "speaker" && others > 0);
  const small = shown.size + others - (large ? 1 : 0);
  const own = snapshot.people.some((person) => person.self) ? 1 : 0;
  const page = large ? stripPage(small + own, box) : gridPage(small + own, box);
  return { large, page, seats: Math.max(1, page.room - own) };
}

/** Joins seats with the snapshot's tiles, as planned. */
export function arrange(snapshot: MeetingSnapshot, seats: Seats, choice: Choice, { large, page: { room } }: Plan): Stage {
  const people = new Map(snapshot.people.map((person) => [person.participant, person]));
  const cameras = new Map(snapshot.tiles.filter((tile) => tile.source === "camera").map((tile) => [tile.participant, tile]));
  const all = [...screens(snapshot).values()].reverse();
  for (const id of seats.order) {
    const person = people.get(id);
    if (person) all.push({ key: id, person, tile: cameras.get(id) ?? null, source: "camera" });
  }
  const wanted = (key: string | null): StageTile | undefined => all.find((tile) => tile.key === key);
  const main = large ? (wanted(choice.pinned) ?? all.find((tile) => tile.source === "screen") ?? wanted(seats.speaker) ?? null) : null;
  if (choice.filled && main) return { main, filled: true, tiles: [], page: 0, pages: 1 };
  const small = all.filter((tile) => tile !== main);
  const me = snapshot.people.find((person) => person.self);
  const own: StageTile[] = me ? [{ key: me.participant, person: me, tile: null, source: "camera" }] : [];
  const each = Math.max(1, room - own.length);
  const pages = Math.max(1, Math.ceil(small.length / each));
  const page = Math.min(Math.max(0, choice.page), pages - 1);
  return { main, filled: false, tiles: [...small.slice(page * each, (page + 1) * each), ...own], page, pages };
}

/** What to ask of the server: the large picture first, then the small ones, each at its drawn height in pixels. */
export function wishes(stage: Stage, { page }: Plan, box: Box, scale: number): View[] {
  const view = (tile: StageTile, height: number): View[] =>
    tile.person?.self === true
      ? []
      : [{ participant: tile.key.split("/")[0] ?? "", source: tile.source, height: Math.round(height * scale) }];
  const main = stage.main ? view(stage.main, stage.filled ? box.height : mainHeight(box, page)) : [];
  return [...main, ...stage.tiles.flatMap((tile) => view(tile, page.tile.height))];
}

function otherPeople(snapshot: MeetingSnapshot): Person[] {
  return present(snapshot.people).filter((person) => !person.self);
}

/** Other people's shared screens by key, the newest last. */
function screens(snapshot: MeetingSnapshot): Map<string, StageTile> {
  const people = new Map(snapshot.people.map((person) => [person.participant, person]));
  const found = new Map<string, StageTile>();
  for (const tile of snapshot.tiles) {
    const person = people.get(tile.participant) ?? null;
    const key = `${tile.participant}/screen`;
    if (tile.source === "screen" && person?.self !== true) found.set(key, { key, person, tile, source: "screen" });
  }
  return found;
}

/**
 * The app on the double, for browser tests: `window.harness` sets what the meeting shows. Built
 * into a folder of its own by the tests; never part of the product.
 */

import { mount } from "../../src/mount.tsx";
import type { Join, Knocker, MeetingSnapshot, Person, Rights } from "../../src/state/port.ts";
import { drawnTile, knocker, MeetingDouble, person, rights, snapshot } from "./double.ts";

interface Harness {
  meeting: MeetingDouble | null;
  /** The next join fails with this code. */
  refuse: string | null;
  /** The next join waits until `resume` is called. */
  hold: boolean;
  resume: (() => void) | null;
  /** The next join waits in the lobby, until `admit` is called, or `refuse` says why not. */
  wait: boolean;
  admit: (() => void) | null;
  /** So many people wait at this meeting's door. */
  lobby: (count: number, change?: Partial<Knocker>) => void;
  /** I am no host any more, and this stands in the way of what I might do. */
  bar: (why: Partial<Rights["why"]>) => void;
  /** The meeting is again as it was when it was joined. */
  fresh: () => void;
  people: (count: number, change?: Partial<Person>) => void;
  show: (change: Partial<MeetingSnapshot>) => void;
  tile: (participant: string, change: Record<string, unknown>) => void;
  screen: (participant: string) => void;
}

declare global {
  interface Window {
    harness: Harness;
  }
}

const crowd = (count: number, change: Partial<Person> = {}): Person[] =>
  Array.from({ length: count }, (_, index) => person(index, index === 0 ? {} : change));

const camera = (known: Person) => (known.camera === "live" && !known.self ? [drawnTile(known, "camera")] : []);

const joined = (): MeetingSnapshot => {
  const people = crowd(3);
  return snapshot({ people, tiles: people.flatMap(camera) });
};

const harness: Harness = {
  meeting: null,
  refuse: null,
  hold: false,
  resume: null,
  wait: false,
  admit: null,
  lobby: (count, change = {}) => harness.meeting?.change({ lobby: Array.from({ length: count }, (_, index) => knocker(index, change)) }),
  bar(why) {
    harness.meeting?.changePerson("p_0", { host: false, roomRole: why.camera === "audience" ? "audience" : "member" });
    harness.meeting?.change({ rights: rights(why), lobby: [] });
  },
  fresh: () => harness.meeting?.change(joined()),
  people(count, change) {
    const people = crowd(count, change);
    harness.meeting?.change({ people, tiles: people.flatMap(camera) });
  },
  show: (change) => harness.meeting?.change(change),
  tile(participant, change) {
    const tiles = (harness.meeting?.getSnapshot().tiles ?? []).map((tile) => (tile.participant === participant ? { ...tile, ...change } : tile));
    harness.meeting?.change({ tiles });
  },
  screen(participant) {
    const now = harness.meeting?.getSnapshot();
    const sharer = now?.people.find((known) => known.participant === participant);
    if (now && sharer) harness.meeting?.change({ tiles: [...now.tiles, drawnTile(sharer, "screen")] });
  },
};
window.harness = harness;

const join: Join = async (options) => {
  if (harness.wait) {
    options.onLobby({ title: "Budget 2027", until: Date.now() + 600_000 });
    await new Promise<void>((resolve, reject) => {
      harness.admit = resolve;
      options.signal.addEventListener("abort", () => reject(Object.assign(new Error("closed"), { code: "closed" })));
    });
  }
  if (harness.hold) await new Promise<void>((resolve) => (harness.resume = resolve));
  if (harness.refuse) throw Object.assign(new Error(harness.refuse), { code: harness.refuse });
  harness.meeting = new MeetingDouble(joined());
  return harness.meeting;
};

const root = document.getElementById("root");
if (root) mount(root, join);

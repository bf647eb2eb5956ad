/** How tiles fill the stage, and who sits where. */

import { describe, expect, it } from "vitest";
import { capacity, grid } from "../../src/state/layout.ts";
import { arrange, NO_SEATS, seat, wishes } from "../../src/state/seats.ts";
import { person, snapshot } from "../harness/double.ts";
import type { Tile } from "../../src/state/port.ts";

const DESK = { width: 1256, height: 640 };
const PHONE = { width: 374, height: 620 };
const tile = (participant: string, source: "camera" | "screen"): Tile => ({ participant, source, state: "live", labelled: null, attach: () => () => undefined });

describe("grid", () => {
  it.each([1, 2, 3, 5, 9, 16])("fits %i tiles on desk and phone without overlap", (count) => {
    for (const stage of [DESK, PHONE]) {
      const { columns, rows, tile: size } = grid(count, stage);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns * size.width + (columns - 1) * 12).toBeLessThanOrEqual(stage.width);
      expect(rows * size.height + (rows - 1) * 12).toBeLessThanOrEqual(stage.height);
      expect(size.width).toBeGreaterThan(0);
    }
  });

  it("sets two people side by side on a desk and above each other on a phone", () => {
    expect(grid(2, DESK).columns).toBe(2);
    expect(grid(2, PHONE).columns).toBe(1);
  });

  it("sets nine people in three rows of three", () => {
    expect(grid(9, DESK)).toMatchObject({ columns: 3, rows: 3 });
  });

  it("keeps faces landscape on a desk", () => {
    for (let count = 1; count <= 9; count += 1) {
      const { tile: size } = grid(count, DESK);
      expect(size.width / size.height).toBeGreaterThanOrEqual(1.3);
    }
  });

  it("survives a stage without room", () => {
    expect(grid(3, { width: 0, height: 0 }).tile).toEqual({ width: 0, height: 0 });
  });

  it("shows fewer tiles on a phone", () => {
    expect(capacity(PHONE)).toBeLessThan(capacity(DESK));
  });
});

describe("seats", () => {
  const crowd = (count: number) => Array.from({ length: count }, (_, index) => person(index));

  it("fill in the order of the list and leave myself out", () => {
    expect(seat(NO_SEATS, crowd(4), 8, 0).order).toEqual(["p_1", "p_2", "p_3"]);
  });

  it("are for members who are present: not for the announced, not for those who left", () => {
    const people = [person(0), person(1, { leaf: null }), person(2, { leaving: true }), person(3)];
    const seats = seat(NO_SEATS, people, 8, 0);
    expect(seats.order).toEqual(["p_3"]);
    expect(arrange(snapshot({ people }), seats).hidden).toBe(0);
  });

  it("stay when others come, go and speak", () => {
    const first = seat(NO_SEATS, crowd(5), 8, 0);
    const people = crowd(7).filter((known) => known.participant !== "p_2");
    const speaking = people.map((known) => ({ ...known, speaking: known.participant === "p_4" }));
    expect(seat(first, speaking, 8, 1000).order).toEqual(["p_1", "p_3", "p_4", "p_5", "p_6"]);
  });

  it("give a speaker off stage the place of whoever was silent the longest", () => {
    let seats = seat(NO_SEATS, crowd(6), 3, 0);
    expect(seats.order).toEqual(["p_1", "p_2", "p_3"]);
    const speak = (...who: string[]) => crowd(6).map((known) => ({ ...known, speaking: who.includes(known.participant) }));
    seats = seat(seats, speak("p_1"), 3, 1000);
    seats = seat(seats, speak("p_3"), 3, 2000);
    seats = seat(seats, speak("p_5"), 3, 3000);
    expect(seats.order).toEqual(["p_1", "p_5", "p_3"]);
  });

  it("are not taken from people who are speaking now", () => {
    const everyone = crowd(6).map((known) => ({ ...known, speaking: true }));
    const seats = seat(seat(NO_SEATS, everyone, 3, 1000), everyone, 3, 1000);
    expect(seats.order).toEqual(["p_1", "p_2", "p_3"]);
  });

  it("shrink with the stage", () => {
    const seats = seat(NO_SEATS, crowd(9), 8, 0);
    expect(seat(seats, crowd(9), 5, 0).order).toHaveLength(5);
  });
});

describe("the stage", () => {
  const people = Array.from({ length: 4 }, (_, index) => person(index));
  const seats = seat(NO_SEATS, people, 2, 0);

  it("shows seats, then my own tile, and counts the rest", () => {
    const stage = arrange(snapshot({ people, tiles: [tile("p_1", "camera")] }), seats);
    expect(stage.tiles.map((entry) => entry.key)).toEqual(["p_1", "p_2", "p_0"]);
    expect(stage.tiles[0]?.tile?.participant).toBe("p_1");
    expect(stage.hidden).toBe(1);
  });

  it("shows the newest screen, never my own", () => {
    const tiles = [tile("p_1", "screen"), tile("p_2", "screen"), tile("p_0", "screen")];
    expect(arrange(snapshot({ people, tiles }), seats).screen?.key).toBe("p_2/screen");
  });

  it("asks the server for the screen first and never for my own picture", () => {
    const stage = arrange(snapshot({ people, tiles: [tile("p_1", "screen")] }), seats);
    expect(wishes(stage, 720, 180.4)).toEqual([
      { participant: "p_1", source: "screen", height: 720 },
      { participant: "p_1", source: "camera", height: 180 },
      { participant: "p_2", source: "camera", height: 180 },
    ]);
  });
});

/** How tiles fill the stage, and who sits where. */

import { describe, expect, it } from "vitest";
import { capacity, GAP, grid, gridPage, isWide, mainHeight, PAGER, stripPage } from "../../src/state/layout.ts";
import type { Person, Tile } from "../../src/state/port.ts";
import { NO_SEATS, seat } from "../../src/state/seats.ts";
import { arrange, type Choice, plan, wishes } from "../../src/state/stage.ts";
import { person, snapshot } from "../harness/double.ts";

const DESK = { width: 1256, height: 640 };
const PHONE = { width: 374, height: 620 };
const CHOICE: Choice = { layout: "grid", pinned: null, page: 0, filled: false };
const crowd = (count: number): Person[] => Array.from({ length: count }, (_, index) => person(index));
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

  it("leaves room for the line that turns pages, and only when there are pages", () => {
    expect(gridPage(9, DESK)).toMatchObject({ paged: false, room: 9 });
    const { paged, room, columns, tile: size } = gridPage(10, DESK);
    expect([paged, room]).toEqual([true, 9]);
    const rows = Math.ceil(room / columns);
    expect(rows * size.height + (rows - 1) * GAP).toBeLessThanOrEqual(DESK.height - PAGER);
  });
});

describe("the strip beside a large picture", () => {
  it.each([1, 3, 6, 12])("holds %i tiles within the stage, pager included", (count) => {
    for (const stage of [DESK, PHONE, { width: 640, height: 230 }]) {
      const { room, tile: size, paged } = stripPage(count, stage);
      const each = (isWide(stage) ? size.height : size.width) + GAP;
      const length = isWide(stage) ? stage.height - (paged ? PAGER : 0) : stage.width;
      expect(room * each - GAP).toBeLessThanOrEqual(length);
      expect(room).toBeGreaterThanOrEqual(1);
      expect(mainHeight(stage, stripPage(count, stage))).toBeGreaterThan(stage.height / 2);
    }
  });
});

describe("seats", () => {
  it("fill in the order of the list and leave myself out", () => {
    expect(seat(NO_SEATS, crowd(4), 8, 0).order).toEqual(["p_1", "p_2", "p_3"]);
  });

  it("are for members who are present: not for the announced, not for those who left", () => {
    const people = [person(0), person(1, { leaf: null }), person(2, { leaving: true }), person(3)];
    expect(seat(NO_SEATS, people, 8, 0).order).toEqual(["p_3"]);
  });

  it("stay when others come, go and speak", () => {
    const first = seat(NO_SEATS, crowd(5), 8, 0);
    const people = crowd(7).filter((known) => known.participant !== "p_2");
    const speaking = people.map((known) => ({ ...known, speaking: known.participant === "p_4" }));
    expect(seat(first, speaking, 8, 1000).order).toEqual(["p_1", "p_3", "p_4", "p_5", "p_6"]);
  });

  const speak = (...who: string[]): Person[] => crowd(6).map((known) => ({ ...known, speaking: who.includes(known.participant) }));

  it("let a speaker of a later page change places with whoever was silent the longest", () => {
    let seats = seat(NO_SEATS, crowd(6), 3, 0);
    seats = seat(seats, speak("p_1"), 3, 1000);
    seats = seat(seats, speak("p_3"), 3, 2000);
    seats = seat(seats, speak("p_5"), 3, 3000);
    expect(seats.order).toEqual(["p_1", "p_5", "p_3", "p_4", "p_2"]);
  });

  it("count signing as speaking (M4.7)", () => {
    const signs = crowd(6).map((known) => ({ ...known, signing: known.participant === "p_5" }));
    const seats = seat(seat(NO_SEATS, crowd(6), 3, 0), signs, 3, 1000);
    expect(seats.order.slice(0, 3)).toContain("p_5");
    expect(seats.speaker).toBe("p_5");
  });

  it("do not change while another page is looked at", () => {
    const first = seat(NO_SEATS, crowd(6), 3, 0);
    expect(seat(first, speak("p_5"), 3, 1000, true).order).toEqual(first.order);
  });

  it("are not taken from people who are speaking now", () => {
    const everyone = crowd(6).map((known) => ({ ...known, speaking: true }));
    const seats = seat(seat(NO_SEATS, everyone, 3, 1000), everyone, 3, 1000);
    expect(seats.order.slice(0, 3)).toEqual(["p_1", "p_2", "p_3"]);
  });

  it("keep the speaker until somebody else speaks", () => {
    let seats = seat(NO_SEATS, speak("p_2"), 8, 0);
    seats = seat(seats, speak("p_1", "p_2"), 8, 1);
    expect(seats.speaker).toBe("p_2");
    seats = seat(seats, speak(), 8, 2);
    expect(seats.speaker).toBe("p_2");
    seats = seat(seats, speak("p_4"), 8, 3);
    expect(seats.speaker).toBe("p_4");
    expect(seat(seats, crowd(3), 8, 4).speaker).toBe("p_1");
    expect(seat(seats, crowd(1), 8, 5).speaker).toBeNull();
  });
});

describe("the stage", () => {
  const draw = (people: readonly Person[], tiles: readonly Tile[], change: Partial<Choice> = {}, box = DESK) => {
    const now = snapshot({ people, tiles });
    const choice = { ...CHOICE, ...change };
    const division = plan(now, choice, box);
    const seats = seat(NO_SEATS, people, division.seats, 0);
    return { stage: arrange(now, seats, choice, division), division };
  };
  const keys = (people: readonly Person[], tiles: readonly Tile[] = [], change: Partial<Choice> = {}) => {
    const { stage } = draw(people, tiles, change);
    return [stage.main?.key ?? null, ...stage.tiles.map((entry) => entry.key)];
  };

  it("shows everybody and my own tile last", () => {
    const { stage } = draw(crowd(3), [tile("p_1", "camera")]);
    expect(stage.tiles.map((entry) => entry.key)).toEqual(["p_1", "p_2", "p_0"]);
    expect(stage.tiles[0]?.tile?.participant).toBe("p_1");
    expect([stage.main, stage.pages]).toEqual([null, 1]);
  });

  it("shows the newest screen large, never my own, and earlier ones small", () => {
    const tiles = [tile("p_1", "screen"), tile("p_2", "screen"), tile("p_0", "screen")];
    expect(keys(crowd(3), tiles)).toEqual(["p_2/screen", "p_1/screen", "p_1", "p_2", "p_0"]);
  });

  it("shows what is pinned large before any screen, as long as it is there", () => {
    const tiles = [tile("p_1", "screen")];
    expect(keys(crowd(3), tiles, { pinned: "p_2" })).toEqual(["p_2", "p_1/screen", "p_1", "p_0"]);
    expect(keys(crowd(3), tiles, { pinned: "p_9" })[0]).toBe("p_1/screen");
    expect(keys(crowd(3), [], { pinned: "p_1/screen" })[0]).toBeNull();
  });

  it("shows who speaks large when that was chosen, and me alone as ever", () => {
    const people = crowd(4).map((known) => ({ ...known, speaking: known.participant === "p_3" }));
    expect(keys(people, [], { layout: "speaker" })).toEqual(["p_3", "p_1", "p_2", "p_0"]);
    expect(keys(crowd(1), [], { layout: "speaker" })).toEqual([null, "p_0"]);
  });

  it("shows everybody exactly once over its pages, and me on each", () => {
    const people = crowd(21);
    const { stage } = draw(people, []);
    expect(stage.pages).toBe(3);
    const shown = [0, 1, 2].flatMap((page) => draw(people, [], { page }).stage.tiles.map((entry) => entry.key));
    expect(shown.filter((key) => key === "p_0")).toHaveLength(3);
    expect(new Set(shown).size).toBe(21);
    expect(shown).toHaveLength(23);
  });

  it("stays on the last page when people leave", () => {
    expect(draw(crowd(10), [], { page: 7 }).stage.page).toBe(1);
    expect(draw(crowd(5), [], { page: 7 }).stage).toMatchObject({ page: 0, pages: 1 });
  });

  it("asks the server for the large picture first, for what is on this page only, and never for my own", () => {
    const { stage, division } = draw(crowd(3), [tile("p_1", "screen")]);
    const small = division.page.tile.height * 2;
    expect(wishes(stage, division, DESK, 2)).toEqual([
      { participant: "p_1", source: "screen", height: 1280 },
      { participant: "p_1", source: "camera", height: small },
      { participant: "p_2", source: "camera", height: small },
    ]);
    const second = draw(crowd(12), [], { page: 1 });
    expect(wishes(second.stage, second.division, DESK, 1).map((view) => view.participant)).toEqual(["p_9", "p_10", "p_11"]);
  });

  it("shows the large picture alone when it fills the screen, asks for no other, and shows everybody when it goes", () => {
    const tall = { width: 400, height: 700 };
    const { stage, division } = draw(crowd(12), [tile("p_1", "screen")], { filled: true, page: 1 }, tall);
    expect(stage).toMatchObject({ main: { key: "p_1/screen" }, filled: true, tiles: [], pages: 1 });
    expect(wishes(stage, division, tall, 2)).toEqual([{ participant: "p_1", source: "screen", height: 1400 }]);
    expect(draw(crowd(3), [], { filled: true }).stage).toMatchObject({ main: null, filled: false });
    expect(keys(crowd(3), [], { filled: true })).toHaveLength(4);
  });
});

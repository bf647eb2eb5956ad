/** When a host hears that somebody waits. */

import { describe, expect, it } from "vitest";
import { barredCode } from "../../src/state/barred.ts";
import { Knocks } from "../../src/state/knocks.ts";
import { problemKey } from "../../src/problems.ts";
import { rights } from "../harness/double.ts";

const waiting = (...ids: string[]) => ids.map((knock) => ({ knock }));

describe("a knock", () => {
  it("rings once for a crowd, and again for whoever comes much later", () => {
    const knocks = new Knocks();
    expect(knocks.feed(waiting("a"), 0)).toEqual({ fresh: ["a"], ring: true });
    expect(knocks.feed(waiting("a", "b", "c"), 500)).toEqual({ fresh: ["b", "c"], ring: false });
    expect(knocks.feed(waiting("a", "b", "c"), 30_000)).toEqual({ fresh: [], ring: false });
    expect(knocks.feed(waiting("c", "d"), 30_500)).toEqual({ fresh: ["d"], ring: true });
  });

  it("does not ring because somebody was let in", () => {
    const knocks = new Knocks();
    knocks.feed(waiting("a", "b"), 0);
    expect(knocks.feed(waiting("b"), 60_000).ring).toBe(false);
    expect(knocks.feed(waiting(), 70_000).ring).toBe(false);
  });
});

describe("what stands in the way", () => {
  it("has a sentence for every reason", () => {
    expect(barredCode(rights(), "share")).toBeNull();
    for (const [why, code] of [
      [{ share: "rule" }, "barred_share"], [{ chat: "rule" }, "barred_chat"], [{ unmute: "rule" }, "barred_unmute"],
      [{ unmute: "held" }, "barred_held"], [{ camera: "audience" }, "barred_audience"],
    ] as const) {
      const found = barredCode(rights(why), Object.keys(why)[0] as "share");
      expect(found).toBe(code);
      expect(problemKey(code)).not.toBe("problem.unknown");
    }
  });
});

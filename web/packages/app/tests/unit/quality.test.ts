/** The connection's quality from its counters, and the sound that tests a loudspeaker. */

import { describe, expect, it } from "vitest";
import { chime } from "../../src/state/chime.ts";
import { type Quality, QualityWatch } from "../../src/state/quality.ts";

/** Looks with this loss and delay, `times` times in a row. */
function feed(watch: QualityWatch, from: { received: number; lost: number }, loss: number, roundTrip: number | null, times: number): Quality[] {
  return Array.from({ length: times }, () => {
    from.received += 100 * (1 - loss);
    from.lost += 100 * loss;
    return watch.look({ ...from, roundTrip });
  });
}

describe("quality", () => {
  it("is good where nothing is lost, and without any counters", () => {
    const watch = new QualityWatch();
    expect(feed(watch, { received: 0, lost: 0 }, 0, 0.05, 5)).toEqual(Array(5).fill("good"));
    expect(feed(new QualityWatch(), { received: 0, lost: 0 }, 0, null, 2).at(-1)).toBe("good");
  });

  it("goes down after three bad looks and comes back after three good ones", () => {
    const watch = new QualityWatch();
    const at = { received: 0, lost: 0 };
    feed(watch, at, 0, 0.05, 2);
    expect(feed(watch, at, 0.2, 0.05, 4)).toEqual(["good", "good", "poor", "poor"]);
    expect(feed(watch, at, 0.01, 0.05, 4)).toEqual(["poor", "poor", "good", "good"]);
  });

  it("says nothing of a single bad second", () => {
    const watch = new QualityWatch();
    const at = { received: 0, lost: 0 };
    feed(watch, at, 0, 0.05, 2);
    for (let round = 0; round < 5; round += 1) {
      expect(feed(watch, at, 0.5, 0.05, 2)).toEqual(["good", "good"]);
      expect(feed(watch, at, 0, 0.05, 2)).toEqual(["good", "good"]);
    }
  });

  it("knows delay as well as loss", () => {
    expect(feed(new QualityWatch(), { received: 0, lost: 0 }, 0, 0.5, 4).at(-1)).toBe("weak");
    expect(feed(new QualityWatch(), { received: 0, lost: 0 }, 0.06, 0.05, 4).at(-1)).toBe("weak");
    expect(feed(new QualityWatch(), { received: 0, lost: 0 }, 0, 1.2, 4).at(-1)).toBe("poor");
  });

  it("does not judge by a handful of packets, nor by counters that begin anew", () => {
    const watch = new QualityWatch();
    for (let look = 0; look < 5; look += 1) expect(watch.look({ received: look, lost: look * 3, roundTrip: null })).toBe("good");
    expect(watch.look({ received: 1000, lost: 500, roundTrip: null })).toBe("good");
    for (let look = 0; look < 5; look += 1) expect(watch.look({ received: look * 100, lost: 0, roundTrip: null })).toBe("good");
  });
});

describe("the test sound", () => {
  it("is a WAV file that says its own length and does not clip", () => {
    const view = new DataView(chime());
    const text = (at: number): string => String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
    expect([text(0), text(8), text(36)]).toEqual(["RIFF", "WAVE", "data"]);
    expect(view.getUint32(4, true)).toBe(view.byteLength - 8);
    expect(view.getUint32(40, true)).toBe(view.byteLength - 44);
    let loudest = 0;
    for (let at = 44; at < view.byteLength; at += 2) loudest = Math.max(loudest, Math.abs(view.getInt16(at, true)));
    expect(loudest).toBeGreaterThan(4000);
    expect(loudest).toBeLessThan(16_000);
  });
});

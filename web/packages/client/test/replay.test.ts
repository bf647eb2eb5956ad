/** Replay windows (K5.3) and key ids (K5.1). */

import { expect, test } from "vitest";
import { AUDIO_BLOCK, padAudio, stripAudio } from "../src/worker/codec.ts";
import { epochsAhead, KINDS, makeKid, parseKid } from "../src/worker/kid.ts";
import { ReplayGuard, ReplayWindow, WINDOW } from "../src/worker/replay.ts";

test("K5.3: each counter is taken once, in whatever order", () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  console.log(`seed ${seed}`);
  let state = seed;
  const random = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const window = new ReplayWindow();
  const taken = new Set<number>();
  let highest = -1;
  for (let at = 0; at < 20_000; at += 1) {
    const counter = Math.max(0, Math.floor(highest + 60 - random() * 1400));
    const expected = !taken.has(counter) && counter > highest - WINDOW;
    expect(window.take(counter), `counter ${counter}, highest ${highest}`).toBe(expected);
    if (expected) taken.add(counter);
    highest = Math.max(highest, expected ? counter : highest);
  }
});

test("K5.3: a jump over the whole window forgets what lies behind it", () => {
  const window = new ReplayWindow();
  expect(window.take(5)).toBe(true);
  expect(window.take(5 + WINDOW)).toBe(true);
  expect(window.take(5)).toBe(false);
  expect(window.take(6)).toBe(true);
  expect(window.take(6)).toBe(false);
});

test("one key id in two epochs has two windows; old ones are forgotten", () => {
  const guard = new ReplayGuard();
  expect(guard.take(9, 1, 0)).toBe(true);
  expect(guard.take(9, 257, 0)).toBe(true);
  expect(guard.take(9, 1, 0)).toBe(false);
  guard.forgetBefore(200);
  expect(guard.size).toBe(1);
});

test("asking makes no window: only authentic frames cost memory", () => {
  const guard = new ReplayGuard();
  for (let kid = 0; kid < 100; kid += 1) expect(guard.fresh(kid, 1, 7)).toBe(true);
  expect(guard.size).toBe(0);
  expect(guard.take(9, 1, 7)).toBe(true);
  expect(guard.fresh(9, 1, 7)).toBe(false);
  expect(guard.size).toBe(1);
});

test("K5.1: key ids round-trip through all of their 39 bits, and no other number is one", () => {
  for (const generation of [0, 1, 255, 65_535]) {
    for (const kind of KINDS) {
      for (const leaf of [0, 1, 4095]) {
        for (const epoch of [0, 1, 255]) {
          const kid = makeKid({ generation, kind, leaf, epoch });
          expect(kid).toBeLessThan(2 ** 39);
          expect(parseKid(kid)).toEqual({ generation, kind, leaf, epoch });
        }
      }
    }
  }
  expect(parseKid(makeKid({ generation: 2, kind: "screen", leaf: 3, epoch: 4 }))).toEqual({
    generation: 2,
    kind: "screen",
    leaf: 3,
    epoch: 4,
  });
  // Generation 2, kind 2, leaf 3, epoch 4, written out as the rule draws it.
  expect(makeKid({ generation: 2, kind: "screen", leaf: 3, epoch: 4 })).toBe(((2 * 8 + 2) * 4096 + 3) * 256 + 4);
  for (const bad of [2 ** 39, -1, 1.5, Number.NaN, 5 * 2 ** 20, 7 * 2 ** 20]) expect(parseKid(bad)).toBeNull();
});

test("epochs are compared around their 256", () => {
  expect(epochsAhead(4, 3)).toBe(1);
  expect(epochsAhead(3, 3)).toBe(0);
  expect(epochsAhead(2, 3)).toBe(-1);
  expect(epochsAhead(0, 255)).toBe(1);
  expect(epochsAhead(255, 256)).toBe(-1);
  expect(epochsAhead(1, 512 + 255)).toBe(2);
});

test("K5.6: padding is undone whatever the frame ends with", () => {
  for (const tail of [[], [0], [0x80], [0x80, 0, 0], [0, 0x80]]) {
    const frame = Uint8Array.from([1, 2, ...tail]);
    const padded = padAudio(frame, 0);
    expect(padded.length % AUDIO_BLOCK).toBe(0);
    expect(stripAudio(padded)).toEqual(frame);
  }
  expect(stripAudio(new Uint8Array(64))).toBeNull();
  expect(stripAudio(Uint8Array.from([1, 2, 3]))).toBeNull();
});

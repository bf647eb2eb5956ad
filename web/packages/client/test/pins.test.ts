/** Pins of manifest sets (K2.3). */

import { expect, test } from "vitest";
import { type Pin, pinChanged, type PinStore } from "../src/pins.ts";

test("K2.3: the first set is remembered silently, another one later is told, once", async () => {
  const kept = new Map<string, Pin>();
  const store: PinStore = {
    read: async (deployment) => kept.get(deployment) ?? null,
    write: async (pin) => void kept.set(pin.deployment, pin),
  };
  expect(await pinChanged(store, "fr", "aa", 1)).toBe(false);
  expect(await pinChanged(store, "fr", "aa", 2)).toBe(false);
  expect(await pinChanged(store, "de", "bb", 3)).toBe(false);
  expect(await pinChanged(store, "fr", "cc", 4)).toBe(true);
  expect(await pinChanged(store, "fr", "cc", 5)).toBe(false);
  expect(kept.get("fr")?.since).toBe(4);
});

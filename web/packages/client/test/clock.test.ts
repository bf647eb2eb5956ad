/** The time by which sending stops and old keys go (K4.5, K4.6) does not depend on a device's clock that is set back. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";

let wall: number;
let ticks: number;

beforeEach(() => {
  vi.resetModules();
  wall = 1_700_000_000_000;
  ticks = 50.25;
  vi.spyOn(Date, "now").mockImplementation(() => wall);
  vi.spyOn(performance, "now").mockImplementation(() => ticks);
});

afterEach(() => {
  vi.restoreAllMocks();
});

test("K4.6: two seconds pass although the device's clock is set back", async () => {
  const { unixTime } = await import("../src/clock.ts");
  const start = unixTime();
  expect(start).toBe(wall);
  wall -= 3_600_000;
  ticks += 2001;
  expect(unixTime()).toBe(start + 2001);
  wall += 500;
  ticks += 500;
  expect(unixTime()).toBe(start + 2501);
});

test("time that the device slept through counts, and the result is a whole number", async () => {
  const { unixTime } = await import("../src/clock.ts");
  const start = unixTime();
  wall += 60_000;
  ticks += 0.5;
  expect(unixTime()).toBe(start + 60_000);
  ticks += 1.25;
  expect(Number.isInteger(unixTime())).toBe(true);
});

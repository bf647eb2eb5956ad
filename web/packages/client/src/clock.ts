/** The SDK's only clocks. Everything else takes the time, or one of these functions, as an argument. */

/** Milliseconds that never go backwards, from an arbitrary start. */
export function monotonic(): number {
  return performance.now();
}

let last = { wall: 0, at: 0 };

/**
 * Unix milliseconds by this device's clock, which a person or a time server may set back; this one then goes on from where it
 * was. The waits of K4.5 and K4.6 are measured by it, so it may run ahead, never back and never slower than `monotonic`. It
 * follows the device's clock forward, because some platforms stop the other one while the device sleeps.
 */
export function unixTime(): number {
  const at = performance.now();
  const wall = Math.max(Date.now(), last.wall + at - last.at);
  last = { wall, at };
  return Math.floor(wall);
}

/** The SDK's only clocks. Everything else takes the time, or one of these functions, as an argument. */

/** Milliseconds that never go backwards, from an arbitrary start. */
export function monotonic(): number {
  return performance.now();
}

/** Unix milliseconds by this device's clock. */
export function unixTime(): number {
  return Date.now();
}

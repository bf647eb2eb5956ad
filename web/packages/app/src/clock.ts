/** The app's one clock: components read it here and hand the time to the logic in `state/`, which takes it as an argument. */

/** Milliseconds since the page began; never goes back. */
export function monotonic(): number {
  return performance.now();
}

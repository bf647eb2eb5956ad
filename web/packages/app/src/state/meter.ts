/**
 * A level meter's arithmetic: samples to a bar between 0 and 1. Loudness is heard
 * logarithmically, so the bar is linear in decibels between a quiet room and full scale.
 */

const QUIET_DB = -55;
const LOUD_DB = -8;

/** Root mean square of samples in [-1, 1], as a position of the bar in [0, 1]. */
export function level(samples: ArrayLike<number>): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < samples.length; i += 1) sum += (samples[i] ?? 0) ** 2;
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}

/** Falls slowly and rises at once, so that speech does not flicker. `dt` in seconds. */
export function smooth(before: number, now: number, dt: number): number {
  return now >= before ? now : Math.max(now, before - 1.6 * dt);
}

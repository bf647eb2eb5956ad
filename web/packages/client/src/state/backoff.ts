/** How long to wait between attempts: quickly at first, because most losses are short, then gently, with jitter. */

/** Waits before attempt 0, 1, 2… */
export interface Delays {
  wait(attempt: number): Promise<void>;
}

/** Milliseconds before an attempt; `random` in [0, 1) spreads the clients of a restarted node. */
export function delayOf(attempt: number, random: number): number {
  if (attempt === 0) return 0;
  const base = Math.min(250 * 2 ** (attempt - 1), 4000);
  return base * (0.5 + random);
}

/** The product's delays. */
export const RECONNECT: Delays = {
  wait: (attempt) => new Promise((resolve) => setTimeout(resolve, delayOf(attempt, Math.random()))),
};

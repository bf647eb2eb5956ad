/** What stands in the way of something a person would like to do, as a code with a sentence in `problems.ts`. */

import type { Rights } from "./port.ts";

export type Wish = keyof Rights["why"];

/** Null where nothing does. */
export function barredCode({ why }: Rights, wish: Wish): string | null {
  const reason = why[wish];
  if (reason === null) return null;
  return reason === "rule" ? `barred_${wish}` : `barred_${reason}`;
}

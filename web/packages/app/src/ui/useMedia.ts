/** Follows a media query. */

import { useCallback, useSyncExternalStore } from "react";

/** Narrower than a tablet: there is room for the most important controls only. */
export const NARROW = "(max-width: 47.9rem)";
/** A mouse or a touch pad, which can rest on something without pressing it. */
export const HOVERS = "(hover: hover)";

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void): (() => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

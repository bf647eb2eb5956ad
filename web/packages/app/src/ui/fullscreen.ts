/**
 * Full screen. It is always the whole page that fills the screen, also for one picture: the browser shows
 * nothing outside of what fills it, and warnings and dialogs must be seen. Browsers on telephones may not have it.
 */

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  document.addEventListener("fullscreenchange", listener);
  return () => document.removeEventListener("fullscreenchange", listener);
}

/** Whether the page fills the screen. */
export function useFullscreen(): boolean {
  return useSyncExternalStore(subscribe, isFull);
}

function isFull(): boolean {
  return document.fullscreenElement !== null;
}

export function canFullscreen(): boolean {
  return document.fullscreenEnabled === true;
}

/** Fills the screen with the page, or leaves full screen. A refusal changes nothing. */
export function toggleFullscreen(): void {
  void (isFull() ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => undefined);
}

/** Whether the large picture fills the page as the page fills the screen, and the switch for it, or null where there is no full screen. */
export function useFilled(): readonly [filled: boolean, toggle: (() => void) | null] {
  const full = useFullscreen();
  const [wanted, setWanted] = useState(false);
  // The browser's own ways out (Escape, F11) end it too.
  useEffect(() => {
    if (!full) setWanted(false);
  }, [full]);
  const filled = full && wanted;
  const toggle = useCallback((): void => {
    if (filled) return toggleFullscreen();
    const asked = isFull() ? Promise.resolve() : document.documentElement.requestFullscreen();
    void asked.then(
      () => setWanted(true),
      () => undefined,
    );
  }, [filled]);
  return [filled, canFullscreen() ? toggle : null];
}

/** Full screen, for the page and for one picture. Browsers on telephones may not have it. */

import { useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  document.addEventListener("fullscreenchange", listener);
  return () => document.removeEventListener("fullscreenchange", listener);
}

/** What fills the screen, or null. */
export function useFullscreen(): Element | null {
  return useSyncExternalStore(subscribe, () => document.fullscreenElement);
}

export function canFullscreen(): boolean {
  return document.fullscreenEnabled === true;
}

/** Fills the screen with an element, or leaves full screen when it does already. A refusal changes nothing. */
export function toggleFullscreen(element: Element | null | undefined): void {
  if (!element) return;
  const asked = document.fullscreenElement === element ? document.exitFullscreen() : element.requestFullscreen();
  void asked.catch(() => undefined);
}

/** What this person looks at: the panel beside the stage, the pinned picture, the page. Nobody else learns of it. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useApp } from "../context.ts";
import type { MeetingSnapshot } from "../state/port.ts";
import type { Choice } from "../state/stage.ts";
import { useFilled } from "../ui/fullscreen.ts";

export type PanelName = "chat" | "people" | "encryption";

export interface MeetingView {
  readonly panel: PanelName | null;
  readonly choice: Choice;
  /** Messages that came while the chat was closed. */
  readonly unread: number;
  readonly toggle: (name: PanelName) => void;
  readonly close: () => void;
  /** Pins a picture, or lets the pinned one go. */
  readonly pin: (key: string) => void;
  /** Lets the large picture fill the screen, or no longer; null where there is no full screen. */
  readonly fill: (() => void) | null;
  readonly turn: (page: number) => void;
  /** How many pages the stage has, as it last said. */
  readonly pages: number;
  readonly laidOut: (pages: number) => void;
}

export function useMeetingView(snapshot: MeetingSnapshot): MeetingView {
  const { layout } = useApp().settings;
  const [panel, setPanel] = useState<PanelName | null>(null);
  const [pinned, setPinned] = useState<string | null>(null);
  const { page, turn, pages, laidOut } = usePages();
  const [read, setRead] = useState(0);
  const opener = useRef<Element | null>(null);
  const incoming = snapshot.messages.filter((message) => !message.own).length;
  useEffect(() => {
    if (panel === "chat") setRead(incoming);
  }, [panel, incoming]);
  const [filled, fill] = useFilled();
  const choice = useMemo<Choice>(() => ({ layout, pinned, page, filled }), [layout, pinned, page, filled]);
  return {
    panel,
    choice,
    unread: Math.max(0, incoming - read),
    toggle: (name) => {
      opener.current = document.activeElement;
      setPanel(panel === name ? null : name);
    },
    close: () => {
      setPanel(null);
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
    },
    pin: (key) => {
      setPinned(pinned === key ? null : key);
      turn(0);
    },
    fill: fill && (() => {
      setPanel(null);
      fill();
    }),
    turn,
    pages,
    laidOut,
  };
}

/** The page that is shown, always one of those the stage last had: pressing on at the end must not count. */
function usePages(): Pick<MeetingView, "turn" | "pages" | "laidOut"> & { readonly page: number } {
  const [{ page, pages }, set] = useState({ page: 0, pages: 1 });
  const turn = useCallback((wanted: number): void => set((now) => ({ ...now, page: within(wanted, now.pages) })), []);
  const laidOut = useCallback((count: number): void => set((now) => ({ page: within(now.page, count), pages: count })), []);
  return { page, turn, pages, laidOut };
}

function within(page: number, pages: number): number {
  return Math.min(Math.max(0, page), pages - 1);
}

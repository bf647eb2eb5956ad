/** Tells what happens: spoken to screen readers, and shown for a few seconds to everyone else. */

import type { ReactElement } from "react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Announcement, announcements } from "../state/announce.ts";
import type { MeetingSnapshot } from "../state/port.ts";

/** Long enough to be read twice; shorter loses slow readers, longer covers faces. */
const SHOWN_MS = 6000;
const KEPT = 4;

interface Told {
  readonly id: number;
  readonly text: string;
  readonly visible: boolean;
}

export function Announcer({ snapshot, chatOpen }: { snapshot: MeetingSnapshot; chatOpen: boolean }): ReactElement {
  const say = useSay();
  const before = useRef<MeetingSnapshot | null>(null);
  const count = useRef(0);
  const [told, setTold] = useState<readonly Told[]>([]);
  useEffect(() => {
    const news = announcements(before.current, snapshot);
    before.current = snapshot;
    if (news.length === 0) return;
    const fresh = news.map((item) => ({ id: (count.current += 1), text: say(item), visible: shown(item, chatOpen) }));
    setTold((all) => [...all, ...fresh].slice(-KEPT));
    const ids = new Set(fresh.map((item) => item.id));
    setTimeout(() => setTold((all) => all.filter((item) => !ids.has(item.id))), SHOWN_MS);
  }, [snapshot, say, chatOpen]);
  return (
    <div className="announcer" role="log" aria-live="polite" aria-relevant="additions">
      {told.map((item) => (
        <p key={item.id} className={item.visible ? "toast" : "visually-hidden"} dir="auto">
          {item.text}
        </p>
      ))}
    </div>
  );
}

/** What is on screen anyway is only spoken: an open chat, and the notice of a lost connection. */
function shown(item: Announcement, chatOpen: boolean): boolean {
  if (item.kind === "chat") return !chatOpen;
  return item.kind !== "reconnecting";
}

function useSay(): (item: Announcement) => string {
  const { t } = useTranslation();
  const latest = useRef(t);
  latest.current = t;
  const [say] = useState(() => (item: Announcement): string => {
    const translate = latest.current;
    switch (item.kind) {
      case "joined":
        return translate("announce.joined", { name: item.name });
      case "left":
        return translate("announce.left", { name: item.name });
      case "hand":
        return translate("announce.hand", { name: item.name });
      case "screen":
        return translate("announce.screen", { name: item.name });
      case "screen_off":
        return translate("announce.screen_off", { name: item.name });
      case "joined_many":
        return translate("announce.joined_many", { count: item.count });
      case "left_many":
        return translate("announce.left_many", { count: item.count });
      case "chat":
        return translate("announce.chat", { name: item.name, text: item.text });
      case "reconnecting":
        return translate("announce.reconnecting");
      case "reconnected":
        return translate("announce.reconnected");
    }
  });
  return say;
}

/** Tells what happens: spoken to screen readers, and shown for a few seconds to everyone else. */

import type { ReactElement } from "react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Announcement, announcements } from "../state/announce.ts";
import type { MeetingSnapshot, Tenant } from "../state/port.ts";
import { useNaming } from "./useNaming.ts";

/** Long enough to be read twice; shorter loses slow readers, longer covers faces. */
const SHOWN_MS = 6000;
const KEPT = 4;

interface Told {
  readonly id: number;
  readonly text: string;
  readonly visible: boolean;
}

export function Announcer({ snapshot, chatOpen }: { snapshot: MeetingSnapshot; chatOpen: boolean }): ReactElement {
  const say = useSay(snapshot.tenants);
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

/** What is on screen anyway is only spoken: an open chat, who waits, and the notice of a lost connection. */
function shown(item: Announcement, chatOpen: boolean): boolean {
  if (item.kind === "chat") return !chatOpen;
  return item.kind !== "reconnecting" && item.kind !== "knock" && item.kind !== "knock_many";
}

const PLAIN = {
  locked: "announce.locked",
  unlocked: "announce.unlocked",
  may_speak: "announce.may_speak",
  may_not_speak: "announce.may_not_speak",
  reconnecting: "announce.reconnecting",
  reconnected: "announce.reconnected",
} as const;

const NAMED = {
  joined: "announce.joined",
  left: "announce.left",
  hand: "announce.hand",
  screen: "announce.screen",
  screen_off: "announce.screen_off",
  knock: "announce.knock",
} as const;

const COUNTED = { joined_many: "announce.joined_many", left_many: "announce.left_many", knock_many: "announce.knock_many" } as const;

const ROLES = {
  owner: "announce.role_host",
  cohost: "announce.role_host",
  member: "announce.role_member",
  audience: "announce.role_audience",
} as const;

/** Puts an announcement into words; the function stays the same, so that a change of language announces nothing again. */
function useSay(tenants: readonly Tenant[]): (item: Announcement) => string {
  const { t } = useTranslation();
  const naming = useNaming(tenants);
  const latest = useRef({ t, naming });
  latest.current = { t, naming };
  const [say] = useState(() => (item: Announcement): string => {
    const { t: translate, naming: nameOf } = latest.current;
    if (item.kind === "role") return translate(ROLES[item.role]);
    if (item.kind === "chat") return translate("announce.chat", { name: nameOf(item.name, item.of), text: item.text });
    if ("count" in item) return translate(COUNTED[item.kind], { count: item.count });
    if ("name" in item) return translate(NAMED[item.kind], { name: nameOf(item.name, item.of) });
    return translate(PLAIN[item.kind]);
  });
  return say;
}

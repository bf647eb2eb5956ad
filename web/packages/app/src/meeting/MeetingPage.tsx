/** The meeting: header, notices, stage, one side panel at a time, and the bar of controls. */

import type { ReactElement } from "react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import { DevelopmentMark, useTitle } from "../pages/Chrome.tsx";
import type { RoomInfo } from "../state/api.ts";
import type { Devices, Input } from "../state/devices.ts";
import type { Meeting } from "../state/port.ts";
import { codeOf, type Room } from "../state/room.ts";
import type { Command } from "../state/shortcuts.ts";
import { PushToTalk } from "../state/talk.ts";
import { Announcer } from "./Announcer.tsx";
import { ChatPanel } from "./ChatPanel.tsx";
import { ControlBar } from "./ControlBar.tsx";
import { EncryptionPanel } from "./EncryptionPanel.tsx";
import { MeetingHead } from "./MeetingHead.tsx";
import { Notices } from "./Notices.tsx";
import { PeoplePanel } from "./PeoplePanel.tsx";
import { SettingsSheet } from "./SettingsSheet.tsx";
import { ShortcutsSheet } from "./ShortcutsSheet.tsx";
import { Stage } from "./Stage.tsx";
import { useMeetingView } from "./useMeetingView.ts";
import { useShortcuts } from "./useShortcuts.ts";
import { useWakeLock } from "./useWakeLock.ts";

export interface MeetingPageProps {
  readonly meeting: Meeting;
  readonly room: Room;
  readonly devices: Devices;
  readonly info: RoomInfo;
}

type SheetName = "settings" | "shortcuts";

export function MeetingPage({ meeting, room, devices, info }: MeetingPageProps): ReactElement {
  const { t } = useTranslation();
  const snapshot = useObservable(meeting);
  const view = useMeetingView(snapshot);
  const [sheet, setSheet] = useState<SheetName | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const main = useRef<HTMLElement>(null);
  const talk = useMemo(() => new PushToTalk(devices), [devices]);
  const title = snapshot.title || info.title;
  useTitle(title);
  useWakeLock();
  useEffect(() => void main.current?.focus({ preventScroll: true }), []);
  const toggle = (input: Input): void => {
    talk.forget();
    void devices.toggle(input);
  };
  const commands: Record<Command, () => void> = {
    microphone: () => toggle("microphone"),
    camera: () => toggle("camera"),
    hand: () => {
      const up = snapshot.people.some((person) => person.self && person.hand);
      void meeting.raiseHand(!up).catch((error: unknown) => setProblem(codeOf(error)));
    },
    chat: () => view.toggle("chat"),
    people: () => view.toggle("people"),
    next_page: () => view.turn(view.choice.page + 1),
    previous_page: () => view.turn(view.choice.page - 1),
    help: () => setSheet("shortcuts"),
  };
  useShortcuts((command) => commands[command](), view.pages, talk);
  const shared = { meeting, snapshot };
  return (
    <div className="meeting" data-panel={view.panel ?? "none"}>
      <DevelopmentMark />
      <MeetingHead title={title} {...shared} />
      <Notices
        {...shared}
        devices={devices}
        room={room}
        problem={problem}
        onClear={() => setProblem(null)}
        onEncryption={() => view.toggle("encryption")}
      />
      <div className="meeting-body">
        <main ref={main} className="stage-area" tabIndex={-1} aria-label={t("meeting.stage")}>
          <Stage {...shared} devices={devices} choice={view.choice} onPin={view.pin} onFill={view.fill} onPage={view.turn} onLaidOut={view.laidOut} />
        </main>
        {view.panel === "chat" ? <ChatPanel {...shared} onClose={view.close} /> : null}
        {view.panel === "people" ? <PeoplePanel {...shared} onClose={view.close} onProblem={setProblem} /> : null}
        {view.panel === "encryption" ? <EncryptionPanel {...shared} onClose={view.close} /> : null}
        <Announcer snapshot={snapshot} chatOpen={view.panel === "chat"} />
      </div>
      <ControlBar
        {...shared}
        room={room}
        devices={devices}
        panel={view.panel}
        unread={view.unread}
        onPanel={view.toggle}
        onToggle={toggle}
        onSettings={() => setSheet("settings")}
        onShortcuts={() => setSheet("shortcuts")}
        onProblem={setProblem}
      />
      <SettingsSheet open={sheet === "settings"} devices={devices} onClose={() => setSheet(null)} />
      <ShortcutsSheet open={sheet === "shortcuts"} onClose={() => setSheet(null)} />
    </div>
  );
}

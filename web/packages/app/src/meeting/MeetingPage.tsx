/** The meeting: header, notices, stage, one side panel at a time, and the bar of controls. */

import type { ReactElement } from "react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import { DevelopmentMark, useTitle } from "../pages/Chrome.tsx";
import type { RoomInfo } from "../state/api.ts";
import type { Devices } from "../state/devices.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Room } from "../state/room.ts";
import { Announcer } from "./Announcer.tsx";
import { ChatPanel } from "./ChatPanel.tsx";
import { ControlBar } from "./ControlBar.tsx";
import { EncryptionPanel } from "./EncryptionPanel.tsx";
import { MeetingHead } from "./MeetingHead.tsx";
import { Notices } from "./Notices.tsx";
import { PeoplePanel } from "./PeoplePanel.tsx";
import { RulesSheet } from "./RulesSheet.tsx";
import { SettingsSheet } from "./SettingsSheet.tsx";
import { ShortcutsSheet } from "./ShortcutsSheet.tsx";
import { Stage } from "./Stage.tsx";
import { useCommands } from "./useCommands.ts";
import { type MeetingView, useMeetingView } from "./useMeetingView.ts";
import { useWakeLock } from "./useWakeLock.ts";

export interface MeetingPageProps {
  readonly meeting: Meeting;
  readonly room: Room;
  readonly devices: Devices;
  readonly info: RoomInfo;
}

type SheetName = "settings" | "shortcuts" | "rules";

export function MeetingPage({ meeting, room, devices, info }: MeetingPageProps): ReactElement {
  const snapshot = useObservable(meeting);
  const view = useMeetingView(snapshot);
  const [sheet, setSheet] = useState<SheetName | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const title = snapshot.title || info.title;
  useTitle(title);
  useWakeLock();
  const toggle = useCommands({ meeting, snapshot, devices, view, onHelp: () => setSheet("shortcuts"), onProblem: setProblem });
  const shared = { meeting, snapshot, devices };
  return (
    <div className="meeting" data-panel={view.panel ?? "none"}>
      <DevelopmentMark />
      <MeetingHead title={title} {...shared} />
      <Notices
        {...shared}
        room={room}
        problem={problem}
        panel={view.panel}
        onClear={() => setProblem(null)}
        onPanel={view.toggle}
        onProblem={setProblem}
      />
      <Body {...shared} view={view} onRules={() => setSheet("rules")} onProblem={setProblem} />
      <ControlBar
        {...shared}
        room={room}
        panel={view.panel}
        unread={view.unread}
        onPanel={view.toggle}
        onToggle={toggle}
        onSettings={() => setSheet("settings")}
        onShortcuts={() => setSheet("shortcuts")}
        onRules={() => setSheet("rules")}
        onProblem={setProblem}
      />
      <SettingsSheet open={sheet === "settings"} devices={devices} onClose={() => setSheet(null)} />
      <RulesSheet meeting={meeting} snapshot={snapshot} open={sheet === "rules"} onClose={() => setSheet(null)} onProblem={setProblem} />
      <ShortcutsSheet open={sheet === "shortcuts"} onClose={() => setSheet(null)} />
    </div>
  );
}

interface BodyProps extends Pick<MeetingPageProps, "meeting" | "devices"> {
  readonly snapshot: MeetingSnapshot;
  readonly view: MeetingView;
  readonly onRules: () => void;
  readonly onProblem: (code: string) => void;
}

/** The stage, the panel beside it, and what is told over it. */
function Body({ meeting, snapshot, devices, view, onRules, onProblem }: BodyProps): ReactElement {
  const { t } = useTranslation();
  const main = useRef<HTMLElement>(null);
  useEffect(() => void main.current?.focus({ preventScroll: true }), []);
  const shared = { meeting, snapshot, onClose: view.close };
  return (
    <div className="meeting-body">
      <main ref={main} className="stage-area" tabIndex={-1} aria-label={t("meeting.stage")}>
        <Stage
          meeting={meeting}
          snapshot={snapshot}
          devices={devices}
          choice={view.choice}
          onPin={view.pin}
          onFill={view.fill}
          onPage={view.turn}
          onLaidOut={view.laidOut}
        />
      </main>
      {view.panel === "chat" ? <ChatPanel {...shared} /> : null}
      {view.panel === "people" ? <PeoplePanel {...shared} onRules={onRules} onProblem={onProblem} /> : null}
      {view.panel === "encryption" ? <EncryptionPanel {...shared} /> : null}
      <Announcer snapshot={snapshot} chatOpen={view.panel === "chat"} />
    </div>
  );
}

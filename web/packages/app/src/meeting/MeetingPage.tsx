/** The meeting: header, notices, stage, one side panel at a time, and the bar of controls. */

import type { ReactElement } from "react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import { DevelopmentMark, useTitle } from "../pages/Chrome.tsx";
import type { RoomInfo } from "../state/api.ts";
import type { Devices } from "../state/devices.ts";
import type { Meeting } from "../state/port.ts";
import type { Room } from "../state/room.ts";
import { Announcer } from "./Announcer.tsx";
import { ChatPanel } from "./ChatPanel.tsx";
import { ControlBar } from "./ControlBar.tsx";
import { EncryptionPanel } from "./EncryptionPanel.tsx";
import { MeetingHead } from "./MeetingHead.tsx";
import { Notices } from "./Notices.tsx";
import { PeoplePanel } from "./PeoplePanel.tsx";
import { SettingsSheet } from "./SettingsSheet.tsx";
import { Stage } from "./Stage.tsx";
import { useWakeLock } from "./useWakeLock.ts";

export type PanelName = "chat" | "people" | "encryption";

export interface MeetingPageProps {
  readonly meeting: Meeting;
  readonly room: Room;
  readonly devices: Devices;
  readonly info: RoomInfo;
}

export function MeetingPage({ meeting, room, devices, info }: MeetingPageProps): ReactElement {
  const { t } = useTranslation();
  const snapshot = useObservable(meeting);
  const [panel, setPanel] = useState<PanelName | null>(null);
  const [settings, setSettings] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [read, setRead] = useState(0);
  const opener = useRef<Element | null>(null);
  const main = useRef<HTMLElement>(null);
  const title = snapshot.title || info.title;
  useTitle(title);
  useWakeLock();
  useEffect(() => void main.current?.focus({ preventScroll: true }), []);
  const incoming = snapshot.messages.filter((message) => !message.own).length;
  useEffect(() => {
    if (panel === "chat") setRead(incoming);
  }, [panel, incoming]);

  const close = (): void => {
    setPanel(null);
    if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
  };
  const toggle = (name: PanelName): void => {
    opener.current = document.activeElement;
    setPanel(panel === name ? null : name);
  };
  return (
    <div className="meeting" data-panel={panel ?? "none"}>
      <DevelopmentMark />
      <MeetingHead title={title} snapshot={snapshot} />
      <Notices
        meeting={meeting}
        snapshot={snapshot}
        devices={devices}
        room={room}
        problem={problem}
        onClear={() => setProblem(null)}
        onEncryption={() => toggle("encryption")}
      />
      <div className="meeting-body">
        <main ref={main} className="stage-area" tabIndex={-1} aria-label={t("meeting.stage")}>
          <Stage meeting={meeting} snapshot={snapshot} devices={devices} onPeople={() => toggle("people")} />
        </main>
        {panel === "chat" ? <ChatPanel meeting={meeting} snapshot={snapshot} onClose={close} /> : null}
        {panel === "people" ? <PeoplePanel meeting={meeting} snapshot={snapshot} onClose={close} onProblem={setProblem} /> : null}
        {panel === "encryption" ? <EncryptionPanel meeting={meeting} snapshot={snapshot} onClose={close} /> : null}
        <Announcer snapshot={snapshot} chatOpen={panel === "chat"} />
      </div>
      <ControlBar
        meeting={meeting}
        snapshot={snapshot}
        room={room}
        devices={devices}
        panel={panel}
        unread={Math.max(0, incoming - read)}
        onPanel={toggle}
        onSettings={() => setSettings(true)}
        onProblem={setProblem}
      />
      <SettingsSheet open={settings} devices={devices} onClose={() => setSettings(false)} />
    </div>
  );
}

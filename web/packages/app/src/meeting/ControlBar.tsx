/** The controls of a meeting. Toggles say by `aria-pressed` whether they are on. */

import type { ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import type { Devices } from "../state/devices.ts";
import { standing } from "../state/encryption.ts";
import { present } from "../state/people.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Room } from "../state/room.ts";
import { codeOf } from "../state/room.ts";
import { BarButton } from "../ui/controls.tsx";
import type { PanelName } from "./MeetingPage.tsx";

export interface ControlBarProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly room: Room;
  readonly devices: Devices;
  readonly panel: PanelName | null;
  readonly unread: number;
  readonly onPanel: (name: PanelName) => void;
  readonly onSettings: () => void;
  readonly onProblem: (code: string) => void;
}

export function ControlBar(props: ControlBarProps): ReactElement {
  const { meeting, snapshot, room, devices, panel, unread, onPanel, onSettings, onProblem } = props;
  const { t } = useTranslation();
  const { microphone, camera } = useObservable(devices.store);
  const screen = useObservable(room.screen);
  const [more, setMore] = useState(false);
  const hand = snapshot.people.some((person) => person.self && person.hand);
  const here = present(snapshot.people).length;
  const alarmed = standing(snapshot) === "alarm";
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === "function";
  return (
    <nav className="bar" aria-label={t("control.bar")} data-more={more}>
      <BarButton
        icon={microphone.on || microphone.starting ? "microphone" : "microphoneOff"}
        label={t("control.microphone")}
        pressed={microphone.on || microphone.starting}
        tone={microphone.on || microphone.starting ? "normal" : "off"}
        onPress={() => void devices.toggle("microphone")}
      />
      <BarButton
        icon={camera.on || camera.starting ? "camera" : "cameraOff"}
        label={t("control.camera")}
        pressed={camera.on || camera.starting}
        tone={camera.on || camera.starting ? "normal" : "off"}
        onPress={() => void devices.toggle("camera")}
      />
      {canShare ? (
        <BarButton
          className="bar-second"
          icon="screen"
          label={t("control.screen")}
          pressed={screen !== null}
          onPress={() => (screen ? room.unshare() : void share(room, onProblem))}
        />
      ) : null}
      <BarButton
        className="bar-second"
        icon="hand"
        label={t("control.hand")}
        pressed={hand}
        onPress={() => void meeting.raiseHand(!hand).catch((error: unknown) => onProblem(codeOf(error)))}
      />
      <span className="bar-gap" aria-hidden="true" />
      <BarButton
        icon="chat"
        label={t("control.chat")}
        pressed={panel === "chat"}
        count={unread}
        {...(unread > 0 ? { hint: t("chat.unread", { count: unread }) } : {})}
        onPress={() => onPanel("chat")}
      />
      <BarButton
        icon="people"
        label={t("control.people")}
        pressed={panel === "people"}
        count={here}
        hint={t("people.count", { count: here })}
        onPress={() => onPanel("people")}
      />
      <BarButton
        className="bar-second"
        icon={alarmed ? "warning" : "lock"}
        label={t("control.encryption")}
        pressed={panel === "encryption"}
        onPress={() => onPanel("encryption")}
      />
      <BarButton className="bar-second" icon="settings" label={t("control.settings")} onPress={onSettings} />
      <BarButton className="bar-toggle" icon="more" label={t("control.more")} pressed={more} onPress={() => setMore(!more)} />
      <BarButton icon="leave" label={t("control.leave")} tone="leave" onPress={() => void room.leave()} />
    </nav>
  );
}

/** Asks the browser which screen; closing its question is not an error. */
async function share(room: Room, onProblem: (code: string) => void): Promise<void> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotAllowedError")) onProblem("screen");
    return;
  }
  await room.share(stream).catch(() => onProblem("screen"));
}

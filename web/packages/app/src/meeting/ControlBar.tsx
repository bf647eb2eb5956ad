/** The controls of a meeting. Toggles say by `aria-pressed` whether they are on. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import { problemKey } from "../problems.ts";
import { barredCode } from "../state/barred.ts";
import type { Devices, Input } from "../state/devices.ts";
import { standing } from "../state/encryption.ts";
import { present } from "../state/people.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Room } from "../state/room.ts";
import { codeOf } from "../state/room.ts";
import { BarButton } from "../ui/controls.tsx";
import { NARROW, useMedia } from "../ui/useMedia.ts";
import { LeaveControl } from "./LeaveControl.tsx";
import { More } from "./More.tsx";
import type { PanelName } from "./useMeetingView.ts";

export interface ControlBarProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly room: Room;
  readonly devices: Devices;
  readonly panel: PanelName | null;
  readonly unread: number;
  readonly onPanel: (name: PanelName) => void;
  readonly onToggle: (input: Input) => void;
  readonly onSettings: () => void;
  readonly onShortcuts: () => void;
  readonly onRules: () => void;
  readonly onProblem: (code: string) => void;
}

export function ControlBar(props: ControlBarProps): ReactElement {
  const { snapshot, panel, unread, onPanel } = props;
  const { t } = useTranslation();
  const narrow = useMedia(NARROW);
  const extra = useExtraControls(props);
  const here = present(snapshot.people).length;
  return (
    <nav className="bar" aria-label={t("control.bar")}>
      <InputButton {...props} input="microphone" />
      <InputButton {...props} input="camera" />
      {narrow ? null : extra.slice(0, -1).map((one) => <BarButton key={one.label} {...one} />)}
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
      {narrow ? null : extra.slice(-1).map((one) => <BarButton key={one.label} {...one} />)}
      <More {...props} extra={narrow ? extra : []} />
      <LeaveControl {...props} />
    </nav>
  );
}

/** The switch of a microphone or a camera: what may not be switched on says why. */
function InputButton({ input, snapshot, devices, onToggle, onProblem }: ControlBarProps & { readonly input: Input }): ReactElement {
  const { t } = useTranslation();
  const { on, starting } = useObservable(devices.store)[input];
  const live = on || starting;
  const barred = live ? null : barredCode(snapshot.rights, input === "microphone" ? "unmute" : "camera");
  return (
    <BarButton
      icon={live ? input : `${input}Off`}
      label={input === "microphone" ? t("control.microphone") : t("control.camera")}
      pressed={live}
      tone={live ? "normal" : "off"}
      {...(barred === null ? {} : { barred: t(problemKey(barred)) })}
      onPress={() => (barred === null ? onToggle(input) : onProblem(barred))}
    />
  );
}

/** A control that stands in the bar, or behind "More" where the bar is narrow. */
export interface ExtraControl {
  readonly icon: "screen" | "hand" | "warning" | "lock";
  readonly label: string;
  readonly pressed: boolean;
  /** Why it cannot be used now. */
  readonly barred?: string | undefined;
  readonly onPress: () => void;
}

/** Screen, hand and, last, encryption. */
function useExtraControls({ meeting, snapshot, room, panel, onPanel, onProblem }: ControlBarProps): ExtraControl[] {
  const { t } = useTranslation();
  const screen = useObservable(room.screen);
  const hand = snapshot.people.some((person) => person.self && person.hand);
  const barred = screen ? null : barredCode(snapshot.rights, "share");
  const share: ExtraControl = {
    icon: "screen",
    label: t("control.screen"),
    pressed: screen !== null,
    ...(barred === null ? {} : { barred: t(problemKey(barred)) }),
    onPress: () => (barred !== null ? onProblem(barred) : screen ? room.unshare() : void shareScreen(room, onProblem)),
  };
  const raise: ExtraControl = {
    icon: "hand",
    label: t("control.hand"),
    pressed: hand,
    onPress: () => void meeting.raiseHand(!hand).catch((error: unknown) => onProblem(codeOf(error))),
  };
  const encryption: ExtraControl = {
    icon: standing(snapshot) === "alarm" ? "warning" : "lock",
    label: t("control.encryption"),
    pressed: panel === "encryption",
    onPress: () => onPanel("encryption"),
  };
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === "function";
  return [...(canShare ? [share] : []), raise, encryption];
}

/** Asks the browser which screen; closing its question is not an error. */
async function shareScreen(room: Room, onProblem: (code: string) => void): Promise<void> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotAllowedError")) onProblem("screen");
    return;
  }
  await room.share(stream).catch(() => onProblem("screen"));
}

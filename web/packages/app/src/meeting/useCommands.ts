/** What the keys of a meeting do, and the switch of microphone and camera that they share with the bar. */

import { useMemo, useRef } from "react";
import { barredCode } from "../state/barred.ts";
import type { Devices, Input } from "../state/devices.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { codeOf } from "../state/room.ts";
import type { Command } from "../state/shortcuts.ts";
import { PushToTalk } from "../state/talk.ts";
import type { MeetingView } from "./useMeetingView.ts";
import { useShortcuts } from "./useShortcuts.ts";

export interface CommandsProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  readonly view: MeetingView;
  readonly onHelp: () => void;
  readonly onProblem: (code: string) => void;
}

/** Binds the keys; returns the switch. */
export function useCommands({ meeting, snapshot, devices, view, onHelp, onProblem }: CommandsProps): (input: Input) => void {
  const may = useRef(snapshot.rights.may.unmute);
  may.current = snapshot.rights.may.unmute;
  const talk = useMemo(() => new PushToTalk(devices, () => may.current), [devices]);
  const toggle = (input: Input): void => {
    talk.forget();
    const { on, starting } = devices.store.getSnapshot()[input];
    const barred = on || starting ? null : barredCode(snapshot.rights, input === "microphone" ? "unmute" : "camera");
    if (barred === null) void devices.toggle(input);
    else onProblem(barred);
  };
  const commands: Record<Command, () => void> = {
    microphone: () => toggle("microphone"),
    camera: () => toggle("camera"),
    hand: () => {
      const up = snapshot.people.some((person) => person.self && person.hand);
      void meeting.raiseHand(!up).catch((error: unknown) => onProblem(codeOf(error)));
    },
    chat: () => view.toggle("chat"),
    people: () => view.toggle("people"),
    next_page: () => view.turn(view.choice.page + 1),
    previous_page: () => view.turn(view.choice.page - 1),
    help: onHelp,
  };
  useShortcuts((command) => commands[command](), view.pages, talk);
  return toggle;
}

/** Lines above the stage for what a person must know now: connection, alarms, devices, sharing. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import { deviceKey, problemKey } from "../problems.ts";
import type { Devices } from "../state/devices.ts";
import { alone } from "../state/people.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Room, Visible } from "../state/room.ts";
import { Button, IconButton } from "../ui/controls.tsx";
import { AlarmNotice, useAlarm } from "./AlarmNotice.tsx";
import { KnockNotice } from "./KnockNotice.tsx";
import { Notice } from "./Notice.tsx";
import type { PanelName } from "./useMeetingView.ts";
import { useNaming } from "./useNaming.ts";
import { useTalkingMuted } from "./useTalkingMuted.ts";

export interface NoticesProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  readonly room: Room;
  readonly problem: string | null;
  readonly panel: PanelName | null;
  readonly onClear: () => void;
  readonly onPanel: (name: PanelName) => void;
  readonly onProblem: (code: string) => void;
}

/** The gravest first. */
export function Notices(props: NoticesProps): ReactElement {
  return (
    <div className="notices">
      <Connection {...props} />
      <KnockNotice {...props} listed={props.panel === "people"} onPeople={() => props.onPanel("people")} />
      <Watching {...props} />
      <Sharing {...props} />
      <Capture {...props} />
      <Muted {...props} />
      <Problem {...props} />
    </div>
  );
}

/** Whether this person is connected, and safely. */
function Connection({ meeting, snapshot, onPanel }: NoticesProps): ReactElement {
  const { t } = useTranslation();
  const { state, encryption } = snapshot;
  const alarm = useAlarm(encryption);
  return (
    <>
      {alarm.shown ? <AlarmNotice alarm={alarm.shown} encryption={encryption} onShow={() => onPanel("encryption")} onClose={alarm.close} /> : null}
      {state === "reconnecting" ? (
        <Notice tone="warn" icon="warning">
          <span className="spinner" aria-hidden="true" />
          <span>{t("state.reconnecting")}</span>
        </Notice>
      ) : null}
      {state === "connected" && encryption.stopped !== null && !alone(snapshot.people) && !alarm.shown ? (
        <Notice tone="warn" icon="lock" alert>
          {t("state.stopped")}
        </Notice>
      ) : null}
      {snapshot.soundBlocked ? (
        <Notice tone="info" icon="speaker">
          <span>{t("sound.blocked")}</span>
          <Button look="quiet" onPress={() => void meeting.playSound().catch(() => undefined)}>
            {t("sound.play")}
          </Button>
        </Notice>
      ) : null}
    </>
  );
}

function Sharing({ room }: NoticesProps): ReactElement | null {
  const { t } = useTranslation();
  if (!useObservable(room.screen)) return null;
  return (
    <Notice tone="info" icon="screen">
      <span>{t("screen.sharing")}</span>
      <Button look="quiet" onPress={() => room.unshare()}>
        {t("screen.stop")}
      </Button>
    </Notice>
  );
}

const STOPPED = {
  microphone: "stopped.microphone",
  camera: "stopped.camera",
  screen: "stopped.screen",
} as const satisfies Record<Visible, string>;

/** Devices in trouble, and sources that were stopped because they were not encrypted. */
function Capture({ devices, room }: NoticesProps): ReactElement {
  const { t } = useTranslation();
  const inputs = useObservable(devices.store);
  const stopped = useObservable(room.stopped);
  return (
    <>
      {(["microphone", "camera"] as const).map((input) => {
        const { problem } = inputs[input];
        return problem ? (
          <Notice key={input} tone="warn" icon="warning" alert>
            {t(deviceKey(input, problem))}
          </Notice>
        ) : null;
      })}
      {stopped.map((source) => (
        <Notice key={source} tone="warn" icon="lock" alert>
          {t(STOPPED[source])}
        </Notice>
      ))}
    </>
  );
}

/** Says to whom it applies that he is here to watch and listen. */
function Watching({ snapshot }: NoticesProps): ReactElement | null {
  const { t } = useTranslation();
  if (snapshot.rights.why.camera !== "audience") return null;
  return (
    <Notice tone="info" icon="speaker">
      {t("meeting.watching")}
    </Notice>
  );
}

/** Talking without being heard, or muted by a host: one of them. */
function Muted({ snapshot: { mutedBy, rights, tenants }, devices }: NoticesProps): ReactElement | null {
  const { t } = useTranslation();
  const naming = useNaming(tenants);
  const { microphone } = useObservable(devices.store);
  if (useTalkingMuted(devices)) {
    return (
      <Notice tone="info" icon="microphoneOff">
        <span>{t("meeting.talking_muted")}</span>
        {rights.may.unmute ? (
          <Button look="quiet" onPress={() => void devices.turn("microphone", true)}>
            {t("meeting.unmute")}
          </Button>
        ) : null}
      </Notice>
    );
  }
  if (mutedBy?.source !== "microphone" || microphone.on) return null;
  return (
    <Notice tone="info" icon="microphoneOff">
      {rights.why.unmute === "held" ? t("barred.held") : t("meeting.muted_by", { name: naming(mutedBy.name, mutedBy.from) })}
    </Notice>
  );
}

/** What the person tried just now and did not work. */
function Problem({ problem, onClear }: NoticesProps): ReactElement | null {
  const { t } = useTranslation();
  if (!problem) return null;
  return (
    <Notice tone="warn" icon="warning" alert>
      <span>{problem === "screen" ? t("screen.failed") : t(problemKey(problem))}</span>
      <IconButton icon="close" label={t("notice.close")} onPress={onClear} />
    </Notice>
  );
}

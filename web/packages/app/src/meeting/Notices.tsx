/** Lines above the stage for what a person must know now: connection, alarms, devices, sharing. */

import type { ReactElement, ReactNode } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import { deviceKey, problemKey } from "../problems.ts";
import { alarmKey, severity } from "../state/alarms.ts";
import type { Devices } from "../state/devices.ts";
import { alone } from "../state/people.ts";
import { newGroupKind } from "../state/encryption.ts";
import type { Alarm, EncryptionState, Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Room, Visible } from "../state/room.ts";
import { Button, IconButton } from "../ui/controls.tsx";
import { Icon, type IconName } from "../ui/icons.tsx";
import { useTalkingMuted } from "./useTalkingMuted.ts";

export interface NoticesProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  readonly room: Room;
  readonly problem: string | null;
  readonly onClear: () => void;
  readonly onEncryption: () => void;
}

export function Notices({ meeting, snapshot, devices, room, problem, onClear, onEncryption }: NoticesProps): ReactElement {
  const { t } = useTranslation();
  const inputs = useObservable(devices.store);
  const screen = useObservable(room.screen);
  const { microphone, camera } = inputs;
  const unheard = useTalkingMuted(devices);
  const mutedBy = snapshot.mutedBy;
  const stopped = useObservable(room.stopped);
  const alarm = useAlarm(snapshot.encryption);
  return (
    <div className="notices">
      {alarm.shown ? <AlarmNotice alarm={alarm.shown} encryption={snapshot.encryption} onShow={onEncryption} onClose={alarm.close} /> : null}
      {snapshot.state === "reconnecting" ? (
        <Notice tone="warn" icon="warning">
          <span className="spinner" aria-hidden="true" />
          <span>{t("state.reconnecting")}</span>
        </Notice>
      ) : null}
      {snapshot.state === "connected" && snapshot.encryption.stopped !== null && !alone(snapshot.people) && !alarm.shown ? (
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
      {screen ? (
        <Notice tone="info" icon="screen">
          <span>{t("screen.sharing")}</span>
          <Button look="quiet" onPress={() => room.unshare()}>
            {t("screen.stop")}
          </Button>
        </Notice>
      ) : null}
      {microphone.problem ? <Notice tone="warn" icon="warning" alert>{t(deviceKey("microphone", microphone.problem))}</Notice> : null}
      {camera.problem ? <Notice tone="warn" icon="warning" alert>{t(deviceKey("camera", camera.problem))}</Notice> : null}
      {stopped.map((source) => (
        <Notice key={source} tone="warn" icon="lock" alert>
          {t(STOPPED[source])}
        </Notice>
      ))}
      {unheard ? (
        <Notice tone="info" icon="microphoneOff">
          <span>{t("meeting.talking_muted")}</span>
          <Button look="quiet" onPress={() => void devices.turn("microphone", true)}>
            {t("meeting.unmute")}
          </Button>
        </Notice>
      ) : null}
      {mutedBy?.source === "microphone" && !microphone.on && !unheard ? (
        <Notice tone="info" icon="microphoneOff">
          {t("meeting.muted_by", { name: mutedBy.name })}
        </Notice>
      ) : null}
      {problem ? (
        <Notice tone="warn" icon="warning" alert>
          <span>{problem === "screen" ? t("screen.failed") : t(problemKey(problem))}</span>
          <IconButton icon="close" label={t("notice.close")} onPress={onClear} />
        </Notice>
      ) : null}
    </div>
  );
}

const STOPPED = {
  microphone: "stopped.microphone",
  camera: "stopped.camera",
  screen: "stopped.screen",
} as const satisfies Record<Visible, string>;

/** The gravest thing noticed that was not put aside. What takes the promise back cannot be put aside. */
function useAlarm(encryption: EncryptionState): { readonly shown: Alarm | undefined; readonly close: () => void } {
  const [aside, setAside] = useState(0);
  const danger = encryption.alarms.findLast((known) => severity(known.code) === "danger");
  const warning = encryption.alarms.findLast((known) => severity(known.code) === "warn" && known.time > aside);
  const shown = danger ?? warning;
  return { shown, close: () => setAside(shown?.time ?? 0) };
}

interface AlarmNoticeProps {
  readonly alarm: Alarm;
  readonly encryption: EncryptionState;
  readonly onShow: () => void;
  readonly onClose: () => void;
}

function AlarmNotice({ alarm, encryption, onShow, onClose }: AlarmNoticeProps): ReactElement {
  const { t } = useTranslation();
  const danger = severity(alarm.code) === "danger";
  const restarted = alarm.code === "new_group" && newGroupKind(encryption) === "restarted";
  return (
    <Notice tone={danger ? "danger" : "warn"} icon="warning" alert>
      <span>
        {restarted ? t("alarm.restarted") : t(alarmKey(alarm.code))}{" "}
        {alarm.people.length > 0 ? t("alarm.people", { names: alarm.people.join(", ") }) : null}
      </span>
      <Button look="quiet" onPress={onShow}>
        {t("alarm.show")}
      </Button>
      {danger ? null : <IconButton icon="close" label={t("notice.close")} onPress={onClose} />}
    </Notice>
  );
}

interface NoticeProps {
  readonly tone: "info" | "warn" | "danger";
  readonly icon: IconName;
  readonly alert?: boolean;
  readonly children: ReactNode;
}

function Notice({ tone, icon, alert = false, children }: NoticeProps): ReactElement {
  return (
    <div className={`notice notice-${tone}`} role={alert ? "alert" : "status"}>
      <Icon name={icon} size={20} />
      {children}
    </div>
  );
}

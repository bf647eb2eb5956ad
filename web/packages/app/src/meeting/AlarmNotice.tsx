/** The line for what the encryption noticed. */

import type { ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { alarmKey, severity } from "../state/alarms.ts";
import { newGroupKind } from "../state/encryption.ts";
import type { Alarm, EncryptionState } from "../state/port.ts";
import { Button, IconButton } from "../ui/controls.tsx";
import { Notice } from "./Notice.tsx";

/** The gravest thing noticed that was not put aside. What takes the promise back cannot be put aside. */
export function useAlarm(encryption: EncryptionState): { readonly shown: Alarm | undefined; readonly close: () => void } {
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

export function AlarmNotice({ alarm, encryption, onShow, onClose }: AlarmNoticeProps): ReactElement {
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

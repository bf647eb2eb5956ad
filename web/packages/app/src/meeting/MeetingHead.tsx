/** The line above the stage: the room's title and, always in sight, who can hear. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { Icon, Mark } from "../ui/icons.tsx";
import { useQuality } from "./useQuality.ts";
import { useSentence } from "./useSentence.ts";

export function MeetingHead({ title, meeting, snapshot }: { title: string; meeting: Meeting; snapshot: MeetingSnapshot }): ReactElement {
  const { t } = useTranslation();
  const sentence = useSentence(snapshot);
  const quality = useQuality(meeting);
  return (
    <header className="meeting-head">
      <Mark size={22} />
      <h1>{title}</h1>
      <p className={`head-quality quality-${quality}`} role="status">
        {quality === "good" || snapshot.state !== "connected" ? null : (
          <>
            <Icon name="signal" size={16} />
            <span>{quality === "weak" ? t("quality.weak") : t("quality.poor")}</span>
          </>
        )}
      </p>
      <p className={`head-standing standing-${sentence.standing}`}>
        <Icon name={sentence.standing === "alarm" ? "warning" : "lock"} size={16} />
        <span>{snapshot.state === "reconnecting" ? t("state.reconnecting_short") : sentence.text}</span>
      </p>
    </header>
  );
}

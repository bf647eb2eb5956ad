/** The line above the stage: the room's title and, always in sight, who can hear. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { MeetingSnapshot } from "../state/port.ts";
import { Icon, Mark } from "../ui/icons.tsx";
import { useSentence } from "./useSentence.ts";

export function MeetingHead({ title, snapshot }: { title: string; snapshot: MeetingSnapshot }): ReactElement {
  const { t } = useTranslation();
  const sentence = useSentence(snapshot);
  return (
    <header className="meeting-head">
      <Mark size={22} />
      <h1>{title}</h1>
      <p className={`head-standing standing-${sentence.standing}`}>
        <Icon name={sentence.standing === "alarm" ? "warning" : "lock"} size={16} />
        <span>{snapshot.state === "reconnecting" ? t("state.reconnecting_short") : sentence.text}</span>
      </p>
    </header>
  );
}

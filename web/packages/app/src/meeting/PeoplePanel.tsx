/** Who is here: those who wait at the door on top, then the people of the encrypted group, with a host's actions. */

import type { ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { listed } from "../state/encryption.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { codeOf } from "../state/room.ts";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Scroll } from "../ui/Scroll.tsx";
import { AskSheet } from "./AskSheet.tsx";
import { InviteLink } from "./InviteLink.tsx";
import { LobbyList } from "./LobbyList.tsx";
import type { Asked } from "./PersonMenu.tsx";
import { PersonRow } from "./PersonRow.tsx";

export interface PeoplePanelProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly onClose: () => void;
  readonly onRules: () => void;
  readonly onProblem: (code: string) => void;
}

export function PeoplePanel({ meeting, snapshot, onClose, onRules, onProblem }: PeoplePanelProps): ReactElement {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Asked | null>(null);
  const report = (error: unknown): void => onProblem(codeOf(error));
  return (
    <Panel title={t("control.people")} onClose={onClose}>
      <Scroll className="panel-scroll" label={t("people.list")}>
        <LobbyList meeting={meeting} lobby={snapshot.lobby} tenants={snapshot.tenants} onProblem={report} />
        <People meeting={meeting} snapshot={snapshot} onAsk={setAsked} onProblem={report} />
      </Scroll>
      <div className="panel-foot">
        <InviteLink open={snapshot.rules?.access === "public"} />
        {snapshot.rights.may.command ? (
          <Button icon="settings" onPress={onRules}>
            {t("rules.title")}
          </Button>
        ) : null}
      </div>
      <AskSheet meeting={meeting} asked={asked} onClose={() => setAsked(null)} onProblem={report} />
    </Panel>
  );
}

interface PeopleProps extends Pick<PeoplePanelProps, "meeting" | "snapshot"> {
  readonly onAsk: (asked: Asked) => void;
  readonly onProblem: (error: unknown) => void;
}

function People({ meeting, snapshot, onAsk, onProblem }: PeopleProps): ReactElement {
  const { t, i18n } = useTranslation();
  const { tenants, rights } = snapshot;
  const shared = { meeting, tenants, host: rights.may.command, onAsk, onProblem };
  return (
    <>
      {snapshot.handsToldBy ? (
        <p className="note note-info">
          <Icon name="hand" size={18} />
          <span>{t("people.hands_told_by", { name: snapshot.handsToldBy })}</span>
        </p>
      ) : null}
      {snapshot.lobby.length > 0 ? <h3 className="people-inside">{t("people.inside")}</h3> : null}
      <ul className="people-list" aria-label={t("people.inside")}>
        {listed(snapshot.people, i18n.language).map((person) => (
          <PersonRow key={person.participant} person={person} {...shared} />
        ))}
      </ul>
    </>
  );
}

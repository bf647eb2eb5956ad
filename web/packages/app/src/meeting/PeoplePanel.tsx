/** Who is here: the people of the encrypted group, their ministry and role, and a host's actions. */

import type { ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { listed, tenantOf } from "../state/encryption.ts";
import type { Meeting, MeetingSnapshot, Person, Role, Tenant } from "../state/port.ts";
import { codeOf } from "../state/room.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button, IconButton } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Scroll } from "../ui/Scroll.tsx";
import { Sheet } from "../ui/Sheet.tsx";
import { InviteLink } from "./InviteLink.tsx";

export interface PeoplePanelProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly onClose: () => void;
  readonly onProblem: (code: string) => void;
}

export function PeoplePanel({ meeting, snapshot, onClose, onProblem }: PeoplePanelProps): ReactElement {
  const { t, i18n } = useTranslation();
  const [removing, setRemoving] = useState<Person | null>(null);
  const people = listed(snapshot.people, i18n.language);
  const host = people.some((person) => person.self && person.host);
  const report = (error: unknown): void => onProblem(codeOf(error));
  return (
    <Panel title={t("control.people")} onClose={onClose}>
      <Scroll className="panel-scroll" label={t("people.list")}>
        {snapshot.handsToldBy ? (
          <p className="note note-info">
            <Icon name="hand" size={18} />
            <span>{t("people.hands_told_by", { name: snapshot.handsToldBy })}</span>
          </p>
        ) : null}
        <ul className="people-list">
          {people.map((person) => (
            <PersonRow
              key={person.participant}
              person={person}
              tenants={snapshot.tenants}
              host={host}
              onMute={() => void meeting.host.mute(person.participant, "microphone").catch(report)}
              onRemove={() => setRemoving(person)}
            />
          ))}
        </ul>
      </Scroll>
      <div className="panel-foot">
        <InviteLink />
      </div>
      <Sheet title={t("people.remove_title", { name: removing?.name ?? "" })} open={removing !== null} onClose={() => setRemoving(null)}>
        <p>{t("people.remove_text")}</p>
        <div className="actions">
          <Button
            look="danger"
            onPress={() => {
              if (removing) void meeting.host.remove(removing.participant).catch(report);
              setRemoving(null);
            }}
          >
            {t("people.remove_confirm")}
          </Button>
          <Button onPress={() => setRemoving(null)}>{t("people.remove_keep")}</Button>
        </div>
      </Sheet>
    </Panel>
  );
}

interface PersonRowProps {
  readonly person: Person;
  readonly tenants: readonly Tenant[];
  readonly host: boolean;
  readonly onMute: () => void;
  readonly onRemove: () => void;
}

function PersonRow({ person, tenants, host, onMute, onRemove }: PersonRowProps): ReactElement {
  const { t } = useTranslation();
  const tenant = tenantOf(person, tenants);
  const on = person.microphone === "live";
  return (
    <li className="person-row">
      <Avatar name={person.name} colour={tenant?.colour ?? "#6b7785"} size="small" />
      <div className="person-lines">
        <span className="person-name">
          <bdi>{person.name}</bdi>
          <Badges person={person} />
        </span>
        <span className="person-title">{tenant?.name ?? t("people.unknown_tenant")}</span>
        {person.role === "guest" ? <span className="person-title">{t("people.name_unchecked")}</span> : null}
        {person.signing ? <span className="person-title">{t("people.signing")}</span> : null}
        {person.leaving ? <span className="person-title">{t("people.left")}</span> : null}
        {person.state === "reconnecting" && !person.leaving ? <span className="person-title">{t("tile.reconnecting")}</span> : null}
      </div>
      <div className="person-tools">
        {person.hand ? (
          <span className="person-hand">
            <Icon name="hand" size={20} />
            <span className="visually-hidden">{t("people.hand_up")}</span>
          </span>
        ) : null}
        {host && !person.self && on ? (
          <IconButton icon="microphone" label={t("people.mute", { name: person.name })} onPress={onMute} />
        ) : (
          <span className="person-mic">
            <Icon name={on ? "microphone" : "microphoneOff"} size={20} />
            <span className="visually-hidden">{on ? t("people.microphone_on") : t("people.microphone_off")}</span>
          </span>
        )}
        {host && !person.self ? <IconButton icon="remove" label={t("people.remove", { name: person.name })} onPress={onRemove} /> : null}
      </div>
    </li>
  );
}

const ROLE_KEYS = {
  guest: "role.guest",
  agent: "role.agent",
  recipient: "role.recipient",
} as const satisfies Record<Exclude<Role, "participant">, string>;

/** Short marks after a name: you, host, guest, assistant. */
export function Badges({ person }: { person: Person }): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      {person.self ? <span className="badge">{t("tile.you")}</span> : null}
      {person.host ? <span className="badge badge-strong">{t("role.host")}</span> : null}
      {person.role !== "participant" ? <span className="badge badge-guest">{t(ROLE_KEYS[person.role])}</span> : null}
    </>
  );
}

/** One person of the list: name, marks, who vouches for it, and for hosts what can be done. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { tenantOf } from "../state/encryption.ts";
import type { Meeting, Person, Tenant } from "../state/port.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { IconButton } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { Badges } from "./Badges.tsx";
import { type Asked, PersonMenu } from "./PersonMenu.tsx";

export interface PersonRowProps {
  readonly meeting: Meeting;
  readonly person: Person;
  readonly tenants: readonly Tenant[];
  readonly host: boolean;
  /** Something that is asked about before it is done. */
  readonly onAsk: (asked: Asked) => void;
  readonly onProblem: (error: unknown) => void;
}

export function PersonRow(props: PersonRowProps): ReactElement {
  const { person, tenants } = props;
  const { t } = useTranslation();
  const tenant = tenantOf(person, tenants);
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
      <Tools {...props} />
    </li>
  );
}

function Tools({ meeting, person, host, onAsk, onProblem }: PersonRowProps): ReactElement {
  const { t } = useTranslation();
  const on = person.microphone === "live";
  const commanded = host && !person.self && !person.leaving;
  return (
    <div className="person-tools">
      {person.hand ? (
        <span className="person-hand">
          <Icon name="hand" size={20} />
          <span className="visually-hidden">{t("people.hand_up")}</span>
        </span>
      ) : null}
      {commanded && on ? (
        <IconButton
          icon="microphone"
          label={t("people.mute", { name: person.name })}
          onPress={() => void meeting.host.mute(person.participant, "microphone").catch(onProblem)}
        />
      ) : (
        <span className="person-mic">
          <Icon name={on ? "microphone" : "microphoneOff"} size={20} />
          <span className="visually-hidden">{on ? t("people.microphone_on") : t("people.microphone_off")}</span>
        </span>
      )}
      {commanded ? <PersonMenu meeting={meeting} person={person} onAsk={onAsk} onProblem={onProblem} /> : null}
    </div>
  );
}

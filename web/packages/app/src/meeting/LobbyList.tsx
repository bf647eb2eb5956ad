/** Who waits to be let in, for hosts: above the people, longest first, with who they say they are. */

import type { ReactElement } from "react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Knocker, Meeting, Tenant } from "../state/port.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { RoleBadge } from "./Badges.tsx";

export interface LobbyListProps {
  readonly meeting: Meeting;
  readonly lobby: readonly Knocker[];
  readonly tenants: readonly Tenant[];
  readonly onProblem: (error: unknown) => void;
}

export function LobbyList({ meeting, lobby, tenants, onProblem }: LobbyListProps): ReactElement | null {
  const { t } = useTranslation();
  const id = useId();
  if (lobby.length === 0) return null;
  return (
    <section className="lobby-list" aria-labelledby={id}>
      <header className="lobby-list-head">
        <h3 id={id}>{t("knock.list", { count: lobby.length })}</h3>
        {lobby.length > 1 ? <Button onPress={() => void meeting.host.admitAll().catch(onProblem)}>{t("knock.admit_all")}</Button> : null}
      </header>
      <ul className="people-list">
        {lobby.map((knocker) => (
          <KnockerRow key={knocker.knock} meeting={meeting} knocker={knocker} tenants={tenants} onProblem={onProblem} />
        ))}
      </ul>
    </section>
  );
}

function KnockerRow({ meeting, knocker, tenants, onProblem }: Omit<LobbyListProps, "lobby"> & { readonly knocker: Knocker }): ReactElement {
  const { t } = useTranslation();
  const { knock, name, role } = knocker;
  const tenant = tenants.find((known) => known.tenant === knocker.tenant);
  const issuer = tenant?.name ?? t("people.unknown_tenant");
  return (
    <li className="person-row knocker-row">
      <Avatar name={name} colour={tenant?.colour ?? "#6b7785"} size="small" />
      <div className="person-lines">
        <span className="person-name">
          <bdi>{name}</bdi>
          <RoleBadge of={{ role }} />
        </span>
        <span className="person-title">{role === "guest" ? t("people.name_unchecked") : issuer}</span>
        {knocker.lookalike ? (
          <span className="person-title knocker-lookalike">
            <Icon name="warning" size={16} />
            <span>{t("knock.lookalike")}</span>
          </span>
        ) : null}
      </div>
      <div className="knocker-tools">
        <Button look="primary" aria-label={t("knock.admit_name", { name })} onPress={() => void meeting.host.admit(knock).catch(onProblem)}>
          {t("knock.admit")}
        </Button>
        <Button aria-label={t("knock.refuse_name", { name })} onPress={() => void meeting.host.refuse(knock).catch(onProblem)}>
          {t("knock.refuse")}
        </Button>
      </div>
    </li>
  );
}

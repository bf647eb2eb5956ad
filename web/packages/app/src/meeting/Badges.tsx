/** Short marks after a name, from the tree's certificate: you, host, guest, assistant. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { tenantOf } from "../state/encryption.ts";
import type { Issued, Person, Role, Tenant } from "../state/port.ts";

const ROLE_KEYS = {
  guest: "role.guest",
  agent: "role.agent",
  recipient: "role.recipient",
} as const satisfies Record<Exclude<Role, "participant">, string>;

export function Badges({ person }: { person: Person }): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      {person.self ? <span className="badge">{t("tile.you")}</span> : null}
      {person.host ? <span className="badge badge-strong">{t("role.host")}</span> : null}
      {person.roomRole === "audience" ? <span className="badge">{t("role.audience")}</span> : null}
      <RoleBadge of={person} />
    </>
  );
}

/** What the certificate says its bearer is, where that is not simply somebody of a ministry. */
export function RoleBadge({ of }: { of: Pick<Issued, "role"> }): ReactElement | null {
  const { t } = useTranslation();
  return of.role === "participant" ? null : <span className="badge badge-guest">{t(ROLE_KEYS[of.role])}</span>;
}

/** Role and ministry beside a name that has no line of its own for them. */
export function IssuedMarks({ of, tenants }: { of: Issued; tenants: readonly Tenant[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <RoleBadge of={of} />
      <span className="issuer">{tenantOf(of, tenants)?.short ?? t("people.unknown_tenant")}</span>
    </>
  );
}

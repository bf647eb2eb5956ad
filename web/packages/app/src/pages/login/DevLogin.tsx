/** The development login: made-up officials of the demo ministries, one press each. */

import type { ReactElement } from "react";
import { useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../../context.ts";
import { problemKey } from "../../problems.ts";
import type { TenantInfo } from "../../state/api.ts";
import { codeOf } from "../../state/room.ts";
import { Avatar } from "../../ui/Avatar.tsx";

export function DevLogin({ headings: Title = "h3" }: { headings?: "h2" | "h3" }): ReactElement | null {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { config } = useApp();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const login = async (tenant: string, subject: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await model.login(tenant, subject);
    } catch (error) {
      setProblem(codeOf(error));
      setBusy(false);
    }
  };
  const tenants = (config?.tenants ?? []).filter((tenant) => config?.people.some((person) => person.tenant === tenant.id));
  if (tenants.length === 0) return null;
  return (
    <div className="dev-login">
      <p className="quiet">{t("login.text")}</p>
      {tenants.map((tenant) => (
        <section key={tenant.id} className="dev-tenant" aria-label={tenant.name}>
          <Title>
            <span className="tenant-dot" style={{ backgroundColor: tenant.colour }} aria-hidden="true" />
            {tenant.name}
          </Title>
          <Officials tenant={tenant} busy={busy} onLogin={(subject) => void login(tenant.id, subject)} />
        </section>
      ))}
      {problem ? (
        <p className="field-error" role="alert">
          {t(problemKey(problem))}
        </p>
      ) : null}
    </div>
  );
}

function Officials({ tenant, busy, onLogin }: { tenant: TenantInfo; busy: boolean; onLogin: (subject: string) => void }): ReactElement {
  const { config } = useApp();
  return (
    <ul>
      {(config?.people ?? [])
        .filter((person) => person.tenant === tenant.id)
        .map((person) => (
          <li key={person.subject}>
            <AriaButton className="person-choice" isDisabled={busy} onPress={() => onLogin(person.subject)}>
              <Avatar name={person.name} colour={tenant.colour} size="small" />
              <span className="person-lines">
                <span className="person-name">{person.name}</span>
                <span className="person-title">{person.title}</span>
              </span>
            </AriaButton>
          </li>
        ))}
    </ul>
  );
}

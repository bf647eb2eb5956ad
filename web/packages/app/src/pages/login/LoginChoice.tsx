/** How to say who one is: by the address, by the ministry, or, on a developer's machine, just so. */

import type { FormEvent, ReactElement } from "react";
import { useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../../context.ts";
import { problemKey } from "../../problems.ts";
import { discover, type Provider } from "../../state/login.ts";
import { codeOf } from "../../state/room.ts";
import { Button, Field } from "../../ui/controls.tsx";
import { DevLogin } from "./DevLogin.tsx";
import { useProviders } from "./useProviders.ts";

interface Choice {
  readonly headings?: "h2" | "h3";
  /** Where to come back to; this page when not given. */
  readonly returnTo?: string;
}

export function LoginChoice({ headings = "h3", returnTo }: Choice): ReactElement {
  const { t } = useTranslation();
  const { model, leave } = useWorld();
  const { config } = useApp();
  const providers = useProviders();
  const go = (provider: Provider): void => {
    const hash = returnTo === undefined || returnTo === location.pathname ? location.hash : "";
    leave(model.leaveFor(provider.id, returnTo ?? location.pathname, hash));
  };
  const made = (config?.people.length ?? 0) > 0;
  if (providers === null) return <p role="status">{t("page.loading")}</p>;
  return (
    <div className="stack">
      {providers.length > 0 ? <ByAddress onFound={go} /> : null}
      {providers.length > 0 ? <ByMinistry providers={providers} onChoose={go} heading={headings} /> : null}
      {providers.length === 0 && !made ? <p>{t("login.none")}</p> : null}
      {made ? <DevLogin headings={headings} /> : null}
    </div>
  );
}

function ByAddress({ onFound }: { onFound: (provider: Provider) => void }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const [email, setEmail] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const ask = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const found = await discover(model.api, email.trim());
      if (found) onFound(found);
      else setError(t("login.email_unknown"));
    } catch (failure) {
      setError(t(problemKey(codeOf(failure))));
    }
    setBusy(false);
  };
  return (
    <form className="stack" onSubmit={(event) => void ask(event)} noValidate>
      <Field
        label={t("login.email")}
        value={email}
        onChange={(value) => {
          setEmail(value);
          setError(null);
        }}
        hint={t("login.email_hint")}
        error={error}
        maxLength={254}
        autoComplete="email"
      />
      <Button type="submit" look="primary" icon="arrow" isDisabled={busy}>
        {t("login.go")}
      </Button>
    </form>
  );
}

function ByMinistry({ providers, onChoose, heading: Title }: {
  providers: readonly Provider[];
  onChoose: (provider: Provider) => void;
  heading: "h2" | "h3";
}): ReactElement {
  const { t } = useTranslation();
  const { config } = useApp();
  return (
    <section className="dev-tenant" aria-labelledby="ministries">
      <Title id="ministries">{t("login.ministries")}</Title>
      <ul>
        {providers.map((provider) => {
          const tenant = config?.tenants.find((known) => known.id === provider.tenant);
          return (
            <li key={provider.id}>
              <AriaButton className="person-choice" onPress={() => onChoose(provider)}>
                <span className="tenant-dot" style={{ backgroundColor: tenant?.colour ?? "#6b7785" }} aria-hidden="true" />
                <span className="person-lines">
                  <span className="person-name">{tenant?.name ?? provider.tenant}</span>
                  <span className="person-title">{provider.name}</span>
                </span>
              </AriaButton>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

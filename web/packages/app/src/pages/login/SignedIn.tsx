/** Who one is logged in as, with the way out and to the own page. */

import type { ReactElement } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../../context.ts";
import { Avatar } from "../../ui/Avatar.tsx";

export function SignedIn(): ReactElement | null {
  const { t } = useTranslation();
  const { model, navigate, leave } = useWorld();
  const { config, session } = useApp();
  if (!session) return null;
  const cookie = session.session === null;
  const out = async (): Promise<void> => {
    const elsewhere = await model.logout();
    if (elsewhere !== null) leave(elsewhere);
  };
  const tenant = config?.tenants.find((known) => known.id === session.person.tenant);
  return (
    <div className="signed-in">
      <Avatar name={session.person.name} colour={tenant?.colour ?? "#6b7785"} size="small" />
      <span className="person-lines">
        <span className="person-name">{session.person.name}</span>
        <span className="person-title">{tenant?.name ?? session.person.tenant}</span>
      </span>
      {cookie && location.pathname !== "/me" ? (
        <AriaButton className="link-button" onPress={() => navigate("/me")}>
          {t("me.title")}
        </AriaButton>
      ) : null}
      <AriaButton className="link-button" onPress={() => void out()}>
        {t(cookie ? "login.out" : "login.change")}
      </AriaButton>
    </div>
  );
}

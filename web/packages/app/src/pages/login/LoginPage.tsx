/** Where a login begins, and where one that failed comes back to: what went wrong, and what to do about it. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../../context.ts";
import { problemKey } from "../../problems.ts";
import { returnPath } from "../../state/login.ts";
import { Button } from "../../ui/controls.tsx";
import { Chrome, useTitle } from "../Chrome.tsx";
import { LoginChoice } from "./LoginChoice.tsx";
import { SignedIn } from "./SignedIn.tsx";

export function LoginPage(): ReactElement {
  const { t } = useTranslation();
  const { session } = useApp();
  const asked = new URLSearchParams(location.search);
  const returnTo = returnPath(asked.get("return_to"));
  const problem = asked.get("problem");
  useTitle(t("login.page"));
  return (
    <Chrome narrow>
      <section className="card stack" aria-labelledby="login">
        <h1 id="login">{t("login.page")}</h1>
        {problem ? <Problem code={problem} provider={asked.get("provider")} returnTo={returnTo} /> : null}
        {session ? <SignedIn /> : <LoginChoice headings="h2" returnTo={returnTo} />}
      </section>
    </Chrome>
  );
}

function Problem({ code, provider, returnTo }: { code: string; provider: string | null; returnTo: string }): ReactElement {
  const { t } = useTranslation();
  const { model, leave } = useWorld();
  return (
    <div className="stack">
      <p className="note note-warn" role="alert">
        {t(problemKey(code))}
      </p>
      {code === "assurance_low" && provider !== null ? (
        <Button look="primary" onPress={() => leave(model.leaveFor(provider, returnTo, "", "substantial"))}>
          {t("login.step_up")}
        </Button>
      ) : null}
    </div>
  );
}

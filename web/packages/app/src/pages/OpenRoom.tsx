/** Making a room: what it is about, and who comes in without asking, in plain words. */

import type { FormEvent, ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useWorld } from "../context.ts";
import { problemKey } from "../problems.ts";
import { ACCESS, type Access } from "../state/api.ts";
import { codeOf } from "../state/room.ts";
import { Button, Field } from "../ui/controls.tsx";
import { AccessChoice } from "../ui/AccessChoice.tsx";
import { SignedIn } from "./login/SignedIn.tsx";

export function OpenRoom({ session }: { session: string | null }): ReactElement {
  const { t } = useTranslation();
  const { model, navigate } = useWorld();
  const [title, setTitle] = useState("");
  const [access, setAccess] = useState<Access>(ACCESS[1]);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const open = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      navigate(await model.api.openRoom(title.trim() || t("start.default_title"), access, session));
    } catch (error) {
      const code = codeOf(error);
      if (code === "unauthorized") model.forget();
      setProblem(code);
      setBusy(false);
    }
  };
  return (
    <section className="card" aria-labelledby="open-room">
      <SignedIn />
      <h2 id="open-room">{t("start.open_title")}</h2>
      <form className="stack" onSubmit={(event) => void open(event)}>
        <Field label={t("start.room_name")} value={title} onChange={setTitle} hint={t("start.room_name_hint")} maxLength={80} />
        <AccessChoice value={access} onChange={setAccess} />
        {problem ? (
          <p className="field-error" role="alert">
            {t(problemKey(problem))}
          </p>
        ) : null}
        <Button type="submit" look="primary" icon="plus" isDisabled={busy}>
          {t("start.open")}
        </Button>
      </form>
    </section>
  );
}

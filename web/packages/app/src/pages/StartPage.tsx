/** The first page: say who you are, open a room, or go to one by its link. */

import type { FormEvent, ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../context.ts";
import { problemKey } from "../problems.ts";
import { codeOf } from "../state/room.ts";
import { roomPath } from "../state/route.ts";
import { Button, Field } from "../ui/controls.tsx";
import { Chrome, useTitle } from "./Chrome.tsx";
import { LoginChoice } from "./login/LoginChoice.tsx";
import { SignedIn } from "./login/SignedIn.tsx";

export function StartPage(): ReactElement {
  const { t } = useTranslation();
  const { session } = useApp();
  useTitle("");
  return (
    <Chrome>
      <div className="start">
        <div className="start-lead">
          <h1>{t("start.title")}</h1>
          <p>{t("start.lead")}</p>
        </div>
        <div className="start-cards">
          {session ? <OpenRoom session={session.session} /> : <WhoAreYou />}
          <GoToRoom />
        </div>
      </div>
    </Chrome>
  );
}

function WhoAreYou(): ReactElement {
  const { t } = useTranslation();
  return (
    <section className="card" aria-labelledby="who">
      <h2 id="who">{t("login.title")}</h2>
      <LoginChoice />
    </section>
  );
}

function OpenRoom({ session }: { session: string | null }): ReactElement {
  const { t } = useTranslation();
  const { model, navigate } = useWorld();
  const [title, setTitle] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const open = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      navigate(await model.api.openRoom(title.trim() || t("start.default_title"), session));
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

function GoToRoom(): ReactElement {
  const { t } = useTranslation();
  const { navigate } = useWorld();
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const go = (event: FormEvent): void => {
    event.preventDefault();
    const path = roomPath(typed, location.origin);
    setWrong(path === null);
    if (path !== null) navigate(path);
  };
  return (
    <section className="card" aria-labelledby="go-room">
      <h2 id="go-room">{t("start.go_title")}</h2>
      <form className="stack" onSubmit={go}>
        <Field
          label={t("start.link")}
          value={typed}
          onChange={(value) => {
            setTyped(value);
            setWrong(false);
          }}
          hint={t("start.link_hint")}
          error={wrong ? t("start.link_wrong") : null}
          maxLength={400}
        />
        <Button type="submit" icon="arrow">
          {t("start.go")}
        </Button>
      </form>
    </section>
  );
}

/** The first page: say who you are, open a room, or go to one by its link. */

import type { FormEvent, ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../context.ts";
import { roomPath } from "../state/route.ts";
import { Button, Field } from "../ui/controls.tsx";
import { Chrome, useTitle } from "./Chrome.tsx";
import { LoginChoice } from "./login/LoginChoice.tsx";
import { OpenRoom } from "./OpenRoom.tsx";
import { OwnRooms } from "./OwnRooms.tsx";

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
          <div className="start-side">
            <GoToRoom />
            {session ? <OwnRooms session={session.session} /> : null}
          </div>
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

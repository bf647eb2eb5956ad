/** Saying who one is before a meeting: by a login, or as a guest with a typed name and, where asked for, a PIN. */

import type { FormEvent, ReactElement } from "react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../context.ts";
import { problemKey } from "../problems.ts";
import type { RoomInfo } from "../state/api.ts";
import type { Identity } from "../state/room.ts";
import { Button, Choice, Field } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { LoginChoice } from "./login/LoginChoice.tsx";
import { SignedIn } from "./login/SignedIn.tsx";

export interface WhoProps {
  readonly info: RoomInfo;
  readonly joining: boolean;
  readonly problem: string | null;
  readonly onJoin: (who: Identity) => void;
  readonly onCancel: () => void;
}

export function Who(props: WhoProps): ReactElement {
  const { info, problem } = props;
  const { t } = useTranslation();
  const { session } = useApp();
  const [guest, setGuest] = useState(false);
  if (session) return <Official {...props} session={session.session} />;
  return (
    <div className="stack">
      {info.guests ? (
        <fieldset className="choice-row">
          <legend>{t("lobby.who")}</legend>
          <Choice name="who" checked={!guest} onChoose={() => setGuest(false)} label={t("lobby.official")} />
          <Choice name="who" checked={guest} onChoose={() => setGuest(true)} label={t("lobby.guest")} />
        </fieldset>
      ) : (
        <p>{t("lobby.no_guests")}</p>
      )}
      {guest ? (
        <GuestForm {...props} />
      ) : (
        <>
          <LoginChoice headings="h2" />
          <ProblemNote problem={problem} />
        </>
      )}
    </div>
  );
}

function Official({ session, info, joining, problem, onJoin, onCancel }: WhoProps & { readonly session: string | null }): ReactElement {
  return (
    <div className="stack">
      <SignedIn />
      <Awaits info={info} />
      <JoinRow joining={joining} problem={problem} onPress={() => onJoin({ session, guestName: null })} onCancel={onCancel} />
    </div>
  );
}

/** Problems of the PIN stand at its field. */
const OF_PIN = new Set(["pin_required", "pin_wrong"]);

function GuestForm({ info, joining, problem, onJoin, onCancel }: WhoProps): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { settings } = useApp();
  const [name, setName] = useState(settings.guestName);
  const [pin, setPin] = useState("");
  const [missing, setMissing] = useState({ name: false, pin: false });
  const asked = info.pin || OF_PIN.has(problem ?? "");
  const join = (event: FormEvent): void => {
    event.preventDefault();
    const [typed, digits] = [name.trim(), pin.trim()];
    setMissing({ name: typed === "", pin: asked && digits === "" });
    if (typed === "" || (asked && digits === "") || joining) return;
    model.set({ guestName: typed });
    onJoin({ session: null, guestName: typed, pin: asked ? digits : null });
  };
  const ofPin = missing.pin ? t("lobby.pin_missing") : problem && OF_PIN.has(problem) ? t(problemKey(problem)) : null;
  return (
    <form className="stack" onSubmit={join}>
      <Field
        label={t("lobby.name")}
        value={name}
        onChange={setName}
        hint={t("lobby.name_hint")}
        error={missing.name ? t("lobby.name_missing") : null}
        maxLength={60}
        autoComplete="name"
      />
      {asked ? <Field label={t("lobby.pin")} value={pin} onChange={setPin} hint={t("lobby.pin_hint")} error={ofPin} maxLength={32} /> : null}
      <Awaits info={info} />
      <JoinRow submit joining={joining} problem={problem && OF_PIN.has(problem) ? null : problem} onCancel={onCancel} />
    </form>
  );
}

/** What happens after Join, where it is not simply: one is in. */
function Awaits({ info }: { info: RoomInfo }): ReactElement | null {
  const { t } = useTranslation();
  if (info.admission === "direct") return null;
  return (
    <p className="note note-info">
      <Icon name="people" size={18} />
      <span>{info.admission === "lobby" ? t("lobby.awaits_host") : info.admission === "login" ? t("lobby.awaits_login") : t("lobby.awaits_refusal")}</span>
    </p>
  );
}

interface JoinRowProps {
  readonly joining: boolean;
  readonly problem: string | null;
  readonly submit?: boolean;
  readonly onPress?: () => void;
  readonly onCancel: () => void;
}

/** Join takes the focus when it appears: whoever has just said who they are needs one key more. */
function JoinRow({ joining, problem, submit = false, onPress, onCancel }: JoinRowProps): ReactElement {
  const { t } = useTranslation();
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!submit && !joining) row.current?.querySelector("button")?.focus();
  }, [submit, joining]);
  return (
    <div className="stack" ref={row}>
      <ProblemNote problem={problem} />
      <div role="status">
        {joining ? (
          <p className="loading">
            <span className="spinner" aria-hidden="true" />
            {t("lobby.joining")}
          </p>
        ) : null}
      </div>
      {joining ? (
        <Button onPress={onCancel}>{t("lobby.cancel")}</Button>
      ) : (
        <Button look="primary" {...(submit ? { type: "submit" as const } : { onPress: () => onPress?.() })}>
          {t("lobby.join")}
        </Button>
      )}
    </div>
  );
}

function ProblemNote({ problem }: { problem: string | null }): ReactElement | null {
  const { t } = useTranslation();
  if (!problem) return null;
  return (
    <p className="note note-warn" role="alert">
      <Icon name="warning" size={18} />
      <span>{t(problemKey(problem))}</span>
    </p>
  );
}

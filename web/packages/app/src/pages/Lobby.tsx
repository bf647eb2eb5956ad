/** Before the meeting: who you are, how you look and sound, and Join. */

import type { FormEvent, ReactElement } from "react";
import { useEffect, useRef, useState } from "react";
import { Button as AriaButton, Disclosure, DisclosurePanel, Heading } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useApp, useObservable, useWorld } from "../context.ts";
import { problemKey } from "../problems.ts";
import type { RoomInfo } from "../state/api.ts";
import type { Devices } from "../state/devices.ts";
import type { Identity } from "../state/room.ts";
import { Button, Field } from "../ui/controls.tsx";
import { DeviceChoice } from "../ui/DeviceChoice.tsx";
import { Icon } from "../ui/icons.tsx";
import { NARROW, useMedia } from "../ui/useMedia.ts";
import { Chrome, useTitle } from "./Chrome.tsx";
import { LoginChoice } from "./login/LoginChoice.tsx";
import { SignedIn } from "./login/SignedIn.tsx";
import { Preview } from "./Preview.tsx";

export interface LobbyProps {
  readonly info: RoomInfo;
  readonly devices: Devices;
  readonly joining: boolean;
  readonly problem: string | null;
  readonly onJoin: (who: Identity) => void;
  readonly onCancel: () => void;
}

export function Lobby(props: LobbyProps): ReactElement {
  const { info, devices, joining, problem, onJoin, onCancel } = props;
  const { t } = useTranslation();
  const { model } = useWorld();
  useTitle(info.title);
  useEffect(() => {
    void devices.refresh();
    void devices.start();
  }, [devices]);
  useEffect(() => {
    if (problem === "unauthorized") model.forget();
  }, [model, problem]);
  return (
    <Chrome>
      <div className="lobby">
        <section className="lobby-preview" aria-label={t("lobby.preview")}>
          <Preview devices={devices} />
          <LobbyDevices devices={devices} />
        </section>
        <section className="card lobby-join" aria-labelledby="room-title">
          <h1 id="room-title">{info.title}</h1>
          <p className="quiet">{info.people === 0 ? t("lobby.nobody") : t("lobby.people", { count: info.people })}</p>
          <Who info={info} joining={joining} problem={problem} onJoin={onJoin} onCancel={onCancel} />
          <p className="assurance">
            <Icon name="lock" size={18} />
            <span>{t("lobby.encrypted")}</span>
          </p>
        </section>
      </div>
    </Chrome>
  );
}

/** On a phone the choice is folded away, so that Join is in sight; a problem opens it. */
function LobbyDevices({ devices }: { devices: Devices }): ReactElement {
  const { t } = useTranslation();
  const { microphone, camera, speakerFailed } = useObservable(devices.store);
  const narrow = useMedia(NARROW);
  const [open, setOpen] = useState(false);
  if (!narrow) return <DeviceChoice devices={devices} />;
  const trouble = microphone.problem !== null || camera.problem !== null || speakerFailed;
  return (
    <Disclosure className="lobby-devices" isExpanded={open || trouble} onExpandedChange={setOpen}>
      <Heading level={2}>
        <AriaButton slot="trigger" className="details-trigger">
          <Icon name="chevron" size={18} />
          {t("settings.devices")}
        </AriaButton>
      </Heading>
      <DisclosurePanel>
        <DeviceChoice devices={devices} />
      </DisclosurePanel>
    </Disclosure>
  );
}

type WhoProps = Omit<LobbyProps, "devices">;

function Who({ info, joining, problem, onJoin, onCancel }: WhoProps): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { session, settings } = useApp();
  const [name, setName] = useState(settings.guestName);
  const [missing, setMissing] = useState(false);
  const [guest, setGuest] = useState(false);
  if (session) {
    return (
      <div className="stack">
        <SignedIn />
        <JoinRow joining={joining} problem={problem} onPress={() => onJoin({ session: session.session, guestName: null })} onCancel={onCancel} />
      </div>
    );
  }
  const join = (event: FormEvent): void => {
    event.preventDefault();
    const typed = name.trim();
    setMissing(typed === "");
    if (typed === "" || joining) return;
    model.set({ guestName: typed });
    onJoin({ session: null, guestName: typed });
  };
  return (
    <div className="stack">
      {info.guests ? (
        <fieldset className="choice-row">
          <legend>{t("lobby.who")}</legend>
          <Choice checked={!guest} onChoose={() => setGuest(false)} label={t("lobby.official")} />
          <Choice checked={guest} onChoose={() => setGuest(true)} label={t("lobby.guest")} />
        </fieldset>
      ) : (
        <p>{t("lobby.no_guests")}</p>
      )}
      {guest ? (
        <form className="stack" onSubmit={join}>
          <Field
            label={t("lobby.name")}
            value={name}
            onChange={setName}
            hint={t("lobby.name_hint")}
            error={missing ? t("lobby.name_missing") : null}
            maxLength={60}
            autoComplete="name"
          />
          <JoinRow submit joining={joining} problem={problem} onCancel={onCancel} />
        </form>
      ) : (
        <>
          <LoginChoice headings="h2" />
          <ProblemNote problem={problem} />
        </>
      )}
    </div>
  );
}

/** One of two plain radio buttons drawn as a segmented control. */
function Choice({ checked, onChoose, label }: { checked: boolean; onChoose: () => void; label: string }): ReactElement {
  return (
    <label className="choice">
      <input type="radio" name="who" checked={checked} onChange={onChoose} />
      <span>{label}</span>
    </label>
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

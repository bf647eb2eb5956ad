/** Before the meeting: who you are, how you look and sound, and Join. */

import type { ReactElement } from "react";
import { useEffect, useState } from "react";
import { Button as AriaButton, Disclosure, DisclosurePanel, Heading } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useObservable, useWorld } from "../context.ts";
import type { RoomInfo } from "../state/api.ts";
import type { Devices } from "../state/devices.ts";
import type { Identity } from "../state/room.ts";
import { DeviceChoice } from "../ui/DeviceChoice.tsx";
import { Icon } from "../ui/icons.tsx";
import { NARROW, useMedia } from "../ui/useMedia.ts";
import { Chrome, useTitle } from "./Chrome.tsx";
import { Preview } from "./Preview.tsx";
import { Who } from "./Who.tsx";

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

/** The waiting room: a host has to let this person in. Calm: the own picture, what happens next, and a way out. */

import type { ReactElement } from "react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useApp } from "../context.ts";
import type { RoomInfo } from "../state/api.ts";
import type { Devices } from "../state/devices.ts";
import type { LobbyWait } from "../state/port.ts";
import { locale } from "../state/settings.ts";
import { Button } from "../ui/controls.tsx";
import { Chrome, useTitle } from "./Chrome.tsx";
import { Preview } from "./Preview.tsx";

export interface WaitingPageProps {
  readonly info: RoomInfo;
  readonly waiting: LobbyWait;
  readonly devices: Devices;
  readonly onLeave: () => void;
}

export function WaitingPage({ info, waiting, devices, onLeave }: WaitingPageProps): ReactElement {
  const { t, i18n } = useTranslation();
  const { config } = useApp();
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(t("waiting.title"));
  useEffect(() => void heading.current?.focus(), []);
  const until = new Intl.DateTimeFormat(locale(i18n.language), { hour: "2-digit", minute: "2-digit" }).format(waiting.until);
  const tenant = config?.tenants.find((known) => known.id === info.tenant);
  return (
    <Chrome>
      <div className="lobby">
        <section className="lobby-preview" aria-label={t("lobby.preview")}>
          <Preview devices={devices} />
        </section>
        <section className="card lobby-join" aria-labelledby="waiting-title">
          <h1 id="waiting-title" ref={heading} tabIndex={-1}>
            {t("waiting.title")}
          </h1>
          <p>{tenant ? t("waiting.room_of", { title: info.title, issuer: tenant.name }) : info.title}</p>
          <p className="loading" role="status">
            <span className="spinner" aria-hidden="true" />
            {t("waiting.text")}
          </p>
          <p className="quiet">{t("waiting.until", { time: until })}</p>
          <Button onPress={onLeave}>{t("waiting.leave")}</Button>
        </section>
      </div>
    </Chrome>
  );
}

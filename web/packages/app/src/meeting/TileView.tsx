/**
 * One person's tile. A name stands on a moving picture only when the SDK matched the frame to
 * a member (M4.5); until then a placeholder covers it. Without a picture there is the avatar
 * and the name from the group's tree.
 */

import type { ReactElement } from "react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import type { Devices } from "../state/devices.ts";
import type { Person, Tenant, Tile } from "../state/port.ts";
import { tenantOf } from "../state/encryption.ts";
import type { StageTile } from "../state/stage.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Icon } from "../ui/icons.tsx";
import { SelfVideo } from "../ui/SelfVideo.tsx";
import { type TileActions, TileTools } from "./TileTools.tsx";

export interface TileViewProps {
  readonly entry: StageTile;
  readonly tenants: readonly Tenant[];
  readonly devices: Devices;
  readonly small: boolean;
  readonly actions: TileActions;
}

export function TileView({ devices, ...rest }: TileViewProps): ReactElement | null {
  const { person } = rest.entry;
  if (!person) return null;
  return person.self ? (
    <OwnTile person={person} tenants={rest.tenants} devices={devices} small={rest.small} />
  ) : (
    <OtherTile person={person} {...rest} />
  );
}

function OwnTile({ person, tenants, devices, small }: { person: Person; tenants: readonly Tenant[]; devices: Devices; small: boolean }): ReactElement {
  const { t } = useTranslation();
  const { microphone, camera } = useObservable(devices.store);
  return (
    <figure className={frame(person, small)} data-self="true">
      {camera.on && camera.track ? <SelfVideo track={camera.track} /> : <Face person={person} tenants={tenants} small={small} />}
      <Caption name={t("tile.you")} muted={!microphone.on} person={person} />
    </figure>
  );
}

type OtherProps = Omit<TileViewProps, "devices"> & { readonly person: Person };

function OtherTile({ person, entry, tenants, small, actions }: OtherProps): ReactElement {
  const { t } = useTranslation();
  const { tile } = entry;
  const moving = tile !== null && tile.state !== "muted" && person.camera === "live";
  const labelled = moving ? tile.labelled : person;
  const closed = moving && tile.state === "cannot_decrypt";
  const covered = moving && !closed && (tile.state === "waiting" || tile.labelled === null);
  const away = person.state === "reconnecting";
  const tenant = labelled ? tenantOf(labelled, tenants) : null;
  return (
    <figure className={frame(person, small)} data-participant={person.participant}>
      {moving ? <RemoteVideo tile={tile} /> : <Face person={person} tenants={tenants} small={small} />}
      {covered ? (
        <div className="tile-cover">
          <span className="spinner" aria-hidden="true" />
          {small ? null : <span>{t("tile.waiting")}</span>}
        </div>
      ) : null}
      {closed ? (
        <div className="tile-cover">
          <Icon name="lock" size={24} />
          <span>{t("tile.cannot_decrypt")}</span>
        </div>
      ) : null}
      {away ? <p className="tile-away">{t("tile.reconnecting")}</p> : null}
      {labelled && !closed ? (
        <Caption
          name={labelled.name}
          tenant={tenant?.short ?? ""}
          guest={labelled.role === "guest"}
          muted={person.microphone !== "live"}
          person={person}
        />
      ) : null}
      {labelled ? <TileTools name={labelled.name} {...actions} /> : null}
    </figure>
  );
}

function frame(person: Person, small: boolean): string {
  return `tile${person.speaking || person.signing ? " tile-speaking" : ""}${small ? " tile-small" : ""}`;
}

/** A picture from the SDK: attached once per person and source, whatever the snapshot's age. */
export function RemoteVideo({ tile, contain = false }: { tile: Tile; contain?: boolean }): ReactElement {
  const video = useRef<HTMLVideoElement>(null);
  const latest = useRef(tile);
  latest.current = tile;
  useEffect(() => (video.current ? latest.current.attach(video.current) : undefined), [tile.participant, tile.source]);
  return <video ref={video} className={contain ? "video video-contain" : "video"} muted playsInline autoPlay aria-hidden="true" tabIndex={-1} />;
}

function Face({ person, tenants, small }: { person: Person; tenants: readonly Tenant[]; small: boolean }): ReactElement {
  const colour = tenantOf(person, tenants)?.colour ?? "#6b7785";
  return (
    <div className="tile-face">
      <Avatar name={person.name} colour={colour} size={small ? "small" : "large"} />
    </div>
  );
}

interface CaptionProps {
  readonly name: string;
  readonly tenant?: string;
  readonly guest?: boolean;
  readonly muted: boolean;
  readonly person: Person;
}

function Caption({ name, tenant = "", guest = false, muted, person }: CaptionProps): ReactElement {
  const { t } = useTranslation();
  return (
    <figcaption className="tile-caption">
      {muted ? (
        <span className="tile-mark" title={t("people.microphone_off")}>
          <Icon name="microphoneOff" size={16} />
          <span className="visually-hidden">{t("people.microphone_off")}</span>
        </span>
      ) : null}
      <span className="tile-name" dir="auto">
        {name}
      </span>
      {guest ? <span className="tile-tenant tile-guest">{t("role.guest")}</span> : null}
      {tenant ? <span className="tile-tenant">{tenant}</span> : null}
      {person.signing ? (
        <span className="tile-mark">
          <Icon name="signing" size={16} />
          <span className="visually-hidden">{t("people.signing")}</span>
        </span>
      ) : null}
      {person.hand ? (
        <span className="tile-mark tile-hand">
          <Icon name="hand" size={16} />
          <span className="visually-hidden">{t("people.hand_up")}</span>
        </span>
      ) : null}
    </figcaption>
  );
}

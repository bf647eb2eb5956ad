/** Somebody's shared screen, whole: large, or small beside a picture that was pinned. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { Tenant } from "../state/port.ts";
import { tenantOf } from "../state/encryption.ts";
import type { StageTile } from "../state/stage.ts";
import { Icon } from "../ui/icons.tsx";
import { type TileActions, TileTools } from "./TileTools.tsx";
import { RemoteVideo } from "./TileView.tsx";

export interface ScreenTileProps {
  readonly entry: StageTile;
  readonly tenants: readonly Tenant[];
  readonly small: boolean;
  readonly actions: TileActions;
}

export function ScreenTile({ entry, tenants, small, actions }: ScreenTileProps): ReactElement | null {
  const { t } = useTranslation();
  const { tile } = entry;
  if (!tile) return null;
  const closed = tile.state === "cannot_decrypt";
  const covered = !closed && (tile.state === "waiting" || tile.labelled === null);
  const tenant = tile.labelled ? tenantOf(tile.labelled, tenants) : null;
  const title = tile.labelled ? t("screen.of", { name: tile.labelled.name }) : "";
  return (
    <figure className={`tile tile-screen${small ? " tile-small" : ""}`}>
      <RemoteVideo key={entry.key} tile={tile} contain />
      {covered || closed ? (
        <div className="tile-cover">
          {closed ? <Icon name="lock" size={28} /> : <span className="spinner spinner-large" aria-hidden="true" />}
          {small ? null : <span>{closed ? t("tile.cannot_decrypt") : t("screen.coming")}</span>}
        </div>
      ) : null}
      {tile.labelled && !closed ? (
        <figcaption className="tile-caption">
          <Icon name="screen" size={16} />
          <span className="tile-name" dir="auto">
            {title}
          </span>
          {tile.labelled.role === "guest" ? <span className="tile-tenant tile-guest">{t("role.guest")}</span> : null}
          {tenant && !small ? <span className="tile-tenant">{tenant.short}</span> : null}
        </figcaption>
      ) : null}
      {title ? <TileTools name={title} {...actions} /> : null}
    </figure>
  );
}

/** Somebody's shared screen, whole and large. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { Tenant } from "../state/port.ts";
import { tenantOf } from "../state/encryption.ts";
import type { StageTile } from "../state/seats.ts";
import { Icon } from "../ui/icons.tsx";
import { RemoteVideo } from "./TileView.tsx";

export function ScreenTile({ entry, tenants }: { entry: StageTile; tenants: readonly Tenant[] }): ReactElement | null {
  const { t } = useTranslation();
  const { tile } = entry;
  if (!tile) return null;
  const closed = tile.state === "cannot_decrypt";
  const covered = !closed && (tile.state === "waiting" || tile.labelled === null);
  const tenant = tile.labelled ? tenantOf(tile.labelled, tenants) : null;
  return (
    <figure className="tile tile-screen">
      <RemoteVideo key={`${tile.participant}/screen`} tile={tile} contain />
      {covered || closed ? (
        <div className="tile-cover">
          {closed ? <Icon name="lock" size={28} /> : <span className="spinner spinner-large" aria-hidden="true" />}
          <span>{closed ? t("tile.cannot_decrypt") : t("screen.coming")}</span>
        </div>
      ) : null}
      {tile.labelled && !closed ? (
        <figcaption className="tile-caption">
          <Icon name="screen" size={16} />
          <span className="tile-name" dir="auto">
            {t("screen.of", { name: tile.labelled.name })}
          </span>
          {tenant ? <span className="tile-tenant">{tenant.short}</span> : null}
        </figcaption>
      ) : null}
    </figure>
  );
}

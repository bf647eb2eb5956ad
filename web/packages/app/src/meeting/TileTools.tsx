/** What can be done with one picture: keep it large, fill the screen with it. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/controls.tsx";

export interface TileActions {
  readonly pinned: boolean;
  readonly onPin: () => void;
  /** The picture stands alone in full screen. */
  readonly filled: boolean;
  /** Null for a small picture, which would have to grow first, and where there is no full screen. */
  readonly onFill: (() => void) | null;
}

/** `name` says whose picture it is, for the buttons' names. */
export function TileTools({ name, pinned, onPin, filled, onFill }: TileActions & { readonly name: string }): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="tile-tools" data-pinned={pinned}>
      {filled ? null : (
        <IconButton icon={pinned ? "unpin" : "pin"} label={pinned ? t("tile.unpin", { name }) : t("tile.pin", { name })} onPress={onPin} />
      )}
      {onFill ? (
        <IconButton icon={filled ? "shrink" : "grow"} label={filled ? t("tile.fullscreen_leave") : t("tile.fullscreen", { name })} onPress={onFill} />
      ) : null}
    </div>
  );
}

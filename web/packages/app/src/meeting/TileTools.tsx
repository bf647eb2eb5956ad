/** What can be done with one picture: keep it large, fill the screen with it. */

import type { ReactElement } from "react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/controls.tsx";
import { canFullscreen, toggleFullscreen, useFullscreen } from "../ui/fullscreen.ts";

export interface TileToolsProps {
  /** Whose picture it is, for the buttons' names. */
  readonly name: string;
  readonly pinned: boolean;
  readonly onPin: () => void;
  /** Only the large picture fills the screen: a small one would have to grow first. */
  readonly large: boolean;
}

export function TileTools({ name, pinned, onPin, large }: TileToolsProps): ReactElement {
  const { t } = useTranslation();
  const row = useRef<HTMLDivElement>(null);
  const full = useFullscreen();
  const figure = (): HTMLElement | null | undefined => row.current?.closest("figure");
  const filling = full !== null && full === figure();
  return (
    <div ref={row} className="tile-tools" data-pinned={pinned}>
      {filling ? null : (
        <IconButton icon={pinned ? "unpin" : "pin"} label={pinned ? t("tile.unpin", { name }) : t("tile.pin", { name })} onPress={onPin} />
      )}
      {large && canFullscreen() ? (
        <IconButton
          icon={filling ? "shrink" : "grow"}
          label={filling ? t("tile.fullscreen_leave") : t("tile.fullscreen", { name })}
          onPress={() => toggleFullscreen(figure())}
        />
      ) : null}
    </div>
  );
}

/**
 * What stands behind "More": layout, full screen, signing, rules, keys, settings. On a phone it also holds the controls for
 * which the bar is too narrow.
 */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../context.ts";
import { codeOf } from "../state/room.ts";
import { canFullscreen, toggleFullscreen, useFullscreen } from "../ui/fullscreen.ts";
import { HOVERS, useMedia } from "../ui/useMedia.ts";
import type { ControlBarProps, ExtraControl } from "./ControlBar.tsx";
import { BarMenu, MoreItem } from "./BarMenu.tsx";

export interface MoreProps extends ControlBarProps {
  /** Controls for which the bar has no room. */
  readonly extra: readonly ExtraControl[];
}

export function More({ extra, ...props }: MoreProps): ReactElement {
  const { t } = useTranslation();
  return (
    <BarMenu icon="more" label={t("control.more")}>
      {(close) => {
        const then = (action: () => void) => () => {
          close();
          action();
        };
        return (
          <>
            {extra.map((one) => (
              <MoreItem key={one.label} {...one} onPress={then(one.onPress)} />
            ))}
            <Layouts then={then} />
            <hr />
            <Others {...props} then={then} />
          </>
        );
      }}
    </BarMenu>
  );
}

/** Makes a press close the list first. */
type Then = (action: () => void) => () => void;

function Layouts({ then }: { then: Then }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { layout } = useApp().settings;
  return (
    <>
      <MoreItem icon="grid" label={t("layout.grid")} pressed={layout === "grid"} onPress={then(() => model.set({ layout: "grid" }))} />
      <MoreItem icon="spotlight" label={t("layout.speaker")} pressed={layout === "speaker"} onPress={then(() => model.set({ layout: "speaker" }))} />
    </>
  );
}

function Others({ meeting, snapshot, onSettings, onShortcuts, onRules, onProblem, then }: ControlBarProps & { then: Then }): ReactElement {
  const { t } = useTranslation();
  const full = useFullscreen();
  const keyboard = useMedia(HOVERS);
  const signing = snapshot.people.some((person) => person.self && person.signing);
  const sign = (): void => void meeting.setSigning(!signing).catch((error: unknown) => onProblem(codeOf(error)));
  return (
    <>
      {canFullscreen() ? (
        <MoreItem icon={full ? "shrink" : "grow"} label={t("control.fullscreen")} pressed={full} onPress={then(toggleFullscreen)} />
      ) : null}
      <MoreItem icon="signing" label={t("control.signing")} pressed={signing} onPress={then(sign)} />
      {snapshot.rights.may.command ? <MoreItem icon="shield" label={t("rules.title")} onPress={then(onRules)} /> : null}
      {keyboard ? <MoreItem icon="keyboard" label={t("keys.title")} onPress={then(onShortcuts)} /> : null}
      <MoreItem icon="settings" label={t("control.settings")} onPress={then(onSettings)} />
    </>
  );
}

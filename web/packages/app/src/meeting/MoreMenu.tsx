/**
 * What is needed less often, behind one button of the bar: a group of plain buttons that opens above
 * it. On a phone it also holds the controls for which the bar is too narrow.
 */

import type { ReactElement, ReactNode } from "react";
import { useCallback, useEffect, useRef, useState } from "react";
import { Button as AriaButton, ToggleButton as AriaToggleButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { BarButton } from "../ui/controls.tsx";
import { Icon, type IconName } from "../ui/icons.tsx";

/** The button and what it opens. `children` gets a function that closes it. */
export function MoreMenu({ children }: { children: (close: () => void) => ReactNode }): ReactElement {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const close = useCallback((): void => {
    setOpen(false);
    whole.current?.querySelector("button")?.focus();
  }, []);
  useEffect(() => {
    if (!open) return;
    list.current?.querySelector("button")?.focus();
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !whole.current?.contains(event.target)) setOpen(false);
    };
    const keys = (event: KeyboardEvent): void => {
      if (event.key === "Escape") close();
    };
    document.addEventListener("keydown", keys);
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("keydown", keys);
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("focusin", outside);
    };
  }, [open, close]);
  return (
    <div ref={whole} className="more">
      <BarButton icon="more" label={t("control.more")} expanded={open} onPress={() => setOpen(!open)} />
      {open ? (
        <div ref={list} className="more-list" role="group" aria-label={t("control.more")}>
          {children(close)}
        </div>
      ) : null}
    </div>
  );
}

export interface MoreItemProps {
  readonly icon: IconName;
  readonly label: string;
  /** Makes it a switch. */
  readonly pressed?: boolean;
  readonly onPress: () => void;
}

/** One line of the list. */
export function MoreItem({ icon, label, pressed, onPress }: MoreItemProps): ReactElement {
  const inside = (
    <>
      <Icon name={icon} size={20} />
      <span>{label}</span>
      {pressed ? <Icon name="check" size={18} /> : null}
    </>
  );
  return pressed === undefined ? (
    <AriaButton className="more-item" onPress={onPress}>
      {inside}
    </AriaButton>
  ) : (
    <AriaToggleButton className="more-item" isSelected={pressed} onChange={onPress}>
      {inside}
    </AriaToggleButton>
  );
}

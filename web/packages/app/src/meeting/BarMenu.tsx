/** A button of the bar with a group of plain buttons that opens above it, and one line of such a group. */

import type { ReactElement, ReactNode } from "react";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { Button as AriaButton, ToggleButton as AriaToggleButton } from "react-aria-components";
import { BarButton } from "../ui/controls.tsx";
import { Icon, type IconName } from "../ui/icons.tsx";

export interface BarMenuProps {
  readonly icon: IconName;
  readonly label: string;
  readonly tone?: "normal" | "leave";
  /** Gets a function that closes it. */
  readonly children: (close: () => void) => ReactNode;
}

export function BarMenu({ icon, label, tone = "normal", children }: BarMenuProps): ReactElement {
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
      <BarButton icon={icon} label={label} tone={tone} expanded={open} onPress={() => setOpen(!open)} />
      {open ? (
        <div ref={list} className="more-list" role="group" aria-label={label}>
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
  /** Why it cannot be used now; pressing it says so. */
  readonly barred?: string | undefined;
  readonly onPress: () => void;
}

/** One line of the list. */
export function MoreItem({ icon, label, pressed, barred, onPress }: MoreItemProps): ReactElement {
  const reason = useId();
  const inside = (
    <>
      <Icon name={icon} size={20} />
      <span>{label}</span>
      {pressed ? <Icon name="check" size={18} /> : null}
    </>
  );
  if (barred !== undefined) {
    return (
      <button type="button" className="more-item" aria-disabled="true" aria-describedby={reason} onClick={onPress}>
        <Icon name={icon} size={20} />
        <span>{label}</span>
        <span id={reason} className="more-reason">
          {barred}
        </span>
      </button>
    );
  }
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

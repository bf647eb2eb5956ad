/** Measures the stage, seats people on it, and tells the SDK what is on screen. */

import { useEffect, useMemo, useRef, useState } from "react";
import { monotonic } from "../clock.ts";
import type { Box } from "../state/layout.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { NO_SEATS, seat, type Seats } from "../state/seats.ts";
import { arrange, type Choice, type Plan, plan, type Stage, wishes } from "../state/stage.ts";

/** The stage's size in pixels, followed as it changes. The element is state, not a ref: when another one takes its place
 * the old one measures nothing, and that must not become the stage's size. */
export function useBox(area: HTMLDivElement | null): Box {
  const [box, setBox] = useState<Box>({ width: 960, height: 540 });
  useEffect(() => {
    if (!area) return;
    const measure = (): void => {
      const style = getComputedStyle(area);
      const width = area.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      const height = area.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
      if (!area.isConnected || width <= 0 || height <= 0) return;
      setBox((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(area, { box: "content-box" });
    measure();
    return () => observer.disconnect();
  }, [area]);
  return box;
}

/** Who sits where now; seats are kept from one snapshot to the next. */
export function useStage(snapshot: MeetingSnapshot, choice: Choice, box: Box): { readonly stage: Stage; readonly division: Plan } {
  const seats = useRef<Seats>(NO_SEATS);
  return useMemo(() => {
    const division = plan(snapshot, choice, box);
    seats.current = seat(seats.current, snapshot.people, division.seats, monotonic(), choice.page > 0);
    return { division, stage: arrange(snapshot, seats.current, choice, division) };
  }, [snapshot, choice, box]);
}

/** Tells the SDK what is on screen and how large, only when that changed. */
export function useView(meeting: Meeting, stage: Stage, division: Plan, box: Box): void {
  const told = JSON.stringify(wishes(stage, division, box, window.devicePixelRatio || 1));
  useEffect(() => {
    meeting.setView(JSON.parse(told));
  }, [meeting, told]);
}

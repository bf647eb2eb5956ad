/**
 * Notices that somebody talks while the microphone is off. The capture of a muted microphone goes
 * on so that unmuting is instant; a copy of it is measured here and goes nowhere.
 */

import { useEffect, useMemo, useRef, useState } from "react";
import { monotonic } from "../clock.ts";
import { useObservable } from "../context.ts";
import type { Devices } from "../state/devices.ts";
import { TalkingMuted } from "../state/talk.ts";
import { useLevel } from "../ui/useLevel.ts";

/** Long enough to find the switch, short enough not to nag. */
const SHOWN_MS = 10_000;

/** True while the hint should be shown. */
export function useTalkingMuted(devices: Devices): boolean {
  const { microphone } = useObservable(devices.store);
  const muted = !microphone.on && !microphone.starting ? microphone.track : null;
  const copy = useCopy(muted);
  const level = useRef(0);
  level.current = useLevel(copy);
  const watch = useMemo(() => new TalkingMuted(), []);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!copy) return setShown(false);
    const look = setInterval(() => {
      if (watch.feed(level.current, monotonic())) setShown(true);
    }, 100);
    return () => clearInterval(look);
  }, [copy, watch]);
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => setShown(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return shown;
}

/** A copy that is not silenced with its original, as long as there is one. */
function useCopy(track: MediaStreamTrack | null): MediaStreamTrack | null {
  const [copy, setCopy] = useState<MediaStreamTrack | null>(null);
  useEffect(() => {
    if (!track || track.readyState !== "live") return setCopy(null);
    const made = track.clone();
    made.enabled = true;
    setCopy(made);
    return () => {
      made.stop();
      setCopy(null);
    };
  }, [track]);
  return copy;
}

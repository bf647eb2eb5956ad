/** Asks the SDK's counters how good the connection is, every two seconds. */

import { useEffect, useState } from "react";
import type { Meeting } from "../state/port.ts";
import { type Quality, QualityWatch } from "../state/quality.ts";

const LOOK_MS = 2000;

export function useQuality(meeting: Meeting): Quality {
  const [quality, setQuality] = useState<Quality>("good");
  useEffect(() => {
    const watch = new QualityWatch();
    let over = false;
    const look = async (): Promise<void> => {
      const stats = await meeting.stats().catch(() => null);
      if (!over && stats) setQuality(watch.look(stats.network));
    };
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [meeting]);
  return quality;
}

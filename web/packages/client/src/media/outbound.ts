/** What the browser says about one connection's senders, summed over simulcast layers. */

import type { Source } from "../worker/kid.ts";
import type { Connection } from "./connection.ts";

/** Packets that one source sent and frames that it encoded. */
export interface Outbound {
  sent: number;
  encoded: number;
}

const SOURCES: readonly Source[] = ["microphone", "camera", "screen", "screen_sound", "consent_microphone"];

/** Reads the counters of every sender that has a track. */
export async function outboundOf(connection: Connection): Promise<Map<Source, Outbound>> {
  const found = new Map<Source, Outbound>();
  await Promise.all(
    SOURCES.map(async (source) => {
      const sender = connection.sender(source);
      if (sender === undefined || sender.track === null) return;
      const sum: Outbound = { sent: 0, encoded: 0 };
      let captured = 0;
      (await sender.getStats()).forEach((row: Record<string, unknown>) => {
        // Sound that is captured is encoded: where the source tells its duration, that counts 20 ms frames.
        if (row.type === "media-source") captured += Math.floor(count(row.totalSamplesDuration) * 50);
        if (row.type !== "outbound-rtp") return;
        sum.sent += count(row.packetsSent);
        sum.encoded += count(row.framesEncoded);
      });
      if (sender.track?.kind === "audio") sum.encoded = captured > 0 ? captured : sum.sent;
      found.set(source, sum);
    }),
  );
  return found;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** Collects `Stats` from the key Worker's counters and the browser's. */

import type { Connection } from "./media/connection.ts";
import type { Stats, Tile } from "./types.ts";
import type { WorkerStats } from "./worker/protocol.ts";

type Look = (key: string) => { slot: { key: string; track: MediaStreamTrack } | null; leaf: number | null };

interface Inbound {
  framesDecoded: number;
  width: number;
  height: number;
  energy: number;
}

/** The counters of this moment. */
export async function collectStats(
  pipes: WorkerStats,
  connection: Connection | null,
  tiles: readonly Tile[],
  look: Look,
): Promise<Stats> {
  const { inbound, network } = await browserCounters(connection);
  let audioEnergy = 0;
  for (const slot of connection?.slots ?? []) audioEnergy += inbound.get(slot.track)?.energy ?? 0;
  return {
    ...pipes,
    tiles: tiles.map(({ participant, source }) => {
      const { slot, leaf } = look(`${participant}/${source}`);
      const seen = slot === null ? undefined : inbound.get(slot.track);
      return {
        participant,
        source,
        slot: slot?.key ?? null,
        framesDecoded: seen?.framesDecoded ?? 0,
        width: seen?.width ?? 0,
        height: seen?.height ?? 0,
        labelledLeaf: leaf,
      };
    }),
    audioEnergy,
    network,
    connection: connection?.number ?? null,
    connectionState: connection?.peer.connectionState ?? "none",
  };
}

async function browserCounters(connection: Connection | null): Promise<{ inbound: Map<MediaStreamTrack, Inbound>; network: Stats["network"] }> {
  const inbound = new Map<MediaStreamTrack, Inbound>();
  const network = { received: 0, lost: 0, roundTrip: null as number | null };
  if (connection === null) return { inbound, network };
  const byTrack = new Map(connection.slots.map((slot) => [slot.track.id, slot.track]));
  (await connection.peer.getStats()).forEach((row: Record<string, unknown>) => {
    if (row.type === "inbound-rtp") {
      network.received += count(row.packetsReceived);
      // Late and repeated packets make it negative for a while.
      network.lost += Math.max(0, count(row.packetsLost));
    }
    if (row.type === "candidate-pair" && row.nominated === true && typeof row.currentRoundTripTime === "number") {
      network.roundTrip = row.currentRoundTripTime;
    }
    const track = row.type === "inbound-rtp" ? byTrack.get(String(row.trackIdentifier)) : undefined;
    if (track === undefined) return;
    inbound.set(track, {
      framesDecoded: count(row.framesDecoded),
      width: count(row.frameWidth),
      height: count(row.frameHeight),
      energy: count(row.totalAudioEnergy),
    });
  });
  return { inbound, network };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

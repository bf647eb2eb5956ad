/** The one thing the SDK reads from an answer: the meeting's video codec (M3.3). */

import type { Codec } from "../worker/codec.ts";

const NAMES: Record<string, Codec> = { vp8: "vp8", vp9: "vp9", h264: "h264", av1: "av1" };

/** The codec of the first video section's first payload type; null when there is none we know. */
export function videoCodecOf(sdp: string): Codec | null {
  const start = sdp.search(/^m=video /m);
  if (start < 0) return null;
  const section = sdp.slice(start).split(/\r?\nm=/, 1)[0] ?? "";
  const first = /^m=video \S+ \S+ (\d+)/.exec(section)?.[1];
  if (first === undefined) return null;
  const name = new RegExp(`^a=rtpmap:${first} ([A-Za-z0-9]+)/`, "m").exec(section)?.[1];
  return NAMES[name?.toLowerCase() ?? ""] ?? null;
}

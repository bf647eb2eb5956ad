/**
 * The watchdog of K5.7: compares what a sender puts on the wire with what its transform has sealed. A source whose frames
 * leave without the seal is stopped; one whose encoder runs while the transform sees nothing sends nothing, and says so.
 */

import type { Source } from "../worker/kid.ts";

/** One look at a source: what the browser and the key Worker have counted since the connection began. */
export interface Look {
  /** Packets that went out on the wire, repairs not counted. */
  readonly sent: number;
  /** Frames or packets that the encoder made. */
  readonly encoded: number;
  /** Frames that the transform sealed. */
  readonly sealed: number;
  /** Frames that the transform dropped, by whatever name. */
  readonly dropped: number;
}

/** What the watchdog has found: `plaintext` must be stopped at once, `transform_lost` sends nothing. */
export type Finding = "plaintext" | "transform_lost";

/** Looks in a row, one a second, before a finding: counters of two processes are never read at one instant. */
const LOOKS = 3;
/** Packets a look that may have been on their way, or were counted a moment apart. */
const SLACK = 2;

/**
 * Whether as much went out as was encoded, in this interval. It must be so in each of them: what a pacer still held when the
 * seal stopped drains within the first, and Chromium probes the path every few seconds with old, sealed packets.
 */
function leaks(before: Look, after: Look): boolean {
  const sent = after.sent - before.sent;
  return sent > SLACK && sent >= (after.encoded - before.encoded) / 2;
}

/** Judges one connection's sources. Call `look` once a second for each live source. */
export class Watchdog {
  readonly #history = new Map<Source, Look[]>();

  /** Adds a look and tells what is wrong, if anything. */
  look(source: Source, look: Look): Finding | null {
    const history = this.#history.get(source) ?? [];
    history.push(look);
    if (history.length > LOOKS + 1) history.shift();
    this.#history.set(source, history);
    const first = history[0];
    if (first === undefined || history.length <= LOOKS) return null;
    const passed = look.sealed - first.sealed;
    if (passed === 0 && history.slice(1).every((one, at) => leaks(history[at] ?? one, one))) return "plaintext";
    const seen = passed + look.dropped - first.dropped;
    if (seen === 0 && look.encoded - first.encoded > LOOKS) return "transform_lost";
    return null;
  }

  /** Forgets a source: it was emptied, or the connection changed. */
  forget(source?: Source): void {
    if (source === undefined) this.#history.clear();
    else this.#history.delete(source);
  }
}

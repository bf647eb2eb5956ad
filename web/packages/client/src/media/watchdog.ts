/**
 * The watchdog of K5.7: compares what a source's encoder made with what its transform has seen. A source whose frames do not
 * pass through the transform is stopped, whether they leave in clear or not at all, and the finding says which.
 */

import type { Source } from "../worker/kid.ts";

/** One look at a source: what the browser and the key Worker have counted since the connection began. */
export interface Look {
  /** Frames that the encoder made, over all layers; for sound, 20 ms each. */
  readonly encoded: number;
  /** Packets that went out on the wire. */
  readonly sent: number;
  /** Frames that the transform has sealed or dropped. */
  readonly seen: number;
}

/** What the watchdog has found: frames that left beside the transform, or a transform that gets none. */
export type Finding = "plaintext" | "transform_lost";

/** Looks in a row, one a second, before a finding: counters of two threads are never read at one instant. */
const LOOKS = 4;
/** Frames over all looks that may be on their way, or were counted a moment apart. */
const SLACK = 20;

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
    const encoded = look.encoded - first.encoded;
    // Not a share of them: a busy machine drops frames before the transform. And packets alone say nothing: Chromium pads
    // the path with old, sealed packets while nothing is sealed.
    if (encoded <= SLACK || look.seen !== first.seen) return null;
    return look.sent - first.sent >= encoded / 2 ? "plaintext" : "transform_lost";
  }

  /** Forgets a source: it was emptied, or the connection changed. */
  forget(source?: Source): void {
    if (source === undefined) this.#history.clear();
    else this.#history.delete(source);
  }
}

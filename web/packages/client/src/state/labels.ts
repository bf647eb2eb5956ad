/**
 * Which leaf's frame has which RTP timestamp, per slot (M4.5). The key Worker writes, tiles look up the timestamp of the
 * frame that the browser has just shown.
 */

import type { SlotKind } from "../generated/wire.ts";
import type { FrameLabel } from "../worker/pipes.ts";

/** Frames remembered per slot: some seconds, far more than a decoder and a compositor hold back. */
const KEPT = 256;

/** The owner of a shown frame, in the tree of `epoch`. */
export interface Owner {
  readonly leaf: number;
  readonly epoch: number;
}

/** Names one slot of one connection. */
export function slotKey(connection: number, slot: SlotKind, index: number): string {
  return `${connection}/${slot}/${index}`;
}

// Two owners claimed one timestamp: which of their frames is on screen cannot be told.
type Entry = Owner | "ambiguous";

/** The book of labels. */
export class LabelBook {
  readonly #slots = new Map<string, Map<number, Entry>>();

  /**
   * Writes what the Worker has opened. Returns the leaves of frames that came with another owner's timestamp: only a node
   * that rewrites timestamps makes them, to put one name over another's picture.
   */
  add(labels: readonly FrameLabel[]): number[] {
    const clashing = new Set<number>();
    for (const label of labels) {
      const key = slotKey(label.connection, label.slot, label.index);
      let slot = this.#slots.get(key);
      if (slot === undefined) this.#slots.set(key, (slot = new Map()));
      const known = slot.get(label.rtpTimestamp);
      const clashes = known === "ambiguous" || (known !== undefined && known.leaf !== label.leaf);
      if (clashes) {
        clashing.add(label.leaf);
        if (known !== "ambiguous") clashing.add(known.leaf);
      }
      slot.set(label.rtpTimestamp, clashes ? "ambiguous" : { leaf: label.leaf, epoch: label.epoch });
      if (slot.size > KEPT) {
        const oldest = slot.keys().next();
        if (!oldest.done) slot.delete(oldest.value);
      }
    }
    return [...clashing];
  }

  /** The owner of the frame with exactly this timestamp; null when the Worker has opened no such frame, or two people's. */
  owner(key: string, rtpTimestamp: number): Owner | null {
    const entry = this.#slots.get(key)?.get(rtpTimestamp >>> 0);
    return entry === undefined || entry === "ambiguous" ? null : entry;
  }

  /** Whether frames of two owners came with this timestamp. */
  ambiguous(key: string, rtpTimestamp: number): boolean {
    return this.#slots.get(key)?.get(rtpTimestamp >>> 0) === "ambiguous";
  }

  /** Forgets a closed connection. */
  forget(connection: number): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${connection}/`)) this.#slots.delete(key);
  }
}

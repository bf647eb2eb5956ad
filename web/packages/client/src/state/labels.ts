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

/** The book of labels. */
export class LabelBook {
  readonly #slots = new Map<string, Map<number, Owner>>();

  /** Writes what the Worker has opened. */
  add(labels: readonly FrameLabel[]): void {
    for (const label of labels) {
      const key = slotKey(label.connection, label.slot, label.index);
      let slot = this.#slots.get(key);
      if (slot === undefined) this.#slots.set(key, (slot = new Map()));
      slot.set(label.rtpTimestamp, { leaf: label.leaf, epoch: label.epoch });
      if (slot.size > KEPT) {
        const oldest = slot.keys().next();
        if (!oldest.done) slot.delete(oldest.value);
      }
    }
  }

  /** The owner of the frame with exactly this timestamp; null when the Worker has opened no such frame. */
  owner(key: string, rtpTimestamp: number): Owner | null {
    return this.#slots.get(key)?.get(rtpTimestamp >>> 0) ?? null;
  }

  /** Forgets a closed connection. */
  forget(connection: number): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${connection}/`)) this.#slots.delete(key);
  }
}

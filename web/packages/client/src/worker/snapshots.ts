/**
 * Snapshots as they come (K6.2): opened where their message is decrypted, before the tree can change, and compared with it: a
 * giver vouches for the epoch in which it speaks, and for no other.
 */

import { codeOf } from "../errors.ts";
import type { Content } from "../state/content.ts";
import { type Member, type OpenedMessage, type SnapshotLine, unpack } from "./native.ts";

/** Snapshots looked at in one epoch: each costs a signature check. */
const MAX_LOOKED_AT = 64;

/** Opens them for one member. */
export class Snapshots {
  readonly #alarm: (code: string, leaf: number) => void;
  #lookedAt = new Set<number>();
  #epoch = -1;

  /** `alarm` is told what a leaf sent that it cannot vouch for. */
  constructor(alarm: (code: string, leaf: number) => void) {
    this.#alarm = alarm;
  }

  /** What the sender of `message` vouches for in `content`; null when it does not, or was heard already. */
  open(member: Member, message: OpenedMessage, content: Content & { t: "snapshot" }): SnapshotLine | null {
    if (!this.#lookAt(message)) return null;
    try {
      const line = unpack<SnapshotLine>(member.openSnapshot(message.leaf, content.data, content.content));
      if (line.epoch === message.epoch) return line;
      this.#alarm("signed_signature", message.leaf);
    } catch (error) {
      this.#alarm(codeOf(error, "library"), message.leaf);
    }
    return null;
  }

  /** Once for each giver and epoch, and not without end. */
  #lookAt({ leaf, epoch }: OpenedMessage): boolean {
    if (epoch > this.#epoch) this.#lookedAt = new Set();
    this.#epoch = Math.max(epoch, this.#epoch);
    if (this.#lookedAt.has(leaf) || this.#lookedAt.size >= MAX_LOOKED_AT) return false;
    this.#lookedAt.add(leaf);
    return true;
  }
}

/**
 * How a latecomer learns of hands that were raised before it came (K6.2): the committer of its epoch gives a signed snapshot,
 * or, when the committer says nothing, another who was there; a second member confirms it. Few speak, however many there are.
 */

import { decode, encode } from "@msgpack/msgpack";
import type { GroupView } from "../worker/group.ts";
import type { SnapshotLine } from "../worker/native.ts";
import type { Content } from "./content.ts";
import type { Hands } from "./hands.ts";
import { hex } from "./people.ts";

/** What a snapshot of hands is a state of, in its signed structure. */
const PURPOSE = "hands";
/** Milliseconds after which the next in line speaks, when the one before has said nothing. */
export const TURN = 1_000;
/** Members who may confirm, one after another. */
const CONFIRMERS = 3;
/** Leaves of a group (K5.1). */
const MAX_LEAVES = 4_096;

/** Members came: the epoch that holds them is reached, and we were there before. */
export interface Arrival {
  readonly epoch: number;
  readonly committer: number | null;
  readonly added: readonly number[];
}

/** What the key Worker and the clock do for it. */
export interface HandoverPorts {
  /** Signs, seals and sends. */
  give(purpose: string, order: number, content: Uint8Array): Promise<unknown>;
  confirm(hash: Uint8Array): Promise<unknown>;
  later(ms: number, run: () => void): void;
  changed(): void;
}

/** Leaves with raised hands as they are signed: a msgpack list, ascending. */
export function encodeHands(leaves: readonly number[]): Uint8Array {
  return encode(leaves);
}

/** Reads them; null when they are anything else. */
export function decodeHands(content: Uint8Array): ReadonlySet<number> | null {
  let value: unknown;
  try {
    value = decode(content, { maxArrayLength: MAX_LEAVES, maxStrLength: 0, maxBinLength: 0, maxMapLength: 0, maxExtLength: 0 });
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  let last = -1;
  for (const leaf of value as unknown[]) {
    if (!Number.isInteger(leaf) || (leaf as number) <= last || (leaf as number) >= MAX_LEAVES) return null;
    last = leaf as number;
  }
  return new Set(value as number[]);
}

/** One client's part in giving, taking and confirming. Made anew with each participation. */
export class Handover {
  readonly #hands: Hands;
  readonly #ports: HandoverPorts;
  #view: GroupView | null = null;
  #order = 0;
  /** The newest epoch whose newcomers have been told. */
  #given = 0;

  constructor(hands: Hands, ports: HandoverPorts) {
    this.#hands = hands;
    this.#ports = ports;
  }

  /** The group as it is now. */
  group(view: GroupView): void {
    this.#view = view;
  }

  /** A message of this order was heard. */
  heard(order: number): void {
    this.#order = Math.max(this.#order, order);
  }

  /** Members came: speaks at once if it is our turn, or a moment later if those before us keep silent. */
  arrived({ epoch, committer, added }: Arrival): void {
    const present = this.#present(epoch).filter((leaf) => !added.includes(leaf));
    const line = committer === null ? present : [committer, ...present.filter((leaf) => leaf !== committer)];
    const rank = line.indexOf(this.#view?.leaf ?? -1);
    if (rank < 0 || rank > 1) return;
    this.#ports.later(rank * TURN, () => {
      const leaves = this.#hands.known();
      if (this.#given >= epoch || leaves.length === 0) return;
      this.#given = epoch;
      this.#ports.give(PURPOSE, this.#order, encodeHands(leaves)).catch(() => undefined);
    });
  }

  /** A snapshot came: this leaf vouches for it, in the epoch in which it was sealed. */
  async snapshot(giver: number, vouched: SnapshotLine, { data, content }: Content & { t: "snapshot" }): Promise<void> {
    const { epoch, purpose, order } = vouched;
    const leaves = purpose === PURPOSE ? decodeHands(content) : null;
    if (leaves === null) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(data)));
    const told = { giver, epoch, order, leaves, hash: hex(digest) };
    this.#given = Math.max(this.#given, epoch);
    this.#hands.told(told);
    this.#ports.changed();
    const rank = this.#present(epoch).filter((leaf) => leaf !== giver).indexOf(this.#view?.leaf ?? -1);
    if (rank < 0 || rank >= CONFIRMERS) return;
    this.#ports.later(rank * TURN, () => {
      if (this.#hands.confirmed(told.hash, giver) || !this.#hands.agrees(told)) return;
      this.#hands.seen(this.#view?.leaf ?? -1, told.hash);
      this.#ports.confirm(digest).catch(() => undefined);
    });
  }

  /** A member has confirmed a snapshot. */
  seen(from: number, hash: Uint8Array): void {
    this.#hands.seen(from, hex(hash));
    this.#ports.changed();
  }

  /** Leaves that were there before this epoch, ascending; we are among them only if we were. */
  #present(epoch: number): number[] {
    return (this.#view?.members ?? []).filter((line) => line.joined_epoch < epoch).map((line) => line.leaf).toSorted((a, b) => a - b);
  }
}

/**
 * The layout of a key id (K5.1): generation (16) ‖ kind (3) ‖ leaf (12) ‖ epoch mod 256 (8), 39 bits in all. A JavaScript
 * number holds it exactly; the arithmetic avoids bit operators, which stop at 32 bits.
 */

import type { Source } from "../generated/wire.ts";

export type { Source } from "../generated/wire.ts";

/** Kinds of media in the order of their numbers in a key id (K5.1). */
export const KINDS: readonly Source[] = ["microphone", "camera", "screen", "screen_sound", "consent_microphone"];

/** The parts of a key id. `epoch` is the epoch modulo 256. */
export interface KeyId {
  readonly generation: number;
  readonly kind: Source;
  readonly leaf: number;
  readonly epoch: number;
}

const EPOCHS = 2 ** 8;
const LEAVES = 2 ** 12;
const KIND_VALUES = 2 ** 3;
const GENERATIONS = 2 ** 16;

/** Reads a key id; null when bits above the layout are set or the kind is unknown. */
export function parseKid(kid: number): KeyId | null {
  if (!Number.isSafeInteger(kid) || kid < 0) return null;
  const epoch = kid % EPOCHS;
  let rest = (kid - epoch) / EPOCHS;
  const leaf = rest % LEAVES;
  rest = (rest - leaf) / LEAVES;
  const number = rest % KIND_VALUES;
  const generation = (rest - number) / KIND_VALUES;
  const kind = KINDS[number];
  if (kind === undefined || generation >= GENERATIONS) return null;
  return { generation, kind, leaf, epoch };
}

/** Writes a key id. The caller keeps each part in its range. */
export function makeKid(id: KeyId): number {
  const kind = KINDS.indexOf(id.kind);
  return ((id.generation * KIND_VALUES + kind) * LEAVES + id.leaf) * EPOCHS + (id.epoch % EPOCHS);
}

/** How far `epoch` (mod 256) lies ahead of `current`: 1…127 ahead, 0 the same, negative behind. */
export function epochsAhead(epoch: number, current: number): number {
  const ahead = (epoch - (current % EPOCHS) + EPOCHS) % EPOCHS;
  return ahead < EPOCHS / 2 ? ahead : ahead - EPOCHS;
}

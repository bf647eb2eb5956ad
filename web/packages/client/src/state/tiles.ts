/**
 * Which tiles there are and in what state: a camera tile for each other person, a screen tile while somebody shares. The
 * slot is a hint from signalling; the label is the owner of the very frame shown (M4.5).
 */

import type { SlotHint, SlotKind } from "../generated/wire.ts";
import type { Person, Tile } from "../types.ts";

/** What was counted in a slot since the last look. */
export type SlotHealth = "opening" | "failing" | "quiet";

/** A tile before its picture is looked at. */
export interface TilePlan {
  readonly key: string;
  readonly participant: string;
  readonly source: "camera" | "screen";
  readonly slot: { readonly kind: SlotKind; readonly index: number } | null;
  readonly live: boolean;
}

/** The kind of slot that shows a source. */
const KIND: Record<"camera" | "screen", SlotKind> = { camera: "video", screen: "screen" };

/** The tiles that these people and hints make. */
export function planTiles(people: readonly Person[], hints: Iterable<SlotHint>): TilePlan[] {
  const slots = new Map<string, { kind: SlotKind; index: number }>();
  for (const { kind, index, participant, source } of hints) {
    if (participant !== null && (source === "camera" || source === "screen") && KIND[source] === kind) {
      slots.set(`${participant}/${source}`, { kind, index });
    }
  }
  const plans: TilePlan[] = [];
  for (const person of people) {
    if (person.self || person.leaving) continue;
    for (const source of ["camera", "screen"] as const) {
      const live = person[source] === "live";
      if (source === "screen" && !live) continue;
      const key = `${person.participant}/${source}`;
      plans.push({ key, participant: person.participant, source, slot: slots.get(key) ?? null, live });
    }
  }
  return plans;
}

/** The state of a tile. */
export function tileState(plan: TilePlan, labelled: boolean, health: SlotHealth | null): Tile["state"] {
  if (!plan.live) return "muted";
  if (plan.slot === null) return "waiting";
  if (health === "failing") return "cannot_decrypt";
  return labelled || health === "opening" ? "live" : "waiting";
}

/** Milliseconds that a tile may show another person than the hint says, while a switch waits for its key frame. */
export const SWAP_PATIENCE = 5_000;

/** Notices pictures that stay on somebody else's tile. */
export class SwapWatch {
  readonly #since = new Map<string, number>();

  /** True once per stay, when `shown` was not `expected` for longer than a switch takes. `now` is monotonic. */
  look(key: string, expected: number | null, shown: number | null, now: number): boolean {
    if (expected === null || shown === null || expected === shown) {
      this.#since.delete(key);
      return false;
    }
    const since = this.#since.get(key) ?? now;
    this.#since.set(key, since);
    if (now - since < SWAP_PATIENCE) return false;
    this.#since.set(key, Number.POSITIVE_INFINITY);
    return true;
  }
}

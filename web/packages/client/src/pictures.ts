/**
 * The pictures behind all tiles: joins the model's plans with the slots of the connection in use, keeps what each shows,
 * and what was counted in each slot.
 */

import { LabelBook, slotKey } from "./state/labels.ts";
import type { Picture, Pictures as Port } from "./state/model.ts";
import type { SlotHealth, TilePlan } from "./state/tiles.ts";
import { TilePicture, type TileSlot } from "./tile.ts";
import type { Connection } from "./media/connection.ts";
import type { FrameLabel, PipeStats } from "./worker/pipes.ts";

/** Owns the tile pictures of one meeting; outlives connections and participations. */
export class Pictures implements Port {
  readonly #book = new LabelBook();
  readonly #changed: () => void;
  readonly #pictures = new Map<string, TilePicture>();
  readonly #counts = new Map<string, { received: number; opened: number }>();
  readonly #health = new Map<string, SlotHealth>();
  #connection: Connection | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Slots come from this connection now. */
  use(connection: Connection | null): void {
    if (connection !== this.#connection && this.#connection !== null) this.#book.forget(this.#connection.number);
    this.#connection = connection;
    this.#changed();
  }

  arrange(plans: readonly TilePlan[]): Map<string, Picture> {
    const shown = new Map<string, Picture>();
    for (const plan of plans) {
      const slot = this.#slot(plan);
      let picture = this.#pictures.get(plan.key);
      if (picture === undefined) this.#pictures.set(plan.key, (picture = new TilePicture(this.#book, this.#changed)));
      picture.show(slot);
      const health = slot === null ? null : (this.#health.get(slot.key) ?? null);
      shown.set(plan.key, { owner: picture.owner, health, attach: picture.attach });
    }
    for (const [key, picture] of this.#pictures) {
      if (shown.has(key)) continue;
      picture.show(null);
      this.#pictures.delete(key);
    }
    return shown;
  }

  /** The key Worker has opened these frames; returns the leaves that claimed one timestamp of one slot together. */
  labels(labels: readonly FrameLabel[]): number[] {
    const clashing = this.#book.add(labels);
    for (const picture of this.#pictures.values()) picture.labelled();
    return clashing;
  }

  /** Compares counters with the last ones: a slot that receives and opens nothing cannot be decrypted. */
  counted(stats: PipeStats): void {
    let changed = false;
    for (const { connection, slot, index, received, opened } of stats.receiving) {
      const key = slotKey(connection, slot, index);
      const before = this.#counts.get(key) ?? { received: 0, opened: 0 };
      this.#counts.set(key, { received, opened });
      const arrived = received - before.received;
      const health: SlotHealth = opened > before.opened ? "opening" : arrived > 2 ? "failing" : "quiet";
      // A shared screen may stand still for long: quiet after opening stays as it was.
      if (health === "quiet" || this.#health.get(key) === health) continue;
      this.#health.set(key, health);
      changed = true;
    }
    if (changed) this.#changed();
  }

  /** The slot and label of a tile, for statistics. */
  look(key: string): { slot: TileSlot | null; leaf: number | null } {
    const picture = this.#pictures.get(key);
    return { slot: picture?.slot ?? null, leaf: picture?.owner?.leaf ?? null };
  }

  /** Lets everything go. */
  close(): void {
    for (const picture of this.#pictures.values()) picture.show(null);
    this.#pictures.clear();
    this.#counts.clear();
    this.#health.clear();
    this.#connection = null;
  }

  #slot(plan: TilePlan): TileSlot | null {
    if (plan.slot === null || !plan.live || this.#connection === null) return null;
    const { kind, index } = plan.slot;
    const slot = this.#connection.slot(kind, index);
    return slot === undefined ? null : { key: slotKey(this.#connection.number, kind, index), track: slot.track };
  }
}

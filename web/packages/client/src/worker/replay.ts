/**
 * Replay protection (K5.3): one window of 1,024 counters per key id over all slots, so that a frame is delivered at most
 * once and a track fills at most one slot.
 */

/** Counters remembered behind the highest one seen. */
export const WINDOW = 1024;

/** One key's window. */
export class ReplayWindow {
  #highest = -1;
  readonly #seen = new Uint8Array(WINDOW);

  /** Whether `counter` could still be delivered; changes nothing, for a check before the costly opening. */
  fresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (this.#highest - counter >= WINDOW) return false;
    return this.#seen[counter % WINDOW] === 0;
  }

  /** Takes `counter`; false when it was taken before or lies behind the window. Call only with authentic frames. */
  take(counter: number): boolean {
    if (!this.fresh(counter)) return false;
    if (counter > this.#highest) {
      const from = Math.max(this.#highest + 1, counter - WINDOW + 1);
      for (let at = from; at <= counter; at += 1) this.#seen[at % WINDOW] = 0;
      this.#highest = counter;
    }
    this.#seen[counter % WINDOW] = 1;
    return true;
  }
}

/** The windows of all keys, forgotten with their epoch. */
export class ReplayGuard {
  readonly #windows = new Map<string, { epoch: number; window: ReplayWindow }>();

  /** Whether a counter of a key id could still be delivered; makes no window, for frames that prove nothing yet. */
  fresh(kid: number, epoch: number, counter: number): boolean {
    return this.#windows.get(nameOf(kid, epoch))?.window.fresh(counter) ?? true;
  }

  /** Takes a counter of a key id; false when it was taken before. Call only with authentic frames. */
  take(kid: number, epoch: number, counter: number): boolean {
    const name = nameOf(kid, epoch);
    let entry = this.#windows.get(name);
    if (entry === undefined) {
      entry = { epoch, window: new ReplayWindow() };
      this.#windows.set(name, entry);
    }
    return entry.window.take(counter);
  }

  /** Forgets windows of epochs before `epoch`: call only with epochs whose keys can no longer be had. */
  forgetBefore(epoch: number): void {
    for (const [name, entry] of this.#windows) if (entry.epoch < epoch) this.#windows.delete(name);
  }

  /** Keys remembered. */
  get size(): number {
    return this.#windows.size;
  }
}

/** A key id in a whole epoch: its low 8 bits alone would meet again after 256 epochs. */
function nameOf(kid: number, epoch: number): string {
  return `${epoch}:${kid}`;
}

/** A plain observable value, shaped for `useSyncExternalStore` and for anything else: `subscribe` and `getSnapshot`. */

import { tell } from "./listeners.ts";

/** Calls `run` soon, once; a port so that tests decide when. */
export type Schedule = (run: () => void) => void;

/** Holds a snapshot that is made anew, coalesced, after `touch`. */
export class Store<T> {
  readonly #make: () => T;
  readonly #schedule: Schedule;
  readonly #listeners = new Set<() => void>();
  #snapshot: T;
  #pending = false;

  constructor(make: () => T, schedule: Schedule) {
    this.#make = make;
    this.#schedule = schedule;
    this.#snapshot = make();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): T => this.#snapshot;

  /** Something changed: one new snapshot follows, however often this is called before. */
  touch(): void {
    if (this.#pending) return;
    this.#pending = true;
    this.#schedule(() => this.flush());
  }

  /** Makes the pending snapshot now. */
  flush(): void {
    this.#pending = false;
    this.#snapshot = this.#make();
    tell(this.#listeners, undefined);
  }
}

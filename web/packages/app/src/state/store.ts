/**
 * The smallest observable value: what every controller in `state/` is built on, in the
 * shape React's `useSyncExternalStore` reads. A value is replaced whole, never mutated.
 */

export interface Observable<T> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): T;
}

export class Store<T> implements Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}

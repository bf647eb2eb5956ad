/**
 * When a host is told by a sound that somebody waits: for the first of a crowd, not for each. Many may knock within seconds, at
 * the hour at which a meeting begins.
 */

/** Milliseconds without another sound. Longer, and somebody waits unnoticed; shorter, and it rings through what is being said. */
const QUIET_MS = 20_000;

/** Feed it with each list of who waits. */
export class Knocks {
  #known: ReadonlySet<string> = new Set();
  #rung = Number.NEGATIVE_INFINITY;

  /** Ids of those who are new, and whether to ring for them. `now` in milliseconds. */
  feed(waiting: readonly { readonly knock: string }[], now: number): { readonly fresh: readonly string[]; readonly ring: boolean } {
    const ids = waiting.map(({ knock }) => knock);
    const fresh = ids.filter((id) => !this.#known.has(id));
    this.#known = new Set(ids);
    const ring = fresh.length > 0 && now - this.#rung >= QUIET_MS;
    if (ring) this.#rung = now;
    return { fresh, ring };
  }
}

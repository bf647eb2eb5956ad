/**
 * How good this client's connection is, from the SDK's counters, in the three steps a person can
 * act on. It goes down only after a while and comes back only after a while, so that a single
 * bad second says nothing.
 */

/** Counters since the start: packets that should have come and that did not, and the way there and back in seconds. */
export interface NetworkCount {
  readonly received: number;
  readonly lost: number;
  readonly roundTrip: number | null;
}

export type Quality = "good" | "weak" | "poor";

/** Looks in a row that must agree before the answer changes: at one each two seconds, six seconds. */
const AGREE = 3;
/** With less sound is repaired well and nobody notices; with more words go missing. */
const WEAK_LOSS = 0.04;
const POOR_LOSS = 0.12;
/** From here on people talk over each other; then they wait for each other. */
const WEAK_SECONDS = 0.35;
const POOR_SECONDS = 0.8;
/** Fewer packets than this in a look say nothing about loss; a new connection, which counts from zero, seems to have fewer than none. */
const ENOUGH = 20;

/** Judges counters, one look after another. */
export class QualityWatch {
  #before: NetworkCount | null = null;
  #now: Quality = "good";
  #next: Quality = "good";
  #times = 0;

  /** The quality after this look. */
  look(count: NetworkCount): Quality {
    const before = this.#before;
    this.#before = count;
    if (!before) return this.#now;
    const seen = judge(before, count);
    if (seen === this.#now) this.#times = 0;
    else {
      this.#times = seen === this.#next ? this.#times + 1 : 1;
      this.#next = seen;
      if (this.#times >= AGREE) {
        this.#now = seen;
        this.#times = 0;
      }
    }
    return this.#now;
  }
}

function judge(before: NetworkCount, after: NetworkCount): Quality {
  const lost = after.lost - before.lost;
  const all = lost + after.received - before.received;
  const loss = all < ENOUGH ? 0 : lost / all;
  const seconds = after.roundTrip ?? 0;
  if (loss >= POOR_LOSS || seconds >= POOR_SECONDS) return "poor";
  return loss >= WEAK_LOSS || seconds >= WEAK_SECONDS ? "weak" : "good";
}

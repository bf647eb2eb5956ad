/**
 * Who holds up a hand, and how this client knows (K6.2): by that person's own word, or by a snapshot of somebody who was there
 * before. One's own word always wins; a snapshot is hearsay until a second member has confirmed it.
 */

import type { GroupView } from "../worker/group.ts";

/** Own words remembered with their order, to compare a snapshot with what was so when it was made. */
const MAX_CHANGES = 256;
/** Confirmations remembered that no snapshot here has asked for yet. */
const MAX_SEEN = 16;

/** An opened snapshot of hands. */
export interface HandsTold {
  /** The leaf that signed it. */
  readonly giver: number;
  /** The giver's epoch. */
  readonly epoch: number;
  /** The hub's order of the last message that the giver had heard. */
  readonly order: number;
  readonly leaves: ReadonlySet<number>;
  /** Names the signed structure, hexadecimal. */
  readonly hash: string;
}

/** The hands of one group. Feed it with `tree`, `say`, `told` and `seen`; read `up` and `toldBy`. */
export class Hands {
  #self: number | null = null;
  /** The epoch in which we came. */
  #first = 0;
  /** Leaves, and when each came; those who were there before us are said to have come with us. */
  #joined = new Map<number, number>();
  readonly #up = new Set<number>();
  readonly #heard = new Set<number>();
  #changes: { readonly order: number; readonly leaf: number; readonly before: boolean }[] = [];
  /** Changes up to this order are no longer remembered. */
  #forgotten = -1;
  #told: { readonly snapshot: HandsTold; readonly leaves: Set<number>; confirmed: boolean } | null = null;
  readonly #seen = new Map<string, Set<number>>();

  /** Leaves with a raised hand. */
  get up(): ReadonlySet<number> {
    return this.#up;
  }

  /** Another group, or none: everything is forgotten. */
  reset(): void {
    this.#self = null;
    this.#first = 0;
    this.#joined.clear();
    this.#up.clear();
    this.#heard.clear();
    this.#changes = [];
    this.#forgotten = -1;
    this.#told = null;
    this.#seen.clear();
  }

  /** A new epoch's tree: whoever is gone holds up nothing, and a leaf that came again is somebody else. */
  tree(view: GroupView): void {
    this.#self = view.leaf;
    this.#first = view.members.find((line) => line.self)?.joined_epoch ?? 0;
    const now = new Map(view.members.map((line) => [line.leaf, line.joined_epoch]));
    for (const [leaf, joined] of this.#joined) {
      if (now.get(leaf) === joined) continue;
      this.#up.delete(leaf);
      this.#heard.delete(leaf);
      this.#told?.leaves.delete(leaf);
      this.#changes = this.#changes.filter((change) => change.leaf !== leaf);
    }
    this.#joined = now;
  }

  /** Somebody's own word, with its place in the hub's order; null for ours, whose place we are not told. */
  say(leaf: number, up: boolean, order: number | null): void {
    if (order !== null) {
      this.#changes.push({ order, leaf, before: this.#up.has(leaf) });
      if (this.#changes.length > MAX_CHANGES) this.#forgotten = this.#changes.shift()?.order ?? this.#forgotten;
    }
    this.#heard.add(leaf);
    this.#told?.leaves.delete(leaf);
    this.#set(leaf, up);
  }

  /** The hands that we may vouch for: what we were told and nobody has confirmed is not ours to give. */
  known(): number[] {
    return [...this.#up].filter((leaf) => this.#knows(leaf)).toSorted((a, b) => a - b);
  }

  /** Takes a snapshot, as far as nothing better is known. A later one takes the place of one that nobody confirmed. */
  told(snapshot: HandsTold): void {
    if (this.#told?.confirmed === true) return;
    for (const leaf of this.#told?.leaves ?? []) this.#up.delete(leaf);
    const leaves = new Set([...snapshot.leaves].filter((leaf) => this.#wasThere(leaf, snapshot.epoch) && !this.#knows(leaf)));
    for (const leaf of leaves) this.#up.add(leaf);
    // Of itself the giver knows best: that is its own word.
    if (this.#joined.has(snapshot.giver)) this.#heard.add(snapshot.giver);
    leaves.delete(snapshot.giver);
    this.#told = { snapshot, leaves, confirmed: false };
    for (const from of this.#seen.get(snapshot.hash) ?? []) this.seen(from, snapshot.hash);
  }

  /** A member has confirmed the snapshot of this hash. */
  seen(from: number, hash: string): void {
    const told = this.#told;
    const seconds = from !== told?.snapshot.giver && from !== this.#self && this.#joined.has(from);
    if (told?.snapshot.hash === hash && seconds) told.confirmed = true;
    const known = this.#seen.get(hash) ?? new Set();
    this.#seen.delete(hash);
    this.#seen.set(hash, known.add(from));
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > MAX_SEEN && !oldest.done) this.#seen.delete(oldest.value);
  }

  /** Whether somebody beside its giver has confirmed the snapshot of this hash. */
  confirmed(hash: string, giver: number): boolean {
    return [...(this.#seen.get(hash) ?? [])].some((from) => from !== giver);
  }

  /** Whether all that this client knows itself agrees with a snapshot: then it may confirm it. */
  agrees(snapshot: HandsTold): boolean {
    const then = this.#at(snapshot.order);
    if (then === null) return false;
    for (const [leaf, joined] of this.#joined) {
      const listed = snapshot.leaves.has(leaf);
      // Nobody's hand was up before he came: a giver that says so speaks of somebody else, or lies about its epoch.
      if (joined > snapshot.epoch && listed) return false;
      if (leaf === snapshot.giver || joined > snapshot.epoch) continue;
      const up = leaf === this.#self ? this.#up.has(leaf) : then.has(leaf);
      if (listed ? !up || !this.#knows(leaf) : up && this.#knows(leaf)) return false;
    }
    return true;
  }

  /** The leaf by whose word alone somebody's hand is shown as up, or null. */
  get toldBy(): number | null {
    const told = this.#told;
    if (told === null || told.confirmed || told.leaves.size === 0) return null;
    return told.snapshot.giver;
  }

  #wasThere(leaf: number, epoch: number): boolean {
    return (this.#joined.get(leaf) ?? Number.POSITIVE_INFINITY) <= epoch;
  }

  #knows(leaf: number): boolean {
    const heardAll = this.#first === 0 || (this.#joined.get(leaf) ?? 0) > this.#first || this.#told?.confirmed === true;
    return heardAll || leaf === this.#self || this.#heard.has(leaf);
  }

  /** The hands as they were after the message of this order; null when that is longer ago than is remembered. */
  #at(order: number): Set<number> | null {
    if (order < this.#forgotten) return null;
    const then = new Set(this.#up);
    for (const change of this.#changes.toReversed()) {
      if (change.order <= order) break;
      if (change.before) then.add(change.leaf);
      else then.delete(change.leaf);
    }
    return then;
  }

  #set(leaf: number, up: boolean): void {
    if (up) this.#up.add(leaf);
    else this.#up.delete(leaf);
  }
}

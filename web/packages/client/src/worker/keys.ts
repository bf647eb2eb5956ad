/**
 * Where frame keys come from, as the sealers and openers see it. The MLS member behind it alone decides which epoch may be
 * sent under and whose key may still be opened; nothing here outlives its decision by more than `KEY_LIFE`, and by `KEY_LIFE_PENDING` where a revocation comes due.
 */

import { codeOf } from "../errors.ts";
import type { Source } from "./kid.ts";
import { type FrameKey, importFrameKey } from "./sframe.ts";

/** A key to send under, straight from the member; its generation was used by nobody before (K5.2). */
export interface SenderSecret {
  readonly kid: number;
  readonly epoch: number;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** A key to open with, and whose it is in the tree of the epoch it belongs to (K5.5). */
export interface ReceiverSecret {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly leaf: number;
  readonly epoch: number;
}

/** The member's side. Every method throws an error with a code rather than give a doubtful key. */
export interface FrameSecrets {
  /** The newest epoch this member has merged; null before it is in a group. */
  epoch(): number | null;
  /** Counts this client's leaves: epochs and generations of one leaf say nothing about another's, least of all in a new group. */
  life(): number;
  /** The epoch frames go out under now (K4.5); throws `stopped` when nothing may be sent (K3.3, K4.6). */
  sendEpoch(): number;
  sender(kind: Source): SenderSecret;
  /** Throws `unknown_epoch`, `removed_leaf`, `unknown_leaf`. */
  receiver(kid: number): ReceiverSecret;
  /** Whether time alone may soon take somebody's key away: a certificate was revoked and its two seconds run (K2.4). */
  pending(): boolean;
}

/** Milliseconds a receiver's key is used before the member is asked again: bounds how long a decision can be missed. */
export const KEY_LIFE = 1000;
/** The same while a revocation takes effect by time: 50 keys asked for 20 times a second is the most it costs, for three seconds. */
export const KEY_LIFE_PENDING = 50;

/** An imported key with its owner. */
export interface ReceiverKey {
  readonly frameKey: FrameKey;
  readonly leaf: number;
  readonly epoch: number;
}

/** Receivers' keys, imported once and asked for again after `KEY_LIFE` or any change of the group. */
export class ReceiverKeys {
  readonly #secrets: FrameSecrets;
  readonly #now: () => number;
  readonly #keys = new Map<number, { at: number; found: Promise<ReceiverKey> | string }>();
  #sweptAt = 0;

  constructor(secrets: FrameSecrets, now: () => number) {
    this.#secrets = secrets;
    this.#now = now;
  }

  /** The key of a key id, or the code of the member's refusal. */
  async get(kid: number): Promise<ReceiverKey | string> {
    const now = this.#now();
    this.#sweep(now);
    let entry = this.#keys.get(kid);
    if (entry === undefined || now - entry.at > (this.#secrets.pending() ? KEY_LIFE_PENDING : KEY_LIFE)) {
      entry = { at: now, found: this.#ask(kid) };
      this.#keys.set(kid, entry);
    }
    return entry.found;
  }

  /** Drops every key: called at each change of the group, before anything else is opened. */
  clear(): void {
    this.#keys.clear();
  }

  #ask(kid: number): Promise<ReceiverKey> | string {
    let secret: ReceiverSecret;
    try {
      secret = this.#secrets.receiver(kid);
    } catch (error) {
      return codeOf(error, "no_key");
    }
    const { leaf, epoch } = secret;
    return importFrameKey(secret.key, secret.salt, "decrypt").then((frameKey) => ({ frameKey, leaf, epoch }));
  }

  // A server can invent key ids as fast as it sends packets; refusals must not pile up.
  #sweep(now: number): void {
    if (now - this.#sweptAt < KEY_LIFE && this.#keys.size < 4096) return;
    this.#sweptAt = now;
    for (const [kid, entry] of this.#keys) if (now - entry.at > KEY_LIFE) this.#keys.delete(kid);
    if (this.#keys.size >= 4096) this.#keys.clear();
  }
}

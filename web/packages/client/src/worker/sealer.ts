/**
 * The sending half of one transform: seals each frame or drops it, by name. It owns the counter of its generation across
 * all simulcast encodings (K5.2) and takes a fresh generation whenever the epoch to send under changes, or the leaf to send as.
 */

import { codeOf } from "../errors.ts";
import { type Codec, metadataOf, padAudio, syntheticHeader, wrapFrame } from "./codec.ts";
import { type EncodedFrame, isKeyFrame } from "./frame.ts";
import type { FrameSecrets } from "./keys.ts";
import type { Source } from "./kid.ts";
import { type FrameKey, importFrameKey, sealedLength, sealFrame } from "./sframe.ts";

/** What one sealer did since it was made. */
export interface SealerStats {
  sealed: number;
  /** Octets that left, headers and tags included. */
  octets: number;
  dropped: Record<string, number>;
}

/** The largest padded size of one source so far (K5.6). */
export interface AudioFloor {
  octets: number;
}

interface Current {
  readonly kid: number;
  readonly life: number;
  readonly epoch: number;
  readonly frameKey: FrameKey;
  counter: number;
}

// RFC 9605 leaves the counter 64 bits; we stay where numbers are exact and far below GCM's own limit.
const MAX_COUNTER = 2 ** 40;

/** Seals the frames of one source on one connection, in order; `seal` must not be called twice at once. */
export class Sealer {
  readonly kind: Source;
  /** The codec of this source; video follows what the answer chose. */
  codec: Codec;
  readonly stats: SealerStats = { sealed: 0, octets: 0, dropped: {} };
  readonly #secrets: FrameSecrets;
  #current: Current | null = null;
  readonly #floor: AudioFloor;

  /** `floor` is shared by the sealers of one source, so that a second connection does not start small again. */
  constructor(kind: Source, codec: Codec, secrets: FrameSecrets, floor: AudioFloor = { octets: 0 }) {
    this.kind = kind;
    this.codec = codec;
    this.#secrets = secrets;
    this.#floor = floor;
  }

  /** Replaces the frame's data by its sealed form; false when the frame must not leave. */
  async seal(frame: EncodedFrame): Promise<boolean> {
    try {
      const wire = await this.#wire(frame);
      if (typeof wire === "string") return this.#drop(wire);
      frame.data = wire.buffer;
      this.stats.sealed += 1;
      this.stats.octets += wire.length;
      return true;
    } catch (error) {
      return this.#drop(codeOf(error, "seal_failed"));
    }
  }

  async #wire(frame: EncodedFrame): Promise<Uint8Array<ArrayBuffer> | string> {
    const clear = new Uint8Array(frame.data);
    if (clear.length === 0) return "empty";
    const current = await this.#key();
    if (current.counter >= MAX_COUNTER) return "exhausted";
    const counter = current.counter;
    current.counter += 1;
    const plain = this.codec === "opus" ? this.#pad(clear) : clear;
    const length = sealedLength(current.kid, counter, plain.length);
    const synthetic = syntheticHeader(this.codec, isKeyFrame(frame), clear, length);
    const metadata = metadataOf(this.codec, synthetic);
    const { header, sealed } = await sealFrame(current.frameKey, current.kid, counter, metadata, plain);
    return wrapFrame(this.codec, synthetic, header, sealed);
  }

  #pad(clear: Uint8Array): Uint8Array<ArrayBuffer> {
    // Screen sound has no words' sizes to hide, but one format for all sound keeps receivers simple.
    const padded = padAudio(clear, this.#floor.octets);
    this.#floor.octets = padded.length;
    return padded;
  }

  async #key(): Promise<Current> {
    const epoch = this.#secrets.sendEpoch();
    const life = this.#secrets.life();
    if (this.#current !== null && this.#current.life === life && this.#current.epoch === epoch) return this.#current;
    this.#current = null;
    const secret = this.#secrets.sender(this.kind);
    const frameKey = await importFrameKey(secret.key, secret.salt, "encrypt");
    this.#current = { kid: secret.kid, life, epoch: secret.epoch, frameKey, counter: 0 };
    return this.#current;
  }

  #drop(reason: string): false {
    this.stats.dropped[reason] = (this.stats.dropped[reason] ?? 0) + 1;
    return false;
  }
}

/**
 * The receiving half of one transform: what arrives in one slot is opened in order, or dropped by name. Frames of an epoch
 * not reached yet wait up to a second (K4.5); a key id of another kind than the slot's, a replay, or anything that is not
 * authentic never reaches a decoder (K5.3, K5.7).
 */

import type { SlotKind } from "../generated/wire.ts";
import { type Codec, metadataOf, stripAudio, unwrapFrame, type Wire } from "./codec.ts";
import { type EncodedFrame, rtpTimestampOf } from "./frame.ts";
import type { FrameSecrets, ReceiverKeys } from "./keys.ts";
import { epochsAhead, parseKid, type Source } from "./kid.ts";
import type { ReplayGuard } from "./replay.ts";
import { decodeHeader, openFrame, type SframeHeader, TAG } from "./sframe.ts";

export type { SlotKind } from "../generated/wire.ts";

/** The one kind of media each slot may show (K5.3). A consent microphone has no slot: members refuse it (K7.2). */
export const KIND_OF_SLOT: Record<SlotKind, Source> = {
  audio: "microphone",
  video: "camera",
  screen: "screen",
  screen_sound: "screen_sound",
};

/** Milliseconds a frame of an epoch that is not reached yet is held (K4.5). */
export const HOLD = 1000;
// About a second of a 60 fps screen in small and large frames; more is a flood.
const MAX_HELD = 256;
const MAX_HELD_OCTETS = 8 << 20;

/** What one opener did since it was made. */
export interface OpenerStats {
  received: number;
  opened: number;
  /** The leaf of the last opened frame, null before the first. */
  leaf: number | null;
  dropped: Record<string, number>;
  /** Frames opened per leaf, to see who filled the slot. */
  byLeaf: Record<number, number>;
}

/** What all openers of a client share. */
export interface OpenerShared {
  readonly secrets: FrameSecrets;
  readonly keys: ReceiverKeys;
  readonly replay: ReplayGuard;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Resolves at the next change of the group, or after `ms`. */
  readonly changed: (ms: number) => Promise<void>;
}

/** An opened frame's owner, for the label of the tile that shows it (M4.5). */
export interface Opened {
  readonly leaf: number;
  readonly epoch: number;
  readonly rtpTimestamp: number | null;
}

interface Waiting {
  readonly frame: EncodedFrame;
  readonly arrived: number;
  readonly octets: number;
}

interface Parsed extends Wire {
  readonly header: SframeHeader;
  readonly ahead: number;
}

/** Opens the frames of one slot of one connection. `push` returns at once; `deliver` is called in order. */
export class Opener {
  readonly stats: OpenerStats = { received: 0, opened: 0, leaf: null, dropped: {}, byLeaf: {} };
  codec: Codec;
  readonly #kind: Source;
  readonly #shared: OpenerShared;
  readonly #deliver: (frame: EncodedFrame, opened: Opened) => void;
  readonly #queue: Waiting[] = [];
  #octets = 0;
  #pumping = false;
  #closed = false;

  constructor(
    slot: SlotKind,
    codec: Codec,
    shared: OpenerShared,
    deliver: (frame: EncodedFrame, opened: Opened) => void,
  ) {
    this.#kind = KIND_OF_SLOT[slot];
    this.codec = codec;
    this.#shared = shared;
    this.#deliver = deliver;
  }

  /** Takes a frame from the network. */
  push(frame: EncodedFrame): void {
    this.stats.received += 1;
    const octets = frame.data.byteLength;
    if (this.#closed) return;
    if (this.#queue.length >= MAX_HELD || this.#octets + octets > MAX_HELD_OCTETS) return this.#drop("overflow");
    this.#queue.push({ frame, arrived: this.#shared.now(), octets });
    this.#octets += octets;
    if (!this.#pumping) void this.#pump();
  }

  /** Forgets what waits. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#octets = 0;
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    while (!this.#closed) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#octets -= next.octets;
      try {
        await this.#handle(next);
      } catch {
        this.#drop("open_failed");
      }
    }
    this.#pumping = false;
  }

  async #handle(waiting: Waiting): Promise<void> {
    const bytes = new Uint8Array(waiting.frame.data);
    let parsed = this.#parse(bytes);
    while (typeof parsed !== "string" && parsed.ahead > 0) {
      const left = waiting.arrived + HOLD - this.#shared.now();
      if (left <= 0) return this.#drop("unknown_epoch");
      await this.#shared.changed(left);
      if (this.#closed) return;
      parsed = this.#parse(bytes);
    }
    if (typeof parsed === "string") return this.#drop(parsed);
    const key = await this.#shared.keys.get(parsed.header.kid);
    if (typeof key === "string") return this.#drop(key);
    const { kid, counter } = parsed.header;
    if (!this.#shared.replay.fresh(kid, key.epoch, counter)) return this.#drop("replay");
    const metadata = metadataOf(this.codec, parsed.synthetic);
    let plain: Uint8Array<ArrayBuffer> | null;
    try {
      plain = await openFrame(key.frameKey, parsed.header, metadata, parsed.sealed);
    } catch {
      return this.#drop("not_authentic");
    }
    // Other slots ran during the opening: only now is the counter taken.
    if (!this.#shared.replay.take(kid, key.epoch, counter)) return this.#drop("replay");
    if (this.codec === "opus") plain = stripAudio(plain);
    if (plain === null || plain.length === 0) return this.#drop("padding");
    this.#give(waiting.frame, plain, key.leaf, key.epoch);
  }

  #parse(bytes: Uint8Array<ArrayBuffer>): Parsed | string {
    if (bytes.length === 0) return "empty";
    const wire = unwrapFrame(this.codec, bytes);
    if (wire === null) return "not_sealed";
    const header = decodeHeader(wire.sealed, 0);
    if (header === null || wire.sealed.length < header.length + TAG) return "not_sealed";
    const id = parseKid(header.kid);
    if (id === null) return "not_sealed";
    if (id.kind !== this.#kind) return "wrong_kind";
    const epoch = this.#shared.secrets.epoch();
    // Before the first epoch everything is ahead: a joiner's Welcome may be a moment behind its media.
    const ahead = epoch === null ? 1 : epochsAhead(id.epoch, epoch);
    return { ...wire, header, ahead };
  }

  #give(frame: EncodedFrame, plain: Uint8Array<ArrayBuffer>, leaf: number, epoch: number): void {
    frame.data = plain.byteLength === plain.buffer.byteLength ? plain.buffer : plain.slice().buffer;
    this.stats.opened += 1;
    this.stats.leaf = leaf;
    this.stats.byLeaf[leaf] = (this.stats.byLeaf[leaf] ?? 0) + 1;
    this.#deliver(frame, { leaf, epoch, rtpTimestamp: rtpTimestampOf(frame) });
  }

  #drop(reason: string): void {
    this.stats.dropped[reason] = (this.stats.dropped[reason] ?? 0) + 1;
  }
}

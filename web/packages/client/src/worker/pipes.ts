/**
 * All transforms of the client: joins the browser's streams to sealers and openers, keeps their statistics, and collects
 * the owners of opened frames for the page's labels (M4.5).
 */

import { monotonic } from "../clock.ts";
import type { Codec } from "./codec.ts";
import type { EncodedFrame } from "./frame.ts";
import { type FrameSecrets, ReceiverKeys } from "./keys.ts";
import { KINDS, type Source } from "./kid.ts";
import { KIND_OF_SLOT, Opener, type OpenerShared, type OpenerStats, type SlotKind } from "./opener.ts";
import { ReplayGuard } from "./replay.ts";
import { type AudioFloor, Sealer, type SealerStats } from "./sealer.ts";

/** What a transform is for; sent by the page with the streams. */
export type PipeTarget =
  | { readonly direction: "send"; readonly connection: number; readonly source: Source }
  | { readonly direction: "receive"; readonly connection: number; readonly slot: SlotKind; readonly index: number };

/** One opened video frame: the picture with this RTP timestamp in this slot is this leaf's. */
export interface FrameLabel {
  readonly connection: number;
  readonly slot: SlotKind;
  readonly index: number;
  readonly rtpTimestamp: number;
  readonly leaf: number;
  readonly epoch: number;
}

/** Statistics of every transform. */
export interface PipeStats {
  readonly sending: ({ connection: number; source: Source } & SealerStats)[];
  readonly receiving: ({ connection: number; slot: SlotKind; index: number } & OpenerStats)[];
}

/** Checks what the page asked for; null when it is none of our transforms. */
export function parseTarget(value: unknown): PipeTarget | null {
  if (typeof value !== "object" || value === null) return null;
  const target = value as Record<string, unknown>;
  if (typeof target.connection !== "number") return null;
  if (target.direction === "send") {
    return KINDS.includes(target.source as Source) ? (value as PipeTarget) : null;
  }
  if (target.direction !== "receive" || typeof target.index !== "number") return null;
  return typeof target.slot === "string" && target.slot in KIND_OF_SLOT ? (value as PipeTarget) : null;
}

const isSound = (kind: Source): boolean => kind !== "camera" && kind !== "screen";

interface SendPipe {
  readonly target: PipeTarget & { direction: "send" };
  readonly sealer: Sealer;
}

interface ReceivePipe {
  readonly target: PipeTarget & { direction: "receive" };
  readonly opener: Opener;
}

/** Owns every sealer and opener. Call `groupChanged` at each change of the member, before answering anything else. */
export class Pipes {
  readonly #secrets: FrameSecrets;
  readonly #shared: OpenerShared;
  readonly #keys: ReceiverKeys;
  readonly #replay = new ReplayGuard();
  readonly #sending: SendPipe[] = [];
  readonly #receiving: ReceivePipe[] = [];
  readonly #labelled: (labels: FrameLabel[]) => void;
  #labels: FrameLabel[] = [];
  readonly #floors = new Map<Source, AudioFloor>();
  #videoCodec: Codec = "vp8";
  readonly #wake = new Set<() => void>();

  constructor(secrets: FrameSecrets, labelled: (labels: FrameLabel[]) => void) {
    this.#secrets = secrets;
    this.#keys = new ReceiverKeys(secrets, monotonic);
    this.#labelled = labelled;
    this.#shared = {
      secrets,
      keys: this.#keys,
      replay: this.#replay,
      now: monotonic,
      changed: (ms) => this.#changed(ms),
    };
  }

  /** Joins one transform's streams. Returns when the streams end. */
  attach(target: PipeTarget, readable: ReadableStream<EncodedFrame>, writable: WritableStream<EncodedFrame>): Promise<void> {
    return target.direction === "send"
      ? this.#send(target, readable, writable)
      : this.#receive(target, readable, writable);
  }

  /** The meeting's one video codec (M3.3), as the answer says. */
  setVideoCodec(codec: Codec): void {
    this.#videoCodec = codec;
    for (const pipe of this.#sending) if (!isSound(pipe.target.source)) pipe.sealer.codec = codec;
    for (const pipe of this.#receiving) if (!isSound(KIND_OF_SLOT[pipe.target.slot])) pipe.opener.codec = codec;
  }

  /** Keys are asked for again, held frames tried again, windows of epochs long gone forgotten. */
  groupChanged(): void {
    this.#keys.clear();
    const epoch = this.#secrets.epoch();
    if (epoch !== null) this.#replay.forgetBefore(epoch - 64);
    for (const resolve of this.#wake) resolve();
    this.#wake.clear();
  }

  /** Forgets the transforms of a closed connection. */
  detach(connection: number): void {
    for (const pipe of this.#receiving) if (pipe.target.connection === connection) pipe.opener.close();
    this.#keep(this.#sending, connection);
    this.#keep(this.#receiving, connection);
  }

  /** Counters of all transforms, copied. */
  stats(): PipeStats {
    return {
      sending: this.#sending.map(({ target, sealer }) => ({
        connection: target.connection,
        source: target.source,
        ...structuredClone(sealer.stats),
      })),
      receiving: this.#receiving.map(({ target, opener }) => ({
        connection: target.connection,
        slot: target.slot,
        index: target.index,
        ...structuredClone(opener.stats),
      })),
    };
  }

  #keep(pipes: { readonly target: PipeTarget }[], gone: number): void {
    const kept = pipes.filter((pipe) => pipe.target.connection !== gone);
    pipes.splice(0, pipes.length, ...kept);
  }

  async #send(
    target: PipeTarget & { direction: "send" },
    readable: ReadableStream<EncodedFrame>,
    writable: WritableStream<EncodedFrame>,
  ): Promise<void> {
    const floor = this.#floors.get(target.source) ?? { octets: 0 };
    this.#floors.set(target.source, floor);
    const codec = isSound(target.source) ? "opus" : this.#videoCodec;
    const sealer = new Sealer(target.source, codec, this.#secrets, floor);
    this.#sending.push({ target, sealer });
    const reader = readable.getReader();
    const writer = writable.getWriter();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (await sealer.seal(next.value)) await writer.write(next.value);
    }
  }

  async #receive(
    target: PipeTarget & { direction: "receive" },
    readable: ReadableStream<EncodedFrame>,
    writable: WritableStream<EncodedFrame>,
  ): Promise<void> {
    const sound = isSound(KIND_OF_SLOT[target.slot]);
    const reader = readable.getReader();
    const writer = writable.getWriter();
    const opener = new Opener(target.slot, sound ? "opus" : this.#videoCodec, this.#shared, (frame, opened) => {
      if (!sound && opened.rtpTimestamp !== null) {
        const { connection, slot, index } = target;
        this.#label({ connection, slot, index, rtpTimestamp: opened.rtpTimestamp, leaf: opened.leaf, epoch: opened.epoch });
      }
      writer.write(frame).catch(() => opener.close());
    });
    this.#receiving.push({ target, opener });
    for (let next = await reader.read(); !next.done; next = await reader.read()) opener.push(next.value);
  }

  #label(label: FrameLabel): void {
    this.#labels.push(label);
    if (this.#labels.length > 1) return;
    // One message for all frames of this turn.
    queueMicrotask(() => {
      const labels = this.#labels;
      this.#labels = [];
      this.#labelled(labels);
    });
  }

  #changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#wake.delete(wake);
        resolve();
      }, ms);
      this.#wake.add(wake);
    });
  }
}

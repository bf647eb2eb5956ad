/**
 * One tile's picture: shows the track of whichever slot the tile has now, and learns from the browser which frame is on
 * screen, so that the label can follow the picture and never signalling (M4.5).
 */

import type { LabelBook, Owner } from "./state/labels.ts";

/** The slot a tile is shown from. */
export interface TileSlot {
  readonly key: string;
  readonly track: MediaStreamTrack;
}

/** Joins video elements with a slot. `changed` is called when the owner of the shown frame changes. */
export class TilePicture {
  readonly #book: LabelBook;
  readonly #changed: () => void;
  readonly #elements = new Set<HTMLVideoElement>();
  #slot: TileSlot | null = null;
  #stream: MediaStream | null = null;
  #owner: Owner | null = null;
  #unmatched: number | null = null;
  #current: number | null = null;

  constructor(book: LabelBook, changed: () => void) {
    this.#book = book;
    this.#changed = changed;
  }

  /** The owner of the frame on screen, null until the first match. */
  get owner(): Owner | null {
    return this.#owner;
  }

  /** The slot it is shown from. */
  get slot(): TileSlot | null {
    return this.#slot;
  }

  /** Shows another slot, or none. */
  show(slot: TileSlot | null): void {
    if (slot?.key === this.#slot?.key && slot?.track === this.#slot?.track) return;
    this.#slot = slot;
    this.#stream = slot === null ? null : new MediaStream([slot.track]);
    this.#unmatched = null;
    this.#current = null;
    this.#own(null);
    for (const video of this.#elements) this.#play(video);
  }

  /** Shows the picture in an element; the returned function lets it go. */
  readonly attach = (video: HTMLVideoElement): (() => void) => {
    this.#elements.add(video);
    video.muted = true;
    video.playsInline = true;
    let handle = 0;
    const watch = (_: number, frame: VideoFrameCallbackMetadata): void => {
      if (!this.#elements.has(video)) return;
      if (frame.rtpTimestamp !== undefined && video.srcObject === this.#stream) this.#shown(frame.rtpTimestamp);
      handle = video.requestVideoFrameCallback(watch);
    };
    handle = video.requestVideoFrameCallback(watch);
    this.#play(video);
    return () => {
      if (!this.#elements.delete(video)) return;
      video.cancelVideoFrameCallback(handle);
      video.srcObject = null;
      if (this.#elements.size === 0) this.#own(null);
    };
  };

  /** Labels arrived: the frame on screen may be among them. */
  labelled(): void {
    if (this.#slot !== null && this.#current !== null && this.#book.ambiguous(this.#slot.key, this.#current)) return this.#own(null);
    if (this.#unmatched === null || this.#slot === null) return;
    const owner = this.#book.owner(this.#slot.key, this.#unmatched);
    if (owner === null) return;
    this.#unmatched = null;
    this.#own(owner);
  }

  #shown(rtpTimestamp: number): void {
    if (this.#slot === null) return;
    this.#current = rtpTimestamp;
    if (this.#book.ambiguous(this.#slot.key, rtpTimestamp)) this.#own(null);
    const owner = this.#book.owner(this.#slot.key, rtpTimestamp);
    // A label may be a moment behind its frame; when the next frame comes and it still is not there, the name goes.
    if (owner === null && this.#unmatched !== null) this.#own(null);
    this.#unmatched = owner === null ? rtpTimestamp : null;
    if (owner !== null) this.#own(owner);
  }

  #own(owner: Owner | null): void {
    const same = owner?.leaf === this.#owner?.leaf;
    this.#owner = owner;
    if (!same) this.#changed();
  }

  #play(video: HTMLVideoElement): void {
    video.srcObject = this.#stream;
    if (this.#stream !== null) void video.play().catch(() => undefined);
  }
}

/** Plays the audio slots: one element each, outside the document, because a slot's track never changes on a connection. */

import type { Connection } from "./connection.ts";

/** The loudspeaker. */
export class AudioOut {
  readonly #elements: HTMLAudioElement[] = [];
  #sink = "";
  #muted = false;
  readonly #blocked: (blocked: boolean) => void;

  /** `blocked` is told when the browser wants a gesture before it plays. */
  constructor(blocked: (blocked: boolean) => void) {
    this.#blocked = blocked;
  }

  /** Plays the sound slots of this connection and no other's. */
  use(connection: Connection): void {
    this.close();
    for (const slot of connection.slots) {
      if (slot.kind !== "audio" && slot.kind !== "screen_sound") continue;
      const element = new Audio();
      element.srcObject = new MediaStream([slot.track]);
      element.muted = this.#muted;
      this.#elements.push(element);
      if (this.#sink !== "") void element.setSinkId?.(this.#sink).catch(() => undefined);
    }
    void this.play();
  }

  /** Plays; call it from a gesture when the browser refused before. */
  async play(): Promise<void> {
    const results = await Promise.allSettled(this.#elements.map((element) => element.play()));
    this.#blocked(results.some((one) => one.status === "rejected" && (one.reason as Error).name === "NotAllowedError"));
  }

  /** Chooses the loudspeaker, where the browser lets one choose. */
  async choose(deviceId: string): Promise<void> {
    this.#sink = deviceId;
    await Promise.all(this.#elements.map((element) => element.setSinkId?.(deviceId)));
  }

  /** Silences everything here. */
  mute(muted: boolean): void {
    this.#muted = muted;
    for (const element of this.#elements) element.muted = muted;
  }

  /** Lets every element go. */
  close(): void {
    for (const element of this.#elements) {
      element.pause();
      element.srcObject = null;
    }
    this.#elements.length = 0;
  }
}

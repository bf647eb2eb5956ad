/**
 * Speaking while the microphone is off: the key that opens it as long as it is held, and the
 * hint for people who talk without noticing that nobody hears them.
 */

import type { Devices } from "./devices.ts";

/** Push to talk. `press` and `release` may come in any order and any number. */
export class PushToTalk {
  readonly #devices: Devices;
  readonly #allowed: () => boolean;
  #held = false;

  /** `allowed` says whether this person may speak now. */
  constructor(devices: Devices, allowed: () => boolean = () => true) {
    this.#devices = devices;
    this.#allowed = allowed;
  }

  /** Opens the microphone if it is off; true when this press is one to talk. */
  press(): boolean {
    if (this.#held) return true;
    const { on, starting } = this.#devices.store.getSnapshot().microphone;
    if (on || starting || !this.#allowed()) return false;
    this.#held = true;
    void this.#devices.turn("microphone", true);
    return true;
  }

  /** Closes it again, unless it was opened or closed by other means meanwhile. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    void this.#devices.turn("microphone", false);
  }

  /** The switch was used while the key was held: the switch decides from here on. */
  forget(): void {
    this.#held = false;
  }
}

/** As loud as a voice near the microphone on the meter's scale; a keyboard's clicks are shorter, a fan is quieter. */
const LOUD = 0.55;
/** A word or two: shorter fires at a cough, longer comes when the sentence is over. */
const WORDS_MS = 700;
/** Who was told and stays silent on purpose is not told again at once. */
const PAUSE_MS = 30_000;
/** Shorter gaps are those between syllables. */
const GAP_MS = 300;

/** Notices speech on a microphone that is off. Fed with the meter's level. */
export class TalkingMuted {
  #since: number | null = null;
  #loud = 0;
  #told = Number.NEGATIVE_INFINITY;

  /** True once for each time the person should be told. `now` in milliseconds. */
  feed(level: number, now: number): boolean {
    // Also when it is loud now: nothing is fed while the microphone is on, and what was said before is another sentence.
    if (now - this.#loud > GAP_MS) this.#since = null;
    if (level >= LOUD) {
      this.#since ??= now;
      this.#loud = now;
    }
    if (this.#since === null || now - this.#since < WORDS_MS || now - this.#told < PAUSE_MS) return false;
    this.#told = now;
    this.#since = null;
    return true;
  }
}

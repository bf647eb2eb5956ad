/**
 * The own microphone, camera and their choices. One machine per input: asking, on, off or a
 * problem with a name. A muted microphone keeps its capture (unmuting must be instant) but
 * its track is disabled and no longer given to the meeting; a camera that is off is let go,
 * so that its light goes out.
 */

import { Store } from "./store.ts";

export type Input = "microphone" | "camera";
export type DeviceProblem = "denied" | "missing" | "busy" | "unsupported" | "failed" | "unplugged";

export interface InputState {
  readonly on: boolean;
  readonly starting: boolean;
  readonly track: MediaStreamTrack | null;
  readonly problem: DeviceProblem | null;
}

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface DevicesState {
  readonly microphone: InputState;
  readonly camera: InputState;
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  readonly speakers: readonly Device[];
  /** The loudspeaker to play to; empty for the system's own. */
  readonly speaker: string;
  /** True when the browser refused that loudspeaker and plays to the system's own. */
  readonly speakerFailed: boolean;
}

export interface Choice {
  readonly microphone: string;
  readonly camera: string;
  readonly speaker: string;
}

/** The part of `navigator.mediaDevices` that is used. */
export interface MediaPort {
  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream>;
  enumerateDevices(): Promise<MediaDeviceInfo[]>;
  addEventListener(type: "devicechange", listener: () => void): void;
  removeEventListener(type: "devicechange", listener: () => void): void;
}

const INPUTS = ["microphone", "camera"] as const;
const OFF: InputState = { on: false, starting: false, track: null, problem: null };
const NONE: DevicesState = { microphone: OFF, camera: OFF, microphones: [], cameras: [], speakers: [], speaker: "", speakerFailed: false };

export class Devices {
  readonly store = new Store<DevicesState>(NONE);
  readonly #media: MediaPort | null;
  #choice: Choice;
  /** Counts requests per input, so that an answer that was overtaken is let go. */
  readonly #turn: Record<Input, number> = { microphone: 0, camera: 0 };
  readonly #refresh = (): void => void this.refresh();

  /** `media` is null where the page may not capture at all (no secure context). */
  constructor(media: MediaPort | null, choice: Choice) {
    this.#media = media;
    this.#choice = choice;
    this.store.set({ ...NONE, speaker: choice.speaker });
    media?.addEventListener("devicechange", this.#refresh);
  }

  async refresh(): Promise<void> {
    const all = (await this.#media?.enumerateDevices().catch(() => [])) ?? [];
    const of = (kind: MediaDeviceKind): Device[] =>
      all.filter((device) => device.kind === kind && device.deviceId !== "").map(({ deviceId, label }) => ({ id: deviceId, label }));
    this.store.update((state) => ({ ...state, microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") }));
  }

  /** Asks for microphone and camera in one question; where that fails, for each alone. */
  async start(): Promise<void> {
    if (!this.#media) return this.#both({ ...OFF, problem: "unsupported" });
    const turns = { microphone: (this.#turn.microphone += 1), camera: (this.#turn.camera += 1) };
    this.#both({ ...OFF, starting: true });
    let stream: MediaStream;
    try {
      stream = await this.#media.getUserMedia({ ...constraints("microphone", this.#choice.microphone), ...constraints("camera", this.#choice.camera) });
    } catch (error) {
      if (problem(error) === "denied") {
        for (const input of INPUTS) if (turns[input] === this.#turn[input]) this.#set(input, { ...OFF, problem: "denied" });
        return;
      }
      await Promise.all(INPUTS.map((input) => (turns[input] === this.#turn[input] ? this.turn(input, true) : undefined)));
      return;
    }
    for (const track of stream.getTracks()) {
      const input = track.kind === "audio" ? "microphone" : "camera";
      if (turns[input] === this.#turn[input]) this.#took(input, track);
      else track.stop();
    }
    void this.refresh();
  }

  async turn(input: Input, on: boolean): Promise<void> {
    const state = this.store.getSnapshot()[input];
    const turn = (this.#turn[input] += 1);
    if (!on) return this.#off(input);
    if (state.track && state.track.readyState === "live") {
      state.track.enabled = true;
      return this.#set(input, { ...state, on: true, starting: false, problem: null });
    }
    this.#set(input, { ...OFF, starting: true });
    const answer = await this.#capture(input);
    if (turn !== this.#turn[input]) {
      if (typeof answer !== "string") answer.stop();
      return;
    }
    if (typeof answer === "string") return this.#set(input, { ...OFF, problem: answer });
    this.#took(input, answer);
    void this.refresh();
  }

  /** What a press on its switch means: off when it is on or about to be, else on. */
  async toggle(input: Input): Promise<void> {
    const { on, starting } = this.store.getSnapshot()[input];
    await this.turn(input, !(on || starting));
  }

  /** Takes another device; a running capture moves to it at once. */
  async choose(input: Input, id: string): Promise<void> {
    this.#choice = { ...this.#choice, [input]: id };
    const { on, starting } = this.store.getSnapshot()[input];
    this.#release(input);
    if (on || starting) await this.turn(input, true);
  }

  /** Plays to another loudspeaker; whoever plays follows the state. */
  chooseSpeaker(id: string): void {
    this.store.update((state) => ({ ...state, speaker: id, speakerFailed: false }));
  }

  /** The browser would not play to `id`. */
  speakerRefused(id: string): void {
    this.store.update((state) => (state.speaker === id ? { ...state, speakerFailed: true } : state));
  }

  /** Lets every device go; the object may be used again. */
  stop(): void {
    for (const input of INPUTS) {
      this.#turn[input] += 1;
      this.#release(input);
    }
  }

  dispose(): void {
    this.stop();
    this.#media?.removeEventListener("devicechange", this.#refresh);
  }

  async #capture(input: Input): Promise<MediaStreamTrack | DeviceProblem> {
    if (!this.#media) return "unsupported";
    try {
      const stream = await this.#media.getUserMedia(constraints(input, this.#choice[input]));
      const track = (input === "microphone" ? stream.getAudioTracks() : stream.getVideoTracks())[0];
      return track ?? "missing";
    } catch (error) {
      return problem(error);
    }
  }

  #took(input: Input, track: MediaStreamTrack): void {
    track.addEventListener("ended", () => {
      if (this.store.getSnapshot()[input].track === track) this.#set(input, { ...OFF, problem: "unplugged" });
    });
    this.#set(input, { on: true, starting: false, track, problem: null });
  }

  #both(state: InputState): void {
    for (const input of INPUTS) this.#set(input, state);
  }

  #off(input: Input): void {
    const { track } = this.store.getSnapshot()[input];
    if (input === "microphone" && track && track.readyState === "live") {
      track.enabled = false;
      this.#set(input, { ...OFF, track });
    } else this.#release(input);
  }

  #release(input: Input): void {
    this.store.getSnapshot()[input].track?.stop();
    this.#set(input, OFF);
  }

  #set(input: Input, state: InputState): void {
    this.store.update((all) => ({ ...all, [input]: state }));
  }
}

/** A camera of at least 960 × 540, or Chromium encodes only two of the three layers (M3.6). */
export function constraints(input: Input, id: string): MediaStreamConstraints {
  const device = id ? { deviceId: { ideal: id } } : {};
  if (input === "microphone") {
    return { audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
  }
  return { video: { ...device, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } } };
}

/** The name of what went wrong, from a `DOMException`'s name. */
export function problem(error: unknown): DeviceProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "failed";
}

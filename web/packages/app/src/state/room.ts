/**
 * The life of the room page: looking the room up, the lobby, joining, the meeting, its end.
 * It joins three things that know nothing of each other: HTTP, the own devices and the SDK's
 * meeting. What is captured follows what is shared, never the other way round.
 */

import type { Api, RoomInfo } from "./api.ts";
import { ApiError } from "./api.ts";
import type { Devices, Input } from "./devices.ts";
import type { Ended, Join, Meeting } from "./port.ts";
import { Store } from "./store.ts";

export type Phase =
  | { readonly name: "loading" }
  | { readonly name: "missing"; readonly code: string }
  | { readonly name: "lobby"; readonly room: RoomInfo; readonly problem: string | null }
  | { readonly name: "joining"; readonly room: RoomInfo }
  | { readonly name: "meeting"; readonly room: RoomInfo; readonly meeting: Meeting }
  | { readonly name: "ended"; readonly room: RoomInfo; readonly ended: Ended };

/** The sources that a person switches. */
export type Visible = Input | "screen";

export interface Identity {
  readonly session: string | null;
  readonly guestName: string | null;
}

export class Room {
  readonly store = new Store<Phase>({ name: "loading" });
  /** The screen being shared by this person, or null. */
  readonly screen = new Store<MediaStream | null>(null);
  /** Sources that were stopped because what they sent was not encrypted (K5.7), until they are switched on again. */
  readonly stopped = new Store<readonly Visible[]>([]);
  readonly #api: Api;
  readonly #join: Join;
  readonly #devices: Devices;
  readonly #slug: string;
  readonly #secret: string;
  #release: (() => void)[] = [];
  #attempt = 0;
  #giveUp = new AbortController();

  constructor(api: Api, join: Join, devices: Devices, slug: string, secret: string) {
    this.#api = api;
    this.#join = join;
    this.#devices = devices;
    this.#slug = slug;
    this.#secret = secret;
  }

  async open(): Promise<void> {
    this.store.set({ name: "loading" });
    try {
      this.store.set({ name: "lobby", room: await this.#api.room(this.#slug), problem: null });
    } catch (error) {
      this.store.set({ name: "missing", code: codeOf(error) });
    }
  }

  async join(who: Identity, language: string): Promise<void> {
    const phase = this.store.getSnapshot();
    if (phase.name !== "lobby") return;
    const { room } = phase;
    const attempt = (this.#attempt += 1);
    this.store.set({ name: "joining", room });
    this.#giveUp = new AbortController();
    const { microphone, camera } = this.#devices.store.getSnapshot();
    const given = { microphone: microphone.on ? microphone.track : null, camera: camera.on ? camera.track : null };
    try {
      const meeting = await this.#join({
        slug: this.#slug,
        roomSecret: this.#secret,
        session: who.session,
        guestName: who.guestName,
        pin: null,
        onLobby: () => undefined,
        ...given,
        language,
        signal: this.#giveUp.signal,
      });
      if (attempt !== this.#attempt) return void meeting.leave().catch(() => undefined);
      this.#enter(room, meeting, given);
    } catch (error) {
      if (attempt === this.#attempt) this.store.set({ name: "lobby", room, problem: codeOf(error) });
    }
  }

  /** Gives up a join under way; a meeting that still comes is left at once. */
  cancel(): void {
    const phase = this.store.getSnapshot();
    if (phase.name !== "joining") return;
    this.#attempt += 1;
    this.#giveUp.abort();
    this.store.set({ name: "lobby", room: phase.room, problem: null });
  }

  async leave(): Promise<void> {
    const phase = this.store.getSnapshot();
    if (phase.name !== "meeting") return;
    this.#end(phase.room, { reason: "left", by: null });
    await phase.meeting.leave().catch(() => undefined);
  }

  /** Shares a screen the person picked, until `unshare` or until the browser ends it. */
  async share(stream: MediaStream): Promise<void> {
    const phase = this.store.getSnapshot();
    if (phase.name !== "meeting") return stop(stream);
    this.unshare();
    this.screen.set(stream);
    this.#forgive("screen");
    stream.getVideoTracks()[0]?.addEventListener("ended", () => {
      if (this.screen.getSnapshot() === stream) this.unshare();
    });
    try {
      await phase.meeting.startScreen(stream);
    } catch (error) {
      this.unshare();
      throw error;
    }
  }

  unshare(): void {
    const stream = this.screen.getSnapshot();
    if (!stream) return;
    this.screen.set(null);
    stop(stream);
    const phase = this.store.getSnapshot();
    if (phase.name === "meeting") void phase.meeting.stopScreen().catch(() => undefined);
  }

  /** The page goes away: everything captured is let go and the meeting is left. */
  dispose(): void {
    this.#attempt += 1;
    this.#giveUp.abort();
    const phase = this.store.getSnapshot();
    if (phase.name === "meeting") void phase.meeting.leave().catch(() => undefined);
    this.unshare();
    for (const release of this.#release) release();
    this.#release = [];
    this.#devices.stop();
  }

  #enter(room: RoomInfo, meeting: Meeting, given: Record<Input, MediaStreamTrack | null>): void {
    this.stopped.set([]);
    this.store.set({ name: "meeting", room, meeting });
    const follow = this.#sending(meeting, { ...given });
    const play = this.#playing(meeting);
    const watch = this.#watching(room, meeting);
    this.#release = [this.#devices.store.subscribe(follow), this.#devices.store.subscribe(play), meeting.subscribe(watch)];
    follow();
    play();
    watch();
  }

  /** Hands the meeting the tracks that are on; `given` are those it has. */
  #sending(meeting: Meeting, given: Record<Input, MediaStreamTrack | null>): () => void {
    return () => {
      const devices = this.#devices.store.getSnapshot();
      for (const input of ["microphone", "camera"] as const) {
        const track = devices[input].on ? devices[input].track : null;
        if (track === given[input]) continue;
        given[input] = track;
        if (track) this.#forgive(input);
        const set = input === "microphone" ? meeting.setMicrophone(track) : meeting.setCamera(track);
        void set.catch(() => undefined);
      }
    };
  }

  /** Tells the meeting which loudspeaker was chosen. */
  #playing(meeting: Meeting): () => void {
    let speaker = "";
    return () => {
      const chosen = this.#devices.store.getSnapshot().speaker;
      if (chosen === speaker) return;
      speaker = chosen;
      void meeting.setSpeaker(chosen).catch(() => this.#devices.speakerRefused(chosen));
    };
  }

  /** Follows what the meeting decides: sources it stopped, a host's muting, its end. */
  #watching(room: RoomInfo, meeting: Meeting): () => void {
    let mutedAt = meeting.getSnapshot().mutedBy?.time ?? 0;
    const before: Partial<Record<Visible, boolean>> = {};
    return () => {
      const { ended, mutedBy, own } = meeting.getSnapshot();
      for (const source of ["microphone", "camera", "screen"] as const) {
        const stopped = own[source].why === "source_stopped";
        if (stopped && !before[source]) this.#stop(source);
        before[source] = stopped;
      }
      if (mutedBy && mutedBy.time > mutedAt) {
        mutedAt = mutedBy.time;
        if (mutedBy.source === "microphone" || mutedBy.source === "camera") void this.#devices.turn(mutedBy.source, false);
        if (mutedBy.source === "screen") this.unshare();
      }
      if (ended) this.#end(room, ended);
    };
  }

  /** The seal let nothing of this source through: what is captured is let go, and the person is told. */
  #stop(source: Visible): void {
    if (source === "screen") this.unshare();
    else void this.#devices.turn(source, false);
    this.stopped.update((all) => (all.includes(source) ? all : [...all, source]));
  }

  #forgive(source: Visible): void {
    this.stopped.update((all) => (all.includes(source) ? all.filter((one) => one !== source) : all));
  }

  #end(room: RoomInfo, ended: Ended): void {
    if (this.store.getSnapshot().name !== "meeting") return;
    for (const release of this.#release) release();
    this.#release = [];
    this.unshare();
    this.#devices.stop();
    this.store.set({ name: "ended", room, ended });
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The stable code of a refusal, whoever raised it; "unknown" when it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof ApiError) return error.code;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && code !== "" ? code : "unknown";
}

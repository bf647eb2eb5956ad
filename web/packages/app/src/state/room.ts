/**
 * The life of the room page: looking the room up, saying who one is, joining, perhaps waiting for a host, the meeting, its end.
 * It joins three things that know nothing of each other: HTTP, the own devices and the SDK's
 * meeting. What is captured follows what is shared, never the other way round.
 */

import type { Api, RoomInfo } from "./api.ts";
import { ApiError } from "./api.ts";
import type { Devices, Input } from "./devices.ts";
import type { Ended, Join, LobbyWait, Meeting } from "./port.ts";
import { Store } from "./store.ts";

export type Phase =
  | { readonly name: "loading" }
  | { readonly name: "missing"; readonly code: string }
  | { readonly name: "lobby"; readonly room: RoomInfo; readonly problem: string | null }
  | { readonly name: "joining"; readonly room: RoomInfo }
  | { readonly name: "waiting"; readonly room: RoomInfo; readonly waiting: LobbyWait }
  | { readonly name: "meeting"; readonly room: RoomInfo; readonly meeting: Meeting }
  | { readonly name: "ended"; readonly room: RoomInfo; readonly ended: Ended };

/** The sources that a person switches. */
export type Visible = Input | "screen";

export interface Identity {
  readonly session: string | null;
  readonly guestName: string | null;
  /** Of the invitation, where the room asks for one. */
  readonly pin?: string | null;
}

/** Refusals that typing something else does not mend: they end the visit, with what can be done instead. */
const FINAL = new Set(["lobby_refused", "lobby_timeout", "meeting_ended", "room_locked", "room_closed", "excluded", "tenant_suspended"]);

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

  async open(session: string | null = null): Promise<void> {
    this.store.set({ name: "loading" });
    try {
      this.store.set({ name: "lobby", room: await this.#api.room(this.#slug, session), problem: null });
    } catch (error) {
      this.store.set({ name: "missing", code: codeOf(error) });
    }
  }

  /** Somebody else asks now: what awaits may be another thing. What was shown stays when nothing is answered. */
  async lookAgain(session: string | null): Promise<void> {
    const room = await this.#api.room(this.#slug, session).catch(() => null);
    if (room) this.store.update((phase) => (phase.name === "lobby" ? { ...phase, room } : phase));
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
        pin: who.pin ?? null,
        onLobby: (waiting) => {
          if (attempt === this.#attempt) this.store.set({ name: "waiting", room, waiting });
        },
        ...given,
        language,
        signal: this.#giveUp.signal,
      });
      if (attempt !== this.#attempt) return void meeting.leave().catch(() => undefined);
      this.#enter(room, meeting, given);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const code = codeOf(error);
      if (FINAL.has(code)) this.#over(room, { reason: code, by: null });
      else this.store.set({ name: "lobby", room, problem: code });
    }
  }

  /** Gives up a join under way, or a wait; a meeting that still comes is left at once. */
  cancel(): void {
    const phase = this.store.getSnapshot();
    if (phase.name !== "joining" && phase.name !== "waiting") return;
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
        void set.catch((error: unknown) => {
          // What may not be sent is not captured, so that nobody thinks to be heard.
          if (codeOf(error) === "rule_refused") void this.#devices.turn(input, false);
        });
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
        const barred = own[source].why === "barred";
        if (stopped && !before[source]) this.#stop(source);
        if (barred && !before[source]) this.#drop(source);
        before[source] = stopped || barred;
      }
      if (mutedBy && mutedBy.time > mutedAt) {
        mutedAt = mutedBy.time;
        if (mutedBy.source !== "screen_sound") this.#drop(mutedBy.source);
      }
      if (ended) this.#end(room, ended);
    };
  }

  /** What is captured is let go: nobody sees or hears it any more. */
  #drop(source: Visible): void {
    if (source === "screen") this.unshare();
    else void this.#devices.turn(source, false);
  }

  /** The seal let nothing of this source through, and the person is told. */
  #stop(source: Visible): void {
    this.#drop(source);
    this.stopped.update((all) => (all.includes(source) ? all : [...all, source]));
  }

  #forgive(source: Visible): void {
    this.stopped.update((all) => (all.includes(source) ? all.filter((one) => one !== source) : all));
  }

  #end(room: RoomInfo, ended: Ended): void {
    if (this.store.getSnapshot().name !== "meeting") return;
    this.#over(room, ended);
  }

  #over(room: RoomInfo, ended: Ended): void {
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

/**
 * A meeting as a page uses it. It keeps what outlives a participation: the published tracks, the model, the pictures and
 * the loudspeaker; and makes a new participation when the old one cannot go on.
 */

import { monotonic, unixTime } from "./clock.ts";
import { HostCommands } from "./commands.ts";
import { codeOf, EntenteError } from "./errors.ts";
import type { HelloReply, Person, ServerEvent } from "./generated/wire.ts";
import type { JoinRequest } from "./http.ts";
import { AudioOut } from "./media/audio_out.ts";
import { FIRST_VIDEO } from "./media/connection.ts";
import { type Assets, Participation, type ParticipationPorts } from "./participation.ts";
import { Pictures } from "./pictures.ts";
import { type Delays, RECONNECT } from "./state/backoff.ts";
import { type Content, decodeContent, encodeContent, MAX_TEXT } from "./state/content.ts";
import { Handover } from "./state/handover.ts";
import { tell } from "./state/listeners.ts";
import { MeetingModel } from "./state/model.ts";
import { Store } from "./state/store.ts";
import { collectStats } from "./stats.ts";
import type { Alarm, Ended, LobbyWait, MeetingSnapshot, Source, Stats, View } from "./types.ts";
import type { GroupMessage, GroupView } from "./worker/group.ts";

/** Participations tried in a row before the meeting is given up: with the waits between, some two minutes, in which a node restarts. */
const TRIES = 40;
/** Participations in a row whose media found no way, in a meeting whose media once had one: some two minutes, as above. */
const BLOCKED_TRIES = 5;
/** Milliseconds between looks at what time alone changes. */
const TICK = 1_000;
// What another participation cannot mend.
const FINAL = new Set([
  "removed", "meeting_ended", "room_unknown", "not_found", "unauthorized", "forbidden", "guests_refused", "meeting_full",
  "unsupported_browser", "suite_refused", "suite_not_allowed", "media_blocked", "room_closed", "room_locked", "guests_ended",
  "pin_required", "pin_wrong", "excluded", "lobby_refused", "lobby_timeout", "tenant_suspended", "account_blocked", "assurance_low",
]);
/** What ends a wait in the lobby although nobody has answered: the place is taken again. */
const KNOCK_AGAIN = new Set(["network", "timeout", "restarting", "unavailable"]);

/** Events of a meeting beside its snapshots. */
export interface MeetingEvents {
  change: MeetingSnapshot;
  alarm: Alarm;
  ended: Ended;
  lobby: LobbyWait;
}

/** One meeting. Made by `Entente.join`. */
export class Meeting {
  /** What only hosts may have done. */
  readonly host = new HostCommands((type, fields) => this.#need().request(type, fields));
  readonly #join: JoinRequest;
  readonly #assets: Assets;
  readonly #model = new MeetingModel();
  readonly #pictures = new Pictures(() => this.#store.touch());
  readonly #audio = new AudioOut((blocked) => {
    this.#model.soundBlocked = blocked;
    this.#store.touch();
  });
  readonly #store: Store<MeetingSnapshot>;
  readonly #listeners = new Map<keyof MeetingEvents, Set<(value: never) => void>>();
  readonly #tracks = new Map<Source, MediaStreamTrack>();
  readonly #delays: Delays;
  readonly #ticker: ReturnType<typeof setInterval>;
  #view: readonly View[] = [];
  #hand = false;
  #signing = false;
  /** Us in the node's list of people, as it was last told. */
  #listed = { participant: "", signing: false };
  /** Whether media ever had a path in this meeting, and how many participations ended since because there was none. */
  #stood = false;
  #blocked = 0;
  #handover: Handover | null = null;
  #current: Participation | null = null;
  #ended = false;

  constructor(join: JoinRequest, assets: Assets, delays: Delays = RECONNECT) {
    this.#join = join;
    this.#assets = assets;
    this.#delays = delays;
    this.#store = new Store(() => this.#model.snapshot(this.#pictures), (run) => setTimeout(run, 0));
    this.#store.subscribe(() => this.#emit("change", this.#store.getSnapshot()));
    this.#ticker = setInterval(() => this.#tick(), TICK);
  }

  /** Observes snapshots; shaped for `useSyncExternalStore`. */
  subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);
  /** The latest snapshot; the same object until something changed. */
  getSnapshot = (): MeetingSnapshot => this.#store.getSnapshot();

  get state(): MeetingSnapshot["state"] {
    return this.getSnapshot().state;
  }
  get me(): MeetingSnapshot["me"] {
    return this.getSnapshot().me;
  }
  get people(): MeetingSnapshot["people"] {
    return this.getSnapshot().people;
  }
  get tiles(): MeetingSnapshot["tiles"] {
    return this.getSnapshot().tiles;
  }
  get messages(): MeetingSnapshot["messages"] {
    return this.getSnapshot().messages;
  }
  get encryption(): MeetingSnapshot["encryption"] {
    return this.getSnapshot().encryption;
  }

  /** Listens to one kind of event; the returned function stops it. */
  on<T extends keyof MeetingEvents>(type: T, listener: (value: MeetingEvents[T]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener as (value: never) => void);
    return () => void listeners.delete(listener as (value: never) => void);
  }

  /** Opens the first participation; called by `Entente.join`, once. */
  async open(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#participate();
      } catch (error) {
        const code = codeOf(error, "lost");
        const again = this.#model.waiting !== null && KNOCK_AGAIN.has(code) && attempt < TRIES;
        if (again) await this.#delays.wait(attempt);
        if (again && !this.#ended) continue;
        this.#end(code, null);
        throw error;
      }
    }
  }

  /** Publishes this microphone, or none. Null is a mute: the track is taken out of the sender (M3.2). */
  setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    return this.#publish("microphone", track);
  }

  /** Publishes this camera, or none; at least 960 × 540 where three layers are wanted (M3.6). */
  setCamera(track: MediaStreamTrack | null): Promise<void> {
    return this.#publish("camera", track);
  }

  /** Shares a stream of `getDisplayMedia`, with its sound if it has any; ends by itself when the capture does. */
  async startScreen(stream: MediaStream): Promise<void> {
    const [picture] = stream.getVideoTracks();
    if (picture === undefined) throw new EntenteError("media_failed", "no picture in the stream");
    if (this.#refused("screen")) throw new EntenteError("rule_refused", "screen");
    picture.contentHint = "detail";
    picture.addEventListener("ended", () => {
      if (this.#tracks.get("screen") === picture) void this.stopScreen();
    });
    const [sound] = stream.getAudioTracks();
    // Both are known before either is announced: who stops in between stops both.
    const former = this.#tracks.get("screen_sound");
    this.#tracks.set("screen", picture);
    if (sound !== undefined) this.#tracks.set("screen_sound", sound);
    await this.#publish("screen", picture);
    if (this.#tracks.get("screen") !== picture) return;
    if (sound !== undefined) await this.#publish("screen_sound", sound);
    else if (former !== undefined) await this.#publish("screen_sound", null);
  }

  /** Stops sharing. */
  async stopScreen(): Promise<void> {
    const shared = (["screen", "screen_sound"] as const).filter((source) => this.#tracks.has(source));
    for (const source of shared) {
      this.#tracks.get(source)?.stop();
      this.#tracks.delete(source);
    }
    for (const source of shared) await this.#publish(source, null);
  }

  /** Writes to everybody; resolves when the hub has ordered it. */
  async sendChat(text: string): Promise<void> {
    if (text.length === 0 || text.length > MAX_TEXT) throw new EntenteError("too_large", "chat");
    await this.#say({ t: "chat", id: crypto.randomUUID(), text });
  }

  /** Raises or lowers the hand. */
  async raiseHand(up: boolean): Promise<void> {
    await this.#say({ t: "hand", up });
    this.#hand = up;
  }

  /** Says that one signs, which counts as speaking until it is taken back (M4.7). */
  async setSigning(on: boolean): Promise<void> {
    await this.#need().request("signing", { on });
    this.#signing = on;
  }

  /** Tells the node what is on screen, most important first. */
  setView(tiles: readonly View[]): void {
    this.#view = tiles;
    this.#sendView();
  }

  /** The people present compared the code aloud (K6.3). */
  markVerified(): void {
    this.#model.verify(unixTime());
    this.#store.touch();
  }

  /** Chooses the loudspeaker. */
  setSpeaker(deviceId: string): Promise<void> {
    return this.#audio.choose(deviceId);
  }

  /** Plays sound after the browser wanted a gesture; call it from one. */
  playSound(): Promise<void> {
    return this.#audio.play();
  }

  /** Counters for tests and diagnosis. */
  async stats(): Promise<Stats> {
    const current = this.#need();
    return collectStats(await current.stats(), current.media.connection, this.getSnapshot().tiles, (key) => this.#pictures.look(key));
  }

  /** Leaves; the tracks stay the page's. */
  async leave(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    this.#end("left", null);
    await current?.close(true);
  }

  async #participate(): Promise<void> {
    if (this.#ended) throw new EntenteError("closed", "before joining");
    const participation = new Participation(this.#join, this.#assets, this.#ports());
    this.#current = participation;
    for (const [source, track] of this.#tracks) await participation.media.publish(source, track);
    try {
      await participation.open();
    } catch (error) {
      if (this.#current === participation) this.#current = null;
      await participation.close(false);
      throw error;
    }
    const live = [...this.#tracks.keys()].map((source) => participation.request("source", { source, state: "live" }));
    const signing = this.#signing ? [participation.request("signing", { on: true })] : [];
    // Hints for the others: that one did not arrive does not undo the join.
    await Promise.allSettled([...live, ...signing]);
    this.#store.touch();
  }

  /** What a participation tells, and what comes of it. */
  #ports(): ParticipationPorts {
    return {
      lobby: (waiting) => {
        this.#model.knocked(waiting);
        this.#emit("lobby", waiting);
        this.#store.touch();
      },
      hello: (hello) => this.#greeted(hello),
      event: (event) => this.#told(event),
      group: (view) => this.#grouped(view),
      message: (message) => this.#heard(message),
      arrived: (arrival) => this.#handover?.arrived(arrival),
      labels: (labels) => {
        const clashing = this.#pictures.labels(labels);
        if (clashing.length > 0) this.#alarm("tiles_swapped", clashing);
      },
      alarm: (code, detail, leaf) => this.#alarm(code, leaf === null ? [] : [leaf], detail),
      counted: (stats) => this.#pictures.counted(stats),
      connection: (connection) => {
        this.#pictures.use(connection);
        this.#audio.use(connection);
      },
      connected: () => {
        this.#stood = true;
        this.#blocked = 0;
      },
      interrupted: (interrupted) => {
        this.#model.interrupted(interrupted);
        this.#store.touch();
      },
      stopped: (source, finding) => {
        this.#silence(source as Source, "source_stopped");
        this.#alarm(finding, [], source);
      },
      lost: (code) => void this.#lost(code),
    };
  }

  #greeted(hello: HelloReply): void {
    this.#model.hello(hello);
    this.#listed = { participant: hello.participant, signing: false };
    this.#handover = this.#makeHandover();
    this.#bar(true);
  }

  /**
   * Empties what we may not send, before any of it is sent. A microphone that is live goes on where only hosts unmute;
   * `arriving` says that nothing of ours is live yet.
   */
  #bar(arriving: boolean): void {
    const { why } = this.#model.rights;
    const microphone = why.unmute === "audience" || (arriving && why.unmute !== null);
    const barred = { microphone, camera: why.camera !== null, screen: why.share !== null, screen_sound: why.share !== null };
    for (const source of this.#tracks.keys()) {
      if (!barred[source]) continue;
      this.#silence(source, "barred");
      // The node was told nothing yet of somebody who arrives.
      const emptied = arriving ? this.#current?.media.publish(source, null) : this.#current?.publish(source, null, "off");
      emptied?.catch(() => undefined);
    }
  }

  #told(event: ServerEvent): void {
    this.#model.event(event, unixTime());
    if (event.type === "muted") this.#silence(event.source as Source, "muted_by_host");
    if (event.type === "participants") {
      this.#noteSigning(event.people);
      this.#sendView();
    }
    if (event.type === "participants" || event.type === "rules") this.#bar(false);
    if (event.type === "hand_lowered" && this.#hand) void this.raiseHand(false).catch(() => undefined);
    if (event.type === "removed" || event.type === "ended") this.#finish();
    this.#store.touch();
  }

  /** The node ends our signing when we cannot be seen any more: a later participation must not begin it again. */
  #noteSigning(people: readonly Person[]): void {
    const own = people.find(({ participant }) => participant === this.#listed.participant);
    if (own === undefined) return;
    if (this.#listed.signing && !own.signing) this.#signing = false;
    this.#listed.signing = own.signing;
  }

  #grouped(view: GroupView): void {
    const first = this.#model.view.epoch === null && view.epoch !== null;
    this.#model.group(view);
    this.#handover?.group(view);
    // Hands are held up in each group anew: a newcomer to it knows none.
    if (first && this.#hand) void this.raiseHand(true).catch(() => undefined);
    this.#store.touch();
  }

  #heard({ leaf, epoch, order, content, vouched }: GroupMessage): void {
    const known = decodeContent(content);
    if (known?.t === "snapshot" && vouched !== null) this.#handover?.snapshot(leaf, vouched, known).catch(() => undefined);
    else if (known?.t === "snapshot_seen") this.#handover?.seen(leaf, known.hash);
    else if (known !== null) this.#model.content(known, { leaf, epoch, order }, unixTime());
    this.#handover?.heard(order);
    this.#store.touch();
  }

  #makeHandover(): Handover | null {
    const participation = this.#current;
    if (participation === null) return null;
    return new Handover(this.#model.hands, {
      give: (purpose, order, content) => participation.giveSnapshot(purpose, order, content),
      confirm: (hash) => participation.sendMessage(encodeContent({ t: "snapshot_seen", hash })),
      later: (ms, run) => void setTimeout(() => (this.#current === participation ? run() : undefined), ms),
      changed: () => this.#store.touch(),
    });
  }

  async #lost(code: string): Promise<void> {
    if (this.#ended || this.#current === null) return;
    this.#current = null;
    this.#model.interrupted(true);
    this.#store.touch();
    let reason = code;
    if (reason === "media_blocked") this.#blocked += 1;
    for (let attempt = 0; attempt < TRIES && !this.#ended && !this.#final(reason); attempt += 1) {
      await this.#delays.wait(attempt);
      if (this.#ended) return;
      try {
        return await this.#participate();
      } catch (error) {
        reason = codeOf(error, "lost");
      }
    }
    if (!this.#ended) this.#end(this.#final(reason) ? reason : "lost", null);
  }

  #final(reason: string): boolean {
    // A network that let media through an hour ago may do so again.
    if (reason === "media_blocked" && this.#stood && this.#blocked < BLOCKED_TRIES) return false;
    return FINAL.has(reason);
  }

  async #publish(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (track === null) this.#tracks.delete(source);
    else if (this.#refused(source)) throw new EntenteError("rule_refused", source);
    else this.#tracks.set(source, track);
    this.#model.published(source, track !== null, null);
    this.#store.touch();
    const silent = source === "microphone" ? "muted" : "off";
    await this.#current?.publish(source, track, track === null ? silent : "live");
  }

  /** Whether we may not begin to send this; another device for what is live already is no beginning. */
  #refused(source: Source): boolean {
    const { why } = this.#model.rights;
    if (source === "microphone") return why.unmute !== null && !(this.#tracks.has(source) && why.unmute !== "audience");
    return source === "camera" ? why.camera !== null : why.share !== null;
  }

  /** A source that was emptied for a reason of somebody else's: a later participation must not publish it again. */
  #silence(source: Source, why: "muted_by_host" | "source_stopped" | "barred"): void {
    this.#tracks.delete(source);
    this.#model.published(source, false, why);
    this.#store.touch();
  }

  async #say(content: Content): Promise<void> {
    await this.#need().sendMessage(encodeContent(content));
    this.#model.content(content, "self", unixTime());
    this.#store.touch();
  }

  #sendView(): void {
    const tiles = this.#view.map(({ participant, source, height }) => ({ participant, source, height: Math.round(height) }));
    if (tiles.length === 0) return;
    if (tiles.filter(({ source }) => source === "camera").length > FIRST_VIDEO) this.#current?.grow().catch(() => undefined);
    this.#current?.request("view", { tiles }).catch(() => undefined);
  }

  #alarm(code: string, leaves: readonly number[], detail = ""): void {
    const alarm = this.#model.alarm(code, leaves, unixTime(), detail);
    if (alarm !== null) this.#emit("alarm", alarm);
    this.#store.touch();
  }

  #tick(): void {
    const pictures = new Map(
      this.getSnapshot().tiles.map((tile) => {
        const key = `${tile.participant}/${tile.source}`;
        const { leaf } = this.#pictures.look(key);
        const owner = leaf === null ? null : { leaf, epoch: 0 };
        return [key, { owner, health: null, attach: tile.attach }];
      }),
    );
    const swapped = this.#model.swapped(pictures, monotonic());
    if (swapped.length > 0) this.#alarm("tiles_swapped", swapped);
  }

  #end(reason: string, by: string | null): void {
    this.#model.end(reason, by);
    this.#finish();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#current = null;
    clearInterval(this.#ticker);
    this.#audio.close();
    this.#pictures.close();
    this.#store.flush();
    const { ended } = this.getSnapshot();
    if (ended !== null) this.#emit("ended", ended);
  }

  #need(): Participation {
    if (this.#current === null) throw new EntenteError("not_connected");
    return this.#current;
  }

  #emit<T extends keyof MeetingEvents>(type: T, value: MeetingEvents[T]): void {
    tell((this.#listeners.get(type) ?? []) as Iterable<(value: MeetingEvents[T]) => void>, value);
  }
}

/**
 * One participant's lifetime at the node: one join token, one socket (resumed when lost), one key Worker with one leaf, and
 * the media. When it cannot go on, the meeting makes another.
 */

import { monotonic, unixTime } from "./clock.ts";
import { codeOf, EntenteError } from "./errors.ts";
import type { HelloReply, Requests, ServerEvent, SourceState } from "./generated/wire.ts";
import { type JoinRequest, type JoinTicket, requestJoin, socketUrl } from "./http.ts";
import { KeyWorker } from "./keys/key_worker.ts";
import { type Connection, FIRST_VIDEO, GROWTH } from "./media/connection.ts";
import { outboundOf } from "./media/outbound.ts";
import { MediaSession } from "./media/session.ts";
import { type Finding, Watchdog } from "./media/watchdog.ts";
import { browserPins, pinChanged } from "./pins.ts";
import { Socket } from "./socket.ts";
import type { Arrival } from "./state/handover.ts";
import type { LobbyWait } from "./types.ts";
import { hex } from "./state/people.ts";
import type { GroupMessage, GroupView } from "./worker/group.ts";
import type { Source } from "./worker/kid.ts";
import type { FrameLabel, PipeStats } from "./worker/pipes.ts";
import type { WorkerStats } from "./worker/protocol.ts";
import { VERSION } from "./version.ts";

/** Where the parts are served from. */
export interface Assets {
  readonly workerUrl: string;
  readonly wasmUrl: string;
  readonly wasmIntegrity: string | null;
}

/** What a participation tells the meeting. */
export interface ParticipationPorts {
  /** We wait in the lobby; `hello` follows, or opening fails. */
  lobby(waiting: LobbyWait): void;
  hello(hello: HelloReply): void;
  event(event: ServerEvent): void;
  group(view: GroupView): void;
  message(message: GroupMessage): void;
  /** Members came to a group we were in already (K6.2). */
  arrived(arrival: Arrival): void;
  labels(labels: readonly FrameLabel[]): void;
  alarm(code: string, detail: string, leaf: number | null): void;
  /** Counters, once a second. */
  counted(stats: PipeStats): void;
  /** The connection whose slots are shown. */
  connection(connection: Connection): void;
  /** Media has a path. */
  connected(): void;
  /** The path is interrupted, or whole again. */
  interrupted(interrupted: boolean): void;
  /** A source was emptied because its frames did not pass through the seal (K5.7). */
  stopped(source: Source, finding: Finding): void;
  /** It cannot go on; another may. */
  lost(code: string): void;
}

const LOOK = 1_000;
const CLIENT = { name: "entente-web", version: VERSION };
const REFUSED = { host: "lobby_refused", timeout: "lobby_timeout", ended: "meeting_ended" } as const;

/** Order: construct, `publish` what there is, `open`, then requests, at last `close`. */
export class Participation {
  readonly media: MediaSession;
  readonly #join: JoinRequest;
  readonly #assets: Assets;
  readonly #ports: ParticipationPorts;
  readonly #keys: KeyWorker;
  readonly #watchdog = new Watchdog();
  #socket: Socket | null = null;
  readonly #leaving = new AbortController();
  #greeted: Promise<unknown> = Promise.resolve();
  #knocking: { readonly resolve: (token: string) => void; readonly reject: (error: EntenteError) => void } | null = null;
  #looker: ReturnType<typeof setInterval> | null = null;
  #opened = false;
  #over = false;
  #maxVideo = 0;
  #socketLost = false;
  #mediaLost = false;

  constructor(join: JoinRequest, assets: Assets, ports: ParticipationPorts) {
    this.#join = join;
    this.#assets = assets;
    this.#ports = ports;
    this.#keys = new KeyWorker(assets.workerUrl, {
      send: (type, fields) => this.request(type, fields as never),
      group: (view) => {
        this.#hold(view.stopped);
        this.#ports.group(view);
      },
      labels: (labels) => this.#ports.labels(labels),
      message: (message) => this.#ports.message(message),
      arrived: (arrival) => this.#ports.arrived(arrival),
      alarm: (code, detail, leaf) => this.#ports.alarm(code, detail, leaf),
      failed: () => this.#lose("key_worker_failed"),
    });
    this.media = this.#makeMedia();
  }

  /** Joins. The module, the socket and the offer are made side by side; the group and the media then each go their way. */
  async open(): Promise<void> {
    if (this.#over) throw new EntenteError("closed", "before joining");
    const greeted = this.#greet();
    this.#greeted = greeted;
    const started = this.#keys.call("start", { wasm: this.#assets.wasmUrl, integrity: this.#assets.wasmIntegrity });
    const begun = Promise.all([greeted, started]).then(([hello]) => this.#keys.call("begin", { hello }));
    const [hello, manifests] = await Promise.all([greeted, begun, this.media.start()]);
    await this.#pin(hello.deployment, hex(manifests));
    if (this.#over) throw new EntenteError("closed", "while joining");
    this.#opened = true;
    this.#looker = setInterval(() => void this.#look().catch(() => undefined), LOOK);
  }

  /** Token and socket: from here on the node knows us. */
  async #greet(): Promise<HelloReply> {
    const ticket = await requestJoin(this.#join, this.#leaving.signal);
    // Whoever leaves while the token is on its way must not become a participant with it: nobody would close that socket.
    if (this.#over) throw new EntenteError("closed", "while joining");
    const socket = this.#makeSocket(socketUrl(this.#join.baseUrl, ticket.socket));
    this.#socket = socket;
    await socket.connect();
    const hello = await this.#enter(socket, ticket);
    socket.adopt(hello.participant, hello.resume_seconds);
    this.#maxVideo = hello.media.max_video_slots;
    this.#ports.hello(hello);
    return hello;
  }

  async #enter(socket: Socket, { token, admission }: JoinTicket): Promise<HelloReply> {
    if (admission === "lobby") return this.#knock(socket, token);
    try {
      return await socket.request("hello", { token, client: CLIENT });
    } catch (error) {
      // Since the token was given a host may have closed the door.
      if (codeOf(error) !== "lobby_required") throw error;
      return this.#knock(socket, token);
    }
  }

  /** Waits for a host's word; then says hello with the token that comes with it. */
  async #knock(socket: Socket, token: string): Promise<HelloReply> {
    const admitted = new Promise<string>((resolve, reject) => (this.#knocking = { resolve, reject }));
    // Whoever leaves meanwhile is answered by the request as well.
    admitted.catch(() => undefined);
    const { meeting, seconds } = await socket.request("knock", { token, client: CLIENT });
    socket.keepAlive();
    this.#ports.lobby({ title: meeting.title, until: unixTime() + seconds * 1000 });
    return socket.request("hello", { token: await admitted, client: CLIENT });
  }

  /** Asks the node for something. */
  request<T extends keyof Requests>(
    type: T,
    fields: Omit<Requests[T]["request"], "id" | "type">,
  ): Promise<Requests[T]["reply"]> {
    if (this.#socket === null) return Promise.reject(new EntenteError("not_connected", type));
    return this.#socket.request(type, fields);
  }

  /** Has the member seal content for everybody. */
  async sendMessage(content: Uint8Array): Promise<void> {
    await this.#keys.call("message", { content });
  }

  /** Has the member vouch for a state, and tell everybody (K6.2). */
  async giveSnapshot(purpose: string, order: number, content: Uint8Array): Promise<void> {
    await this.#keys.call("snapshot", { purpose, order, content });
  }

  /** Publishes a track, or falls silent, and tells the node which state tiles should show. */
  async publish(source: Source, track: MediaStreamTrack | null, state: SourceState): Promise<void> {
    this.#watchdog.forget(source);
    await this.media.publish(source, track);
    await this.request("source", { source, state });
  }

  /** Makes room for more pictures where the node grants it (M3.1). */
  async grow(): Promise<void> {
    if (this.#maxVideo >= FIRST_VIDEO + GROWTH) await this.media.grow();
  }

  /** Counters of all transforms. */
  stats(): Promise<WorkerStats> {
    return this.#keys.call("stats", {});
  }

  /** Ends it; `leave` says goodbye first. */
  async close(leave: boolean): Promise<void> {
    // In the lobby there is nothing to leave but the socket.
    if (leave && this.#opened && this.#socket?.open === true) {
      await Promise.race([this.request("leave", {}), new Promise((resolve) => setTimeout(resolve, 500))]).catch(() => undefined);
    }
    this.#shut();
  }

  async #pin(deployment: string, manifests: string): Promise<void> {
    // A browser that keeps nothing has nothing to compare with; the group itself is checked by the member.
    const changed = await pinChanged(browserPins, deployment, manifests, unixTime()).catch(() => false);
    if (changed) this.#ports.alarm("manifests_changed", deployment, null);
  }

  #hold(stopped: string | null): void {
    // Before the first epoch the encoders warm up: they are wanted within the second.
    const held = stopped !== null && stopped !== "not_reached";
    this.#watchdog.forget();
    this.media.hold(held).catch(() => undefined);
  }

  #shut(): void {
    this.#over = true;
    this.#leaving.abort();
    this.#knocking?.reject(new EntenteError("closed", "in the lobby"));
    if (this.#looker !== null) clearInterval(this.#looker);
    this.media.close();
    this.#keys.close();
    this.#socket?.close();
  }

  #lose(code: string): void {
    if (this.#over) return;
    this.#knocking?.reject(new EntenteError(code, "in the lobby"));
    this.#shut();
    // While it is still opening, `open` rejects, and whoever called it decides.
    if (this.#opened) this.#ports.lost(code);
  }

  #makeSocket(url: string): Socket {
    return new Socket(url, {
      open: (address, protocol) => new WebSocket(address, protocol),
      prove: (nonce) => this.#keys.call("resume", { nonce }),
      event: (event) => this.#event(event),
      state: (state, reason) => {
        if (state === "closed") return this.#lose(reason);
        this.#socketLost = state === "lost";
        this.#ports.interrupted(this.#socketLost || this.#mediaLost);
      },
      now: monotonic,
    });
  }

  #makeMedia(): MediaSession {
    return new MediaSession({
      worker: this.#keys.worker,
      offer: async (connection, sdp, restart) => {
        await this.#greeted;
        return (await this.request("media.offer", { connection, sdp, restart })).sdp;
      },
      closed: async (connection) => void (await this.request("media.close", { connection })),
      detach: (connection) => this.#keys.detach(connection),
      codec: (codec) => this.#keys.codec(codec),
      slots: () => {
        this.#watchdog.forget();
        if (this.media.connection !== null) this.#ports.connection(this.media.connection);
      },
      state: (state) => {
        this.#mediaLost = state === "interrupted";
        if (state === "connected") this.#ports.connected();
        this.#ports.interrupted(this.#socketLost || this.#mediaLost);
      },
      // Without a socket the whole network is away, and nothing is known about what it blocks.
      failed: (code) => this.#lose(code === "media_blocked" && this.#socketLost ? "media_failed" : code),
    });
  }

  #event(event: ServerEvent): void {
    if (event.type === "lobby.admitted") return this.#knocking?.resolve(event.token);
    if (event.type === "lobby.refused") return this.#knocking?.reject(new EntenteError(REFUSED[event.reason], "lobby"));
    this.#keys.event(event);
    // What must happen is begun before anybody is told of it.
    if (event.type === "media.move") {
      this.media.move(event.connection).catch((error: unknown) => this.#lose(codeOf(error, "media_failed")));
    }
    // A host's mute acts on the source, so that every copy falls silent (K7.2).
    if (event.type === "muted") void this.publish(event.source, null, "muted").catch(() => undefined);
    if (event.type === "removed" || event.type === "ended") this.#shut();
    this.#ports.event(event);
  }

  async #look(): Promise<void> {
    const connection = this.media.connection;
    const stats = await this.stats();
    if (this.#over) return;
    this.#ports.counted(stats);
    if (connection === null || connection.state !== "connected") return this.#watchdog.forget();
    const outbound = await outboundOf(connection);
    for (const [source, { sent, encoded }] of outbound) {
      const pipe = stats.sending.find((one) => one.connection === connection.number && one.source === source);
      const dropped = Object.values(pipe?.dropped ?? {}).reduce((sum, count) => sum + count, 0);
      const finding = this.#watchdog.look(source, { sent, encoded, seen: (pipe?.sealed ?? 0) + dropped });
      if (finding === null) continue;
      // Either way the source is emptied: what cannot be sealed is not captured in vain, and never sent (K5.7).
      const emptied = this.publish(source, null, "muted").catch(() => undefined);
      this.#ports.stopped(source, finding);
      await emptied;
    }
  }
}

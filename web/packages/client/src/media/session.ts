/**
 * The client's media over all of its connections: what it publishes, and which connection's slots are shown. It restarts
 * ICE when a path is lost and takes a second connection when that fails or the core asks for it (M1.7, M5.1).
 */

import { codeOf, EntenteError } from "../errors.ts";
import type { Source } from "../worker/kid.ts";
import type { Codec } from "../worker/codec.ts";
import { Connection, type ConnectionState } from "./connection.ts";
import { videoCodecOf } from "./sdp.ts";

/** Milliseconds an interrupted path may mend by itself before ICE restarts. */
const PATIENCE = 2_000;
/** Milliseconds an ICE restart, or a new connection, may take. */
const CONNECT = 8_000;
/** Milliseconds a first connection may take: browsers give up on candidates that never answer much later, or not at all. */
const FIRST = 15_000;

/** What the session needs and tells. */
export interface MediaPorts {
  /** The key Worker; every transform runs there. */
  readonly worker: Worker;
  offer(connection: number, sdp: string, restart: boolean): Promise<string>;
  closed(connection: number): Promise<void>;
  /** The transforms of a connection are no longer needed. */
  detach(connection: number): void;
  codec(codec: Codec): void;
  /** The current connection or its slots changed: tiles attach anew. */
  slots(): void;
  state(state: "connecting" | "connected" | "interrupted"): void;
  /** All attempts failed. */
  failed(code: string): void;
}

/** Owns the connections. Order: `start`, then `publish`, `grow`, `move` at will, at last `close`. */
export class MediaSession {
  readonly #ports: MediaPorts;
  readonly #tracks = new Map<Source, MediaStreamTrack>();
  /** Every connection that is not closed: a mute must reach one that is still being opened as well. */
  readonly #open = new Set<Connection>();
  #current: Connection | null = null;
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #mending = false;
  /** Whether any connection of this session ever stood. */
  #stood = false;
  /** Negotiations and moves, one after another: two at once would each keep a connection, or answer the other's offer. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  #held = false;
  #grown = false;

  constructor(ports: MediaPorts) {
    this.#ports = ports;
  }

  /** The connection whose slots are shown. */
  get connection(): Connection | null {
    return this.#current;
  }

  /** Opens the first connection; resolves when the answer is applied, not when media flows. */
  async start(): Promise<void> {
    const connection = await this.#make();
    if (this.#closed) throw new EntenteError("closed", "media");
    this.#current = connection;
    this.#ports.slots();
    this.#mendIn(connection, FIRST);
    // What it said before it was the one in use was not listened to.
    this.#changed(connection, connection.state);
  }

  /** Publishes a track or, with null, falls silent, on every connection. */
  async publish(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (track === null) this.#tracks.delete(source);
    else this.#tracks.set(source, track);
    await this.#replace(source);
  }

  /**
   * Empties every sender while nothing may be sent (K3.3, K4.6), and fills them again. The seal refuses frames by itself;
   * this spares the encoders, and Chromium pads the path with old packets as long as an encoder runs.
   */
  async hold(held: boolean): Promise<void> {
    if (held === this.#held) return;
    this.#held = held;
    await Promise.all([...this.#tracks.keys()].map((source) => this.#replace(source)));
  }

  /** What a source publishes now. */
  track(source: Source): MediaStreamTrack | null {
    return this.#tracks.get(source) ?? null;
  }

  /** Appends video slots once (M3.1). */
  grow(): Promise<void> {
    return this.#inTurn(async () => {
      const connection = this.#current;
      if (connection === null || this.#grown) return;
      this.#grown = true;
      connection.grow();
      await this.#negotiate(connection, false);
      this.#ports.slots();
    });
  }

  /**
   * Goes to a new connection, opened before the old one closes (M5.1). With a number it is the node that asks: one that is
   * open already was asked for when the node saw its predecessor go, and needs nothing more.
   */
  move(number: number | null = null): Promise<void> {
    return this.#moveFrom(this.#current, number);
  }

  /** A move away from `from`, in its turn; whoever was quicker has done the work of both. */
  #moveFrom(from: Connection | null, number: number | null = null): Promise<void> {
    return this.#inTurn(async () => {
      const done = number === null ? this.#current !== from : number < this.#next;
      if (!done) await this.#move(number);
    });
  }

  async #move(number: number | null): Promise<void> {
    if (number !== null) this.#next = number;
    const old = this.#current;
    const fresh = await this.#make();
    if (!(await this.#connected(fresh))) {
      this.#drop(fresh);
      throw new EntenteError(this.#stood ? "media_failed" : "media_blocked", "the second connection did not connect");
    }
    this.#stood = true;
    this.#forgetTimer();
    this.#current = fresh;
    this.#ports.slots();
    this.#ports.state("connected");
    if (old !== null) this.#drop(old);
  }

  /** Ends all media. */
  close(): void {
    this.#closed = true;
    this.#forgetTimer();
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#current = null;
  }

  async #replace(source: Source): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.replace(source, this.#live(source))));
  }

  #live(source: Source): MediaStreamTrack | null {
    return this.#held ? null : (this.#tracks.get(source) ?? null);
  }

  async #make(): Promise<Connection> {
    if (this.#closed) throw new EntenteError("closed", "media");
    const number = this.#next;
    this.#next += 1;
    const connection = new Connection(number, this.#ports.worker, (state) => this.#changed(connection, state));
    this.#open.add(connection);
    try {
      for (const source of this.#tracks.keys()) await connection.replace(source, this.#live(source));
      await this.#negotiate(connection, false);
      if (this.#grown) {
        connection.grow();
        await this.#negotiate(connection, false);
      }
    } catch (error) {
      this.#drop(connection);
      throw error;
    }
    return connection;
  }

  async #negotiate(connection: Connection, restart: boolean): Promise<void> {
    const answer = await this.#ports.offer(connection.number, await connection.offer(restart), restart);
    const codec = videoCodecOf(answer);
    if (codec === null) throw new EntenteError("media_failed", "the answer names no video codec");
    this.#ports.codec(codec);
    await connection.answer(answer);
  }

  #drop(connection: Connection): void {
    this.#open.delete(connection);
    connection.close();
    this.#ports.detach(connection.number);
    this.#ports.closed(connection.number).catch(() => undefined);
  }

  #changed(connection: Connection, state: ConnectionState): void {
    if (connection !== this.#current || this.#closed || this.#mending) return;
    if (state === "connected") {
      this.#stood = true;
      this.#forgetTimer();
      return this.#ports.state("connected");
    }
    if (state !== "interrupted" && state !== "failed") return;
    this.#ports.state("interrupted");
    if (state === "failed") this.#forgetTimer();
    this.#mendIn(connection, state === "failed" ? 0 : PATIENCE);
  }

  #mendIn(connection: Connection, ms: number): void {
    this.#timer ??= setTimeout(() => void this.#mend(connection), ms);
  }

  #forgetTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #mend(connection: Connection): Promise<void> {
    this.#timer = null;
    if (this.#closed || connection !== this.#current || connection.state === "connected") return;
    this.#mending = true;
    try {
      // A path that never stood has nothing to restart: only another connection may still find one.
      if (this.#stood) await this.#inTurn(() => this.#negotiate(connection, true)).catch(() => undefined);
      if (!this.#stood || !(await this.#connected(connection))) await this.#moveFrom(connection);
      if (!this.#closed) this.#ports.state("connected");
    } catch (error) {
      // The path that was given up may have come after all, while another was tried: then nothing has failed.
      const came = this.#current?.state === "connected";
      if (!this.#closed && !came) this.#ports.failed(codeOf(error, "media_failed"));
    } finally {
      this.#mending = false;
    }
    // What the connection in use said meanwhile was not listened to: that it stands, not least.
    if (this.#current !== null) this.#changed(this.#current, this.#current.state);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #connected(connection: Connection): Promise<boolean> {
    for (let waited = 0; waited < CONNECT && !this.#closed; waited += 50) {
      if (connection.peer.connectionState === "connected") return true;
      if (connection.peer.connectionState === "closed") return false;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }
}

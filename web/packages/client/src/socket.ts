/**
 * The WebSocket `entente.v1`: msgpack, requests with ids, events with sequence numbers. A lost socket is replaced within
 * the resume time and nothing is lost: events are replayed by the server, unanswered requests are sent again by us.
 */

import { decode, encode } from "@msgpack/msgpack";
import { EntenteError } from "./errors.ts";
import { MAX_MESSAGE, type Requests, type ServerEvent } from "./generated/wire.ts";
import { type Delays, RECONNECT } from "./state/backoff.ts";

const PROTOCOL = "entente.v1";
/** Milliseconds a request may stay unanswered on a living socket. */
const REQUEST_TIMEOUT = 20_000;
/** Milliseconds between pings, and how long one may stay unanswered: a dead path says nothing by itself. */
const PING = 5_000;
const PING_TIMEOUT = 6_000;
/** The node restarts and forgets this participant: resuming would only be refused (K3.1). */
const RESTARTING = 4503;

/** What the socket needs and tells. */
export interface SocketPorts {
  /** Opens a WebSocket; a port so that tests need no network. */
  open(url: string, protocol: string): WebSocket;
  /** Signs a server nonce with the leaf key (K2.5). */
  prove(nonce: Uint8Array): Promise<Uint8Array>;
  event(event: ServerEvent): void;
  /** `lost` while it tries to come back, `open` when it has, `closed` for good. */
  state(state: "open" | "lost" | "closed", reason: string): void;
  /** Monotonic milliseconds. */
  now(): number;
}

interface Pending {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly resolve: (ok: unknown) => void;
  readonly reject: (error: EntenteError) => void;
  timer: ReturnType<typeof setTimeout> | null;
}

// These belong to one socket: sent again on another they would mean nothing.
const PER_SOCKET = new Set(["hello", "resume", "resume_prove", "ping"]);

/** One participant's connection to the control plane. Order: `connect`, `request`…, `adopt` after hello, `close`. */
export class Socket {
  readonly #url: string;
  readonly #ports: SocketPorts;
  readonly #delays: Delays;
  readonly #pending = new Map<number, Pending>();
  #socket: WebSocket | null = null;
  #participant: string | null = null;
  #resumeMs = 0;
  #lastSeq = 0;
  #nextId = 1;
  #closed = false;
  #resuming = false;
  #pinger: ReturnType<typeof setInterval> | null = null;

  constructor(url: string, ports: SocketPorts, delays: Delays = RECONNECT) {
    this.#url = url;
    this.#ports = ports;
    this.#delays = delays;
  }

  /** The sequence number of the last event handled. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether requests go out at once. */
  get open(): boolean {
    return this.#socket?.readyState === 1 && !this.#resuming;
  }

  /** Opens the first socket. */
  async connect(): Promise<void> {
    const socket = await this.#open();
    if (this.#closed) {
      // Closed while it was being opened: nobody would ever close this one.
      socket.close(1000);
      throw new EntenteError("closed", "while connecting");
    }
    this.#use(socket);
  }

  /** Remembers who we are, so that a lost socket can be resumed. */
  adopt(participant: string, resumeSeconds: number): void {
    this.#participant = participant;
    this.#resumeMs = resumeSeconds * 1000;
    this.keepAlive();
  }

  /** Begins to measure whether the far end still answers: a wait in the lobby may last minutes. */
  keepAlive(): void {
    this.#pinger ??= setInterval(() => this.#ping(), PING);
  }

  /** Sends a request and resolves with its reply; rejects with the server's code. Waits while the socket is being resumed. */
  request<T extends keyof Requests>(
    type: T,
    fields: Omit<Requests[T]["request"], "id" | "type">,
  ): Promise<Requests[T]["reply"]> {
    if (this.#closed) return Promise.reject(new EntenteError("closed", type));
    const id = this.#nextId;
    this.#nextId += 1;
    const bytes = encode({ ...fields, id, type }, { ignoreUndefined: true });
    if (bytes.length > MAX_MESSAGE) return Promise.reject(new EntenteError("too_large", type));
    return new Promise((resolve, reject) => {
      const pending: Pending = { type, bytes, resolve: resolve as (ok: unknown) => void, reject, timer: null };
      this.#pending.set(id, pending);
      if (this.open || PER_SOCKET.has(type)) this.#send(id, pending);
    });
  }

  /** Ends it; the server takes a normal closure as a leave. */
  close(): void {
    this.#end("left");
  }

  #open(): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const socket = this.#ports.open(this.#url, PROTOCOL);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => (socket.protocol === PROTOCOL ? resolve(socket) : reject(new EntenteError("protocol", "subprotocol")));
      socket.onerror = () => reject(new EntenteError("network", "socket"));
      socket.onclose = () => reject(new EntenteError("network", "socket"));
    });
  }

  #use(socket: WebSocket): void {
    this.#socket = socket;
    socket.onerror = null;
    socket.onmessage = ({ data }) => this.#receive(socket, data);
    socket.onclose = ({ code }) => this.#lost(socket, code);
  }

  #send(id: number, pending: Pending): void {
    if (pending.timer === null) {
      const limit = pending.type === "hello" || !PER_SOCKET.has(pending.type) ? REQUEST_TIMEOUT : PING_TIMEOUT;
      pending.timer = setTimeout(() => this.#expire(id), limit);
    }
    if (this.#socket?.readyState === 1) this.#socket.send(pending.bytes);
  }

  #expire(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.timer = null;
    // Between two sockets nobody can answer: the resumed one sends it again.
    if (this.#resuming && !PER_SOCKET.has(pending.type)) return;
    this.#pending.delete(id);
    pending.reject(new EntenteError("timeout", pending.type));
  }

  #receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket) return;
    let message: Record<string, unknown>;
    try {
      message = decode(new Uint8Array(data as ArrayBuffer)) as Record<string, unknown>;
      if (typeof message !== "object" || message === null) throw new EntenteError("protocol");
    } catch {
      return this.#broken("a message that is not msgpack");
    }
    if (typeof message.re === "number") return this.#reply(message.re, message);
    if (typeof message.seq === "number" && typeof message.type === "string") return this.#event(message.seq, message);
    this.#broken("a message that is neither reply nor event");
  }

  #reply(id: number, message: Record<string, unknown>): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (pending.timer !== null) clearTimeout(pending.timer);
    if (typeof message.error === "object" && message.error !== null) {
      const error = message.error as Record<string, unknown>;
      const retry = typeof error.retry_after === "number" ? error.retry_after : undefined;
      pending.reject(new EntenteError(typeof error.code === "string" ? error.code : "protocol", pending.type, retry));
    } else pending.resolve(message.ok);
  }

  #event(seq: number, message: Record<string, unknown>): void {
    // What a lobby tells is outside a participant's sequence.
    if (seq === 0 && this.#participant === null) return this.#ports.event(message as unknown as ServerEvent);
    // A gap would be a commit or a message that somebody kept from us.
    if (seq !== this.#lastSeq + 1) return this.#broken(`event ${seq} after ${this.#lastSeq}`);
    this.#lastSeq = seq;
    this.#ports.event(message as unknown as ServerEvent);
  }

  #broken(detail: string): void {
    this.#end(`protocol: ${detail}`);
  }

  #lost(socket: WebSocket, code: number): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = null;
    if (code === RESTARTING) return this.#end("restarting");
    if (code === 1000) return this.#end("closed");
    if (this.#participant === null) return this.#end(BROKEN.has(code) ? "network" : "closed");
    this.#resuming = true;
    this.#ports.state("lost", String(code));
    void this.#resume();
  }

  async #resume(): Promise<void> {
    const until = this.#ports.now() + this.#resumeMs;
    for (let attempt = 0; !this.#closed; attempt += 1) {
      await this.#delays.wait(attempt);
      if (this.#closed) return;
      if (this.#ports.now() > until) return this.#end("resume_expired");
      try {
        await this.connect();
        await this.#prove();
        return this.#resumed();
      } catch (error) {
        const socket = this.#socket;
        this.#socket = null;
        socket?.close();
        if (error instanceof EntenteError && !RETRIED.has(error.code)) return this.#end(error.code);
      }
    }
  }

  async #prove(): Promise<void> {
    const { nonce } = await this.request("resume", { participant: this.#participant ?? "", last_seq: this.#lastSeq });
    await this.request("resume_prove", { signature: await this.#ports.prove(nonce) });
  }

  #resumed(): void {
    this.#resuming = false;
    this.#ports.state("open", "resumed");
    for (const [id, pending] of this.#pending) {
      if (PER_SOCKET.has(pending.type)) this.#pending.delete(id);
      else this.#send(id, pending);
    }
  }

  #ping(): void {
    if (!this.open) return;
    const socket = this.#socket;
    this.request("ping", {}).catch((error: unknown) => {
      // 3000: not a normal closure, so the server keeps our place for the resume.
      if (!(error instanceof EntenteError) || error.code !== "timeout" || socket === null) return;
      this.#lost(socket, 3000);
      socket.close(3000);
    });
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pinger !== null) clearInterval(this.#pinger);
    const socket = this.#socket;
    this.#socket = null;
    // A normal closure is a leave: whatever comes next is another participant, and this one's leaf must go.
    if (socket !== null) socket.close(1000);
    for (const pending of this.#pending.values()) {
      if (pending.timer !== null) clearTimeout(pending.timer);
      pending.reject(new EntenteError("closed", pending.type));
    }
    this.#pending.clear();
    this.#ports.state("closed", reason);
  }
}

/** Codes of a socket that nobody closed on purpose: 1006 by the browser, 3000 by ourselves when no ping is answered. */
const BROKEN = new Set([1001, 1006, 3000]);

/** What a later attempt may mend. */
const RETRIED = new Set(["network", "timeout", "closed", "internal", "rate_limited"]);

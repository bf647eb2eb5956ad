/**
 * The page's end of the key Worker: calls with answers, events handed through, and its requests relayed to the socket.
 * The page sees labels, the roster and opened messages, never a key.
 */

import { codeOf, detailOf, EntenteError } from "../errors.ts";
import type { Requests, ServerEvent } from "../generated/wire.ts";
import type { Arrival } from "../state/handover.ts";
import type { Codec } from "../worker/codec.ts";
import type { GroupMessage, GroupView } from "../worker/group.ts";
import type { FrameLabel } from "../worker/pipes.ts";
import type { Calls, FromWorker, ToWorker } from "../worker/protocol.ts";

/** Milliseconds a call may take; joining a large group is the longest. */
const CALL_TIMEOUT = 30_000;
/** The counters are asked for each second and cost nothing: a Worker that does not answer them this long is gone, even on a
 * machine that is short of breath. */
const STATS_TIMEOUT = 10_000;

/** What the Worker tells the page. */
export interface KeyWorkerPorts {
  /** Relays a request of the member to the socket. */
  send(type: keyof Requests, fields: object): Promise<unknown>;
  group(view: GroupView): void;
  labels(labels: readonly FrameLabel[]): void;
  message(message: GroupMessage): void;
  arrived(arrival: Arrival): void;
  alarm(code: string, detail: string, leaf: number | null): void;
  /** The Worker is gone: no frame passes any more, and its leaf cannot be used again (K5.2). */
  failed(detail: string): void;
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: EntenteError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One key Worker. A replaced one rejoins as a fresh leaf. */
export class KeyWorker {
  readonly worker: Worker;
  readonly #ports: KeyWorkerPorts;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #dead = false;

  constructor(url: string, ports: KeyWorkerPorts) {
    this.#ports = ports;
    this.worker = new Worker(url, { type: "module", name: "entente keys" });
    this.worker.onmessage = ({ data }) => this.#receive(data as FromWorker);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message ?? "the key Worker did not start");
    };
  }

  /** Calls the Worker. */
  call<T extends keyof Calls>(name: T, args: Calls[T]["args"]): Promise<Calls[T]["result"]> {
    if (this.#dead) return Promise.reject(new EntenteError("key_worker_failed", name));
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      const limit = name === "stats" ? STATS_TIMEOUT : CALL_TIMEOUT;
      const timer = setTimeout(() => this.#fail(`${name} was not answered`), limit);
      this.#waiting.set(id, { resolve: resolve as (result: never) => void, reject, timer });
      this.#post({ op: "call", id, name, args });
    });
  }

  /** Hands a server event to the member, in the order of arrival. */
  event(event: ServerEvent): void {
    this.#post({ op: "event", event });
  }

  /** Names the meeting's video codec (M3.3). */
  codec(codec: Codec): void {
    this.#post({ op: "codec", codec });
  }

  /** Forgets the transforms of a closed connection. */
  detach(connection: number): void {
    this.#post({ op: "detach", connection });
  }

  /** Ends the Worker and with it every key. */
  close(): void {
    this.#dead = true;
    this.worker.terminate();
    this.#rejectAll("closed");
  }

  #post(message: ToWorker): void {
    if (!this.#dead) this.worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.op) {
      case "answer":
        return this.#answer(message);
      case "send":
        return this.#relay(message);
      case "labels":
        return this.#ports.labels(message.labels);
      case "group":
        return this.#ports.group(message.view);
      case "message":
        return this.#ports.message(message.message);
      case "arrived":
        return this.#ports.arrived(message.arrival);
      case "alarm":
        return this.#ports.alarm(message.code, message.detail, message.leaf);
    }
  }

  #answer(message: FromWorker & { op: "answer" }): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.error === undefined) waiting.resolve(message.result as never);
    else waiting.reject(new EntenteError(message.error.code, message.error.detail));
  }

  #relay(message: FromWorker & { op: "send" }): void {
    this.#ports.send(message.type, message.fields).then(
      (reply) => this.#post({ op: "sent", id: message.id, reply }),
      (error: unknown) =>
        this.#post({ op: "sent", id: message.id, error: { code: codeOf(error), detail: detailOf(error) } }),
    );
  }

  #fail(detail: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.worker.terminate();
    this.#rejectAll("key_worker_failed");
    this.#ports.failed(detail);
  }

  #rejectAll(code: string): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new EntenteError(code));
    }
    this.#waiting.clear();
  }
}

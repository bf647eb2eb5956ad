/**
 * The browser and the node that a whole meeting needs, as doubles: peer connections whose state the test sets, a key Worker
 * that answers, and a node that grants every request unless told otherwise. Installed for one test by `installBrowser`.
 */

import { vi } from "vitest";
import type { Rules } from "../src/generated/wire.ts";
import { Meeting } from "../src/meeting.ts";
import type { Delays } from "../src/state/backoff.ts";
import { type Message, Wire } from "./wire.ts";

/** A sender or receiver of a connection. */
class End {
  transform: unknown = null;
  track: FakeTrack | null = null;
  getStats = async (): Promise<Map<string, unknown>> => new Map();
  replaceTrack = async (track: FakeTrack | null): Promise<void> => {
    this.track = track;
  };
}

/** A captured track. */
export class FakeTrack extends EventTarget {
  static made = 0;
  readonly id = `track ${(FakeTrack.made += 1)}`;
  readonly kind: "audio" | "video";
  contentHint = "";
  stopped = false;
  constructor(kind: "audio" | "video" = "video") {
    super();
    this.kind = kind;
  }
  stop(): void {
    this.stopped = true;
  }
  get real(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

class FakeStream {
  readonly tracks: readonly FakeTrack[];
  constructor(tracks: readonly FakeTrack[]) {
    this.tracks = tracks;
  }
  getVideoTracks = (): FakeTrack[] => this.tracks.filter((track) => track.kind === "video");
  getAudioTracks = (): FakeTrack[] => this.tracks.filter((track) => track.kind === "audio");
}

/** What `getDisplayMedia` gives. */
export function captured(...tracks: FakeTrack[]): MediaStream {
  return new FakeStream(tracks) as unknown as MediaStream;
}

/** A peer connection that goes nowhere until the test says `become`. */
export class FakePeer {
  static all: FakePeer[] = [];
  /** What fresh connections become once answered; null leaves them as they are. */
  static fate: RTCPeerConnectionState | null = "connected";
  connectionState: RTCPeerConnectionState = "new";
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { sdp: string } | null = null;
  readonly senders: End[] = [];
  restarts = 0;

  constructor() {
    FakePeer.all.push(this);
  }
  addTransceiver(): { sender: End; receiver: End } {
    const made = { sender: new End(), receiver: new End() };
    made.receiver.track = new FakeTrack();
    this.senders.push(made.sender);
    return made;
  }
  async createOffer({ iceRestart }: { iceRestart: boolean }): Promise<{ sdp: string }> {
    if (iceRestart) this.restarts += 1;
    return { sdp: "offer" };
  }
  async setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
  }
  async setRemoteDescription(): Promise<void> {
    const { fate } = FakePeer;
    if (fate !== null) queueMicrotask(() => this.become(fate));
  }
  getStats = async (): Promise<Map<string, unknown>> => new Map();
  become(state: RTCPeerConnectionState): void {
    if (this.connectionState === "closed") return;
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  close(): void {
    this.connectionState = "closed";
  }
  get closed(): boolean {
    return this.connectionState === "closed";
  }
}

/** A key Worker that says yes. */
export class FakeWorker {
  static all: FakeWorker[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: unknown = null;
  ended = false;
  /** Answers by the name of a call. */
  answers: Record<string, unknown> = { begin: Uint8Array.of(1), resume: Uint8Array.of(2), stats: { sending: [], receiving: [] } };
  /** The name of a call that it refuses. */
  refuses: string | null = null;
  readonly called: { name: string; args: Record<string, unknown> }[] = [];

  constructor() {
    FakeWorker.all.push(this);
  }
  postMessage(message: { op: string; id: number; name: string; args: Record<string, unknown> }): void {
    if (message.op !== "call") return;
    this.called.push({ name: message.name, args: message.args });
    const answer = message.name === this.refuses ? { error: { code: "not_reached", detail: "" } } : { result: this.answers[message.name] ?? null };
    queueMicrotask(() => this.say({ op: "answer", id: message.id, ...answer }));
  }
  say(message: object): void {
    if (!this.ended) this.onmessage?.({ data: message });
  }
  terminate(): void {
    this.ended = true;
  }
}

/** An answer that a test gives later, by `wire.say`. */
export const HOLD = Symbol("held");

/** The node: one socket for each participation. */
export class FakeNode {
  readonly sockets: Wire[] = [];
  readonly tokens: { give: (response: unknown) => void }[] = [];
  /** While set, a request for a token is answered only by `tokens[n].give`. */
  holdsTokens = false;
  /** While set, nobody answers at its address. */
  down = false;
  /** What a ticket says, and the code with which none is given. */
  admission: "direct" | "lobby" = "direct";
  refuses: string | null = null;
  /** What the client posted. */
  readonly posted: Record<string, unknown>[] = [];
  /** Answers by the type of a request; everything else is granted. */
  answers: Record<string, (message: Message) => unknown> = {};

  fetch = (_: unknown, { signal, body }: { signal?: AbortSignal; body?: string }): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.posted.push(JSON.parse(body ?? "{}") as Record<string, unknown>);
      const { admission, refuses } = this;
      const ticket = refuses === null ? { token: "t", socket: "/api/socket", admission } : { code: refuses };
      const give = (): void => resolve({ ok: refuses === null, status: refuses === null ? 200 : 403, json: async () => ticket });
      signal?.addEventListener("abort", () => reject(new Error("aborted")));
      if (this.down) reject(new Error("refused"));
      else if (this.holdsTokens) this.tokens.push({ give });
      else give();
    });

  readonly #said = new Map<number, number>();

  accept(wire: Wire): void {
    const number = this.sockets.push(wire);
    wire.answers = (message) => this.#answer(message, number);
    queueMicrotask(() => wire.open());
  }

  /** Says an event on the newest socket. */
  say(event: Record<string, unknown>): void {
    const number = this.sockets.length - 1;
    const seq = (this.#said.get(number) ?? 0) + 1;
    this.#said.set(number, seq);
    this.sockets[number]?.say({ ...event, seq });
  }

  /** Says what a lobby says: outside the sequence of a participant. */
  lobby(event: Record<string, unknown>): void {
    this.sockets.at(-1)?.say({ ...event, seq: 0 });
  }

  /** Everything that was asked for, over all sockets. */
  requests(type: string): Message[] {
    return this.sockets.flatMap((wire) => wire.sent.filter((message) => message.type === type));
  }

  #answer(message: Message, number: number): unknown {
    const special = this.answers[message.type]?.(message);
    if (special === HOLD) return undefined;
    if (special !== undefined) return special;
    if (message.type === "knock") return { ok: { meeting: { title: "T", slug: "t" }, seconds: 600 } };
    if (message.type === "hello") return { ok: helloOf(`p_${number}`) };
    if (message.type === "media.offer") return { ok: { sdp: "m=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n" } };
    return { ok: {} };
  }
}

/** A room in which everybody may do everything. */
export const RULES: Rules = { access: "public", share: "everyone", chat: "everyone", unmute: "everyone", audience: false, locked: false };

function helloOf(participant: string): object {
  return {
    participant, nonce: Uint8Array.of(1), resume_nonce: Uint8Array.of(1), me: { name: "Ada" }, meeting: { title: "T", slug: "t" }, suite: 0x4f,
    allow_classical: false, deployment: "fr", manifests: [], policy: Uint8Array.of(1), tenants: [], media: { connection_limit: 1, max_video_slots: 25 },
    resume_seconds: 30, room_role: "member", rules: RULES,
  };
}

/** Puts the doubles in place; `vi.unstubAllGlobals` takes them away. */
export function installBrowser(): FakeNode {
  const node = new FakeNode();
  FakePeer.all = [];
  FakePeer.fate = "connected";
  FakeWorker.all = [];
  const socket = function (): Wire {
    const wire = new Wire();
    node.accept(wire);
    return wire;
  };
  vi.stubGlobal("fetch", node.fetch);
  vi.stubGlobal("WebSocket", socket);
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("RTCPeerConnection", FakePeer);
  vi.stubGlobal("RTCRtpScriptTransform", class {});
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("Audio", class {
    play = async (): Promise<void> => undefined;
    pause = (): void => undefined;
  });
  return node;
}

/** A meeting at the doubles; not opened yet. */
export function meetingAt(delays: Delays = { wait: async () => undefined }): Meeting {
  return new Meeting(
    { baseUrl: "http://node", slug: "t", session: null, guestName: "Ada", pin: null },
    { workerUrl: "/w.js", wasmUrl: "/m.wasm", wasmIntegrity: null },
    delays,
  );
}

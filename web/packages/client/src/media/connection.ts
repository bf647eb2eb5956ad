/**
 * One peer connection with the fixed m-lines of M3.1: five senders that `replaceTrack` fills and empties, then the slots.
 * It is offered once; only growth (more video slots) and ICE restarts offer again.
 */

import { EntenteError } from "../errors.ts";
import type { Source } from "../worker/kid.ts";
import type { SlotKind } from "../worker/opener.ts";
import { attachTransform, connectionOptions } from "./transforms.ts";

/** Video slots of a fresh connection. */
export const FIRST_VIDEO = 9;
/** Slots of a fresh connection, in the order of their m-lines. */
export const FIRST_SLOTS: readonly (readonly [SlotKind, number])[] = [
  ["audio", 4],
  ["video", FIRST_VIDEO],
  ["screen", 2],
  ["screen_sound", 1],
];
/** Video slots that one growth appends (M3.1). */
export const GROWTH = 16;

// Bit rates follow what a tile of that height needs; the server picks one layer per receiver by the size of its slot.
const CAMERA: RTCRtpEncodingParameters[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
const SCREEN: RTCRtpEncodingParameters[] = [
  { rid: "l", scaleResolutionDownBy: 2, maxBitrate: 400_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 2_500_000 },
];

const SENDERS: readonly (readonly [Source, "audio" | "video", RTCRtpEncodingParameters[] | undefined])[] = [
  ["microphone", "audio", undefined],
  ["camera", "video", CAMERA],
  ["screen", "video", SCREEN],
  ["screen_sound", "audio", undefined],
  ["consent_microphone", "audio", undefined],
];

/** One fixed receive transceiver. */
export interface Slot {
  readonly kind: SlotKind;
  readonly index: number;
  readonly track: MediaStreamTrack;
  readonly receiver: RTCRtpReceiver;
}

/** How the transport stands. */
export type ConnectionState = "new" | "connected" | "interrupted" | "failed" | "closed";

/** Wraps an RTCPeerConnection. Order: construct, `offer`, `answer`, then `replace` at will, at last `close`. */
export class Connection {
  readonly number: number;
  readonly peer: RTCPeerConnection;
  readonly slots: Slot[] = [];
  readonly #worker: Worker;
  readonly #senders = new Map<Source, RTCRtpSender>();
  #state: ConnectionState = "new";

  /** `changed` is called at each change of `state`. */
  constructor(number: number, worker: Worker, changed: (state: ConnectionState) => void) {
    this.number = number;
    this.#worker = worker;
    this.peer = new RTCPeerConnection(connectionOptions());
    try {
      for (const [source, kind, encodings] of SENDERS) this.#addSender(source, kind, encodings);
      for (const [kind, count] of FIRST_SLOTS) for (let index = 0; index < count; index += 1) this.#addSlot(kind, index);
    } catch (error) {
      this.peer.close();
      throw error;
    }
    this.peer.onconnectionstatechange = () => {
      this.#state = stateOf(this.peer.connectionState, this.#state);
      changed(this.#state);
    };
  }

  /** How the transport stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Makes and applies an offer; `restart` asks for new ICE credentials. */
  async offer(restart = false): Promise<string> {
    await this.peer.setLocalDescription(await this.peer.createOffer({ iceRestart: restart }));
    const sdp = this.peer.localDescription?.sdp;
    if (sdp === undefined) throw new EntenteError("media_failed", "no offer");
    return sdp;
  }

  /** Applies the server's answer. */
  async answer(sdp: string): Promise<void> {
    try {
      await this.peer.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      throw new EntenteError("media_failed", error instanceof Error ? error.message : "answer refused");
    }
  }

  /** Appends video slots; they need another offer. */
  grow(): void {
    const first = this.slots.filter((slot) => slot.kind === "video").length;
    for (let index = first; index < first + GROWTH; index += 1) this.#addSlot("video", index);
  }

  /** Fills or empties a sender; muting is emptying, on every copy of the source (M3.2). */
  async replace(source: Source, track: MediaStreamTrack | null): Promise<void> {
    await this.#senders.get(source)?.replaceTrack(track);
  }

  /** The sender of a source. */
  sender(source: Source): RTCRtpSender | undefined {
    return this.#senders.get(source);
  }

  /** The slot of a kind and index. */
  slot(kind: SlotKind, index: number): Slot | undefined {
    return this.slots.find((slot) => slot.kind === kind && slot.index === index);
  }

  /** Ends it. */
  close(): void {
    this.#state = "closed";
    this.peer.onconnectionstatechange = null;
    this.peer.close();
  }

  #addSender(source: Source, kind: "audio" | "video", encodings: RTCRtpEncodingParameters[] | undefined): void {
    const init: RTCRtpTransceiverInit = { direction: "sendonly" };
    if (encodings !== undefined) init.sendEncodings = encodings.map((encoding) => ({ ...encoding }));
    const { sender } = this.peer.addTransceiver(kind, init);
    attachTransform(this.#worker, sender, { direction: "send", connection: this.number, source });
    this.#senders.set(source, sender);
  }

  #addSlot(kind: SlotKind, index: number): void {
    const media = kind === "video" || kind === "screen" ? "video" : "audio";
    const { receiver } = this.peer.addTransceiver(media, { direction: "recvonly" });
    attachTransform(this.#worker, receiver, { direction: "receive", connection: this.number, slot: kind, index });
    this.slots.push({ kind, index, track: receiver.track, receiver });
  }
}

function stateOf(state: RTCPeerConnectionState, before: ConnectionState): ConnectionState {
  switch (state) {
    case "connected":
      return "connected";
    case "disconnected":
      return "interrupted";
    case "failed":
      return "failed";
    case "closed":
      return "closed";
    default:
      return before;
  }
}

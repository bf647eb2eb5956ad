/**
 * What the app needs of the meeting SDK, as types. The product fills this port with
 * `@entente/client` (`src/sdk.ts`); tests fill it with a double. Nothing in `state/`
 * or in a component knows more about a meeting than what stands here.
 */

import type { NetworkCount } from "./quality.ts";

export type Source = "microphone" | "camera" | "screen" | "screen_sound";
export type MeetingState = "connecting" | "waiting" | "connected" | "reconnecting" | "ended";
export type Role = "participant" | "guest" | "agent" | "recipient";
export type SourceState = "live" | "muted" | "off";

/** A member of the meeting's MLS tree, joined with what the server says about its media. */
export interface Person {
  readonly participant: string;
  readonly leaf: number | null;
  readonly name: string;
  /** True when the issuer's CA vouches for the name; a guest's typed name is not checked. */
  readonly nameChecked: boolean;
  readonly tenant: string;
  readonly deployment: string;
  readonly role: Role;
  /** Fingerprint of the CA root that the member's certificate leads to. */
  readonly issuer: string;
  readonly host: boolean;
  readonly self: boolean;
  readonly hand: boolean;
  readonly microphone: SourceState;
  readonly camera: SourceState;
  readonly screen: SourceState;
  /** Has left; listed until the group has changed its keys without them. */
  readonly leaving: boolean;
  readonly speaking: boolean;
  /** Says with the hands what others say aloud; counts as speaking (M4.7). */
  readonly signing?: boolean;
  readonly state: "joining" | "connected" | "reconnecting";
}

/** One picture. `labelled` is a member only once the frame on screen was matched to it (M4.5). */
export interface Tile {
  readonly participant: string;
  readonly source: "camera" | "screen";
  readonly state: "live" | "waiting" | "cannot_decrypt" | "muted";
  readonly labelled: Person | null;
  attach(video: HTMLVideoElement): () => void;
}

export interface ChatMessage {
  readonly id: string;
  readonly participant: string;
  /** The sender's name in the tree of the epoch that opened the message. */
  readonly name: string;
  readonly text: string;
  /** Unix milliseconds, by this device's clock. */
  readonly time: number;
  readonly own: boolean;
}

/** Something the encryption noticed. `code` is stable; `people` are names where known. */
export interface Alarm {
  readonly code: string;
  readonly people: readonly string[];
  readonly time: number;
}

export interface Verified {
  readonly time: number;
  readonly joinedSince: readonly string[];
}

export interface EncryptionState {
  /** True only while this client is in a reached epoch and can seal and open. */
  readonly active: boolean;
  readonly suite: string;
  readonly epoch: number | null;
  /** The 30 digits of K6.3, or null while there is no epoch. */
  readonly code: string | null;
  /** Why this client sends nothing now, as a stable code, or null. */
  readonly stopped: string | null;
  readonly verified: Verified | null;
  /** This group follows another one of the same meeting, with other keys and another code (K3.1). */
  readonly newGroup?: { readonly reason: string } | null;
  readonly alarms: readonly Alarm[];
}

/** How one of our own sources stands, whatever the page last asked for. */
export interface OwnSource {
  readonly on: boolean;
  /** Why it is off when the page did not ask for that. */
  readonly why: "muted_by_host" | "source_stopped" | null;
}

export interface Tenant {
  readonly deployment: string;
  readonly tenant: string;
  readonly name: string;
  readonly short: string;
  readonly colour: string;
}

export interface Ended {
  readonly reason: string;
  readonly by: string | null;
}

export interface MeetingSnapshot {
  readonly state: MeetingState;
  readonly title: string;
  readonly deployment: string;
  readonly tenants: readonly Tenant[];
  /** `self` marks the own entry. Names come from the MLS tree. */
  readonly people: readonly Person[];
  /** Whose word alone some raised hands rest on: they were up before we came, and nobody else has confirmed it (K6.2). */
  readonly handsToldBy?: string | null;
  readonly tiles: readonly Tile[];
  readonly messages: readonly ChatMessage[];
  readonly encryption: EncryptionState;
  /** What this client itself publishes now. */
  readonly own?: Readonly<Record<Source, OwnSource>>;
  /** Set by a host's mute: the source was silenced by this name. */
  readonly mutedBy: { readonly source: Source; readonly name: string; readonly time: number } | null;
  /** The browser wants a gesture before it plays sound: `playSound` from one. */
  readonly soundBlocked: boolean;
  readonly ended: Ended | null;
}

/** One tile on screen; `height` in device pixels. */
export interface View {
  readonly participant: string;
  readonly source: "camera" | "screen";
  readonly height: number;
}

export interface Stats {
  readonly network: NetworkCount;
}

export interface Meeting {
  subscribe(listener: () => void): () => void;
  getSnapshot(): MeetingSnapshot;
  setMicrophone(track: MediaStreamTrack | null): Promise<void>;
  setCamera(track: MediaStreamTrack | null): Promise<void>;
  startScreen(stream: MediaStream): Promise<void>;
  stopScreen(): Promise<void>;
  sendChat(text: string): Promise<void>;
  raiseHand(up: boolean): Promise<void>;
  setSigning?(on: boolean): Promise<void>;
  setView(tiles: readonly View[]): void;
  mute(participant: string, source: Source): Promise<void>;
  remove(participant: string): Promise<void>;
  markVerified(): void;
  /** Plays to this loudspeaker; rejects where the browser will not. */
  setSpeaker(id: string): Promise<void>;
  playSound(): Promise<void>;
  /** Counters of this moment; rejects while there is no connection. */
  stats(): Promise<Stats>;
  leave(): Promise<void>;
}

export interface JoinOptions {
  readonly slug: string;
  readonly session: string | null;
  readonly guestName: string | null;
  readonly roomSecret: string;
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly language: string;
  /** Gives the join up: nobody of this name is left behind. */
  readonly signal: AbortSignal;
}

export type Join = (options: JoinOptions) => Promise<Meeting>;

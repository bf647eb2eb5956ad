/**
 * What the app needs of the meeting SDK: its types, and of a meeting the methods that the app calls.
 * The product fills this port with `@entente/client` (`src/sdk.ts`); tests fill it with a double.
 */

import type { MeetingSurface, Stats as AllStats } from "@entente/client";

export type {
  Alarm,
  ChatMessage,
  Ended,
  EncryptionState,
  MeetingSnapshot,
  MeetingState,
  OwnSource,
  Person,
  Role,
  Source,
  SourceState,
  TenantInfo as Tenant,
  Tile,
  Verified,
  View,
} from "@entente/client";

/** The counters that the app reads. */
export type Stats = Pick<AllStats, "network">;

type Called =
  | "subscribe"
  | "getSnapshot"
  | "setMicrophone"
  | "setCamera"
  | "startScreen"
  | "stopScreen"
  | "sendChat"
  | "raiseHand"
  | "setSigning"
  | "setView"
  | "mute"
  | "remove"
  | "markVerified"
  | "setSpeaker"
  | "playSound"
  | "leave";

export interface Meeting extends Pick<MeetingSurface, Called> {
  /** Counters of this moment; rejects while there is no connection. */
  stats(): Promise<Stats>;
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

/**
 * What the app needs of the meeting SDK: its types, and of a meeting the methods that the app calls.
 * The product fills this port with `@entente/client` (`src/sdk.ts`); tests fill it with a double.
 */

import type { HostCommands, LobbyWait, MeetingSurface, Stats as AllStats } from "@entente/client";

export type {
  Alarm,
  Barred,
  ChatMessage,
  Ended,
  EncryptionState,
  Issued,
  Knocker,
  LobbyWait,
  MeetingSnapshot,
  MeetingState,
  OwnSource,
  Person,
  Rights,
  Role,
  RoomRole,
  RuleChange,
  Rules,
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
  | "markVerified"
  | "setSpeaker"
  | "playSound"
  | "leave";

export interface Meeting extends Pick<MeetingSurface, Called> {
  /** Counters of this moment; rejects while there is no connection. */
  stats(): Promise<Stats>;
  readonly host: Commands;
}

/** What a host may have done. */
export type Commands = { readonly [K in keyof HostCommands]: HostCommands[K] };

export interface JoinOptions {
  readonly slug: string;
  readonly session: string | null;
  readonly guestName: string | null;
  readonly pin: string | null;
  readonly roomSecret: string;
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
  readonly language: string;
  /** Told when a host has to let this person in. */
  readonly onLobby: (waiting: LobbyWait) => void;
  /** Gives the join up: nobody of this name is left behind. */
  readonly signal: AbortSignal;
}

export type Join = (options: JoinOptions) => Promise<Meeting>;

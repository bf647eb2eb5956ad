/**
 * The public values of the SDK: immutable snapshots, so that any view library can compare them by identity. Names come
 * from the MLS tree alone; what signalling says is a hint and is marked so.
 */

import type { Knocker, Role, Rules, SetRules, SourceState } from "./generated/wire.ts";
import type { Rights, RoomRole } from "./state/rights.ts";
import type { WorkerStats } from "./worker/protocol.ts";

export type { Knocker, Role, Rules, SourceState } from "./generated/wire.ts";
export type { Barred, Rights, RoomRole } from "./state/rights.ts";

/** What people publish and see. */
export type Source = "microphone" | "camera" | "screen" | "screen_sound";

/**
 * How the meeting stands for this client. `lobby`: a host has to let it in; `waiting`: connected, but not in the group yet.
 */
export type MeetingState = "connecting" | "lobby" | "waiting" | "connected" | "reconnecting" | "ended";

/** What somebody in the lobby may know. */
export interface LobbyWait {
  readonly title: string;
  /** When the wait ends by itself, unix milliseconds by this device's clock. */
  readonly until: number;
}

/** What a host may change of the rules; what is left out stays. */
export type RuleChange = { readonly [K in Exclude<keyof SetRules, "id" | "type">]?: NonNullable<SetRules[K]> };

/** A member of the meeting's MLS tree, joined with what the server says about its media. */
export interface Person {
  readonly participant: string;
  /** Null for somebody whom the server announced and the tree does not hold yet. */
  readonly leaf: number | null;
  readonly name: string;
  /** True when the issuer's CA vouches for the name. */
  readonly nameChecked: boolean;
  readonly tenant: string;
  readonly deployment: string;
  readonly role: Role;
  /** Fingerprint of the CA root, hexadecimal. */
  readonly issuer: string;
  readonly host: boolean;
  /** What signalling says he is in this room; what he may do follows from it and from the rules. */
  readonly roomRole: RoomRole;
  readonly self: boolean;
  readonly hand: boolean;
  /** Signs, which counts as speaking (M4.7); a hint from signalling. */
  readonly signing: boolean;
  readonly microphone: SourceState;
  readonly camera: SourceState;
  readonly screen: SourceState;
  readonly speaking: boolean;
  /** Loudness, 0 (silent) to 1; a hint from signalling. */
  readonly level: number;
  readonly state: "joining" | "connected" | "reconnecting";
  /** Gone, but still in the tree until the next commit: they are listed because they still hold its keys. */
  readonly leaving: boolean;
}

/** One picture. */
export interface Tile {
  readonly participant: string;
  readonly source: "camera" | "screen";
  readonly state: "live" | "waiting" | "cannot_decrypt" | "muted";
  /** Whose picture it is by the key id of the very frame on screen; null until the first match (M4.5). */
  readonly labelled: Person | null;
  /** Shows the picture; the returned function lets the element go. */
  attach(video: HTMLVideoElement): () => void;
}

/** What a certificate says of a name, for those who show one: whether it was checked, by whom, and what its bearer is. */
export type Issued = Pick<Person, "role" | "nameChecked" | "tenant" | "deployment">;

/** Something said in writing. */
export interface ChatMessage {
  readonly id: string;
  readonly participant: string;
  /** The sender's name in the tree of the epoch that opened the message. */
  readonly name: string;
  /** What that tree says of the name. */
  readonly from: Issued | null;
  readonly text: string;
  /** Unix milliseconds by this device's clock. */
  readonly time: number;
  readonly own: boolean;
}

/** Something the encryption noticed. */
export interface Alarm {
  readonly code: string;
  /** For operators; holds no secret, no name and nothing that was said. */
  readonly detail: string;
  /** Names from the tree where known. */
  readonly people: readonly string[];
  readonly time: number;
}

/** The comparison of codes, and who has joined since. */
export interface Verified {
  readonly time: number;
  readonly joinedSince: readonly string[];
}

/** Facts for the encryption panel. */
export interface EncryptionState {
  /** True only while this client is in a reached epoch and can seal and open. */
  readonly active: boolean;
  /** The suite's number as `0x004F`. */
  readonly suite: string;
  readonly epoch: number | null;
  /** The 30 digits of K6.3. */
  readonly code: string | null;
  /** Why nothing is sent now, as the member's code, or null. */
  readonly stopped: string | null;
  readonly verified: Verified | null;
  /** This group follows another one of the same meeting, with other keys and another code to compare (K3.1). */
  readonly newGroup: { readonly reason: string } | null;
  readonly alarms: readonly Alarm[];
}

/** A ministry as it is shown. */
export interface TenantInfo {
  readonly deployment: string;
  readonly tenant: string;
  readonly name: string;
  readonly short: string;
  readonly colour: string;
}

/** Why it ended for this client. */
export interface Ended {
  readonly reason: string;
  readonly by: string | null;
}

/** Who this client is. */
export interface Me {
  readonly participant: string;
  readonly deployment: string;
  readonly tenant: string;
  readonly name: string;
  readonly role: Role;
}

/** How one of our own sources stands, whatever the page last asked for. */
export interface OwnSource {
  readonly on: boolean;
  /**
   * Why it is off when the page did not ask for that: a host muted it, its frames did not pass through the seal (K5.7), or who
   * is here as audience, or barred by a rule, sends nothing.
   */
  readonly why: "muted_by_host" | "source_stopped" | "barred" | null;
}

/** Everything a view needs, at one instant. */
export interface MeetingSnapshot {
  readonly state: MeetingState;
  readonly title: string;
  readonly deployment: string;
  readonly me: Me | null;
  readonly tenants: readonly TenantInfo[];
  readonly people: readonly Person[];
  /** Whose word alone some raised hands rest on: they were up before we came, and no second member has confirmed it (K6.2). */
  readonly handsToldBy: string | null;
  readonly tiles: readonly Tile[];
  readonly messages: readonly ChatMessage[];
  readonly encryption: EncryptionState;
  /** What this client itself publishes now. */
  readonly own: Readonly<Record<Source, OwnSource>>;
  /** A host has silenced one of our sources. */
  readonly mutedBy: { readonly source: Source; readonly name: string; readonly from: Issued | null; readonly time: number; readonly held: boolean } | null;
  /** The room's rules, as the node keeps them; null before it has told them. */
  readonly rules: Rules | null;
  /** What this client may do now, and what stands in the way of the rest. The node decides; this is so that a page can say it. */
  readonly rights: Rights;
  /** Who waits to be let in, longest first; told to hosts alone. A guest's name is what was typed. */
  readonly lobby: readonly Knocker[];
  /** Set while this client itself waits. */
  readonly waiting: LobbyWait | null;
  /** The browser wants a gesture before it plays sound: call `playSound` from one. */
  readonly soundBlocked: boolean;
  readonly ended: Ended | null;
}

/** One tile on screen; height in device pixels. */
export interface View {
  readonly participant: string;
  readonly source: "camera" | "screen";
  readonly height: number;
}

/** Counters for tests and diagnosis. */
export interface Stats extends WorkerStats {
  /** What the browser decoded, per tile. */
  readonly tiles: readonly {
    readonly participant: string;
    readonly source: "camera" | "screen";
    readonly slot: string | null;
    readonly framesDecoded: number;
    readonly width: number;
    readonly height: number;
    readonly labelledLeaf: number | null;
  }[];
  /** Sound of all audio slots: energy as the browser sums it. */
  readonly audioEnergy: number;
  /** Packets received and missing over all slots since the connection began; the way there and back in seconds. */
  readonly network: { readonly received: number; readonly lost: number; readonly roundTrip: number | null };
  readonly connection: number | null;
  readonly connectionState: string;
}

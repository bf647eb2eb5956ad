/**
 * The encryption member as the Worker uses it: the surface of `crates/wasm` and the shapes of its msgpack values. Only
 * `load` knows that it is WASM; tests drive the conversation with doubles of the same interface.
 */

import { decode } from "@msgpack/msgpack";
import type { Role } from "../generated/wire.ts";
import type { Source } from "./kid.ts";

/** What a verified certificate says about a leaf (K2.1). */
export interface Identity {
  readonly deployment: string;
  readonly tenant: string;
  readonly subject: string;
  readonly name: string;
  readonly name_checked: boolean;
  readonly role: Role;
  readonly assurance: "low" | "substantial" | "high";
  readonly not_after: number;
  readonly issuer_fingerprint: Uint8Array;
  readonly fingerprint: Uint8Array;
}

/** One line of the MLS tree as it is shown. */
export interface RosterLine {
  readonly leaf: number;
  readonly identity: Identity;
  readonly joined_epoch: number;
  readonly self: boolean;
  readonly revoked: boolean;
}

/** The group context's own extension, as far as the client shows it (K3.1). */
export interface GroupParams {
  readonly prior: { readonly group: Uint8Array; readonly head_hash: Uint8Array; readonly reason: string } | null;
}

/** What `reached` merged. */
export interface Reached {
  readonly epoch: number;
  readonly added: readonly { readonly leaf: number; readonly identity: Identity }[];
  readonly removed: readonly number[];
  readonly self_removed: boolean;
}

/** An opened application message. */
export interface OpenedMessage {
  readonly leaf: number;
  readonly epoch: number;
  readonly number: number;
  readonly content: Uint8Array;
  readonly missed: number;
}

/** What a member vouches for in a snapshot (K6.2). */
export interface SnapshotLine {
  readonly epoch: number;
  readonly purpose: string;
  readonly order: number;
}

/** A commit of ours. */
export interface OwnCommit {
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | null;
  readonly group_info: Uint8Array;
  readonly signature: Uint8Array;
}

/** The fresh leaf key of one join. */
export interface LeafKey {
  readonly public: Uint8Array;
  signCertify(nonce: Uint8Array, participant: string): Uint8Array;
  signResume(nonce: Uint8Array, participant: string): Uint8Array;
}

/** Verified manifests and policy; opaque here. */
export interface Trust {
  readonly manifestSetHash: Uint8Array;
}

/** One leaf of one group; epochs are those a commit leads to, `now` is unix milliseconds. */
export interface Member {
  readonly epoch: number;
  readonly leaf: number;
  readonly suite: number;
  readonly groupId: Uint8Array;
  keyPackage(now: number): Uint8Array;
  create(params: Uint8Array, now: number): Uint8Array;
  propose(epoch: number, attempt: number, committer: number, proposals: Uint8Array[], now: number): void;
  commit(epoch: number, attempt: number, now: number, forcePath: boolean): Uint8Array;
  stage(entry: Uint8Array, commit: Uint8Array, signature: Uint8Array, now: number): Uint8Array | undefined;
  join(entry: Uint8Array, welcome: Uint8Array, tree: Uint8Array, params: Uint8Array, now: number): Uint8Array;
  reached(entry: Uint8Array, receipts: Uint8Array[], now: number): Uint8Array;
  withdrawn(entry: Uint8Array, now: number): void;
  receipt(receipt: Uint8Array, now: number): void;
  removing(leaf: number, reason: string, now: number): void;
  settled(epoch: number, now: number): void;
  connected(leaves: Uint32Array): void;
  sendEpoch(now: number): number;
  encrypt(content: Uint8Array, now: number): Uint8Array;
  decrypt(data: Uint8Array, now: number): Uint8Array;
  frameSender(kind: Source, now: number): Uint8Array;
  frameReceiver(kid: bigint, now: number): Uint8Array;
  roster(): Uint8Array;
  params(): Uint8Array;
  code(): string;
  signSnapshot(purpose: string, order: number, content: Uint8Array): Uint8Array;
  openSnapshot(giver: number, data: Uint8Array, content: Uint8Array): Uint8Array;
  revoke(revocation: Uint8Array, now: number): void;
  failureReport(epoch: number, attempt: number, commitHash: Uint8Array, code: string): Uint8Array;
  signResume(nonce: Uint8Array, participant: string): Uint8Array;
}

/** The module. */
export interface Native {
  generateLeafKey(): LeafKey;
  trust(manifests: Uint8Array[], policy: Uint8Array, deployment: string, now: number): Trust;
  member(key: LeafKey, chain: Uint8Array[], trust: Trust, suite: number, allowClassical: boolean, now: number): Member;
  /** Fields of a signed structure without a check: only to name what a report is about. */
  peekEntry(entry: Uint8Array): { epoch: number; attempt: number; commit_hash: Uint8Array };
}

/** Reads one of the module's msgpack values. The module is ours, so its shape is not checked again. */
export function unpack<T>(data: Uint8Array): T {
  return decode(data) as T;
}

/**
 * What people write, inside MLS application messages (K6.1): msgpack maps with a type `t`. Unknown types are ignored, so
 * that newer clients can say more.
 */

import { decode, encode } from "@msgpack/msgpack";
import type { SendMessage } from "../generated/wire.ts";

/** Content that this client understands. */
export type Content =
  | { readonly t: "chat"; readonly id: string; readonly text: string }
  | { readonly t: "hand"; readonly up: boolean }
  /** A state for latecomers: `data` is the signed structure over `content` (K6.2). */
  | { readonly t: "snapshot"; readonly data: Uint8Array; readonly content: Uint8Array }
  /** A second member's word for a snapshot: SHA-256 of its `data`. */
  | { readonly t: "snapshot_seen"; readonly hash: Uint8Array };

/** What the hub is told of a message, so that it can keep the room's rules without reading it. */
export type MessageKind = NonNullable<SendMessage["kind"]>;

/** The kind of some content: what people write to each other, or what their clients say for them. */
export function kindOf(content: Content | null): MessageKind {
  return content === null || content.t === "chat" ? "chat" : "signal";
}

/** Characters of one chat message. */
export const MAX_TEXT = 4000;

/** Octets of a snapshot's signed structure, and of its content: 4,096 leaves. */
const MAX_SIGNED = 512;
const MAX_STATE = 16_384;
const HASH = 32;

/** Encodes content for the member to seal. */
export function encodeContent(content: Content): Uint8Array {
  return encode(content);
}

/** Reads opened content; null for what this client does not know or what is out of bounds. */
export function decodeContent(bytes: Uint8Array): Content | null {
  let value: unknown;
  try {
    value = decode(bytes, { maxStrLength: MAX_TEXT * 4, maxBinLength: MAX_STATE, maxArrayLength: 16, maxMapLength: 16 });
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Record<string, unknown>;
  if (fields.t === "hand" && typeof fields.up === "boolean") return { t: "hand", up: fields.up };
  if (fields.t === "snapshot") return snapshotOf(fields.data, fields.content);
  if (fields.t === "snapshot_seen") return isBytes(fields.hash, HASH) && fields.hash.length === HASH ? { t: "snapshot_seen", hash: fields.hash } : null;
  if (fields.t !== "chat" || typeof fields.text !== "string" || typeof fields.id !== "string") return null;
  if (fields.text.length === 0 || fields.text.length > MAX_TEXT || fields.id.length > 64) return null;
  return { t: "chat", id: fields.id, text: fields.text };
}

function snapshotOf(data: unknown, content: unknown): Content | null {
  return isBytes(data, MAX_SIGNED) && isBytes(content, MAX_STATE) ? { t: "snapshot", data, content } : null;
}

function isBytes(value: unknown, most: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length > 0 && value.length <= most;
}

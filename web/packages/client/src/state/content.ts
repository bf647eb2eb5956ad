/**
 * What people write, inside MLS application messages (K6.1): msgpack maps with a type `t`. Unknown types are ignored, so
 * that newer clients can say more.
 */

import { decode, encode } from "@msgpack/msgpack";

/** Content that this client understands. */
export type Content =
  | { readonly t: "chat"; readonly id: string; readonly text: string }
  | { readonly t: "hand"; readonly up: boolean };

/** Characters of one chat message. */
export const MAX_TEXT = 4000;

/** Encodes content for the member to seal. */
export function encodeContent(content: Content): Uint8Array {
  return encode(content);
}

/** Reads opened content; null for what this client does not know or what is out of bounds. */
export function decodeContent(bytes: Uint8Array): Content | null {
  let value: unknown;
  try {
    value = decode(bytes, { maxStrLength: MAX_TEXT * 4, maxBinLength: 0, maxArrayLength: 16, maxMapLength: 16 });
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Record<string, unknown>;
  if (fields.t === "hand" && typeof fields.up === "boolean") return { t: "hand", up: fields.up };
  if (fields.t !== "chat" || typeof fields.text !== "string" || typeof fields.id !== "string") return null;
  if (fields.text.length === 0 || fields.text.length > MAX_TEXT || fields.id.length > 64) return null;
  return { t: "chat", id: fields.id, text: fields.text };
}

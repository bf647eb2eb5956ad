/**
 * SFrame (RFC 9605) with WebCrypto, cipher suite 4: AES-128-GCM with a 16-byte tag. Keys are non-extractable; the header
 * codec and the nonce are the RFC's, the metadata is ours (codec byte ‖ synthetic codec header, K5.3).
 */

import { concat } from "./bytes.ts";

/** Octets of the GCM tag. */
export const TAG = 16;
/** Octets of the nonce, and so of the salt. */
export const NONCE = 12;

/** A sender's or receiver's imported key. Not printable: a CryptoKey shows nothing. */
export interface FrameKey {
  readonly key: CryptoKey;
  readonly salt: Uint8Array<ArrayBuffer>;
}

/** An SFrame header as read from a frame (RFC 9605 §4.3). */
export interface SframeHeader {
  readonly kid: number;
  readonly counter: number;
  /** Octets the header takes. */
  readonly length: number;
}

/** Imports an AES key for one use, non-extractable, and wipes the bytes it was given. */
export async function importFrameKey(
  key: Uint8Array,
  salt: Uint8Array,
  usage: "encrypt" | "decrypt",
): Promise<FrameKey> {
  const bytes = Uint8Array.from(key);
  const saltCopy = Uint8Array.from(salt);
  try {
    const imported = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, [usage]);
    return { key: imported, salt: saltCopy };
  } finally {
    bytes.fill(0);
    key.fill(0);
  }
}

function lengthOf(value: number): number {
  let length = 1;
  for (let rest = Math.floor(value / 256); rest > 0; rest = Math.floor(rest / 256)) length += 1;
  return length;
}

function writeNumber(into: Uint8Array, offset: number, length: number, value: number): void {
  let rest = value;
  for (let at = offset + length - 1; at >= offset; at -= 1) {
    into[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function readNumber(from: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let at = offset; at < offset + length; at += 1) value = value * 256 + (from[at] ?? 0);
  return value;
}

/** Encodes the header with the fewest octets (RFC 9605 §4.3). */
export function encodeHeader(kid: number, counter: number): Uint8Array<ArrayBuffer> {
  const kidLength = kid < 8 ? 0 : lengthOf(kid);
  const counterLength = counter < 8 ? 0 : lengthOf(counter);
  const header = new Uint8Array(1 + kidLength + counterLength);
  const kidBits = kidLength === 0 ? kid : 8 | (kidLength - 1);
  const counterBits = counterLength === 0 ? counter : 8 | (counterLength - 1);
  header[0] = (kidBits << 4) | counterBits;
  if (kidLength > 0) writeNumber(header, 1, kidLength, kid);
  if (counterLength > 0) writeNumber(header, 1 + kidLength, counterLength, counter);
  return header;
}

/** Reads a header at `offset`; null when it is cut, longer than needed, or beyond what a number holds. */
export function decodeHeader(bytes: Uint8Array, offset: number): SframeHeader | null {
  const config = bytes[offset];
  if (config === undefined) return null;
  const kidLength = (config & 0x80) === 0 ? 0 : ((config >> 4) & 7) + 1;
  const counterLength = (config & 0x08) === 0 ? 0 : (config & 7) + 1;
  const length = 1 + kidLength + counterLength;
  if (bytes.length < offset + length) return null;
  const kid = kidLength === 0 ? (config >> 4) & 7 : readNumber(bytes, offset + 1, kidLength);
  const counter =
    counterLength === 0 ? config & 7 : readNumber(bytes, offset + 1 + kidLength, counterLength);
  if (!Number.isSafeInteger(kid) || !Number.isSafeInteger(counter)) return null;
  // One encoding per value: a second spelling of the same counter would be a way around byte comparisons.
  if (kidLength !== (kid < 8 ? 0 : lengthOf(kid))) return null;
  if (counterLength !== (counter < 8 ? 0 : lengthOf(counter))) return null;
  return { kid, counter, length };
}

/** The nonce of a counter: salt XOR the counter as a big-endian number (RFC 9605 §4.4.3). */
export function nonceOf(salt: Uint8Array, counter: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(NONCE);
  writeNumber(nonce, NONCE - 8, 8, counter);
  for (let at = 0; at < NONCE; at += 1) nonce[at] = (nonce[at] ?? 0) ^ (salt[at] ?? 0);
  return nonce;
}

/** Octets of a sealed frame, header and tag included: some codecs say the length before the frame is sealed. */
export function sealedLength(kid: number, counter: number, plain: number): number {
  return 1 + (kid < 8 ? 0 : lengthOf(kid)) + (counter < 8 ? 0 : lengthOf(counter)) + plain + TAG;
}

/** Seals one frame: SFrame header ‖ ciphertext ‖ tag. `counter` is never used twice with one key. */
export async function sealFrame(
  key: FrameKey,
  kid: number,
  counter: number,
  metadata: Uint8Array,
  plain: Uint8Array<ArrayBuffer>,
): Promise<{ header: Uint8Array<ArrayBuffer>; sealed: Uint8Array<ArrayBuffer> }> {
  const header = encodeHeader(kid, counter);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonceOf(key.salt, counter), additionalData: concat(header, metadata), tagLength: TAG * 8 },
    key.key,
    plain,
  );
  return { header, sealed: new Uint8Array(sealed) };
}

/** Opens one frame that begins with its SFrame header; throws WebCrypto's OperationError when it is not authentic. */
export async function openFrame(
  key: FrameKey,
  header: SframeHeader,
  metadata: Uint8Array,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const plain = await crypto.subtle.decrypt(
    {
      name: "AES-GCM",
      iv: nonceOf(key.salt, header.counter),
      additionalData: concat(bytes.subarray(0, header.length), metadata),
      tagLength: TAG * 8,
    },
    key.key,
    bytes.subarray(header.length),
  );
  return new Uint8Array(plain);
}

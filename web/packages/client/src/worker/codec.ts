/**
 * The synthetic codec headers that stand in clear before a sealed frame, so that packetisers and forwarders keep working
 * (DESIGN §4), and the audio padding that keeps sizes from telling words (K5.6).
 */

import { av1Header, av1Length } from "./av1.ts";
import { concat } from "./bytes.ts";
import { h264Header, h264Unwrap, h264Wrap } from "./h264.ts";

/** Codec byte of the metadata: its index here. */
export const CODECS = ["opus", "vp8", "vp9", "h264", "av1"] as const;
/** The codecs of a meeting (M3.3) and of sound. */
export type Codec = (typeof CODECS)[number];

// A constant 640 × 360 key frame: neither browser's packetiser reads more than the lowest bit of the first octet.
const VP8_KEY = Uint8Array.of(0x10, 0x7d, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01);
const VP8_DELTA = Uint8Array.of(0x31);
const NOTHING = new Uint8Array(0);

/** A frame from the network, taken apart; nothing of it is authentic yet. */
export interface Wire {
  /** The clear octets in front, authenticated with the frame. */
  readonly synthetic: Uint8Array;
  /** SFrame header, ciphertext, tag. */
  readonly sealed: Uint8Array<ArrayBuffer>;
}

/** The clear octets put before a sealed frame of `length` octets; `clear` is the frame as the encoder made it. */
export function syntheticHeader(codec: Codec, keyFrame: boolean, clear: Uint8Array, length: number): Uint8Array {
  switch (codec) {
    case "opus":
    case "vp9":
      return NOTHING;
    case "vp8":
      return keyFrame ? VP8_KEY : VP8_DELTA;
    case "av1":
      return av1Header(length);
    case "h264":
      return h264Header(keyFrame, clear);
  }
}

/** The whole frame as it goes to the packetiser. */
export function wrapFrame(codec: Codec, synthetic: Uint8Array, header: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  return codec === "h264" ? h264Wrap(synthetic, header, sealed) : concat(synthetic, header, sealed);
}

/** Takes a received frame apart; null when its clear octets are not what a sealer writes. */
export function unwrapFrame(codec: Codec, frame: Uint8Array<ArrayBuffer>): Wire | null {
  if (codec === "h264") return h264Unwrap(frame);
  const length = codec === "av1" ? av1Length(frame) : codec === "vp8" ? vp8Length(frame) : 0;
  return length === null ? null : { synthetic: frame.subarray(0, length), sealed: frame.subarray(length) };
}

function vp8Length(frame: Uint8Array): number | null {
  const first = frame[0];
  if (first === undefined) return null;
  const expected = (first & 1) === 0 ? VP8_KEY : VP8_DELTA;
  if (frame.length < expected.length) return null;
  for (let at = 0; at < expected.length; at += 1) if (frame[at] !== expected[at]) return null;
  return expected.length;
}

/** The authenticated metadata: codec byte ‖ synthetic header (K5.3). */
export function metadataOf(codec: Codec, synthetic: Uint8Array): Uint8Array {
  const metadata = new Uint8Array(1 + synthetic.length);
  metadata[0] = CODECS.indexOf(codec);
  metadata.set(synthetic, 1);
  return metadata;
}

/** Sound is padded to a multiple of this many octets. */
export const AUDIO_BLOCK = 64;

/**
 * Pads sound before it is sealed: frame ‖ 0x80 ‖ 0x00…, at least `floor` octets and a multiple of 64 (K5.6). The caller
 * keeps the length as the next floor, so that sizes are constant once the largest was seen.
 */
export function padAudio(frame: Uint8Array, floor: number): Uint8Array<ArrayBuffer> {
  const needed = Math.ceil((frame.length + 1) / AUDIO_BLOCK) * AUDIO_BLOCK;
  const padded = new Uint8Array(Math.max(needed, floor));
  padded.set(frame, 0);
  padded[frame.length] = 0x80;
  return padded;
}

/** Strips the padding back to the last 0x80; null when there is none. */
export function stripAudio(padded: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  if (end < 0 || padded[end] !== 0x80) return null;
  return padded.subarray(0, end);
}

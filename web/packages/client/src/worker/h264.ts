/**
 * H.264's clear octets (Annex B): the parameter sets as the encoder made them, then the beginning of one slice whose payload is
 * the sealed frame under emulation prevention (ITU-T H.264 §7.4.1), so that no ciphertext looks like a start code.
 */

import { concat } from "./bytes.ts";

/** Start code, NAL header and first octets of an IDR slice, and of another: first macroblock 0, slice type, parameter set 0. */
const KEY = Uint8Array.of(0, 0, 0, 1, 0x65, 0x88, 0x84);
const DELTA = Uint8Array.of(0, 0, 0, 1, 0x41, 0x9a, 0x24);
const START = Uint8Array.of(0, 0, 0, 1);
/** Ends the NAL unit, so that no packetiser cuts zeros off a ciphertext. */
const END = 0x80;
/** NAL unit types of the sequence and picture parameter sets. */
const PARAMETER_SETS = [7, 8];

/** The parameter sets of `clear`, and the beginning of the slice. */
export function h264Header(keyFrame: boolean, clear: Uint8Array): Uint8Array {
  const sets = nalUnits(clear).filter((nal) => PARAMETER_SETS.includes((nal[0] ?? 0) & 0x1f));
  return concat(...sets.flatMap((nal) => [START, nal]), keyFrame ? KEY : DELTA);
}

/** The synthetic slice with the sealed frame in it. Its beginning ends in an octet that is not zero: prevention starts afresh. */
export function h264Wrap(synthetic: Uint8Array, header: Uint8Array, sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(synthetic, escape(concat(header, sealed)), Uint8Array.of(END));
}

/** Parameter sets and slice of a received frame; null when it does not end in a slice as a sealer begins it. */
export function h264Unwrap(frame: Uint8Array<ArrayBuffer>): { synthetic: Uint8Array; sealed: Uint8Array<ArrayBuffer> } | null {
  const start = lastStart(frame);
  if (start < 0 || frame.at(-1) !== END) return null;
  const end = start + KEY.length;
  const slice = frame.subarray(start, end);
  if (frame.length <= end || !(same(slice, KEY) || same(slice, DELTA))) return null;
  return { synthetic: frame.subarray(0, end), sealed: unescape(frame.subarray(end, -1)) };
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}

function lastStart(frame: Uint8Array): number {
  // A one in front of three zeros, from the back: prevention leaves no other in the slice.
  for (let at = frame.lastIndexOf(1); at >= 3; at = frame.lastIndexOf(1, at - 1)) {
    if (frame[at - 1] === 0 && frame[at - 2] === 0 && frame[at - 3] === 0) return at - 3;
  }
  return -1;
}

/** The NAL units of an Annex B stream, without start codes and without the zeros that may follow a unit. */
function nalUnits(stream: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = stream.indexOf(1, 2); at >= 0; at = stream.indexOf(1, at + 1)) {
    if (stream[at - 1] === 0 && stream[at - 2] === 0) starts.push(at + 1);
  }
  return starts.map((start, at) => {
    let end = at + 1 < starts.length ? (starts[at + 1] ?? 0) - 3 : stream.length;
    while (end > start && stream[end - 1] === 0) end -= 1;
    return stream.subarray(start, end);
  });
}

function escape(octets: Uint8Array): Uint8Array {
  // At worst every third octet is one more.
  const out = new Uint8Array(octets.length + Math.ceil(octets.length / 2));
  let length = 0;
  let zeros = 0;
  for (const octet of octets) {
    if (zeros === 2 && octet <= 3) {
      out[length] = 3;
      length += 1;
      zeros = 0;
    }
    zeros = octet === 0 ? zeros + 1 : 0;
    out[length] = octet;
    length += 1;
  }
  return out.subarray(0, length);
}

function unescape(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(octets.length);
  let length = 0;
  let zeros = 0;
  for (const octet of octets) {
    const prevention = zeros === 2 && octet === 3;
    zeros = octet === 0 ? zeros + 1 : 0;
    if (prevention) continue;
    out[length] = octet;
    length += 1;
  }
  return out.subarray(0, length);
}

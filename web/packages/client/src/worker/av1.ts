/**
 * AV1's clear octets: one OBU header with its size (AV1 specification §5.3), so that packetisers cut the sealed frame like any
 * other. They take the size away and put it back; the shortest leb128 is the only one that survives that.
 */

/** OBU_FRAME with a size field. */
const FRAME = 0x32;
/** Octets of a size: frames stay below 256 MB. */
const MAX_SIZE_OCTETS = 4;

/** The header of an OBU whose payload has `size` octets. */
export function av1Header(size: number): Uint8Array {
  const octets = [FRAME];
  let rest = size;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) octets.push((rest % 0x80) + 0x80);
  octets.push(rest);
  return Uint8Array.from(octets);
}

/** Octets of the header of a frame that is one such OBU and nothing else; null for any other. */
export function av1Length(frame: Uint8Array): number | null {
  if (frame[0] !== FRAME) return null;
  let size = 0;
  for (let at = 1; at <= MAX_SIZE_OCTETS; at += 1) {
    const octet = frame[at];
    if (octet === undefined) return null;
    size += (octet % 0x80) * 0x80 ** (at - 1);
    if (octet >= 0x80) continue;
    const shortest = at === 1 || octet !== 0;
    return shortest && frame.length === 1 + at + size ? 1 + at : null;
  }
  return null;
}

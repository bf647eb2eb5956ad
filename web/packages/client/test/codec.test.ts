/** The frames of every codec as Rust seals them (`crates/e2ee/tests/frame_vectors.rs`), written and read here octet by octet. */

import { expect, test } from "vitest";
import vectors from "../../../../tests/vectors/frames.json";
import { av1Header, av1Length } from "../src/worker/av1.ts";
import { h264Header, h264Wrap } from "../src/worker/h264.ts";
import { type Codec, stripAudio, unwrapFrame } from "../src/worker/codec.ts";
import type { EncodedFrame } from "../src/worker/frame.ts";
import { type FrameSecrets, ReceiverKeys } from "../src/worker/keys.ts";
import { parseKid } from "../src/worker/kid.ts";
import { Opener } from "../src/worker/opener.ts";
import { ReplayGuard } from "../src/worker/replay.ts";
import { Sealer } from "../src/worker/sealer.ts";
import { bytes, hex } from "./bytes.ts";

/** The one sender of the vectors. */
function secretsOf(kid: number): FrameSecrets {
  const secret = () => ({ kid, leaf: 5, epoch: 200, key: bytes(vectors.key), salt: bytes(vectors.salt) });
  return { epoch: () => 200, life: () => 1, sendEpoch: () => 200, sender: secret, receiver: secret, pending: () => false };
}

const frameOf = (data: string, keyFrame: boolean): EncodedFrame => ({
  data: bytes(data).buffer, type: keyFrame ? "key" : "delta", getMetadata: () => ({ rtpTimestamp: 1 }),
});

test("every codec is there", () => {
  expect(new Set(vectors.frames.map(({ codec }) => codec))).toEqual(new Set(["opus", "vp8", "vp9", "h264", "av1"]));
});

test("H.264: emulation prevention is Rust's, whatever the ciphertext looks like", () => {
  const start = h264Header(false, new Uint8Array(0));
  for (const { sealed, wire } of vectors.slices) {
    expect(hex(h264Wrap(start, bytes(sealed).subarray(0, 1), bytes(sealed).subarray(1)))).toBe(wire);
    expect(hex(unwrapFrame("h264", bytes(wire))?.sealed ?? new Uint8Array(0))).toBe(sealed);
    expect(wire.slice(14), "no start code, and nothing that could begin one").not.toMatch(/^(..)*0000(00|01|02)/);
  }
});

test("frames are sealed as Rust seals them", async () => {
  const sealers = new Map<number, Sealer>();
  for (const { codec, kid, key_frame, plain, wire } of vectors.frames) {
    const sealer = sealers.get(kid) ?? new Sealer(parseKid(kid)?.kind ?? "camera", "vp8", secretsOf(kid));
    sealers.set(kid, sealer);
    sealer.codec = codec as Codec;
    const frame = frameOf(plain, key_frame);
    expect(await sealer.seal(frame)).toBe(true);
    expect(hex(new Uint8Array(frame.data)), `${codec} ${plain.length / 2}`).toBe(wire);
  }
});

test("frames of Rust are opened, once, and not with any bit turned", async () => {
  for (const { codec, kid, key_frame, plain, wire } of vectors.frames) {
    const out: string[] = [];
    const secrets = secretsOf(kid);
    const shared = { secrets, keys: new ReceiverKeys(secrets, () => 0), replay: new ReplayGuard(), now: () => 0, changed: async () => undefined };
    const opener = new Opener(codec === "opus" ? "audio" : "video", codec as Codec, shared, (frame) => out.push(hex(new Uint8Array(frame.data))));
    const octets = bytes(wire);
    for (const at of [0, 1, octets.length >> 1, octets.length - 1]) {
      const altered = octets.slice();
      altered[at] = (altered[at] ?? 0) ^ 0x40;
      opener.push(frameOf(hex(altered), key_frame));
    }
    opener.push(frameOf(wire, key_frame));
    opener.push(frameOf(wire, key_frame));
    await expect.poll(() => opener.stats.opened + Object.values(opener.stats.dropped).reduce((sum, count) => sum + count, 0), { interval: 1 }).toBe(6);
    expect(out, `${codec} ${plain.length / 2}`).toEqual([plain]);
    expect(opener.stats.dropped.replay).toBe(1);
  }
});

test("AV1: sizes are written and read in their shortest form alone", () => {
  for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const header = av1Header(size);
    const frame = new Uint8Array(header.length + size);
    frame.set(header);
    expect(av1Length(frame)).toBe(header.length);
    expect(av1Length(frame.subarray(0, -1))).toBeNull();
  }
  for (const bad of [[], [0x32], [0x32, 0x80, 0x00], [0x32, 0x81, 0x80, 0x80, 0x80, 0x00], [0x12, 0x01, 0x00], [0x32, 0x01, 0x00, 0x00]]) {
    expect(av1Length(Uint8Array.from(bad)), bad.join()).toBeNull();
  }
});

test("H.264: what does not end in the slice of a sealer is not taken apart", () => {
  const line = vectors.frames.find(({ codec, key_frame }) => codec === "h264" && key_frame);
  const octets = bytes(line?.wire ?? "");
  const wire = unwrapFrame("h264", octets);
  // Both parameter sets stay clear, whatever start code they had, and nothing else does.
  expect(hex(wire?.synthetic ?? new Uint8Array(0))).toBe("000000016742e01f0000000168ce3c80" + "00000001658884");
  expect(unwrapFrame("h264", octets.subarray(0, -1))).toBeNull();
  expect(unwrapFrame("h264", Uint8Array.of(0, 0, 0, 1, 0x67, 1, 0x80))).toBeNull();
  expect(unwrapFrame("h264", Uint8Array.of(1, 2, 3, 0x80))).toBeNull();
  expect(unwrapFrame("h264", new Uint8Array(0))).toBeNull();
});

test("sound is padded as Rust pads it", () => {
  expect(hex(stripAudio(bytes("0102800000")) ?? new Uint8Array(0))).toBe("0102");
});

/** SFrame against the vectors of RFC 9605 (appendix C): headers of §4.3 and cipher suite 4. */

import { expect, test } from "vitest";
import { decodeHeader, encodeHeader, importFrameKey, nonceOf, openFrame, sealFrame } from "../src/worker/sframe.ts";
import { bytes, hex } from "./bytes.ts";

// From sframe-wg's test-vectors.json, suite 4.
const RFC = {
  kid: 0x123,
  counter: 0x4567,
  key: "d34f547f4ca4f9a7447006fe7fcbf768",
  salt: "75234edefe07819026751816",
  nonce: "75234edefe07819026755d71",
  metadata: "4945544620534672616d65205747",
  plain: "64726166742d696574662d736672616d652d656e63",
  sealed: "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb",
};

// Header vectors of the same file: kid, counter, encoding.
const HEADERS: [number, number, string][] = [
  [0, 0, "00"],
  [0, 1, "01"],
  [0, 255, "08ff"],
  [1, 0, "10"],
  [255, 0, "80ff"],
  [255, 255, "88ffff"],
  [256, 65535, "990100ffff"],
  [16777215, 256, "a9ffffff0100"],
  [0xffffffff, 0xffffff, "baffffffffffffff"],
];

test("RFC 9605 §4.3: headers are written and read as in the vectors", () => {
  for (const [kid, counter, encoded] of HEADERS) {
    expect(hex(encodeHeader(kid, counter))).toBe(encoded);
    expect(decodeHeader(bytes(encoded), 0)).toEqual({ kid, counter, length: encoded.length / 2 });
  }
});

test("a header that is cut or longer than needed is refused", () => {
  for (const [, , encoded] of HEADERS) {
    const whole = bytes(encoded);
    for (let cut = 0; cut < whole.length; cut += 1) expect(decodeHeader(whole.subarray(0, cut), 0)).toBeNull();
  }
  expect(decodeHeader(bytes("8005"), 0)).toBeNull();
  expect(decodeHeader(bytes("9000ff"), 0)).toBeNull();
  expect(decodeHeader(bytes("f0ffffffffffffffff"), 0)).toBeNull();
});

test("RFC 9605 suite 4: seals and opens as in the vector", async () => {
  expect(hex(nonceOf(bytes(RFC.salt), RFC.counter))).toBe(RFC.nonce);
  const sender = await importFrameKey(bytes(RFC.key), bytes(RFC.salt), "encrypt");
  const { header, sealed } = await sealFrame(sender, RFC.kid, RFC.counter, bytes(RFC.metadata), bytes(RFC.plain));
  expect(hex(header) + hex(sealed)).toBe(RFC.sealed);
  const receiver = await importFrameKey(bytes(RFC.key), bytes(RFC.salt), "decrypt");
  const wire = bytes(RFC.sealed);
  const parsed = decodeHeader(wire, 0);
  expect(parsed).not.toBeNull();
  if (parsed !== null) expect(hex(await openFrame(receiver, parsed, bytes(RFC.metadata), wire))).toBe(RFC.plain);
});

test("a key is imported so that nobody can take it out again, and its bytes are wiped", async () => {
  const key = bytes(RFC.key);
  const imported = await importFrameKey(key, bytes(RFC.salt), "encrypt");
  expect(imported.key.extractable).toBe(false);
  await expect(crypto.subtle.exportKey("raw", imported.key)).rejects.toThrow();
  expect(hex(key)).toBe("00".repeat(16));
});

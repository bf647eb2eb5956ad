// One member in the browser's WASM, driven over standard input by a test: a line asks, a line answers. Bytes cross as
// {"hex": …}, 64-bit key ids as {"big": …}; objects stay here under names.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../web/packages/client/wasm/", import.meta.url));
const e2ee = await import(`${folder}e2ee.js`);
e2ee.initSync({ module: readFileSync(`${folder}e2ee_bg.wasm`) });

const named = new Map();

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== "object") return value;
  if ("hex" in value) return Uint8Array.from(Buffer.from(value.hex, "hex"));
  if ("big" in value) return BigInt(value.big);
  return named.get(value.name);
}

function encode(value) {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") };
  return value === undefined ? null : value;
}

function answer({ make, on, call, args, as }) {
  const values = args.map(decode);
  if (make) {
    named.set(as, make === "LeafKey" ? e2ee.LeafKey.generate() : new e2ee[make](...values));
    return null;
  }
  const target = on ? named.get(on) : e2ee;
  return encode(typeof target[call] === "function" ? target[call](...values) : target[call]);
}

for await (const line of createInterface({ input: process.stdin })) {
  const begin = performance.now();
  let reply;
  try {
    reply = { ok: answer(JSON.parse(line)) };
  } catch (error) {
    reply = { error: error.code ?? String(error), detail: error.detail ?? "" };
  }
  process.stdout.write(`${JSON.stringify({ ...reply, ms: performance.now() - begin })}\n`);
}

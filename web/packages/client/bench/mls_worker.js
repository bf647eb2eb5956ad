/** One Worker with the shipped WASM: carries out calls by name for `mls.mjs` and says how long each took, in milliseconds. */

const named = new Map();
let e2ee;

const toBytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== "object") return value;
  return "hex" in value ? toBytes(value.hex) : named.get(value.name);
}

async function answer({ load, make, on, call, args = [], as }) {
  if (load) {
    e2ee = await import("/e2ee.js");
    await e2ee.default({ module_or_path: fetch("/e2ee_bg.wasm") });
    return { ok: null, ms: 0 };
  }
  const values = args.map(decode);
  const target = on ? named.get(on) : e2ee;
  const begin = performance.now();
  let value = null;
  if (make) named.set(as, make === "LeafKey" ? e2ee.LeafKey.generate() : new e2ee[make](...values));
  else value = typeof target[call] === "function" ? target[call](...values) : target[call];
  const ms = performance.now() - begin;
  return { ok: value instanceof Uint8Array ? { hex: toHex(value) } : (value ?? null), ms };
}

self.onmessage = async ({ data }) => {
  try {
    self.postMessage(await answer(data));
  } catch (error) {
    self.postMessage({ error: error.code ?? String(error), ms: 0 });
  }
};

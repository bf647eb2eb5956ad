/**
 * The Subresource Integrity of the encryption module, for builds that bundle the SDK: script integrity does not reach a
 * Worker's WASM, so the value is compiled into the page that starts the Worker.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** `define` entries for Vite. Fails when the module has not been built: a client without the check is not a build. */
export function wasmIntegrity(): Record<string, string> {
  const wasm = readFileSync(fileURLToPath(new URL("./wasm/e2ee_bg.wasm", import.meta.url)));
  const digest = createHash("sha384").update(wasm).digest("base64");
  return { __WASM_INTEGRITY__: JSON.stringify(`sha384-${digest}`) };
}

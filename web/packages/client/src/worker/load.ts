/** Loads the encryption module: the WASM is fetched by its integrity, because script integrity does not reach it. */

import init, * as e2ee from "../../wasm/e2ee.js";
import { EntenteError } from "../errors.ts";
import { type LeafKey, type Member, type Native, type Trust, unpack } from "./native.ts";

/** Fetches, checks and starts the module. `integrity` is a Subresource Integrity value. */
export async function loadNative(wasm: string, integrity: string | null): Promise<Native> {
  let response: Response;
  try {
    response = await fetch(wasm, integrity === null ? {} : { integrity });
  } catch {
    throw new EntenteError("key_worker_failed", "the encryption module did not load as signed");
  }
  if (!response.ok) throw new EntenteError("key_worker_failed", `encryption module: HTTP ${response.status}`);
  await init({ module_or_path: await WebAssembly.compileStreaming(response) });
  return {
    generateLeafKey: () => e2ee.LeafKey.generate() as unknown as LeafKey,
    trust: (manifests, policy, deployment, now) =>
      new e2ee.Trust(manifests, policy, deployment, now) as unknown as Trust,
    member: (key, chain, trust, suite, allowClassical, now) =>
      new e2ee.Member(key as never, chain, trust as never, suite, allowClassical, now) as unknown as Member,
    peekEntry: (entry) => unpack(e2ee.signedPeek("entry", entry)),
  };
}

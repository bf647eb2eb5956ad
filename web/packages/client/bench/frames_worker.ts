/** Measures what sealing and opening one frame costs in a browser's Worker: the product's sealer, keys from a fixed secret. */

import { makeKid } from "../src/worker/kid.ts";
import { decodeHeader, importFrameKey, openFrame } from "../src/worker/sframe.ts";
import { Sealer } from "../src/worker/sealer.ts";
import { workerScope } from "../src/worker/scope.ts";

const kid = makeKid({ generation: 1, kind: "camera", leaf: 1, epoch: 1 });
const secret = (): { key: Uint8Array; salt: Uint8Array } => ({ key: new Uint8Array(16).fill(7), salt: new Uint8Array(12).fill(9) });
const secrets = {
  epoch: () => 1,
  life: () => 1,
  sendEpoch: () => 1,
  sender: () => ({ kid, epoch: 1, ...secret() }),
  receiver: () => ({ leaf: 1, epoch: 1, ...secret() }),
  pending: () => false,
};

/** Microseconds per frame of `octets`, over `count` frames one after another. */
async function measure(octets: number, count: number): Promise<{ seal: number; open: number }> {
  const sealer = new Sealer("camera", "vp8", secrets);
  const clear = crypto.getRandomValues(new Uint8Array(octets));
  const frames: Uint8Array<ArrayBuffer>[] = [];
  const start = performance.now();
  for (let at = 0; at < count; at += 1) {
    const frame = { data: clear.slice().buffer, type: "delta", getMetadata: () => ({}) };
    await sealer.seal(frame);
    frames.push(new Uint8Array(frame.data));
  }
  const sealed = performance.now();
  const { key, salt } = secret();
  const receiver = await importFrameKey(key, salt, "decrypt");
  for (const wire of frames) {
    const header = decodeHeader(wire, 1);
    if (header === null) throw new Error("not sealed");
    await openFrame(receiver, header, Uint8Array.of(1, wire[0] ?? 0), wire.subarray(1));
  }
  const opened = performance.now();
  return { seal: ((sealed - start) * 1000) / count, open: ((opened - sealed) * 1000) / count };
}

const scope = workerScope();
scope.onmessage = ({ data }) => void measure(data.octets, data.count).then((result) => scope.postMessage(result));

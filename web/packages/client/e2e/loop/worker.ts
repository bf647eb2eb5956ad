/**
 * The key Worker of the loop test: the product's own transforms with keys from a fixed secret instead of an MLS member,
 * so that the codec tricks can be watched in a browser without a server.
 */

import { type Codec, unwrapFrame } from "../../src/worker/codec.ts";
import type { EncodedFrame } from "../../src/worker/frame.ts";
import type { FrameSecrets } from "../../src/worker/keys.ts";
import { makeKid, parseKid, type Source } from "../../src/worker/kid.ts";
import { parseTarget, Pipes } from "../../src/worker/pipes.ts";
import { decodeHeader } from "../../src/worker/sframe.ts";
import { type Transformer, workerScope } from "../../src/worker/scope.ts";

const scope = workerScope();
const LEAF = 7;
let epoch = 3;
let sendEpoch = 3;
let stopped = false;
let generation = 0;
let videoCodec: Codec = "vp8";

const bytes = (kid: number, length: number, salt: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (kid * 31 + at * 7 + salt) % 251);

const secrets: FrameSecrets = {
  epoch: () => epoch,
  life: () => 1,
  sendEpoch: () => {
    if (stopped) throw Object.assign(new Error("stopped"), { code: "stopped" });
    return sendEpoch;
  },
  sender: (kind: Source) => {
    generation += 1;
    const kid = makeKid({ generation, kind, leaf: LEAF, epoch: sendEpoch });
    return { kid, epoch: sendEpoch, key: bytes(kid, 16, 1), salt: bytes(kid, 12, 2) };
  },
  receiver: (kid: number) => {
    const id = parseKid(kid);
    if (id === null || id.epoch > epoch) throw Object.assign(new Error("no"), { code: "unknown_epoch" });
    return { key: bytes(kid, 16, 1), salt: bytes(kid, 12, 2), leaf: id.leaf, epoch: id.epoch };
  },
  pending: () => false,
};

const raw = { frames: 0, unsealed: 0 };

/** Lets frames through as they came, and counts those that no sealer of ours wrote. */
async function watchRaw(transformer: Transformer): Promise<void> {
  const watch = new TransformStream<EncodedFrame, EncodedFrame>({
    transform: (frame, controller) => {
      const bytes = new Uint8Array(frame.data);
      const wire = unwrapFrame(frame.type === undefined ? "opus" : videoCodec, bytes);
      const header = wire === null ? null : decodeHeader(wire.sealed, 0);
      const id = header === null ? null : parseKid(header.kid);
      raw.frames += 1;
      if (id?.leaf !== LEAF || id.epoch !== sendEpoch) raw.unsealed += 1;
      controller.enqueue(frame);
    },
  });
  await transformer.readable.pipeThrough(watch).pipeTo(transformer.writable);
}

const pipes = new Pipes(secrets, (labels) => scope.postMessage({ labels }));

scope.onrtctransform = ({ transformer }) => {
  const target = parseTarget(transformer.options);
  if (target === null) void watchRaw(transformer).catch(() => undefined);
  else void pipes.attach(target, transformer.readable, transformer.writable).catch(() => undefined);
};

scope.onmessage = ({ data }) => {
  switch (data.op) {
    case "transform":
      void pipes.attach(data.target, data.readable, data.writable).catch(() => undefined);
      break;
    case "stats":
      scope.postMessage({ stats: { ...pipes.stats(), raw } });
      break;
    case "codec":
      videoCodec = data.codec;
      pipes.setVideoCodec(videoCodec);
      break;
    case "send_epoch":
      sendEpoch = data.epoch;
      break;
    case "reach":
      epoch = data.epoch;
      pipes.groupChanged();
      break;
    case "detach":
      pipes.detach(data.connection);
      break;
    case "stop":
      stopped = data.on;
      break;
  }
};

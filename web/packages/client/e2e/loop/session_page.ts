/**
 * The page of the session test: the product's `MediaSession` whose node is a bare peer per connection in the same page, so
 * that a path can be cut and a second connection taken without a server.
 */

import { MediaSession } from "../../src/media/session.ts";
import { attachTransform, connectionOptions } from "../../src/media/transforms.ts";

const worker = new Worker("/worker.js", { type: "module" });
const fars = new Map<number, RTCPeerConnection>();
const log: string[] = [];
let answered: ((stats: unknown) => void) | null = null;
worker.onmessage = ({ data }) => {
  if (data.stats) answered?.(data.stats);
};

/** Answers an offer as a node would: nothing to send, candidates in the answer's stead handed over directly. */
async function answer(number: number, sdp: string, restart: boolean): Promise<string> {
  log.push(`offer ${number}${restart ? " restart" : ""}`);
  let far = fars.get(number);
  if (far === undefined) fars.set(number, (far = new RTCPeerConnection(connectionOptions())));
  if (far.signalingState === "closed") throw Object.assign(new Error("gone"), { code: "unavailable" });
  await far.setRemoteDescription({ type: "offer", sdp });
  for (const { receiver } of far.getTransceivers().slice(0, 5)) {
    if (receiver.transform === null) attachTransform(worker, receiver, { direction: "raw" } as never);
  }
  await far.setLocalDescription(await far.createAnswer());
  await new Promise<void>((resolve) => {
    const done = (): void => (far.iceGatheringState === "complete" ? resolve() : undefined);
    far.onicegatheringstatechange = done;
    done();
  });
  return far.localDescription?.sdp ?? "";
}

const session = new MediaSession({
  worker,
  offer: answer,
  closed: async (number) => {
    log.push(`closed ${number}`);
    fars.get(number)?.close();
  },
  detach: (number) => worker.postMessage({ op: "detach", connection: number }),
  codec: (codec) => log.push(`codec ${codec}`),
  slots: () => log.push(`slots ${session.connection?.number}`),
  state: (state) => log.push(`state ${state}`),
  failed: (code) => log.push(`failed ${code}`),
});

Object.assign(window, {
  log,
  session,
  async start() {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 960, height: 540 } });
    await session.publish("microphone", media.getAudioTracks()[0] ?? null);
    await session.publish("camera", media.getVideoTracks()[0] ?? null);
    await session.start();
    Object.assign(window, { media });
  },
  /** The node's end of a connection disappears without a word. */
  cut: (number: number) => fars.get(number)?.close(),
  published: (source: "camera") => session.connection?.sender(source)?.track !== null,
  stats: () =>
    new Promise((resolve) => {
      answered = resolve;
      worker.postMessage({ op: "stats" });
    }),
});

/**
 * The page of the loop test: the product's `Connection` against a bare second peer in the same page, which sends sealed
 * sound and pictures into the slots and receives what the senders let out.
 */

import { Connection } from "../../src/media/connection.ts";
import { videoCodecOf } from "../../src/media/sdp.ts";
import { attachTransform, connectionOptions } from "../../src/media/transforms.ts";

interface Label {
  readonly slot: string;
  readonly index: number;
  readonly rtpTimestamp: number;
  readonly leaf: number;
}

const worker = new Worker("/worker.js", { type: "module" });
const labels = new Map<number, number>();
const shown: { rtpTimestamp: number | undefined; leaf: number | undefined; width: number }[] = [];
let answered: ((stats: unknown) => void) | null = null;
worker.onmessage = ({ data }) => {
  if (data.labels) for (const label of data.labels as Label[]) labels.set(label.rtpTimestamp, label.leaf);
  if (data.stats) answered?.(data.stats);
};

const canvas = document.createElement("canvas");
canvas.width = 640;
canvas.height = 360;
document.body.append(canvas);
const context = canvas.getContext("2d");
let tick = 0;
setInterval(() => {
  tick += 1;
  if (context === null) return;
  context.fillStyle = `hsl(${tick % 360} 80% 50%)`;
  context.fillRect(0, 0, 640, 360);
  context.fillStyle = "black";
  context.font = "80px sans-serif";
  context.fillText(String(tick), 60 + (tick % 200), 200);
}, 33);

/** Codecs of this browser by their lower-case name, as both ends need them. */
function codecs(name: string): RTCRtpCodec[] {
  const known = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const sendable = new Set(RTCRtpSender.getCapabilities("video")?.codecs.map(({ mimeType }) => mimeType));
  return known.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${name}` && sendable.has(mimeType));
}

/** Answers with one codec, as a node does (M3.3). */
function prefer(far: RTCPeerConnection, name: string): void {
  const rtx = RTCRtpReceiver.getCapabilities("video")?.codecs.filter(({ mimeType }) => mimeType === "video/rtx") ?? [];
  for (const transceiver of far.getTransceivers()) {
    if (transceiver.receiver.track.kind === "video") transceiver.setCodecPreferences([...codecs(name), ...rtx]);
  }
}

async function start(codec = "vp8", width = 960, height = 540): Promise<void> {
  worker.postMessage({ op: "codec", codec });
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height } });
  const client = new Connection(0, worker, () => undefined);
  await client.replace("microphone", media.getAudioTracks()[0] ?? null);
  await client.replace("camera", media.getVideoTracks()[0] ?? null);
  const far = new RTCPeerConnection(connectionOptions());
  const candidates: RTCIceCandidate[] = [];
  const gathered = new Promise<void>((resolve) => {
    client.peer.onicecandidate = ({ candidate }) => (candidate === null ? resolve() : candidates.push(candidate));
  });
  await far.setRemoteDescription({ type: "offer", sdp: await client.offer() });
  const picture = canvas.captureStream(30).getVideoTracks()[0] ?? null;
  const sound = media.getAudioTracks()[0]?.clone() ?? null;
  const far0 = far.getTransceivers();
  // The far end has no keys: what its receivers get goes to the decoder as it came.
  for (const { receiver } of far0.slice(0, 5)) attachTransform(worker, receiver, { direction: "raw" } as never);
  const wire = async (mline: number, source: "microphone" | "camera", track: MediaStreamTrack | null): Promise<void> => {
    const transceiver = far0[mline];
    if (transceiver === undefined) throw new Error(`no m-line ${mline}`);
    transceiver.direction = "sendonly";
    attachTransform(worker, transceiver.sender, { direction: "send", connection: 9, source });
    await transceiver.sender.replaceTrack(track);
  };
  await wire(5, "microphone", sound);
  await wire(9, "camera", picture);
  // Wrong on purpose: a camera's frames in a screen slot must be refused by kind.
  await wire(18, "camera", picture?.clone() ?? null);
  if (codec !== "vp8") prefer(far, codec);
  const answer = await far.createAnswer();
  Object.assign(window, { answered: videoCodecOf(answer.sdp ?? "") });
  await far.setLocalDescription(answer);
  await client.answer(answer.sdp ?? "");
  await gathered;
  for (const candidate of candidates) await far.addIceCandidate(candidate);
  const slot = client.slot("video", 0);
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  document.body.append(video);
  if (slot !== undefined) video.srcObject = new MediaStream([slot.track]);
  const heard = client.slot("audio", 0);
  const audio = new Audio();
  if (heard !== undefined) audio.srcObject = new MediaStream([heard.track]);
  void audio.play().catch(() => undefined);
  const watch = (_: number, frame: VideoFrameCallbackMetadata): void => {
    const leaf = frame.rtpTimestamp === undefined ? undefined : labels.get(frame.rtpTimestamp);
    shown.push({ rtpTimestamp: frame.rtpTimestamp, leaf, width: frame.width });
    video.requestVideoFrameCallback(watch);
  };
  video.requestVideoFrameCallback(watch);
  void video.play().catch(() => undefined);
  Object.assign(window, { client, far });
}

async function inbound(peer: RTCPeerConnection): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  (await peer.getStats()).forEach((row) => {
    if (row.type === "inbound-rtp" && (row.packetsReceived ?? 0) > 0) {
      const { kind, mid, packetsReceived, framesDecoded, framesReceived, totalAudioEnergy, concealedSamples, totalSamplesReceived } = row;
      rows.push({ kind, mid, packetsReceived, framesDecoded, framesReceived, totalAudioEnergy, concealedSamples, totalSamplesReceived });
    }
  });
  return rows;
}

Object.assign(window, {
  start,
  offers: (codec: string) => codecs(codec).length > 0,
  shown,
  labels,
  inbound,
  post: (message: unknown) => worker.postMessage(message),
  stats: () =>
    new Promise((resolve) => {
      answered = resolve;
      worker.postMessage({ op: "stats" });
    }),
});

/**
 * Lips (M4.6): somebody shows a flash and plays a beep at one instant, again and again; how far apart are they shown and heard
 * at the far end, while nothing changes and after the slot has gone to somebody else and come back? What
 * the same measurement finds at the source, without a meeting in between, is taken off.
 */

import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { join, pause, until } from "../e2e/person.mjs";

const EVERY_MS = 1_000;
/** A flash and a beep further apart than this belong to different events. */
const TOGETHER_MS = 450;
/** Browsers adjust the two against each other step by step from the first reports on (an SR each second). */
const SETTLE_MS = 8_000;

// Tells when the sound rises, in the context's own time: a page hears of it at its leisure.
const WORKLET = `registerProcessor("onset", class extends AudioWorkletProcessor {
  quiet = 0;
  process([channels]) {
    const samples = channels[0] ?? [];
    for (let at = 0; at < samples.length; at += 1) {
      if (Math.abs(samples[at]) < 0.05) { this.quiet += 1; continue; }
      if (this.quiet > sampleRate / 5) this.port.postMessage((currentFrame + at) / sampleRate);
      this.quiet = 0;
    }
    return true;
  }
});`;

/** Publishes a canvas and an oscillator that flash and beep together; `window.source` is the stream of both. */
function flashAndBeep(every) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const paint = canvas.getContext("2d");
  const audio = new AudioContext();
  const [tone, gain, out] = [audio.createOscillator(), audio.createGain(), audio.createMediaStreamDestination()];
  tone.frequency.value = 1_000;
  gain.gain.value = 0;
  tone.connect(gain).connect(out);
  tone.start();
  const [picture] = canvas.captureStream(0).getVideoTracks();
  let next = performance.now() + every;
  let lit = 0;
  let tick = 0;
  setInterval(() => {
    const now = performance.now();
    if (now >= next) {
      next += every;
      lit = now + 120;
      gain.gain.setValueAtTime(0.8, audio.currentTime);
      gain.gain.setValueAtTime(0, audio.currentTime + 0.12);
    }
    paint.fillStyle = now < lit ? "white" : "black";
    paint.fillRect(0, 0, 640, 360);
    // Something always moves, so that frames keep coming.
    paint.fillStyle = "grey";
    paint.fillRect((tick += 4) % 600, 340, 40, 20);
    picture.requestFrame();
  }, 33);
  const [sound] = out.stream.getAudioTracks();
  window.source = new MediaStream([picture, sound]);
  return Promise.all([window.meeting.setCamera(picture), window.meeting.setMicrophone(sound)]);
}

/** Notes when flashes are shown and beeps are heard, in the page's milliseconds: somebody's, or those of `window.source`. */
async function watch({ participant, worklet }) {
  const own = participant === undefined;
  const tracks = own ? window.source.getAudioTracks() : window.peers.at(-1).getReceivers().map((receiver) => receiver.track);
  const video = own ? document.body.appendChild(document.createElement("video")) : window.videos.get(`${participant}/camera`).video;
  if (own) {
    Object.assign(video, { srcObject: new MediaStream(window.source.getVideoTracks()), muted: true });
    await video.play();
  }
  Object.assign(window, { flashes: [], beeps: [] });
  const audio = new AudioContext();
  await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: "text/javascript" })));
  for (const track of tracks) {
    if (track.kind !== "audio") continue;
    const onset = new AudioWorkletNode(audio, "onset");
    onset.port.onmessage = ({ data }) => {
      const { contextTime, performanceTime } = audio.getOutputTimestamp();
      window.beeps.push(performanceTime + (data - contextTime) * 1000);
    };
    audio.createMediaStreamSource(new MediaStream([track])).connect(onset);
  }
  const look = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });
  let lit = false;
  const shown = (_, frame) => {
    look.drawImage(video, 0, 0, 8, 6);
    const now = look.getImageData(4, 2, 1, 1).data[0] > 128;
    if (now && !lit) window.flashes.push(frame.expectedDisplayTime);
    lit = now;
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
}

/** Skews of the next `count` events, in milliseconds; sound late is positive. */
async function skews(page, count) {
  const from = await page.evaluate(() => performance.now());
  await pause((count + 2) * EVERY_MS);
  const { flashes, beeps } = await page.evaluate(() => ({ flashes: window.flashes, beeps: window.beeps }));
  return flashes
    .filter((time) => time > from)
    .flatMap((time) => {
      const nearest = beeps.map((beep) => beep - time).toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
      return nearest !== undefined && Math.abs(nearest) < TOGETHER_MS ? [nearest] : [];
    });
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}

/** Skews over `count` events of an unbroken slot, and over as many after a switch away and back. */
export async function lips(browser, count) {
  const node = await startNode();
  try {
    // The worklet is the measurer's own, which the product's content security policy knows nothing of.
    const measuring = { newPage: () => browser.newPage({ bypassCSP: true }) };
    const speaker = await join(measuring, node, 0, { camera: false, microphone: false });
    const other = await join(browser, node, 1, { microphone: false });
    const seen = await join(measuring, node, "Watcher", { camera: false, microphone: false });
    await speaker.page.evaluate(flashAndBeep, EVERY_MS);
    await seen.sees(2);
    const [{ me: one }, { me: two }] = [await speaker.look(), await other.look()];
    await speaker.page.evaluate(watch, { worklet: WORKLET });
    await seen.page.evaluate(watch, { participant: one.participant, worklet: WORKLET });
    await until("flash and beep", () => seen.page.evaluate(() => Math.min(window.flashes.length, window.beeps.length)), (many) => many > 1);
    await pause(SETTLE_MS);
    const bias = median(await skews(speaker.page, 10));
    const steady = await skews(seen.page, count);
    const view = (participant) => seen.page.evaluate((who) => window.meeting.setView([{ participant: who, source: "camera", height: 540 }]), participant);
    await view(two.participant);
    await pause(3_000);
    await view(one.participant);
    await pause(1_000);
    const switched = await skews(seen.page, count);
    const apart = (times) => times.map((time) => time - bias);
    return { bias, steady: apart(steady), switched: apart(switched) };
  } finally {
    await node.stop();
  }
}

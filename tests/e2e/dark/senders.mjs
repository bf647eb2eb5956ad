/**
 * Two people in Chromium who send for a while, and what their encoders made, frame by frame, before the product sealed it.
 *
 *     node senders.mjs LINK FOLDER SECONDS sealed|clear
 *
 * Prints "recorded" when the files are there, and stays in the meeting until its standard input ends.
 *
 * The recorder stands in front of the key Worker's own code, which stays as it is; `clear` puts a worker in its place
 * that seals nothing, so that a test can see its own checks fire. Plain frames go to FOLDER/plain-N.jsonl.
 */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../support/browsers.mjs";
import { joinAs } from "../support/person.mjs";

const [link, folder, seconds, mode] = process.argv.slice(2);
const WORKER = "**/sdk/key-worker.js";

/** Runs in the key Worker, before its own code: copies each frame that comes from an encoder to the page. */
const RECORD = `{
  const channel = new BroadcastChannel("plain");
  const proto = RTCRtpScriptTransformer.prototype;
  const readable = Object.getOwnPropertyDescriptor(proto, "readable").get;
  const seen = new WeakMap();
  Object.defineProperty(proto, "readable", {
    get() {
      const { direction, source } = this.options ?? {};
      if (direction !== "send") return readable.call(this);
      if (!seen.has(this)) {
        seen.set(this, readable.call(this).pipeThrough(new TransformStream({
          transform(frame, controller) {
            const { rtpTimestamp, synchronizationSource } = frame.getMetadata();
            channel.postMessage({ source, time: rtpTimestamp, ssrc: synchronizationSource, data: frame.data.slice(0) });
            controller.enqueue(frame);
          },
        })));
      }
      return seen.get(this);
    },
  });
}
`;

/**
 * Lets every frame through as it is. The product's own transform gets copies whose sealed form goes nowhere, or its watchdog
 * would stop the sources (K5.7).
 */
const CLEAR = `{
  let own = null;
  Object.defineProperty(self, "onrtctransform", { set(handler) { own = handler; }, get: () => own });
  addEventListener("rtctransform", ({ transformer }) => {
    if (transformer.options?.direction !== "send") return own({ transformer });
    const decoy = new TransformStream();
    const writer = decoy.writable.getWriter();
    const copy = new TransformStream({
      transform(frame, controller) {
        const { data, type, timestamp } = frame;
        const metadata = frame.getMetadata();
        writer.write({ data: data.slice(0), type, timestamp, getMetadata: () => metadata }).catch(() => {});
        controller.enqueue(frame);
      },
    });
    transformer.readable.pipeThrough(copy).pipeTo(transformer.writable);
    own({ transformer: { options: transformer.options, readable: decoy.readable, writable: new WritableStream() } });
  });
}
`;

/** Runs in the page: keeps what the recorder sends. */
function collect() {
  window.__plain = [];
  new BroadcastChannel("plain").onmessage = ({ data }) => {
    const bytes = new Uint8Array(data.data);
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    window.__plain.push({ source: data.source, time: data.time, ssrc: data.ssrc, data: btoa(text) });
  };
}

async function prepare({ raw }) {
  await raw.addInitScript(collect);
  await raw.route(WORKER, async (route) => {
    const response = await route.fetch();
    const own = await response.text();
    await route.fulfill({ response, body: RECORD + (mode === "clear" ? CLEAR : "") + own });
  });
}

const browser = await openBrowser("chromium");
try {
  const people = [];
  for (const name of ["Camille Durand", "Jonas Weber"]) people.push(await joinAs(browser, link, name, { prepare }));
  if (mode !== "clear") await Promise.all(people.map((one) => one.sees(1)));
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
  for (const [index, { page }] of people.entries()) {
    const frames = await page.evaluate(() => window.__plain);
    writeFileSync(join(folder, `plain-${index}.jsonl`), frames.map((frame) => JSON.stringify(frame)).join("\n"));
  }
  console.log("recorded");
  await once(process.stdin.resume(), "end");
} finally {
  await browser.close();
}

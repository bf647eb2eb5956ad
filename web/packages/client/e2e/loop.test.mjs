/**
 * The media path alone, in a real browser: sealed sound and pictures cross a peer connection and come out whole, labels
 * match the very frames shown, the wrong kind is refused, a late epoch is held, and a stopped sender sends nothing.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser } from "./browsers.mjs";
import { serve } from "./serve.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const slot = (stats, kind, index) => stats.receiving.find((row) => row.slot === kind && row.index === index);
const sender = (stats, connection, source) => stats.sending.find((row) => row.connection === connection && row.source === source);

/** Polls until `done` holds for the statistics; the last ones come back either way. */
async function until(page, done, ms = 15_000) {
  const end = Date.now() + ms;
  let stats;
  do {
    stats = await page.evaluate(() => window.stats());
    if (done(stats)) return stats;
    await pause(100);
  } while (Date.now() < end);
  return stats;
}

/** Opens the page of the loop in a browser; `close` ends both. */
async function open(name) {
  const server = await serve("page.ts");
  const browser = await openBrowser(name);
  const page = await browser.newPage();
  page.on("console", (message) => process.env.VERBOSE && console.log(message.text()));
  page.on("pageerror", (error) => console.log("page:", error));
  await page.goto(`http://localhost:${server.address().port}/`);
  return { page, close: () => browser.close().finally(() => server.close()) };
}

for (const name of (process.env.BROWSERS ?? "chromium,firefox").split(",")) {
  describe(`sealed media in ${name}`, () => {
    let opened;
    let page;

    before(async () => {
      opened = await open(name);
      page = opened.page;
      await page.evaluate(() => window.start());
    });

    after(() => opened?.close());

    test("sound and pictures are opened in their slots", async () => {
      const stats = await until(page, (s) => slot(s, "video", 0).opened > 60 && slot(s, "audio", 0).opened > 100);
      assert.ok(slot(stats, "video", 0).opened > 60, JSON.stringify(slot(stats, "video", 0)));
      assert.ok(slot(stats, "audio", 0).opened > 100, JSON.stringify(slot(stats, "audio", 0)));
      assert.equal(slot(stats, "video", 0).leaf, 7);
      const rows = await page.evaluate(() => window.inbound(window.client.peer));
      const video = rows.find((row) => row.kind === "video" && row.framesDecoded > 0);
      assert.ok(video?.framesDecoded > 30, JSON.stringify(rows));
      await pause(1200);
      const audio = (await page.evaluate(() => window.inbound(window.client.peer))).find((row) => row.kind === "audio");
      assert.ok(audio.totalAudioEnergy > 0, JSON.stringify(audio));
    });

    test("the picture on screen carries its owner", async () => {
      await pause(1500);
      const shown = await page.evaluate(() => window.shown.slice(-30));
      assert.ok(shown.length > 10);
      if (process.env.VERBOSE) console.log(name, shown.slice(-3));
      const labelled = shown.filter((frame) => frame.leaf === 7);
      assert.ok(labelled.length >= shown.length - 1, JSON.stringify(shown.slice(-5)));
    });

    test("a camera in a screen slot is refused by kind", async () => {
      const stats = await until(page, (s) => (slot(s, "screen", 0).dropped.wrong_kind ?? 0) > 10);
      assert.equal(slot(stats, "screen", 0).opened, 0);
      assert.ok(slot(stats, "screen", 0).dropped.wrong_kind > 10);
    });

    test("every frame that leaves is sealed", async () => {
      const stats = await until(page, (s) => sender(s, 0, "camera").sealed > 30 && s.raw.frames > 100);
      assert.ok(sender(stats, 0, "camera").sealed > 30, JSON.stringify(stats.sending));
      assert.ok(stats.raw.frames > 100);
      assert.equal(stats.raw.unsealed, 0);
    });

    test("a frame of the next epoch waits for it, then is opened in order", async () => {
      await page.evaluate(() => window.post({ op: "send_epoch", epoch: 4 }));
      const before = slot(await page.evaluate(() => window.stats()), "audio", 0);
      await pause(600);
      const held = slot(await page.evaluate(() => window.stats()), "audio", 0);
      assert.ok(held.received - before.received > 15, JSON.stringify({ before, held }));
      await page.evaluate(() => window.post({ op: "reach", epoch: 4 }));
      await pause(300);
      const later = slot(await page.evaluate(() => window.stats()), "audio", 0);
      assert.ok(later.opened - held.opened > 20, JSON.stringify({ held, later }));
      assert.equal(later.dropped.unknown_epoch ?? 0, 0);
    });

    test("a stopped sender sends nothing", async () => {
      await page.evaluate(() => window.post({ op: "stop", on: true }));
      await pause(500);
      const packets = async () => (await page.evaluate(() => window.inbound(window.far))).map((row) => row.packetsReceived);
      const first = await packets();
      await pause(1500);
      assert.deepEqual(await packets(), first);
      const stats = await page.evaluate(() => window.stats());
      assert.ok(sender(stats, 0, "camera").dropped.stopped > 0);
    });
  });
}

// Which browser has which codec is a matter of its build: what it does not offer is said, and skipped.
for (const codec of ["h264", "vp9", "av1"]) {
  describe(`${codec} in chromium`, () => {
    let opened;
    before(async () => {
      opened = await open("chromium");
    });
    after(() => opened?.close());

    test("a sealed picture is sent, opened and decoded, and shows its owner", async (context) => {
      const { page } = opened;
      if (!(await page.evaluate((name) => window.offers(name), codec))) return context.skip(`not offered: ${codec}`);
      await page.evaluate((name) => window.start(name, 640, 360), codec);
      assert.equal(await page.evaluate(() => window.answered), codec);
      const done = (s) => slot(s, "video", 0).opened > 40 && sender(s, 0, "camera").sealed > 20 && s.raw.frames > 60;
      const stats = await until(page, done, 30_000);
      assert.ok(done(stats), JSON.stringify([slot(stats, "video", 0), stats.sending, stats.raw]));
      // Chromium pads the path with packets that it sent before, and its H.264 receiver takes one of them for a frame.
      assert.deepEqual(Object.keys(slot(stats, "video", 0).dropped).filter((reason) => reason !== "replay"), []);
      assert.equal(stats.raw.unsealed, 0);
      const video = (await page.evaluate(() => window.inbound(window.client.peer))).find((row) => row.kind === "video" && row.framesDecoded > 0);
      assert.ok(video?.framesDecoded > 20, JSON.stringify(video));
      const shown = await page.evaluate(() => window.shown.slice(-20));
      assert.ok(shown.filter((frame) => frame.leaf === 7).length >= shown.length - 1 && shown.length > 5, JSON.stringify(shown.slice(-5)));
    });
  });
}

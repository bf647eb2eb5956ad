/**
 * Somebody else's page: takes the code of the README, word for word, and holds a meeting with it at a real node, under the
 * product's own content security policy.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { openBrowser } from "./browsers.mjs";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const CODE = /```js\n([\s\S]*?)```/.exec(README)[1];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, look, done, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > end) throw new Error(`${what}: last seen ${JSON.stringify(seen)}`);
    await pause(200);
  }
}

/**
 * Puts the README's code into a page that the node itself has served, so that the page has the node's origin, network
 * and security policy; `meeting` is kept for the test to look at.
 */
async function embed(page, node) {
  await page.route("**/embed.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body: `${CODE}\nwindow.meeting = meeting;\n` }),
  );
  const slug = new URL(node.link).pathname.split("/").at(-1);
  await page.goto(`${node.origin}/healthz?room=${slug}`);
  await page.evaluate(() => {
    const script = document.createElement("script");
    Object.assign(script, { type: "module", src: "/embed.js" });
    document.body.replaceChildren(script);
  });
  await page.waitForFunction(() => window.meeting !== undefined, undefined, { timeout: 30_000 });
}

const snapshot = (page) =>
  page.evaluate(() => {
    const { state, people, tiles, encryption, messages } = window.meeting.getSnapshot();
    return {
      state,
      messages,
      code: encryption.code,
      epoch: encryption.epoch,
      alarms: encryption.alarms,
      stopped: encryption.stopped,
      people: people.map(({ name, nameChecked, leaf }) => ({ name, nameChecked, leaf })),
      tiles: tiles.map(({ source, state: standing, labelled }) => ({ source, state: standing, labelled: labelled?.name ?? null })),
      captions: [...document.querySelectorAll("figcaption")].map((one) => one.textContent),
    };
  });

describe("an embedding page", () => {
  let node;
  let browser;
  const pages = [];

  before(async () => {
    node = await startNode();
    browser = await openBrowser("chromium");
    for (let at = 0; at < 2; at += 1) {
      const page = await browser.newPage();
      page.on("console", (message) => process.env.VERBOSE && console.log(`[${at}]`, message.text()));
      page.on("pageerror", (error) => console.log(`[${at}] page:`, error.message));
      pages.push(page);
      await embed(page, node);
    }
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
    if (process.env.VERBOSE) console.log(node?.output());
  });

  test("is at most 25 lines", () => {
    assert.ok(CODE.trim().split("\n").length <= 25);
  });

  test("both reach one epoch with one code, and list each other from the tree", async () => {
    for (const page of pages) {
      await until("in the group", () => snapshot(page), (now) => now.state === "connected" && now.people.filter((one) => one.leaf !== null).length === 2);
    }
    const [first, second] = await Promise.all(pages.map(snapshot));
    assert.equal(first.epoch, second.epoch);
    assert.equal(first.code, second.code);
    assert.match(first.code.replaceAll(/\D/g, ""), /^\d{30}$/);
    assert.deepEqual(first.alarms, []);
    assert.deepEqual(second.alarms, []);
  });

  test("pictures move in both directions, each with its owner's name", async () => {
    for (const page of pages) {
      const now = await until("a labelled picture", () => snapshot(page), (seen) => seen.tiles.some((tile) => tile.state === "live" && tile.labelled !== null));
      assert.deepEqual(now.captions.filter((caption) => caption !== ""), ["A guest"]);
      const before = await page.evaluate(() => window.meeting.stats());
      await pause(2000);
      const later = await page.evaluate(() => window.meeting.stats());
      assert.ok(later.tiles[0].framesDecoded - before.tiles[0].framesDecoded > 15, JSON.stringify(later.tiles));
    }
  });

  test("sound arrives", async () => {
    for (const page of pages) {
      await until("sound", () => page.evaluate(() => window.meeting.stats()), (stats) => stats.audioEnergy > 0);
    }
  });

  test("chat crosses both ways", async () => {
    await pages[0].evaluate(() => window.meeting.sendChat("bonjour"));
    await pages[1].evaluate(() => window.meeting.sendChat("guten Tag"));
    for (const page of pages) {
      const now = await until("both messages", () => snapshot(page), (seen) => seen.messages.length === 2);
      assert.deepEqual(now.messages.map((message) => message.text).toSorted(), ["bonjour", "guten Tag"]);
    }
  });

  test("no frame was opened in vain, and none left unsealed", async () => {
    for (const page of pages) {
      const stats = await page.evaluate(() => window.meeting.stats());
      const camera = stats.sending.find((one) => one.source === "camera");
      assert.ok(camera.sealed > 30, JSON.stringify(camera));
      const failures = stats.receiving.flatMap((one) => Object.entries(one.dropped)).filter(([reason]) => reason !== "unknown_epoch");
      assert.deepEqual(failures, []);
    }
  });

  test("when one leaves, the other stops sending, and goes on in a new epoch when a third comes", async () => {
    const { epoch } = await snapshot(pages[1]);
    await pages[0].evaluate(() => window.meeting.leave());
    const alone = await until("alone", () => snapshot(pages[1]), (now) => now.tiles.length === 0 && now.stopped !== null);
    assert.equal(alone.stopped, "stopped_alone");
    await pause(1000);
    const before = await pages[1].evaluate(() => window.meeting.stats());
    await pause(5000);
    const later = await pages[1].evaluate(() => window.meeting.stats());
    assert.deepEqual(later.sending, before.sending);
    assert.deepEqual((await snapshot(pages[1])).alarms, []);
    await embed(pages[0], node);
    for (const page of pages) {
      const now = await until("together again", () => snapshot(page), (seen) => seen.stopped === null && seen.tiles.some((tile) => tile.labelled !== null));
      assert.equal(now.people.filter((one) => one.leaf !== null).length, 2, JSON.stringify(now.people));
      assert.ok(now.epoch > epoch);
      assert.deepEqual(now.alarms, []);
    }
  });
});

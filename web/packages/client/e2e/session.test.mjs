/**
 * The client's media when its path breaks: a second connection is taken before the old one closes, what is published goes
 * along, generations advance, and a mute reaches every connection (M1.7, M3.2, M5.1, K5.2).
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser } from "./browsers.mjs";
import { serve } from "./serve.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, look, done, ms = 40_000) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > end) throw new Error(`${what}: last seen ${JSON.stringify(seen)}`);
    await pause(100);
  }
}

for (const name of (process.env.BROWSERS ?? "chromium,firefox").split(",")) {
  describe(`a broken path in ${name}`, () => {
    let server;
    let browser;
    let page;
    const log = () => page.evaluate(() => window.log.slice());
    const camera = async (connection) => {
      const stats = await page.evaluate(() => window.stats());
      return stats.sending.find((one) => one.connection === connection && one.source === "camera") ?? null;
    };

    before(async () => {
      server = await serve("session_page.ts");
      browser = await openBrowser(name);
      page = await browser.newPage();
      page.on("pageerror", (error) => console.log("page:", error));
      await page.goto(`http://localhost:${server.address().port}/`);
      await page.evaluate(() => window.start());
      await until("media flows", () => camera(0), (one) => one?.sealed > 20);
    });

    after(async () => {
      await browser?.close();
      server?.close();
    });

    test("M5.1: asked to move, it opens the second connection before it closes the first", async () => {
      await page.evaluate(() => window.session.move(1));
      const seen = (await log()).filter((line) => /^(offer|closed|slots)/.test(line));
      assert.deepEqual(seen, ["offer 0", "slots 0", "offer 1", "slots 1", "closed 0"]);
      await until("media flows on", () => camera(1), (one) => one?.sealed > 20);
      assert.equal(await camera(0), null);
      const { raw } = await page.evaluate(() => window.stats());
      assert.equal(raw.unsealed, 0);
    });

    test("M1.7: a path that dies is restarted, then replaced, and what was published goes along", async () => {
      await page.evaluate(() => window.cut(1));
      await until("a third connection", log, (lines) => lines.includes("slots 2"), 60_000);
      const seen = await log();
      assert.ok(seen.includes("state interrupted"));
      assert.ok(seen.indexOf("offer 1 restart") < seen.indexOf("offer 2"), seen.join());
      await until("media flows on", () => camera(2), (one) => one?.sealed > 20);
    });

    test("M3.2: a mute empties the sender on every connection, and nothing more is sealed", async () => {
      const moving = page.evaluate(() => window.session.move());
      await page.evaluate(() => window.session.publish("camera", null));
      await moving;
      await pause(500);
      const before = await camera(3);
      await pause(1000);
      assert.deepEqual(await camera(3), before);
      assert.equal(await page.evaluate(() => window.published("camera")), false);
    });
  });
}

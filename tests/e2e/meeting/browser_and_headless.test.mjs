/**
 * A browser and a headless participant through a real node: pictures, sound and chat both ways, for twenty seconds.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser } from "../support/browsers.mjs";
import { startHeadless } from "../support/headless.mjs";
import { startNode } from "../support/node.mjs";
import { joinAs, until } from "../support/person.mjs";

const KEPT_MS = 20_000;
const CAMERA = "Camille Durand/camera";
const MICROPHONE = "Camille Durand/microphone";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (const name of (process.env.BROWSERS ?? "chromium,firefox").split(",")) {
  describe(`${name} and a headless participant`, () => {
    let node, browser, camille, jonas;
    before(async () => {
      node = await startNode();
      browser = await openBrowser(name);
      camille = await joinAs(browser, node.link, "Camille Durand", { log: !!process.env.LOG });
      jonas = startHeadless(node.link);
    });
    after(async () => {
      await jonas?.stop();
      await browser?.close();
      await node?.stop();
    });

    test("the browser sees the headless picture in its size, under its name", async () => {
      const [picture] = await camille.sees(1);
      assert.match(picture.label, /Jonas Weber/);
      assert.deepEqual([picture.width, picture.height], [640, 360]);
    });

    test("the browser hears the headless tone", async () => {
      await camille.hears();
    });

    test("the headless participant decodes the browser's picture and sound", async () => {
      const seen = await until(
        "frames of the browser",
        () => jonas.state(),
        (state) => (state?.frames[CAMERA] ?? 0) > 20 && (state?.loudest[MICROPHONE] ?? 0) > 1000 && !!state.sizes[CAMERA],
      );
      const [width, height] = seen.sizes[CAMERA];
      assert.ok(Math.abs(width / height - 16 / 9) < 0.05, `${width} × ${height}`);
      assert.deepEqual(seen.alarms, []);
    });

    test("they write to each other", async () => {
      await camille.press("Chat");
      jonas.say("chat Guten Tag");
      await until("the browser reads", () => camille.text(), (text) => text.includes("Guten Tag"));
      await camille.page.type(/message/i, "Bonjour");
      await camille.page.enter();
      await until(
        "the headless participant reads",
        () => jonas.state(),
        (state) => state.chats.some(([sender, text]) => sender === "Camille Durand" && text === "Bonjour"),
      );
    });

    test("frames rise at both ends for twenty seconds", async () => {
      let [shown, received] = [(await camille.numbers()).framesDecoded, jonas.state().frames[CAMERA]];
      for (const end = Date.now() + KEPT_MS; Date.now() < end; ) {
        await pause(4_000);
        const now = [(await camille.numbers()).framesDecoded, jonas.state().frames[CAMERA]];
        assert.ok(now[0] > shown, `the browser shows ${now[0]} after ${shown}`);
        assert.ok(now[1] > received, `the headless participant has ${now[1]} after ${received}`);
        [shown, received] = now;
      }
    });

    test("the headless one leaves and its tile goes", async () => {
      assert.equal(await jonas.stop(), 0);
      await until("alone", () => camille.pictures(), (pictures) => pictures.length === 0);
    });
  });
}

/**
 * Two people in Chromium, through a real node: they see, hear and write to each other, and the one who stays goes on.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser } from "../support/browsers.mjs";
import { startNode } from "../support/node.mjs";
import { joinAs, until } from "../support/person.mjs";

describe("two people in Chromium", () => {
  let node, browser, camille, jonas;
  before(async () => {
    node = await startNode();
    browser = await openBrowser("chromium");
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  test("they see each other, with the right names and the right size", async () => {
    camille = await joinAs(browser, node.link, "Camille Durand", { log: !!process.env.LOG });
    jonas = await joinAs(browser, node.link, "Jonas Weber", { log: !!process.env.LOG });
    const [atCamille, atJonas] = await Promise.all([camille.sees(1), jonas.sees(1)]);
    assert.match(atCamille[0].label, /Jonas Weber/);
    assert.match(atJonas[0].label, /Camille Durand/);
    for (const picture of [atCamille[0], atJonas[0]]) {
      assert.ok(Math.abs(picture.width / picture.height - 16 / 9) < 0.02, JSON.stringify(picture));
    }
  });

  test("they hear each other", async () => {
    await Promise.all([camille.hears(), jonas.hears()]);
  });

  test("they write to each other", async () => {
    for (const one of [camille, jonas]) await one.press("Chat");
    await camille.page.type(/message/i, "Bonjour Jonas");
    await camille.page.enter();
    await until("Jonas reads", () => jonas.text(), (text) => text.includes("Bonjour Jonas"));
    await jonas.page.type(/message/i, "Guten Tag Camille");
    await jonas.page.enter();
    await until("Camille reads", () => camille.text(), (text) => text.includes("Guten Tag Camille"));
  });

  test("one leaves, the other stays in the meeting", async () => {
    await jonas.leave();
    await until("Camille is alone", () => camille.pictures(), (pictures) => pictures.length === 0);
  });
});

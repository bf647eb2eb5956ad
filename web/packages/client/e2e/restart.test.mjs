/**
 * K3.1 at a real node that is restarted in the middle of a meeting, in good order and by a crash: the people in it come back by
 * themselves, with their devices, into a group that says which one it follows, and "verified" is gone.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { openBrowser } from "./browsers.mjs";
import { join, until } from "./person.mjs";

const together = ({ encryption, tiles }) => encryption.stopped === null && tiles.some((tile) => tile.name !== null && tile.width > 0);

describe("a node that restarts", () => {
  let node;
  let browser;
  const people = [];

  before(async () => {
    node = await startNode();
    browser = await openBrowser("chromium");
    people.push(await join(browser, node, 0), await join(browser, node, "Gast"));
    for (const person of people) await person.sees(1);
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
    if (process.env.VERBOSE) console.log(node?.output());
  });

  for (const [how, signal] of [["in good order", "SIGTERM"], ["by a crash", "SIGKILL"]]) {
    test(`${how} loses nobody: both come back by themselves, see each other, and are told of the new group`, async () => {
      for (const person of people) await person.page.evaluate(() => window.meeting.markVerified());
      const before = await Promise.all(people.map((person) => person.look()));
      assert.ok(before.every(({ encryption }) => encryption.verified !== null));
      const restarted = node.restart(signal);
      await Promise.all(people.map((person) => until("reconnecting", () => person.look(), ({ state }) => state === "reconnecting")));
      await restarted;
      const now = await Promise.all(
        people.map((person, at) => until("back", () => person.look(), (seen) => seen.state === "connected" && seen.me.participant !== before[at].me.participant && together(seen), 120_000)),
      );
      assert.equal(now[0].encryption.code, now[1].encryption.code);
      assert.notEqual(now[0].encryption.code, before[0].encryption.code);
      for (const { encryption, own, people: listed } of now) {
        assert.deepEqual(encryption.newGroup, { reason: "restart" });
        assert.equal(encryption.verified, null);
        assert.deepEqual(encryption.alarms.map(({ code }) => code), ["new_group"]);
        assert.deepEqual([own.camera.on, own.microphone.on], [true, true]);
        assert.equal(listed.length, 2, JSON.stringify(listed));
      }
    });
  }

  test("no page threw", () => {
    for (const person of people) assert.deepEqual(person.errors, []);
  });
});

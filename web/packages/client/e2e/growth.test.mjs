/**
 * M3.1 at a real node: more people than a fresh connection has slots. The browser appends sixteen by one renegotiation, and
 * everybody is seen, each under the name that the frames say. The others are headless: a browser each would be too heavy.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join as path } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { openBrowser } from "./browsers.mjs";
import { interpose } from "./liar.mjs";
import { join, until } from "./person.mjs";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const CROWD = 11;
/** Senders, sound slots, pictures before and after growth, screens and their sound (M3.1). */
const [FRESH, GROWN] = [5 + 4 + 9 + 2 + 1, 5 + 4 + 9 + 2 + 1 + 16];

describe(`${CROWD} others`, () => {
  let node;
  let browser;
  let crowd;
  let watcher;
  let relay;

  before(async () => {
    node = await startNode();
    browser = await openBrowser("chromium");
    const opened = {
      newPage: async () => {
        const page = await browser.newPage();
        relay = await interpose(page);
        return page;
      },
    };
    watcher = await join(opened, node, 0, { camera: false, microphone: false });
    assert.equal(await watcher.page.evaluate(() => window.peers[0].getTransceivers().length), FRESH);
    crowd = spawn(path(ROOT, ".venv/bin/python"), ["-m", "tests.e2e.support.crowd", node.link, String(CROWD)], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(crowd, "exit").then(([code]) => assert.fail(`the crowd ended with ${code} before it was in`));
    await Promise.race([once(crowd.stdout, "data"), ended]);
    // Later its end is expected.
    ended.catch(() => undefined);
  });

  after(async () => {
    crowd?.stdin.end();
    if (crowd !== undefined && crowd.exitCode === null) await once(crowd, "exit");
    await browser?.close();
    await node?.stop();
  });

  test("are all seen, each with the right name", async () => {
    const { tiles, people } = await until(
      "everybody",
      () => watcher.look(),
      (now) => now.tiles.filter((tile) => tile.name !== null && tile.width > 0).length === CROWD,
      120_000,
    );
    for (const tile of tiles) {
      assert.equal(tile.name, people.find((one) => one.participant === tile.participant).name);
      assert.deepEqual([tile.width, tile.height], [160, 90]);
    }
    assert.equal(new Set(tiles.map((tile) => tile.name)).size, CROWD);
  });

  test("the slots were appended to the one connection, by one more offer", async () => {
    assert.equal(await watcher.page.evaluate(() => window.peers.length), 1);
    assert.equal(await watcher.page.evaluate(() => window.peers[0].getTransceivers().length), GROWN);
    // A slow machine may restart a path meanwhile: such an offer appends nothing.
    assert.equal(relay.asked.filter(({ type, restart }) => type === "media.offer" && !restart).length, 2);
  });

  test("pictures go on in the old slots and in the new ones", async () => {
    const before = await watcher.stats();
    const moved = (now) => now.tiles.every((tile, at) => tile.framesDecoded > before.tiles[at].framesDecoded + 5);
    const now = await until("moving", () => watcher.stats(), moved, 60_000);
    assert.ok(now.tiles.some((tile) => Number(tile.slot.split("/")[2]) >= 9), JSON.stringify(now.tiles));
    const dropped = now.receiving.flatMap((slot) => Object.keys(slot.dropped)).filter((reason) => reason !== "unknown_epoch");
    assert.deepEqual(dropped, []);
    assert.deepEqual((await watcher.look()).encryption.alarms, []);
  });
});

/**
 * The SDK at a real node, in both browsers: three people see, hear and write to each other, share a screen, lose and resume
 * a socket, lose a key Worker, are muted and removed by the host.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { openBrowser } from "./browsers.mjs";
import { join, pause, until } from "./person.mjs";

const names = (process.env.BROWSERS ?? "chromium,firefox").split(",");

describe(`three people in ${names.join(" and ")}`, () => {
  let node;
  let host;
  let second;
  let guest;
  const browsers = [];
  const everybody = () => [host, second, guest];

  before(async () => {
    node = await startNode();
    for (const name of names) browsers.push(await openBrowser(name));
    host = await join(browsers[0], node, 0);
    second = await join(browsers.at(-1), node, 3);
    guest = await join(browsers[0], node, "Gast");
  });

  after(async () => {
    for (const browser of browsers) await browser.close();
    await node?.stop();
    if (process.env.VERBOSE) console.log(node?.output());
  });

  test("everybody sees everybody, with the names of the tree and the right shape", async () => {
    const seen = await Promise.all(everybody().map((person) => person.sees(2)));
    const listed = seen.map(({ people }) => people.map((person) => person.name).toSorted());
    assert.deepEqual(listed[0], listed[1]);
    assert.deepEqual(listed[1], listed[2]);
    for (const { tiles } of seen) {
      for (const tile of tiles) assert.ok(tile.width >= 160 && tile.height >= 90, JSON.stringify(tile));
    }
    const [first] = seen;
    assert.equal(first.people.find((person) => person.name === "Gast").nameChecked, false);
    assert.equal(first.people.find((person) => person.self).nameChecked, true);
  });

  test("they are in one epoch, with one code, and nothing was noticed", async () => {
    const [first, ...others] = await Promise.all(everybody().map((person) => person.look()));
    for (const other of others) {
      assert.equal(other.encryption.epoch, first.encryption.epoch);
      assert.equal(other.encryption.code, first.encryption.code);
    }
    for (const { encryption } of [first, ...others]) assert.deepEqual(encryption.alarms, []);
    assert.equal(first.encryption.suite, "0x004F");
  });

  test("frames rise at every end for twenty seconds, and sound is heard", async () => {
    const before = await Promise.all(everybody().map((person) => person.stats()));
    await pause(20_000);
    const later = await Promise.all(everybody().map((person) => person.stats()));
    for (const [at, now] of later.entries()) {
      for (const tile of now.tiles) {
        const earlier = before[at].tiles.find((one) => one.participant === tile.participant && one.source === tile.source);
        assert.ok(tile.framesDecoded - earlier.framesDecoded > 10, JSON.stringify([at, earlier, tile]));
      }
      assert.ok(now.audioEnergy > before[at].audioEnergy, `person ${at} hears`);
    }
  });

  test("what is written reaches everybody in one order", async () => {
    for (const [at, person] of everybody().entries()) await person.page.evaluate((text) => window.meeting.sendChat(text), `text ${at}`);
    const seen = await Promise.all(
      everybody().map((person) => until("three messages", () => person.look(), ({ texts }) => texts.length === 3)),
    );
    for (const { texts } of seen) assert.deepEqual(texts.map((text) => text.split(": ")[1]), ["text 0", "text 1", "text 2"]);
    assert.deepEqual(seen[0].texts, seen[2].texts);
  });

  test("a hand is raised and lowered", async () => {
    await guest.page.evaluate(() => window.meeting.raiseHand(true));
    await until("hand up", () => second.look(), ({ people }) => people.some((person) => person.name === "Gast" && person.hand));
    await guest.page.evaluate(() => window.meeting.raiseHand(false));
    await until("hand down", () => second.look(), ({ people }) => !people.some((person) => person.hand));
  });

  test("K6.2: who comes later sees the hand that was raised before", async () => {
    await second.page.evaluate(() => window.meeting.raiseHand(true));
    await until("hand up", () => host.look(), ({ people }) => people.some((person) => person.hand));
    const late = await join(browsers[0], node, "Spät", { camera: false, microphone: false });
    // The hand's owner and the host are two, whoever of them gives the snapshot.
    const { people, encryption } = await until("hand seen, and confirmed", () => late.look(), (now) => now.people.some((person) => person.hand) && now.handsToldBy === null);
    assert.deepEqual(people.filter((person) => person.hand).map((person) => person.name), [(await second.look()).people.find((person) => person.self).name]);
    assert.deepEqual(encryption.alarms, []);
    await second.page.evaluate(() => window.meeting.raiseHand(false));
    await until("hand down", () => late.look(), (now) => !now.people.some((person) => person.hand));
    await late.page.evaluate(() => window.meeting.leave());
    await late.close();
    await until("gone", () => host.look(), (now) => now.people.length === 3);
  });

  /** Shares a painted canvas as `sharer`'s screen; the others must see it, and see it end. */
  async function share(sharer) {
    const others = everybody().filter((person) => person !== sharer);
    await sharer.page.evaluate(() => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [1280, 720];
      const context = canvas.getContext("2d");
      let tick = 0;
      window.painter = setInterval(() => {
        context.fillStyle = `hsl(${(tick += 7) % 360} 60% 50%)`;
        context.fillRect(0, 0, 1280, 720);
      }, 66);
      return window.meeting.startScreen(canvas.captureStream(15));
    });
    const shown = await Promise.all(others.map((person) => person.sees(1, "screen")));
    for (const { tiles } of shown) {
      const screen = tiles.find((tile) => tile.source === "screen");
      assert.ok(screen.width >= 640, JSON.stringify(screen));
    }
    await sharer.page.evaluate(() => window.meeting.stopScreen());
    for (const person of others) await until("screen gone", () => person.look(), ({ tiles }) => !tiles.some((tile) => tile.source === "screen"));
  }

  test("M4.7: who says that she signs is shown as signing, until she takes it back", async () => {
    await guest.page.evaluate(() => window.meeting.setSigning(true));
    await until("signing", () => second.look(), ({ people }) => people.some((person) => person.name === "Gast" && person.signing));
    await guest.page.evaluate(() => window.meeting.setSigning(false));
    await until("no longer", () => second.look(), ({ people }) => !people.some((person) => person.signing));
  });

  test("a screen is shared and stopped", () => share(host));

  test("a screen is shared from the other browser as well", () => share(second));

  test("K2.5: a lost socket is resumed, media goes on, and nothing is lost", async () => {
    const before = await second.look();
    const frames = await second.stats();
    await second.page.evaluate(() => window.sockets.at(-1).close(3001));
    await host.page.evaluate(() => window.meeting.sendChat("while you were away"));
    const now = await until("resumed", () => second.look(), ({ state, texts }) => state === "connected" && texts.some((text) => text.includes("while you were away")));
    assert.equal(now.me.participant, before.me.participant);
    assert.equal(now.encryption.epoch, before.encryption.epoch);
    await pause(1500);
    const later = await second.stats();
    assert.equal(later.connection, frames.connection);
    assert.ok(later.tiles.every((tile, at) => tile.framesDecoded > frames.tiles[at].framesDecoded));
  });

  test("a mute by the host empties the sender and is told", async () => {
    const { people } = await host.look();
    const target = people.find((person) => person.name === "Gast").participant;
    await host.page.evaluate((participant) => window.meeting.host.mute(participant, "microphone"), target);
    const now = await until("muted", () => guest.look(), ({ mutedBy }) => mutedBy !== null);
    assert.equal(now.mutedBy.source, "microphone");
    await pause(500);
    const sealed = async () => (await guest.stats()).sending.find((one) => one.source === "microphone").sealed;
    const first = await sealed();
    await pause(1000);
    assert.equal(await sealed(), first);
  });

  test("K5.7: a client whose transform is cut off sends no frame of that source, and says so", async () => {
    await second.page.evaluate(() => {
      const camera = window.peers.at(-1).getTransceivers()[1].sender;
      camera.transform = null;
    });
    const now = await until("noticed", () => second.look(), ({ encryption }) => encryption.alarms.length > 0, 20_000);
    assert.match(now.encryption.alarms[0].code, /^(plaintext|transform_lost)$/);
    assert.deepEqual(now.own.camera, { on: false, why: "source_stopped" });
    assert.equal(await second.page.evaluate(() => window.peers.at(-1).getTransceivers()[1].sender.track), null);
    for (const person of [host, guest]) {
      const stats = await person.stats();
      for (const slot of stats.receiving) assert.equal(slot.dropped.not_sealed ?? 0, 0, JSON.stringify(slot));
    }
    // The key Worker is replaced below, and with it every transform.
    await second.page.evaluate(() => window.meeting.setCamera(window.tracks.camera).catch(() => undefined));
  });

  test("K5.2: a key Worker that dies stops every frame, and the client comes back as a fresh leaf", async () => {
    const before = await second.look();
    await second.page.evaluate(() => window.workers.at(-1).terminate());
    await until("reconnecting", () => second.look(), ({ state }) => state === "reconnecting", 25_000);
    const now = await until("back", () => second.look(), ({ state, tiles }) => state === "connected" && tiles.filter((tile) => tile.name !== null).length === 2);
    assert.notEqual(now.me.participant, before.me.participant);
    assert.ok(now.encryption.epoch > before.encryption.epoch);
    await Promise.all([host.sees(2), guest.sees(2)]);
  });

  test("a removed guest is out, and the others go on in a new epoch", async () => {
    const { people, encryption } = await host.look();
    const target = people.find((person) => person.name === "Gast").participant;
    await host.page.evaluate((participant) => window.meeting.host.remove(participant), target);
    const out = await until("removed", () => guest.look(), ({ state }) => state === "ended");
    assert.equal(out.ended.reason, "removed");
    for (const person of [host, second]) {
      const now = await until("a new epoch", () => person.look(), (seen) => seen.encryption.epoch > encryption.epoch && seen.people.length === 2);
      // The second has told above of the transform that was cut off, and keeps it on record.
      assert.deepEqual(now.encryption.alarms.filter((alarm) => person === host || alarm.detail !== "camera"), []);
      await person.sees(1);
    }
  });

  test("no page threw", () => {
    for (const person of everybody()) assert.deepEqual(person.errors, []);
  });
});

/**
 * A server that lies on the socket, and what the client says about it: altered and replayed commits, false certificates and
 * suites, hidden and swapped people, missing events. Each lie ends in a name for what was seen, never in a wrong picture.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { openBrowser } from "./browsers.mjs";
import { falseProposal, hubKey, nextEntry, signAgain } from "./hub.mjs";
import { altered, interpose } from "./liar.mjs";
import { join, until } from "./person.mjs";

/** The same entry about another commit, signed by the hub. */
function resigned(key, entry, commit) {
  return signAgain(key, entry, (body, at) => createHash("sha256").update(commit).digest().copy(body, at("commitHash")));
}

describe("a lying server", () => {
  let node;
  let browser;
  let honest;
  let people;

  const alarms = async (person) => (await person.look()).encryption.alarms.map((alarm) => alarm.code);
  const alarmed = (person, pattern) => until(String(pattern), () => alarms(person), (codes) => codes.some((code) => pattern.test(code)));

  /** Joins through a liar; `prepare` tells its lies from the first message on. */
  async function victim(prepare = () => undefined) {
    let liar;
    const opened = {
      newPage: async () => {
        const page = await browser.newPage();
        liar = await interpose(page);
        prepare(liar);
        return page;
      },
    };
    const person = await join(opened, node, "Victim", { camera: false });
    people.push(person);
    return { person, liar };
  }

  async function another(name) {
    const person = await join(browser, node, name, { camera: false, microphone: false });
    people.push(person);
    return person;
  }

  before(async () => {
    browser = await openBrowser("chromium");
  });
  after(() => browser?.close());

  // A node each: lies leave a meeting in a state of its own.
  beforeEach(async () => {
    node = await startNode();
    people = [];
    honest = await join(browser, node, 0);
  });
  afterEach(async () => {
    for (const person of [honest, ...people]) await person.close();
    await node.stop();
  });

  // Wherever it was altered: the hub's entry names the hash of all its bytes, and that is looked at first.
  test("K4.1: a commit that was altered is refused and named, and the epoch stays", async () => {
    const { person, liar } = await victim();
    await until("in", () => person.look(), ({ state }) => state === "connected");
    const { encryption } = await person.look();
    liar.lie = (event) => (event.type === "group.staged" ? [{ ...event, commit: altered(event.commit) }] : [event]);
    await another("Third");
    await alarmed(person, /^commit_altered$/);
    assert.equal((await person.look()).encryption.epoch, encryption.epoch);
  });

  test("K4.1: a commit whose altered bytes the hub itself signs for is still not its author's", async () => {
    const { person, liar } = await victim();
    await until("in", () => person.look(), ({ state }) => state === "connected");
    const { encryption } = await person.look();
    const key = hubKey(node);
    liar.lie = (event) => {
      if (event.type !== "group.staged") return [event];
      const commit = altered(event.commit);
      return [{ ...event, commit, entry: resigned(key, event.entry, commit) }];
    };
    await another("Third");
    await alarmed(person, /^submission_signature$/);
    assert.equal((await person.look()).encryption.epoch, encryption.epoch);
  });

  test("K4.7: `withdrawn` after `reached` is named as two histories of one hub", async () => {
    const { person, liar } = await victim();
    const { encryption } = await until("in", () => person.look(), ({ state }) => state === "connected");
    await another("Third");
    await until("the next epoch", () => person.look(), (now) => now.encryption.epoch > encryption.epoch);
    const reached = liar.heard.findLast((event) => event.type === "group.reached");
    liar.say({ type: "group.withdrawn", entry: nextEntry(hubKey(node), reached.entry, "withdrawn") });
    await alarmed(person, /^equivocation$/);
    assert.ok((await person.look()).encryption.epoch > encryption.epoch);
  });

  test("K4.4: a member that is told another outcome than the rest has another code, and names the fork when the histories meet", async () => {
    const { person, liar } = await victim();
    const { encryption } = await until("in", () => person.look(), ({ state }) => state === "connected");
    const key = hubKey(node);
    let staged = null;
    let forked = false;
    liar.lie = (event) => {
      if (event.type === "group.staged") staged = event.entry;
      if (event.type !== "group.reached" || forked) return [event];
      forked = true;
      return [{ type: "group.withdrawn", entry: nextEntry(key, staged, "withdrawn") }];
    };
    await another("Third");
    await until("the others go on", () => honest.look(), (now) => now.encryption.epoch > encryption.epoch);
    const [here, there] = [await person.look(), await honest.look()];
    assert.equal(here.encryption.epoch, encryption.epoch);
    assert.notEqual(here.encryption.code, there.encryption.code);
    await another("Fourth");
    // Its report of what it could not process has it come back as a fresh leaf; the alarm stays.
    await alarmed(person, /^(equivocation|entry_chain|entry_gap|entry_repeated|receipt_conflict)$/);
  });

  test("K4.2: a replayed commit is refused and named", async () => {
    const { person, liar } = await victim();
    await until("in", () => person.look(), ({ state }) => state === "connected");
    const { encryption } = await person.look();
    await another("Third");
    await until("the next epoch", () => person.look(), (now) => now.encryption.epoch > encryption.epoch);
    liar.say(liar.heard.findLast((event) => event.type === "group.staged"));
    await alarmed(person, /^(entry_repeated|entry_chain|wrong_epoch|not_announced|attempt_stale)$/);
  });

  test("K4.4: an epoch announced without another member's receipt is not entered", async () => {
    const { person, liar } = await victim();
    await until("in", () => person.look(), ({ state }) => state === "connected");
    const { encryption } = await person.look();
    liar.lie = (event) => (event.type === "group.reached" ? [{ ...event, receipts: [] }] : [event]);
    await another("Third");
    await alarmed(person, /^(receipts_missing|receipts_hash)$/);
    assert.equal((await person.look()).encryption.epoch, encryption.epoch);
  });

  for (const [what, code] of [["foreign", /^chain_untrusted$/], ["tenant", /^leaf_certificate_foreign_root$/]]) {
    test(`K2.2: a leaf with ${what === "foreign" ? "a certificate of a foreign authority" : "one of another tenant's root"} is not committed, and named`, async () => {
      const { person, liar } = await victim();
      await until("in", () => person.look(), ({ state }) => state === "connected");
      const { encryption, people: listed, me, tenants } = await person.look();
      const { entry } = liar.heard.findLast((event) => event.type === "group.reached");
      const proposal = falseProposal(node, entry, what, me.deployment, tenants.map(({ tenant }) => tenant));
      const { leaf } = listed.find((one) => one.self);
      liar.say({ type: "group.propose", epoch: encryption.epoch + 1, attempt: 0, committer: leaf, proposals: [proposal], deadline_ms: 5000 });
      await alarmed(person, code);
      const now = await person.look();
      assert.equal(now.encryption.epoch, encryption.epoch);
      assert.equal(now.people.length, 2, JSON.stringify(now.people));
      assert.ok(liar.asked.every(({ type }) => type !== "group.commit"), "it is named as committer, and makes no commit of this");
    });
  }

  test("K2.3: a manifest that is not validly signed lets nobody in", async () => {
    const refused = victim((liar) => {
      liar.answer = (reply, type) =>
        type === "hello" ? { ...reply, ok: { ...reply.ok, manifests: reply.ok.manifests.map((one) => altered(one)) } } : reply;
    });
    await assert.rejects(refused, /manifest_invalid|signed_signature|signed_malformed/);
  });

  test("K2.6: a suite that the policy does not name is refused", async () => {
    const refused = victim((liar) => {
      liar.answer = (reply, type) => (type === "hello" ? { ...reply, ok: { ...reply.ok, suite: 1, allow_classical: true } } : reply);
    });
    await assert.rejects(refused, /suite_not_allowed|suite_changed/);
  });

  test("M4.5: two people whose tiles are swapped keep their own names, and the swap is named", async () => {
    const other = await join(browser, node, 3);
    people.push(other);
    const { person, liar } = await victim();
    await person.sees(2);
    const swap = (slots) => {
      const cameras = slots.filter((slot) => slot.kind === "video" && slot.participant !== null);
      const others = cameras.map((slot) => slot.participant).toReversed();
      return slots.map((slot) => (cameras.includes(slot) ? { ...slot, participant: others[cameras.indexOf(slot)] } : slot));
    };
    const truth = liar.heard.findLast((event) => event.type === "slots" && event.slots.filter((slot) => slot.kind === "video" && slot.participant !== null).length === 2);
    liar.lie = (event) => (event.type === "slots" ? [] : [event]);
    liar.say({ ...truth, slots: swap(truth.slots) });
    await alarmed(person, /^tiles_swapped$/);
    const { people: listed, tiles } = await person.look();
    for (const tile of tiles) {
      const claimed = listed.find((one) => one.participant === tile.participant).name;
      assert.ok(tile.name !== null && tile.name !== claimed, JSON.stringify(tile));
    }
  });

  test("attack 14: a member that the server does not mention is listed, and names are not the server's", async () => {
    const { person } = await victim((liar) => {
      liar.lie = (event) => {
        if (event.type !== "participants") return [event];
        const kept = event.people.filter((one) => one.name_hint === "Victim").map((one) => ({ ...one, name_hint: "President" }));
        return [{ ...event, people: kept }];
      };
    });
    const { people: listed } = await until("in", () => person.look(), (now) => now.state === "connected" && now.people.length === 2);
    const [host] = (await honest.look()).people;
    assert.deepEqual(listed.map((one) => one.name).toSorted(), [host.name, "Victim"].toSorted());
  });

  test("M5.1: told to move, the client opens a second connection at the node and goes on", async () => {
    const { person, liar } = await victim();
    await person.sees(1);
    liar.say({ type: "media.move", connection: 1, reason: "drain" });
    const moved = await until("moved", () => person.stats(), ({ connection, connectionState }) => connection === 1 && connectionState === "connected");
    assert.equal(moved.receiving.every((one) => one.connection === 1), true);
    await person.sees(1);
    const first = await person.stats();
    const later = await until("frames", () => person.stats(), (now) => now.tiles[0].framesDecoded > first.tiles[0].framesDecoded + 20);
    assert.ok(later.sending.find((one) => one.source === "microphone").sealed > 0);
    assert.deepEqual(await alarms(person), []);
    await until("heard", () => honest.stats(), (now) => now.receiving.some((one) => one.slot === "audio" && one.opened > 0));
  });

  test("an encryption module that was altered on the way is not run", async () => {
    const page = await browser.newPage();
    await page.route("**/e2ee_bg.wasm", async (route) => {
      const body = await (await route.fetch()).body();
      await route.fulfill({ body: Buffer.concat([body, Buffer.from([0, 2, 0, 0])]), contentType: "application/wasm" });
    });
    await assert.rejects(join({ newPage: async () => page }, node, "Victim"), /key_worker_failed/);
    await page.close();
  });

  test("an event that is kept back ends the socket, and the client joins anew", async () => {
    const { person, liar } = await victim();
    const before = await until("in", () => person.look(), ({ state }) => state === "connected");
    liar.skip();
    liar.say({ type: "group.settled", epoch: 1 });
    const now = await until("anew", () => person.look(), (seen) => seen.state === "connected" && seen.me.participant !== before.me.participant);
    assert.notEqual(now.me.participant, before.me.participant);
  });
});

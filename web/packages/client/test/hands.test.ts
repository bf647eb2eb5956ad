/** K6.2: hands raised before somebody came, among clients joined by an honest, ordering hub in virtual time. */

import { createHash } from "node:crypto";
import { decode, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeContent, encodeContent } from "../src/state/content.ts";
import { decodeHands, encodeHands, Handover, TURN } from "../src/state/handover.ts";
import { Hands, type HandsTold } from "../src/state/hands.ts";
import type { GroupView } from "../src/worker/group.ts";
import type { RosterLine, SnapshotLine } from "../src/worker/native.ts";

const line = (leaf: number, joined: number, self: boolean): RosterLine => ({
  leaf, self, revoked: false, joined_epoch: joined,
  identity: {
    deployment: "fr", tenant: "interior", subject: `s${leaf}`, name: `N${leaf}`, name_checked: true, role: "participant",
    assurance: "high", not_after: 0, issuer_fingerprint: Uint8Array.of(1), fingerprint: Uint8Array.of(leaf),
  },
});

/** One client: what it holds of the group, and its voice. */
class Client {
  readonly hands = new Hands();
  readonly handover: Handover;
  readonly leaf: number;
  readonly first: number;
  silent = false;

  constructor(room: Room, leaf: number, first: number) {
    this.leaf = leaf;
    this.first = first;
    this.handover = new Handover(this.hands, {
      // The double of the signed structure says in clear what the real one signs.
      give: async (purpose, order, content) => {
        const data = encode({ epoch: room.epoch, purpose, order });
        room.say(this, encodeContent({ t: "snapshot", data, content: room.tamper(content) }));
      },
      confirm: async (hash) => room.say(this, encodeContent({ t: "snapshot_seen", hash })),
      later: (ms, run) => void setTimeout(run, ms),
      changed: () => undefined,
    });
  }

  view(room: Room): GroupView {
    const members = room.clients.map(({ leaf, first }) => line(leaf, Math.max(first, this.first), leaf === this.leaf));
    return { epoch: room.epoch, leaf: this.leaf, suite: 0x4f, code: "1", members, stopped: null, group: "67", prior: null };
  }

  raise(room: Room, up = true): void {
    this.hands.say(this.leaf, up, null);
    room.say(this, encodeContent({ t: "hand", up }));
  }

  get up(): number[] {
    return [...this.hands.up].toSorted((a, b) => a - b);
  }
}

/** The hub: orders what is said and hands it to everybody else. */
class Room {
  clients: Client[] = [];
  epoch = 0;
  order = 100;
  said: string[] = [];
  tamper = (content: Uint8Array): Uint8Array => content;
  /** Who does not hear. */
  readonly away = new Set<Client>();

  join(committer = 0): Client {
    const made = new Client(this, this.clients.length, (this.epoch += this.clients.length === 0 ? 0 : 1));
    this.clients.push(made);
    for (const client of this.clients) {
      const view = client.view(this);
      client.hands.tree(view);
      client.handover.group(view);
    }
    for (const client of this.clients) {
      if (client !== made) client.handover.arrived({ epoch: this.epoch, committer, added: [made.leaf] });
    }
    return made;
  }

  say(from: Client, bytes: Uint8Array): void {
    if (from.silent) return;
    const known = decodeContent(bytes);
    if (known === null) throw new Error("malformed");
    this.order += 1;
    this.said.push(`${from.leaf} ${known.t}`);
    for (const client of this.clients) {
      if (client === from || client.first > this.epoch || this.away.has(client)) continue;
      if (known.t === "hand") client.hands.say(from.leaf, known.up, this.order);
      if (known.t === "snapshot") client.handover.snapshot(from.leaf, decode(known.data) as SnapshotLine, known).catch(() => undefined);
      if (known.t === "snapshot_seen") client.handover.seen(from.leaf, known.hash);
      client.handover.heard(this.order);
    }
  }
}

let room: Room;
/** Until whoever has something to say has had its turn. */
const quiet = (): Promise<unknown> => vi.advanceTimersByTimeAsync(8 * TURN);

beforeEach(() => {
  vi.useFakeTimers();
  // The browser's own hash takes real time.
  vi.spyOn(crypto.subtle, "digest").mockImplementation(async (_, data) => {
    return Uint8Array.from(createHash("sha256").update(data as Uint8Array).digest()).buffer;
  });
  room = new Room();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** As many people, each in since long. */
async function people(count: number): Promise<Client[]> {
  for (let at = 0; at < count; at += 1) room.join();
  await quiet();
  return room.clients;
}

describe("a latecomer", () => {
  test("sees a hand that was raised before it came, given by the committer and confirmed by a second member", async () => {
    const [, b] = await people(3);
    b?.raise(room);
    const late = room.join(2);
    await quiet();
    expect(late.up).toEqual([1]);
    expect(late.hands.toldBy).toBeNull();
    expect(room.said).toEqual(["1 hand", "2 snapshot", "0 snapshot_seen"]);
  });

  test("is shown as told by the giver while nobody else has confirmed", async () => {
    const [, b, c] = (await people(3)) as [Client, Client, Client];
    b.raise(room);
    b.silent = true;
    c.silent = true;
    const late = room.join(0);
    await quiet();
    expect(late.up).toEqual([1]);
    expect(late.hands.toldBy).toBe(0);
    // The person's own word needs nobody's confirmation.
    b.silent = false;
    b.raise(room);
    expect(late.hands.toldBy).toBeNull();
    expect(late.up).toEqual([1]);
  });

  test("takes the giver's own hand as the giver's own word", async () => {
    const [a] = await people(1);
    a?.raise(room);
    const late = room.join(0);
    await quiet();
    expect(late.up).toEqual([0]);
    expect(late.hands.toldBy).toBeNull();
  });

  test("is told by another who was there when the committer says nothing", async () => {
    const [, b, c] = (await people(3)) as [Client, Client, Client];
    b.raise(room);
    c.silent = true;
    const late = room.join(2);
    await quiet();
    expect(late.up).toEqual([1]);
    expect(room.said.slice(1)).toEqual(["0 snapshot", "1 snapshot_seen"]);
  });

  test("hears nothing of it where no hand is up", async () => {
    await people(3);
    expect(room.said).toEqual([]);
  });

  test("is not told by somebody who has it from hearsay alone", async () => {
    const [a, b] = (await people(2)) as [Client, Client];
    b.raise(room);
    b.silent = true;
    const third = room.join(0);
    await quiet();
    expect(third.hands.toldBy).toBe(0);
    a.silent = true;
    const fourth = room.join(2);
    await quiet();
    expect(fourth.up).toEqual([]);
  });
});

describe("a snapshot that lies", () => {
  test("is confirmed by nobody, and gives way to what people say themselves", async () => {
    const there = await people(4);
    there[1]?.raise(room);
    room.tamper = () => encodeHands([1, 3]);
    const late = room.join(2);
    await quiet();
    expect(late.up).toEqual([1, 3]);
    expect(late.hands.toldBy).toBe(2);
    expect(room.said.filter((said) => said.includes("seen"))).toEqual([]);
    there[3]?.raise(room, false);
    expect(late.up).toEqual([1]);
  });

  test("by leaving a hand out is confirmed by nobody either", async () => {
    const there = await people(3);
    there[0]?.raise(room);
    there[1]?.raise(room);
    room.tamper = () => encodeHands([0]);
    const late = room.join(2);
    await quiet();
    expect(late.up).toEqual([0]);
    expect(room.said.filter((said) => said.includes("seen"))).toEqual([]);
    expect(late.hands.toldBy).toBe(2);
  });

  test("cannot be confirmed by its own giver, nor by the one who is told", () => {
    const hands = new Hands();
    hands.tree({ ...room.join().view(room), leaf: 3, members: [line(0, 5, false), line(1, 5, false), line(3, 5, true)] });
    hands.told({ giver: 0, epoch: 5, order: 9, leaves: new Set([1]), hash: "aa" });
    hands.seen(0, "aa");
    hands.seen(3, "aa");
    hands.seen(7, "aa");
    expect(hands.toldBy).toBe(0);
    hands.seen(1, "aa");
    expect(hands.toldBy).toBeNull();
  });

  test("of another state than hands changes nothing", async () => {
    const [a, b] = (await people(2)) as [Client, Client];
    const late = room.join(0);
    await quiet();
    const content = encodeHands([1]);
    await late.handover.snapshot(0, { epoch: room.epoch, purpose: "notes", order: 0 }, { t: "snapshot", data: Uint8Array.of(1), content });
    await quiet();
    expect([a, b, late].map(({ up }) => up)).toEqual([[], [], []]);
  });

  test("about somebody who came after the epoch that it names is confirmed by nobody, and lifts no hand", async () => {
    const [, , c, d] = (await people(4)) as [Client, Client, Client, Client];
    const told: HandsTold = { giver: 0, epoch: d.first - 1, order: room.order, leaves: new Set([3]), hash: "aa" };
    expect(c.hands.agrees({ ...told, leaves: new Set() })).toBe(true);
    expect(c.hands.agrees(told)).toBe(false);
    const late = room.join(0);
    late.hands.told(told);
    expect(late.up).toEqual([]);
  });
});

test("what the latecomer heard itself is not overridden, whichever came first", async () => {
  const [, b] = (await people(3)) as [Client, Client, Client];
  b.raise(room);
  const late = room.join(0);
  b.raise(room, false);
  late.hands.told({ giver: 0, epoch: room.epoch, order: 101, leaves: new Set([1]), hash: "aa" });
  expect(late.up).toEqual([]);
});

test("a snapshot is compared with what was so when it was made", async () => {
  const [, b, c] = (await people(3)) as [Client, Client, Client];
  b.raise(room);
  const told: HandsTold = { giver: 0, epoch: room.epoch, order: room.order, leaves: new Set([1]), hash: "aa" };
  b.raise(room, false);
  expect(c.hands.agrees(told)).toBe(true);
  expect(c.hands.agrees({ ...told, order: room.order })).toBe(false);
  for (let at = 0; at < 301; at += 1) b.raise(room, at % 2 === 0);
  expect(c.hands.agrees(told)).toBe(false);
});

test("a leaf that went and came again is somebody else", () => {
  const [a, b] = [room.join(), room.join()];
  b.raise(room);
  expect(a.up).toEqual([1]);
  const view = a.view(room);
  a.hands.tree({ ...view, members: [line(0, 0, true), line(1, 9, false)] });
  expect(a.up).toEqual([]);
});

test("however many are there, each arrival costs two messages", async () => {
  await people(40);
  room.clients[7]?.raise(room);
  const before = room.said.length;
  for (let at = 0; at < 5; at += 1) {
    room.join(20 + at);
    await quiet();
  }
  expect(room.said.length - before).toBe(10);
  expect(room.clients.slice(-5).map(({ up, hands }) => [up, hands.toldBy])).toEqual(Array(5).fill([[7], null]));
});

test("few may confirm, whoever else is there", async () => {
  const there = await people(10);
  there[7]?.raise(room);
  for (const one of there.slice(0, 3)) one.silent = true;
  const late = room.join(5);
  await quiet();
  expect(late.up).toEqual([7]);
  expect(late.hands.toldBy).toBe(5);
});

test("contents out of bounds are nothing", () => {
  for (const leaves of [[4096], [-1], [1, 1], [2, 1], [0.5]]) expect(decodeHands(encodeHands(leaves))).toBeNull();
  expect(decodeHands(Uint8Array.of(0xa1, 0x61))).toBeNull();
  expect(decodeHands(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))).toBeNull();
  expect(decodeHands(encodeHands([0, 4095]))).toEqual(new Set([0, 4095]));
  const bytes = (length: number) => new Uint8Array(length);
  expect(decodeContent(encodeContent({ t: "snapshot", data: bytes(513), content: bytes(1) }))).toBeNull();
  expect(decodeContent(encodeContent({ t: "snapshot", data: bytes(200), content: bytes(16_385) }))).toBeNull();
  expect(decodeContent(encodeContent({ t: "snapshot", data: bytes(200), content: bytes(0) }))).toBeNull();
  expect(decodeContent(encodeContent({ t: "snapshot_seen", hash: bytes(31) }))).toBeNull();
  expect(decodeContent(encodeContent({ t: "snapshot_seen", hash: bytes(32) }))?.t).toBe("snapshot_seen");
});

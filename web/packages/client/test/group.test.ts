/** The member's conversation with the hub, driven by a double of the native member that records what it is asked. */

import { encode } from "@msgpack/msgpack";
import { beforeEach, describe, expect, test } from "vitest";
import type { HelloReply, ServerEvent } from "../src/generated/wire.ts";
import { decodeContent, encodeContent } from "../src/state/content.ts";
import type { Arrival } from "../src/state/handover.ts";
import { Group, type GroupMessage, type GroupView } from "../src/worker/group.ts";
import type { Member, Native } from "../src/worker/native.ts";

const one = Uint8Array.of(1);
const identity = { name: "Ada", fingerprint: one };

class FakeMember {
  epoch = 0;
  leaf = 0;
  suite = 0x4f;
  calls: string[] = [];
  fails = new Map<string, string>();
  stopped: string | null = null;
  selfRemoved = false;
  prior: { reason: string } | null = null;
  groupId = Uint8Array.of(0x67);
  missed = 0;
  says: Uint8Array = one;
  /** The epoch that the giver of a snapshot claims; its own unless a test says otherwise. */
  claims: number | null = null;
  added: number[] = [];

  #note(name: string, detail: unknown = ""): void {
    this.calls.push(`${name} ${String(detail)}`.trim());
    const code = this.fails.get(name);
    if (code !== undefined) throw Object.assign(new Error(name), { code });
  }
  keyPackage() {
    this.#note("keyPackage");
    return one;
  }
  create() {
    this.#note("create");
    return encode({ group_info: one, tree: one });
  }
  propose(epoch: number, attempt: number) {
    this.#note("propose", `${epoch}.${attempt}`);
  }
  commit(epoch: number, attempt: number, _: number, force: boolean) {
    this.#note("commit", `${epoch}.${attempt} ${force}`);
    return encode({ commit: one, welcome: null, group_info: one, signature: one });
  }
  stage() {
    this.#note("stage");
    return one;
  }
  join() {
    this.#note("join");
    return one;
  }
  reached() {
    this.#note("reached");
    this.epoch += 1;
    return encode({ epoch: this.epoch, added: this.added.map((leaf) => ({ leaf, identity })), removed: [], self_removed: this.selfRemoved });
  }
  withdrawn() {
    this.#note("withdrawn");
  }
  receipt() {
    this.#note("receipt");
  }
  removing(leaf: number, reason: string) {
    this.#note("removing", `${leaf} ${reason}`);
  }
  settled(epoch: number) {
    this.#note("settled", epoch);
  }
  connected(leaves: Uint32Array) {
    this.#note("connected", [...leaves].join());
  }
  sendEpoch() {
    if (this.stopped !== null) throw Object.assign(new Error(), { code: this.stopped });
    return this.epoch;
  }
  encrypt(content: Uint8Array) {
    this.#note("encrypt", this.epoch);
    return content;
  }
  decrypt() {
    this.#note("decrypt");
    return encode({ leaf: 2, epoch: this.epoch, number: 0, content: this.says, missed: this.missed });
  }
  frameSender() {
    return encode({ kid: 5, epoch: this.epoch, generation: 1, key: one, salt: one });
  }
  frameReceiver() {
    return encode({ key: one, salt: one, leaf: 2, epoch: this.epoch });
  }
  roster() {
    return encode([{ leaf: 0, identity, joined_epoch: 0, self: true, revoked: false }]);
  }
  params() {
    return encode({ prior: this.prior });
  }
  code() {
    return `code ${this.epoch}`;
  }
  signSnapshot(purpose: string, order: number) {
    this.#note("signSnapshot", `${purpose} ${order} in ${this.epoch}`);
    return Uint8Array.of(0x53);
  }
  openSnapshot(giver: number) {
    this.#note("openSnapshot", giver);
    return encode({ epoch: this.claims ?? this.epoch, purpose: "hands", order: 7 });
  }
  revoke() {
    this.#note("revoke");
  }
  failureReport(epoch: number, attempt: number, _: Uint8Array, code: string) {
    this.#note("failureReport", `${epoch}.${attempt} ${code}`);
    return one;
  }
  signResume() {
    return Uint8Array.of(9);
  }
}

const hello = {
  participant: "p_1", nonce: one, manifests: [], policy: one, deployment: "fr", suite: 0x4f, allow_classical: false,
} as unknown as HelloReply;

let members: FakeMember[];
let sent: { type: string; fields: Record<string, unknown> }[];
let replies: Record<string, () => unknown>;
let views: GroupView[];
let alarms: string[];
let messages: GroupMessage[];
let arrivals: Arrival[];
let group: Group;
let time: number;

beforeEach(() => {
  time = 1000;
  members = [];
  sent = [];
  views = [];
  alarms = [];
  messages = [];
  arrivals = [];
  replies = { certify: () => ({ chain: [one] }), "group.created": () => ({ entry: one }) };
  const native = {
    generateLeafKey: () => ({ public: one, signCertify: () => one, signResume: () => Uint8Array.of(8) }),
    trust: () => ({ manifestSetHash: one }),
    member: () => {
      const member = new FakeMember();
      members.push(member);
      return member as unknown as Member;
    },
    peekEntry: () => ({ epoch: 2, attempt: 1, commit_hash: one }),
  } as Native;
  group = new Group(native, {
    send: async (type, fields) => {
      sent.push({ type, fields: fields as Record<string, unknown> });
      return (replies[type]?.() ?? {}) as never;
    },
    changed: (view) => views.push(view),
    message: (message) => messages.push(message),
    arrived: (arrival) => arrivals.push(arrival),
    alarm: (code, _detail, leaf) => alarms.push(leaf === undefined ? code : `${code} ${leaf}`),
    now: () => time,
  });
});

const event = (type: string, fields: object = {}): ServerEvent => ({ seq: 1, type, ...fields }) as unknown as ServerEvent;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const types = (): string[] => sent.map(({ type }) => type);

async function creator(): Promise<FakeMember> {
  await group.begin(hello);
  group.handle(event("group.create", { params: one }));
  await settle();
  return members[0] as FakeMember;
}

test("the first member certifies, creates, and is in when the hub has recorded it (K3.1)", async () => {
  const member = await creator();
  expect(types()).toEqual(["certify", "key_package", "group.created"]);
  expect(member.calls).toEqual(["keyPackage", "create", "reached"]);
  expect(views.at(-1)).toMatchObject({ epoch: 1, leaf: 0, code: "code 1" });
});

test("a joiner answers its Welcome with a receipt and is in only on reached (K4.3)", async () => {
  await group.begin(hello);
  group.handle(event("group.welcome", { entry: one, welcome: one, tree: one, params: one }));
  expect(group.epoch()).toBeNull();
  expect(() => group.sendEpoch()).toThrow();
  expect(types()).toContain("group.receipt");
  group.handle(event("group.reached", { entry: one, receipts: [one] }));
  expect(group.epoch()).toBe(1);
});

test("before its Welcome a joiner ignores the others' commits", async () => {
  await group.begin(hello);
  for (const type of ["group.propose", "group.staged", "group.reached", "group.withdrawn", "group.settled"]) {
    group.handle(event(type, { proposals: [], receipts: [], committer: 0, epoch: 1, attempt: 1 }));
  }
  expect(members[0]?.calls).toEqual(["keyPackage"]);
  expect(alarms).toEqual([]);
});

test("only the named committer commits; no proposals means a leaf update (K3.4)", async () => {
  const member = await creator();
  group.handle(event("group.propose", { epoch: 2, attempt: 1, committer: 4, proposals: [one], deadline_ms: 0 }));
  expect(types()).not.toContain("group.commit");
  group.handle(event("group.propose", { epoch: 2, attempt: 2, committer: 0, proposals: [one], deadline_ms: 0 }));
  group.handle(event("group.propose", { epoch: 2, attempt: 3, committer: 0, proposals: [], deadline_ms: 0 }));
  expect(member.calls.filter((call) => call.startsWith("commit"))).toEqual(["commit 2.2 false", "commit 2.3 true"]);
  expect(sent.at(-1)).toMatchObject({ type: "group.commit", fields: { epoch: 2, attempt: 3, welcome: null } });
});

test("a refused commit is named, reported, and changes nothing (K4.4)", async () => {
  const member = await creator();
  member.fails.set("stage", "commit_proposals");
  group.handle(event("group.staged", { entry: one, commit: one, signature: one, committer: 3 }));
  expect(alarms).toEqual(["commit_proposals"]);
  expect(member.calls).toContain("failureReport 2.1 commit_proposals");
  expect(types()).not.toContain("group.receipt");
  expect(types().at(-1)).toBe("group.failed");
  expect(group.epoch()).toBe(1);
});

test("receipts of others that disagree raise the member's alarm (K4.4)", async () => {
  const member = await creator();
  member.fails.set("receipt", "receipt_conflict");
  group.handle(event("group.receipt", { receipts: [one, one] }));
  expect(alarms).toEqual(["receipt_conflict"]);
});

test("K5.2: a rejoin is another life, in whatever epoch", async () => {
  await creator();
  const before = [group.life(), group.sendEpoch()];
  group.handle(event("group.rejoin", { reason: "new_group", nonce: one }));
  await settle();
  group.handle(event("group.welcome", { entry: one, welcome: one, tree: one, params: one }));
  group.handle(event("group.reached", { entry: one, receipts: [one] }));
  expect(group.sendEpoch()).toBe(before[1]);
  expect(group.life()).not.toBe(before[0]);
});

test("a removed member holds no epoch and sends nothing", async () => {
  const member = await creator();
  member.selfRemoved = true;
  group.handle(event("group.reached", { entry: one, receipts: [] }));
  expect(group.epoch()).toBeNull();
  expect(() => group.sendEpoch()).toThrow(expect.objectContaining({ code: "removed" }));
  expect(() => group.sender("camera")).toThrow();
  expect(() => group.receiver(5)).toThrow();
});

test("K4.6: a stop that comes by time alone is told at the next look", async () => {
  const member = await creator();
  group.handle(event("group.removing", { leaf: 3, reason: "host" }));
  expect(member.calls).toContain("removing 3 host");
  member.stopped = "stopped_removal_pending";
  group.refresh();
  expect(views.at(-1)?.stopped).toBe("stopped_removal_pending");
});

test("the connected leaves are told to the member, and again after it joins (K3.3)", async () => {
  await group.begin(hello);
  const people = [{ state: "connected", leaf: 0 }, { state: "reconnecting", leaf: 1 }, { state: "connected", leaf: null }];
  group.handle(event("participants", { people }));
  expect(members[0]?.calls).not.toContain("connected 0");
  group.handle(event("group.create", { params: one }));
  await settle();
  expect(members[0]?.calls).toContain("connected 0");
});

test("a message whose epoch went stale is encrypted again (K6.1)", async () => {
  const member = await creator();
  let refusals = 1;
  replies.message = () => {
    if (refusals === 0) return {};
    refusals -= 1;
    member.epoch += 1;
    throw Object.assign(new Error(), { code: "stale_epoch" });
  };
  await group.sendMessage(one);
  expect(member.calls.filter((call) => call.startsWith("encrypt"))).toEqual(["encrypt 1", "encrypt 2"]);
  expect(sent.filter(({ type }) => type === "message").map(({ fields }) => fields.epoch)).toEqual([1, 2]);
});

test("K6.2: a snapshot is signed anew for each epoch that it is tried in", async () => {
  const member = await creator();
  let refusals = 1;
  replies.message = () => {
    if (refusals === 0) return {};
    refusals -= 1;
    member.epoch += 1;
    throw Object.assign(new Error(), { code: "stale_epoch" });
  };
  await group.giveSnapshot("hands", 7, one);
  expect(member.calls.filter((call) => call.startsWith("signSnapshot"))).toEqual(["signSnapshot hands 7 in 1", "signSnapshot hands 7 in 2"]);
  expect(decodeContent(sent.at(-1)?.fields.data as Uint8Array)).toEqual({ t: "snapshot", data: Uint8Array.of(0x53), content: one });
});

describe("K6.2: a snapshot", () => {
  const said = () => event("message", { data: one, epoch: 1, order: 1, kind: "signal" });
  let member: FakeMember;

  beforeEach(async () => {
    member = await creator();
    member.says = encodeContent({ t: "snapshot", data: one, content: one });
  });

  test("is opened with its message, against the leaf that sealed it and the tree of that moment", () => {
    group.handle(said());
    group.handle(event("group.reached", { entry: one, receipts: [one] }));
    expect(member.calls.slice(-3)).toEqual(["decrypt", "openSnapshot 2", "reached"]);
    expect(messages.map(({ vouched }) => vouched)).toEqual([{ epoch: 1, purpose: "hands", order: 7 }]);
    expect(alarms).toEqual([]);
  });

  test("that its sender did not sign is named, with the sender, and vouched for by nobody", () => {
    member.fails.set("openSnapshot", "signed_signature");
    group.handle(said());
    expect(alarms).toEqual(["signed_signature 2"]);
    expect(messages.map(({ vouched }) => vouched)).toEqual([null]);
  });

  for (const claims of [0, 2, 2 ** 53]) {
    test(`that claims epoch ${claims} in a message of epoch 1 is refused and named`, () => {
      member.claims = claims;
      group.handle(said());
      expect(alarms).toEqual(["signed_signature 2"]);
      expect(messages.map(({ vouched }) => vouched)).toEqual([null]);
    });
  }

  test("is looked at once for each giver and epoch", () => {
    for (let at = 0; at < 5; at += 1) group.handle(said());
    expect(messages.filter(({ vouched }) => vouched !== null).length).toBe(1);
    expect(member.calls.filter((call) => call.startsWith("openSnapshot")).length).toBe(1);
    group.handle(event("group.reached", { entry: one, receipts: [one] }));
    group.handle(said());
    expect(member.calls.filter((call) => call.startsWith("openSnapshot")).length).toBe(2);
  });

  test("no other message is vouched for", () => {
    member.says = one;
    group.handle(said());
    expect(messages.map(({ vouched }) => vouched)).toEqual([null]);
    expect(member.calls).not.toContain("openSnapshot 2");
  });
});

test("K6.2: those who were there are told who came, and who committed it; who comes is not", async () => {
  const member = await creator();
  member.added = [4];
  group.handle(event("group.propose", { epoch: 2, attempt: 0, committer: 3, proposals: [one], deadline_ms: 1000 }));
  group.handle(event("group.staged", { entry: one, commit: one, signature: one, committer: 3 }));
  group.handle(event("group.reached", { epoch: 2, entry: one, receipts: [one] }));
  expect(arrivals).toEqual([{ epoch: 2, committer: 3, added: [4] }]);
  group.handle(event("group.rejoin", { reason: "behind", nonce: one }));
  await settle();
  Object.assign(members[1] as FakeMember, { added: [0], epoch: 2 });
  group.handle(event("group.welcome", { entry: one, welcome: one, tree: one, params: one }));
  group.handle(event("group.reached", { epoch: 3, entry: one, receipts: [one] }));
  expect(arrivals.length).toBe(1);
});

test("a missing message of somebody is named (K6.1)", async () => {
  const member = await creator();
  member.missed = 2;
  group.handle(event("message", { data: one, epoch: 1, order: 1, kind: "signal" }));
  expect(alarms).toEqual(["message_missed 2"]);
  expect(messages.length).toBe(1);
});

test("what was said before we were in is not an alarm", async () => {
  await creator();
  group.handle(event("message", { data: one, epoch: 0, order: 1 }));
  expect(messages).toEqual([]);
  expect(alarms).toEqual([]);
});

test("a rejoin takes a fresh leaf and offers a new key package", async () => {
  await creator();
  group.handle(event("group.rejoin", { reason: "behind", nonce: Uint8Array.of(5) }));
  await settle();
  expect(members.length).toBe(2);
  expect(types().slice(-2)).toEqual(["certify", "key_package"]);
  expect(group.epoch()).toBeNull();
  expect(views.at(-1)?.epoch).toBeNull();
});

test("a group that follows another one is told, with its reason (K3.1)", async () => {
  await group.begin(hello);
  (members[0] as FakeMember).prior = { reason: "hub_lost" };
  group.handle(event("group.create", { params: one }));
  await settle();
  expect(alarms).toEqual(["new_group"]);
  expect(views.at(-1)).toMatchObject({ prior: "hub_lost", group: "67" });
  // Another group of the same client is another history.
  group.handle(event("group.rejoin", { reason: "behind", nonce: one }));
  await settle();
  Object.assign(members[1] as FakeMember, { prior: { reason: "restart" }, groupId: Uint8Array.of(0x68) });
  group.handle(event("group.create", { params: one }));
  await settle();
  expect(alarms).toEqual(["new_group", "new_group"]);
  expect(views.at(-1)).toMatchObject({ prior: "restart", group: "68" });
});

test("the leaf key proves a resumption before and after there is a member (K2.5)", async () => {
  await creator();
  expect(group.signResume(one)).toEqual(Uint8Array.of(9));
});

test("the hub is told which kind of content a message is, and never another", async () => {
  const member = await creator();
  const told = async (): Promise<unknown> => {
    await settle();
    return sent.findLast(({ type }) => type === "message")?.fields.kind;
  };
  await group.sendMessage(encodeContent({ t: "chat", id: "a", text: "Bonjour" }));
  expect(await told()).toBe("chat");
  await group.sendMessage(encodeContent({ t: "hand", up: true }));
  expect(await told()).toBe("signal");
  await group.giveSnapshot("hands", 1, one);
  expect(await told()).toBe("signal");
  expect(member.calls.filter((call) => call.startsWith("encrypt")).length).toBe(3);
});

test("what was told to the hub as another kind than it is of is dropped and counted", async () => {
  const member = await creator();
  const chat = encodeContent({ t: "chat", id: "a", text: "Bonjour" });
  member.says = chat;
  group.handle(event("message", { data: one, epoch: 1, order: 1, kind: "chat" }));
  group.handle(event("message", { data: one, epoch: 1, order: 2, kind: "signal" }));
  member.says = encodeContent({ t: "hand", up: true });
  group.handle(event("message", { data: one, epoch: 1, order: 3, kind: "chat" }));
  group.handle(event("message", { data: one, epoch: 1, order: 4, kind: "signal" }));
  expect(messages.map(({ order }) => order)).toEqual([1, 4]);
  expect(group.mismatched).toBe(2);
});

test("K2.4: a revocation is pending until its two seconds are surely over", async () => {
  await creator();
  expect(group.pending()).toBe(false);
  group.handle(event("group.revocation", { data: one }));
  expect(group.pending()).toBe(true);
  time += 2_100;
  expect(group.pending()).toBe(true);
  time += 2_000;
  expect(group.pending()).toBe(false);
});

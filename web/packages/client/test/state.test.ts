/** The meeting as values: people from the tree, tiles, labels, alarms, messages, snapshots. */

import { expect, test, vi } from "vitest";
import type { HelloReply, Person as Hint, ServerEvent } from "../src/generated/wire.ts";
import { Watchdog } from "../src/media/watchdog.ts";
import { videoCodecOf } from "../src/media/sdp.ts";
import { decodeContent, encodeContent, MAX_TEXT } from "../src/state/content.ts";
import { delayOf } from "../src/state/backoff.ts";
import { LabelBook, slotKey } from "../src/state/labels.ts";
import { MeetingModel, type Picture, type Pictures } from "../src/state/model.ts";
import { joinPeople } from "../src/state/people.ts";
import { Store } from "../src/state/store.ts";
import { planTiles, SWAP_PATIENCE, SwapWatch, tileState } from "../src/state/tiles.ts";
import type { GroupView } from "../src/worker/group.ts";
import type { RosterLine } from "../src/worker/native.ts";

const line = (leaf: number, name: string, self = false): RosterLine => ({
  leaf,
  self,
  revoked: false,
  joined_epoch: 0,
  identity: {
    deployment: "fr", tenant: "interior", subject: `s${leaf}`, name, name_checked: true, role: "participant",
    assurance: "high", not_after: 0, issuer_fingerprint: Uint8Array.of(0xab), fingerprint: Uint8Array.of(leaf),
  },
});

const hint = (participant: string, leaf: number | null, more: Partial<Hint> = {}): Hint => ({
  participant, leaf, name_hint: "liar", tenant: "x", deployment: "y", role: "participant", host: false, room_role: "member",
  state: "connected", sources: { camera: "live" }, signing: false, joined_at: 0, ...more,
});

const view = (epoch: number, ...members: RosterLine[]): GroupView => ({
  epoch, leaf: 0, suite: 0x4f, code: "1", members, stopped: null, group: "67", prior: null,
});

const extras = { self: "p_a", before: new Map<string, string>(), hands: new Set<number>(), speaking: new Set<string>(), levels: new Map<string, number>() };
const event = (type: string, fields: object): ServerEvent => ({ seq: 1, type, ...fields }) as unknown as ServerEvent;

class Shown implements Pictures {
  readonly owners = new Map<string, { leaf: number; epoch: number }>();
  arrange(plans: readonly { key: string }[]): Map<string, Picture> {
    return new Map(
      plans.map(({ key }) => [key, { owner: this.owners.get(key) ?? null, health: null, attach: () => () => undefined }]),
    );
  }
}

function model(): MeetingModel {
  const made = new MeetingModel();
  made.hello({ participant: "p_a", suite: 0x4f, me: {}, meeting: { title: "T", slug: "t" }, tenants: [], deployment: "fr" } as unknown as HelloReply);
  made.group(view(1, line(0, "Ada", true), line(1, "Bo"), line(2, "Cy")));
  made.event(event("participants", { people: [hint("p_a", 0), hint("p_b", 1), hint("p_c", 2)] }), 0);
  return made;
}

test("names come from the tree, never from signalling", () => {
  const people = joinPeople([line(0, "Ada", true), line(1, "Bo")], [hint("p_b", 1), hint("p_a", 0)], extras);
  expect(people.map((person) => [person.participant, person.name, person.tenant])).toEqual([
    ["p_a", "Ada", "interior"],
    ["p_b", "Bo", "interior"],
  ]);
});

test("M4.7: who signs is told, of members and of those still joining", () => {
  const people = joinPeople([line(0, "Ada", true), line(1, "Bo")], [hint("p_b", 1, { signing: true }), hint("p_c", null, { signing: true })], extras);
  expect(people.map((person) => person.signing)).toEqual([false, true, true]);
});

test("a member that the server does not mention is listed all the same (attack 14)", () => {
  const people = joinPeople([line(0, "Ada", true), line(7, "Ghost")], [hint("p_a", 0)], extras);
  expect(people.map((person) => person.name)).toEqual(["Ada", "Ghost"]);
  expect(people[1]?.participant).toBe("leaf-7");
});

test("between a reached epoch and the next list, a hint without a leaf is matched by what the certificate says", () => {
  const named = (participant: string) => hint(participant, null, { name_hint: "Bo", tenant: "interior", deployment: "fr" });
  const tree = [line(0, "Ada", true), line(1, "Bo")];
  const one = joinPeople(tree, [hint("p_a", null), named("p_b")], extras);
  expect(one.map((person) => [person.participant, person.leaf])).toEqual([["p_a", 0], ["p_b", 1]]);
  // Two of the same name: nobody guesses.
  const two = joinPeople(tree, [hint("p_a", null), named("p_b"), named("p_c")], extras);
  expect(two.filter((person) => person.leaf === 1).map((person) => person.participant)).toEqual(["leaf-1"]);
});

test("two participants who claim one leaf do not share its name", () => {
  const people = joinPeople([line(1, "Bo")], [hint("p_b", 1), hint("p_x", 1)], extras);
  expect(people.filter((person) => person.name === "Bo").map((person) => person.participant)).toEqual(["p_b"]);
  expect(people.find((person) => person.participant === "p_x")?.leaf).toBeNull();
});

test("M4.5: a tile has a name only once the frame shown has an owner, and then the owner's", () => {
  const made = model();
  const shown = new Shown();
  made.event(event("slots", { slots: [{ kind: "video", index: 0, participant: "p_b", source: "camera" }] }), 0);
  const tile = () => made.snapshot(shown).tiles.find((one) => one.participant === "p_b");
  expect(tile()).toMatchObject({ labelled: null, state: "waiting" });
  shown.owners.set("p_b/camera", { leaf: 2, epoch: 1 });
  expect(tile()?.labelled?.name).toBe("Cy");
  shown.owners.set("p_b/camera", { leaf: 9, epoch: 1 });
  expect(tile()?.labelled).toBeNull();
});

test("K5.5: a frame's owner is named in the tree of the epoch that opened it", () => {
  const made = model();
  const shown = new Shown();
  made.group(view(2, line(0, "Ada", true), line(1, "Dee"), line(2, "Cy")));
  shown.owners.set("p_b/camera", { leaf: 1, epoch: 1 });
  const tile = made.snapshot(shown).tiles.find((one) => one.participant === "p_b");
  expect(tile?.labelled?.name).toBe("Bo");
});

test("two tiles that stay swapped are noticed, once, and both people named", () => {
  const made = model();
  const shown = new Shown();
  made.snapshot(shown);
  const swapped = shown.arrange([{ key: "p_b/camera" }]);
  (swapped.get("p_b/camera") as { owner: unknown }).owner = { leaf: 2, epoch: 1 };
  expect(made.swapped(swapped, 0)).toEqual([]);
  expect(made.swapped(swapped, SWAP_PATIENCE + 1)).toEqual([1, 2]);
  expect(made.swapped(swapped, 2 * SWAP_PATIENCE + 2)).toEqual([]);
  expect(made.alarm("tiles_swapped", [1, 2], 5)).toEqual({ code: "tiles_swapped", detail: "", people: ["Bo", "Cy"], time: 5 });
});

test("a switch that takes a moment is no swap", () => {
  const watch = new SwapWatch();
  expect(watch.look("a", 1, 2, 0)).toBe(false);
  expect(watch.look("a", 1, 1, SWAP_PATIENCE - 1)).toBe(false);
  expect(watch.look("a", 1, 2, SWAP_PATIENCE + 1)).toBe(false);
});

test("tiles: a camera tile for each other person, a screen tile only while it is shared", () => {
  const people = joinPeople(
    [line(0, "Ada", true), line(1, "Bo"), line(2, "Cy")],
    [hint("p_a", 0), hint("p_b", 1, { sources: { camera: "off" } }), hint("p_c", 2, { sources: { camera: "live", screen: "live" } })],
    extras,
  );
  const plans = planTiles(people, [
    { kind: "screen", index: 1, participant: "p_c", source: "screen" },
    { kind: "video", index: 3, participant: "p_c", source: "screen" },
  ]);
  expect(plans.map((plan) => [plan.key, plan.slot?.kind ?? null])).toEqual([
    ["p_b/camera", null],
    ["p_c/camera", null],
    ["p_c/screen", "screen"],
  ]);
  const [off, , screen] = plans;
  if (off === undefined || screen === undefined) throw new Error("plans");
  expect(tileState(off, false, null)).toBe("muted");
  expect(tileState(screen, false, null)).toBe("waiting");
  expect(tileState(screen, true, "quiet")).toBe("live");
  expect(tileState(screen, true, "failing")).toBe("cannot_decrypt");
});

test("labels match the very timestamp, per slot, and are bounded", () => {
  const book = new LabelBook();
  const label = (rtpTimestamp: number, leaf: number, index = 0) => ({ connection: 0, slot: "video" as const, index, rtpTimestamp, leaf, epoch: 1 });
  book.add([label(90, 1), label(90, 2, 1)]);
  expect(book.owner(slotKey(0, "video", 0), 90)).toEqual({ leaf: 1, epoch: 1 });
  expect(book.owner(slotKey(0, "video", 1), 90)).toEqual({ leaf: 2, epoch: 1 });
  expect(book.owner(slotKey(0, "video", 0), 91)).toBeNull();
  expect(book.owner(slotKey(1, "video", 0), 90)).toBeNull();
  book.add(Array.from({ length: 300 }, (_, at) => label(1000 + at, 3)));
  expect(book.owner(slotKey(0, "video", 0), 90)).toBeNull();
  book.forget(0);
  expect(book.owner(slotKey(0, "video", 0), 1299)).toBeNull();
});

test("a timestamp that two people's frames claim in one slot names nobody", () => {
  const book = new LabelBook();
  const label = (rtpTimestamp: number, leaf: number, index = 0) => ({ connection: 0, slot: "video" as const, index, rtpTimestamp, leaf, epoch: 1 });
  const slot = slotKey(0, "video", 0);
  expect(book.add([label(90, 1), label(91, 1), label(90, 2, 1)])).toEqual([]);
  expect(book.add([label(90, 1)]), "the layers of one frame").toEqual([]);
  expect(book.add([label(90, 2)]).sort()).toEqual([1, 2]);
  expect(book.owner(slot, 90)).toBeNull();
  expect(book.ambiguous(slot, 90)).toBe(true);
  expect(book.add([label(90, 1)]), "and stays so").toEqual([1]);
  expect(book.owner(slot, 90)).toBeNull();
  expect(book.owner(slot, 91)).toEqual({ leaf: 1, epoch: 1 });
  book.add(Array.from({ length: 300 }, (_, at) => label(1000 + at, 3)));
  expect(book.ambiguous(slot, 90)).toBe(false);
});

test("the state of a meeting: connecting, waiting, connected, reconnecting, ended", () => {
  const made = new MeetingModel();
  const state = () => made.snapshot(new Shown()).state;
  expect(state()).toBe("connecting");
  made.hello({ participant: "p_a", suite: 1, me: {}, meeting: { title: "", slug: "" }, tenants: [], deployment: "" } as unknown as HelloReply);
  expect(state()).toBe("waiting");
  made.group(view(1, line(0, "Ada", true)));
  expect(state()).toBe("connected");
  made.interrupted(true);
  expect(state()).toBe("reconnecting");
  made.interrupted(false);
  made.event(event("removed", { reason: "host", by: "p_b" }), 0);
  expect(made.snapshot(new Shown())).toMatchObject({ state: "ended", ended: { reason: "removed" } });
});

test("K6.3: verified stays, with the names of those who joined since", () => {
  const made = model();
  made.verify(77);
  made.group(view(2, line(0, "Ada", true), line(1, "Bo"), line(2, "Cy"), line(3, "Dee")));
  expect(made.snapshot(new Shown()).encryption.verified).toEqual({ time: 77, joinedSince: ["Dee"] });
});

test("K3.1: a group that follows another drops \"verified\", says why it is there, and is told each time", () => {
  const made = model();
  const facts = () => made.snapshot(new Shown()).encryption;
  made.verify(77);
  expect(facts().newGroup).toBeNull();
  for (const group of ["68", "69"]) {
    made.group({ ...view(0, line(0, "Ada", true)), group, prior: "restart" });
    expect(facts()).toMatchObject({ verified: null, newGroup: { reason: "restart" } });
    expect(made.alarm("new_group", [], 78, "restart")?.code).toBe("new_group");
    expect(made.alarm("new_group", [], 79, "restart")).toBeNull();
    expect(facts().alarms.map(({ time }) => time)).toEqual([78]);
    made.verify(80);
    expect(facts().verified?.time).toBe(80);
  }
  // The same group again, as a fresh leaf: what was compared in it still holds.
  made.hello({ participant: "p_z", suite: 0x4f, me: {}, meeting: { title: "T", slug: "t" }, tenants: [], deployment: "fr" } as unknown as HelloReply);
  made.group({ ...view(5, line(0, "Ada", true)), group: "69", prior: "restart" });
  expect(facts().verified?.time).toBe(80);
});

test("alarms are told once and bounded", () => {
  const made = model();
  expect(made.alarm("commit_tags", [1], 1)).not.toBeNull();
  expect(made.alarm("commit_tags", [1], 2)).toBeNull();
  for (let at = 0; at < 200; at += 1) made.alarm(`code_${at}`, [], at);
  expect(made.encryption.snapshot(made.view).alarms.length).toBe(50);
});

test("chat: one sender cannot overwrite another's message, and hands go with their leaf", () => {
  const made = model();
  const said = { t: "chat", id: "1", text: "hello" } as const;
  made.content(said, { leaf: 1, epoch: 1, order: 1 }, 5);
  made.content({ ...said, text: "changed" }, { leaf: 1, epoch: 1, order: 1 }, 6);
  made.content({ ...said, text: "mine" }, { leaf: 2, epoch: 1, order: 1 }, 7);
  made.content({ t: "hand", up: true }, { leaf: 2, epoch: 1, order: 1 }, 8);
  const shown = made.snapshot(new Shown());
  expect(shown.messages.map((message) => [message.name, message.text])).toEqual([["Bo", "hello"], ["Cy", "mine"]]);
  expect(shown.people.find((person) => person.name === "Cy")?.hand).toBe(true);
  made.group(view(2, line(0, "Ada", true), line(1, "Bo")));
  expect(made.snapshot(new Shown()).people.some((person) => person.hand)).toBe(false);
});

test("content that is not ours, too long or of a newer kind is ignored", () => {
  expect(decodeContent(encodeContent({ t: "chat", id: "1", text: "a" }))).toEqual({ t: "chat", id: "1", text: "a" });
  expect(decodeContent(encodeContent({ t: "chat", id: "1", text: "a".repeat(MAX_TEXT + 1) }))).toBeNull();
  expect(decodeContent(encodeContent({ t: "poll" } as never))).toBeNull();
  expect(decodeContent(Uint8Array.of(0xc1))).toBeNull();
  expect(decodeContent(Uint8Array.of(0x93, 1, 2, 3))).toBeNull();
});

test("snapshots are coalesced and keep their identity between changes", () => {
  const runs: (() => void)[] = [];
  let made = 0;
  const store = new Store(() => ({ made: (made += 1) }), (run) => runs.push(run));
  const listener = vi.fn();
  const stop = store.subscribe(listener);
  const first = store.getSnapshot();
  store.touch();
  store.touch();
  expect(store.getSnapshot()).toBe(first);
  for (const run of runs.splice(0)) run();
  expect(listener).toHaveBeenCalledTimes(1);
  expect(store.getSnapshot()).not.toBe(first);
  stop();
  store.touch();
  for (const run of runs.splice(0)) run();
  expect(listener).toHaveBeenCalledTimes(1);
});

test("somebody who left keeps the name and id until the tree forgets, without a tile", () => {
  const made = model();
  const shown = new Shown();
  made.snapshot(shown);
  made.event(event("participants", { people: [hint("p_a", 0), hint("p_c", 2)] }), 0);
  for (let at = 0; at < 2; at += 1) {
    const { people, tiles } = made.snapshot(shown);
    expect(people.find((person) => person.name === "Bo")).toMatchObject({ participant: "p_b", leaving: true });
    expect(tiles.map((tile) => tile.participant)).toEqual(["p_c"]);
  }
  made.group(view(2, line(0, "Ada", true), line(2, "Cy")));
  expect(made.snapshot(shown).people.map((person) => person.name)).toEqual(["Ada", "Cy"]);
});

test("people and tiles that did not change keep their identity", () => {
  const made = model();
  const shown = new Shown();
  const attach = () => () => undefined;
  shown.arrange = (plans) => new Map(plans.map(({ key }) => [key, { owner: null, health: null, attach }]));
  const first = made.snapshot(shown);
  made.event(event("speakers", { people: ["p_b"], levels: { p_b: 20 } }), 0);
  const second = made.snapshot(shown);
  expect(second.people[2]).toBe(first.people[2]);
  expect(second.people[1]).not.toBe(first.people[1]);
  expect(second.people[1]).toMatchObject({ speaking: true });
  expect(second.tiles).toBe(first.tiles);
});

test("K5.7: the watchdog stops what leaves without the seal, and tells of a transform that is cut off", () => {
  const findings = (looks: [encoded: number, sent: number, seen: number][]) => {
    const dog = new Watchdog();
    return looks.map(([encoded, sent, seen]) => dog.look("camera", { encoded, sent, seen }));
  };
  const times = [0, 1, 2, 3, 4, 5];
  const none = times.map(() => null);
  expect(findings(times.map((at) => [at * 30, at * 90, 7]))[4]).toBe("plaintext");
  expect(findings(times.map((at) => [at * 30, 0, 10]))[4]).toBe("transform_lost");
  expect(findings(times.map((at) => [at * 30, at * 90, at * 30]))).toEqual(none);
  // Nothing may be sent: every frame is seen and dropped, and the browser pads the path with old packets.
  expect(findings(times.map((at) => [at * 30, at * 160, at * 30]))).toEqual(none);
  // A busy machine loses most of them before the transform.
  expect(findings(times.map((at) => [at * 30, at, at]))).toEqual(none);
  // The counters are read a moment apart, and the source makes nothing.
  expect(findings([[0, 0, 0], [30, 30, 25], [60, 60, 55], [90, 90, 85], [120, 120, 115], [150, 150, 145]])).toEqual(none);
  expect(findings(times.map((at) => [5, at * 100, 5]))).toEqual(none);
});

test("the answer names the video codec", () => {
  const sdp = "v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\nm=video 9 X 96 97\r\na=rtpmap:97 rtx/90000\r\na=rtpmap:96 VP8/90000\r\nm=video 9 X 98\r\na=rtpmap:98 VP9/90000\r\n";
  expect(videoCodecOf(sdp)).toBe("vp8");
  expect(videoCodecOf("v=0\r\nm=audio 9 X 111\r\n")).toBeNull();
  expect(videoCodecOf("m=video 9 X 96\r\na=rtpmap:96 H265/90000\r\n")).toBeNull();
});

test("delays grow, with jitter, up to a limit", () => {
  expect(delayOf(0, 0.5)).toBe(0);
  expect([1, 2, 3, 20].map((attempt) => delayOf(attempt, 0.5))).toEqual([250, 500, 1000, 4000]);
});

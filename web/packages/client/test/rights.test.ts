/** What a role and the rules allow, what follows for what is sent, and the commands of hosts. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Entente } from "../src/index.ts";
import type { Meeting } from "../src/meeting.ts";
import { type RoomRole, rightsOf } from "../src/state/rights.ts";
import { captured, type FakeNode, FakePeer, FakeTrack, installBrowser, RULES } from "./browser.ts";

let node: FakeNode;
const tick = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const STRICT = { ...RULES, share: "hosts", chat: "hosts", unmute: "hosts" } as const;

beforeEach(() => {
  vi.useFakeTimers();
  node = installBrowser();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([
  ["owner", STRICT, { share: null, chat: null, unmute: null, camera: null }],
  ["cohost", STRICT, { share: null, chat: null, unmute: null, camera: null }],
  ["member", RULES, { share: null, chat: null, unmute: null, camera: null }],
  ["member", STRICT, { share: "rule", chat: "rule", unmute: "rule", camera: null }],
  ["audience", RULES, { share: "audience", chat: null, unmute: "audience", camera: "audience" }],
  ["audience", STRICT, { share: "audience", chat: "rule", unmute: "audience", camera: "audience" }],
] as const)("what keeps %s from doing things under %o", (role, rules, why) => {
  const rights = rightsOf(role, rules, false);
  expect(rights.why).toEqual(why);
  expect(rights.may.command).toBe(role === "owner" || role === "cohost");
  for (const [what, reason] of Object.entries(rights.why)) expect(rights.may[what as keyof typeof rights.why], what).toBe(reason === null);
});

test("a microphone is held only as long as the rule stands under which it was", () => {
  expect(rightsOf("member", STRICT, true).why.unmute).toBe("held");
  expect(rightsOf("member", RULES, true).why.unmute).toBeNull();
  expect(rightsOf("cohost", STRICT, true).why.unmute).toBeNull();
});

const me = (room_role: RoomRole): object => ({
  participant: "p_1", leaf: 0, name_hint: "", tenant: "t", deployment: "fr", role: "guest", host: false, room_role, state: "connected", sources: {},
  signing: false, joined_at: 0,
});

async function joined(role: RoomRole, rules: object = RULES): Promise<Meeting> {
  const original = node.accept.bind(node);
  node.accept = (wire) => {
    original(wire);
    const answers = wire.answers;
    wire.answers = (message) => {
      const answer = answers(message) as { ok: object };
      return message.type === "hello" ? { ok: { ...answer.ok, room_role: role, rules } } : answer;
    };
  };
  const devices = { microphone: new FakeTrack("audio").real, camera: new FakeTrack("video").real };
  const meeting = await Entente.join({ baseUrl: "http://node", slug: "t", guestName: "Ada", devices });
  await tick();
  return meeting;
}

/** What stands in the senders, in the order of M3.1. */
const sending = (): boolean[] => (FakePeer.all[0]?.senders ?? []).slice(0, 3).map(({ track }) => track !== null);
const states = (): unknown[] => node.requests("source").map(({ source, state }) => [source, state]);

describe("what is sent", () => {
  test("by a member: what the page gave", async () => {
    const meeting = await joined("member");
    expect(sending()).toEqual([true, true, false]);
    expect(states()).toEqual([["microphone", "live"], ["camera", "live"]]);
    await meeting.leave();
  });

  test("by audience: nothing, from the first moment, and nothing later", async () => {
    const meeting = await joined("audience");
    expect(sending()).toEqual([false, false, false]);
    expect(states()).toEqual([]);
    expect(meeting.getSnapshot().own).toMatchObject({ microphone: { on: false, why: "barred" }, camera: { on: false, why: "barred" } });
    const refused = { code: "rule_refused" };
    await expect(meeting.setMicrophone(new FakeTrack("audio").real)).rejects.toMatchObject(refused);
    await expect(meeting.setCamera(new FakeTrack("video").real)).rejects.toMatchObject(refused);
    await expect(meeting.startScreen(captured(new FakeTrack()))).rejects.toMatchObject(refused);
    await meeting.setCamera(null);
    expect(sending()).toEqual([false, false, false]);
    await meeting.leave();
  });

  test("by somebody who becomes audience: nothing any more; and again what he switches on when he is a member", async () => {
    const meeting = await joined("member");
    node.say({ type: "participants", people: [me("audience")] });
    await tick();
    expect(sending()).toEqual([false, false, false]);
    expect(states().slice(2)).toEqual([["microphone", "off"], ["camera", "off"]]);
    node.say({ type: "participants", people: [me("member")] });
    await tick();
    expect(sending()).toEqual([false, false, false]);
    await meeting.setCamera(new FakeTrack("video").real);
    expect(sending()).toEqual([false, true, false]);
    await meeting.leave();
  });

  test("where only hosts unmute: a live microphone goes on, may change its device, and once off stays off", async () => {
    const meeting = await joined("member");
    node.say({ type: "rules", rules: STRICT });
    await tick();
    expect(sending()).toEqual([true, true, false]);
    await meeting.setMicrophone(new FakeTrack("audio").real);
    node.say({ type: "muted", source: "microphone", by: "p_2", held: true });
    await tick();
    expect(sending()).toEqual([false, true, false]);
    expect(meeting.getSnapshot().rights.why.unmute).toBe("held");
    await expect(meeting.setMicrophone(new FakeTrack("audio").real)).rejects.toMatchObject({ code: "rule_refused" });
    node.say({ type: "rules", rules: RULES });
    await meeting.setMicrophone(new FakeTrack("audio").real);
    expect(sending()).toEqual([true, true, false]);
    node.say({ type: "rules", rules: STRICT });
    await tick();
    expect(meeting.getSnapshot().rights.why.unmute, "what was held went with the rule").toBe("rule");
    await meeting.leave();
  });

  test("where only hosts unmute: who arrives is silent", async () => {
    const meeting = await joined("member", STRICT);
    expect(sending()).toEqual([false, true, false]);
    await meeting.leave();
  });

  test("a shared screen ends when sharing becomes the hosts'", async () => {
    const meeting = await joined("member");
    await meeting.startScreen(captured(new FakeTrack()));
    expect(sending()).toEqual([true, true, true]);
    node.say({ type: "rules", rules: STRICT });
    await tick();
    expect(sending()).toEqual([true, true, false]);
    expect(meeting.getSnapshot().own.screen).toEqual({ on: false, why: "barred" });
    await meeting.leave();
  });
});

test("every command of a host is one request", async () => {
  const meeting = await joined("owner");
  const { host } = meeting;
  await host.mute("p_2", "camera");
  await host.muteAll();
  await host.remove("p_2");
  await host.admit("k_a");
  await host.admitAll();
  await host.refuse("k_b");
  await host.lowerHands();
  await host.rename("p_2", "Zoë");
  await host.promote("p_2", "cohost");
  await host.setRules({ locked: true });
  await host.endForAll();
  const asked = (type: string): object[] => node.requests(type).map(({ id: _id, type: _type, ...fields }) => fields);
  expect(asked("mute")).toEqual([{ participant: "p_2", source: "camera" }]);
  expect(asked("mute_all")).toEqual([{}]);
  expect(asked("remove")).toEqual([{ participant: "p_2" }]);
  expect(asked("admit")).toEqual([{ knock: "k_a" }]);
  expect(asked("admit_all")).toEqual([{}]);
  expect(asked("refuse")).toEqual([{ knock: "k_b" }]);
  expect(asked("lower_hands")).toEqual([{ participant: null }]);
  expect(asked("rename")).toEqual([{ participant: "p_2", name: "Zoë" }]);
  expect(asked("promote")).toEqual([{ participant: "p_2", room_role: "cohost" }]);
  expect(asked("set_rules")).toEqual([{ locked: true }]);
  expect(asked("end_for_all")).toEqual([{}]);
  await meeting.leave();
});

test("the lobby is shown to hosts alone, and forgotten with the role", async () => {
  const meeting = await joined("cohost");
  const waits = { knock: "k_a", name: "Paul", tenant: "t", role: "guest", since: 1, lookalike: false };
  node.say({ type: "lobby", people: [waits] });
  await tick();
  expect(meeting.getSnapshot().lobby).toEqual([waits]);
  node.say({ type: "participants", people: [me("member")] });
  await tick();
  expect(meeting.getSnapshot().lobby).toEqual([]);
  await meeting.leave();
});

test("a host's word lowers the own hand, for everybody to see", async () => {
  const meeting = await joined("member");
  const worker = (await import("./browser.ts")).FakeWorker.all[0];
  const said = (): number => worker?.called.filter(({ name }) => name === "message").length ?? 0;
  node.say({ type: "hand_lowered", by: "p_2" });
  await tick();
  expect(said()).toBe(0);
  await meeting.raiseHand(true);
  node.say({ type: "hand_lowered", by: "p_2" });
  await tick();
  expect(said()).toBe(2);
  node.say({ type: "hand_lowered", by: "p_2" });
  await tick();
  expect(said()).toBe(2);
  await meeting.leave();
});

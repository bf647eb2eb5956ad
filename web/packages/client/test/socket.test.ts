/** The socket: replies by id, events without gaps, resume with a proof, and nothing lost on the way. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Socket } from "../src/socket.ts";
import type { ServerEvent } from "../src/generated/wire.ts";
import { delayOf } from "../src/state/backoff.ts";
import { type Message, Wire } from "./wire.ts";

let wires: Wire[];
let events: ServerEvent[];
let states: string[];
let now: number;
let made: (wire: Wire) => void;

function socket(): Socket {
  return new Socket(
    "ws://test",
    {
      open: () => {
        const wire = new Wire();
        wires.push(wire);
        queueMicrotask(() => made(wire));
        return wire as unknown as WebSocket;
      },
      prove: async (nonce) => Uint8Array.from([...nonce, 1]),
      event: (event) => events.push(event),
      state: (state, reason) => states.push(`${state} ${reason}`),
      now: () => now,
    },
    { wait: (attempt) => new Promise((resolve) => setTimeout(resolve, delayOf(attempt, 0.5))) },
  );
}

const tick = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const resumes = (message: Message): unknown => {
  if (message.type === "resume") return { ok: { nonce: Uint8Array.of(7) } };
  if (message.type === "resume_prove") return { ok: { replayed: 0 } };
  if (message.type === "ping") return { ok: { time: 0 } };
  return undefined;
};

async function connected(): Promise<{ made: Socket; wire: Wire }> {
  const one = socket();
  await one.connect();
  one.adopt("p_1", 30);
  return { made: one, wire: wires[0] as Wire };
}

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  events = [];
  states = [];
  now = 0;
  made = (wire) => wire.open();
});

afterEach(() => {
  vi.useRealTimers();
});

test("replies find their request, errors carry the server's code and retry time", async () => {
  const { made: one, wire } = await connected();
  const first = one.request("ping", {});
  const second = one.request("leave", {});
  wire.say({ re: wire.sent[1]?.id, error: { code: "rate_limited", message: "", retry_after: 2 } });
  wire.say({ re: wire.sent[0]?.id, ok: { time: 5 } });
  expect(await first).toEqual({ time: 5 });
  await expect(second).rejects.toMatchObject({ code: "rate_limited", retryAfter: 2 });
  one.close();
});

test("a lost socket is resumed with a proof, and what was unanswered is sent again", async () => {
  const { made: one, wire } = await connected();
  wire.say({ seq: 1, type: "group.settled", epoch: 1 });
  const pending = one.request("leave", {});
  made = (next) => {
    next.answers = resumes;
    next.open();
  };
  wire.drop();
  expect(one.open).toBe(false);
  const late = one.request("view", { tiles: [] });
  await tick(1000);
  const next = wires[1] as Wire;
  expect(next.sent.map((message) => message.type)).toEqual(["resume", "resume_prove", "leave", "view"]);
  expect(next.sent[0]).toMatchObject({ participant: "p_1", last_seq: 1 });
  expect(next.sent[1]?.signature).toEqual(Uint8Array.of(7, 1));
  expect(states).toEqual(["lost 1006", "open resumed"]);
  next.say({ re: next.sent[2]?.id, ok: {} });
  next.say({ re: next.sent[3]?.id, ok: {} });
  next.say({ seq: 2, type: "group.settled", epoch: 2 });
  await Promise.all([pending, late]);
  expect(events.map((event) => event.seq)).toEqual([1, 2]);
  one.close();
});

test("events replayed during the resume are handled once, in order", async () => {
  const { made: one, wire } = await connected();
  wire.say({ seq: 1, type: "group.settled", epoch: 1 });
  made = (next) => {
    next.answers = (message) => {
      if (message.type === "resume_prove") queueMicrotask(() => [2, 3].forEach((seq) => next.say({ seq, type: "group.settled", epoch: seq })));
      return resumes(message);
    };
    next.open();
  };
  wire.drop();
  await tick(1000);
  expect(events.map((event) => event.seq)).toEqual([1, 2, 3]);
  one.close();
});

test("a gap in the events ends the socket: somebody keeps a commit from us", async () => {
  const { wire } = await connected();
  wire.say({ seq: 1, type: "group.settled", epoch: 1 });
  wire.say({ seq: 3, type: "group.settled", epoch: 3 });
  expect(events.length).toBe(1);
  expect(states[0]).toContain("protocol: event 3 after 1");
  expect(wire.closed).toBe(1000);
});

test("a repeated event ends the socket as well", async () => {
  const { wire } = await connected();
  wire.say({ seq: 1, type: "group.settled", epoch: 1 });
  wire.say({ seq: 1, type: "group.settled", epoch: 1 });
  expect(events.length).toBe(1);
  expect(wire.closed).toBe(1000);
});

test("bytes that are not msgpack, and messages that are nothing, end the socket", async () => {
  const { wire } = await connected();
  wire.raw(Uint8Array.of(0xc1));
  expect(wire.closed).toBe(1000);
  const { wire: other } = await connected().then((both) => ({ ...both, wire: wires[1] as Wire }));
  other.say({ hello: "there" });
  expect(other.closed).toBe(1000);
});

test("after the resume time it gives up, and every request fails with a code", async () => {
  const { made: one, wire } = await connected();
  const pending = one.request("leave", {});
  const failed = expect(pending).rejects.toMatchObject({ code: "closed" });
  made = (next) => next.onerror?.();
  wire.drop();
  for (let at = 0; at < 40; at += 1) {
    now += 1000;
    await tick(1000);
  }
  await failed;
  expect(states.at(-1)).toBe("closed resume_expired");
  await expect(one.request("leave", {})).rejects.toMatchObject({ code: "closed" });
});

test("a refused resume is final", async () => {
  const { wire } = await connected();
  made = (next) => {
    next.answers = (message) => (message.type === "resume" ? { error: { code: "resume_expired", message: "" } } : undefined);
    next.open();
  };
  wire.drop();
  await tick(1000);
  expect(states.at(-1)).toBe("closed resume_expired");
  expect(wires.length).toBe(2);
});

test("a path that says nothing is noticed by its ping and replaced", async () => {
  const { made: one, wire } = await connected();
  made = (next) => {
    next.answers = resumes;
    next.open();
  };
  await tick(5_000);
  expect(wire.sent.map((message) => message.type)).toEqual(["ping"]);
  await tick(6_000);
  expect(wire.closed).toBe(3000);
  await tick(500);
  expect(states).toContain("open resumed");
  one.close();
});

test("a server that closes normally has ended it", async () => {
  const { wire } = await connected();
  wire.drop(1000);
  await tick(100);
  expect(states).toEqual(["closed closed"]);
  expect(wires.length).toBe(1);
});

test("a node that says it restarts is not asked to resume what it will have forgotten", async () => {
  const { wire } = await connected();
  wire.drop(4503);
  await tick(1000);
  expect(states).toEqual(["closed restarting"]);
  expect(wires.length).toBe(1);
});

test("a message beyond the limit is refused here", async () => {
  const { made: one } = await connected();
  await expect(one.request("message", { data: new Uint8Array(5 << 20), epoch: 1 })).rejects.toMatchObject({ code: "too_large" });
  one.close();
});

/** The way in through a lobby, at doubles of browser and node: waiting, being let in, being sent away, giving up. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Entente } from "../src/index.ts";
import type { Meeting } from "../src/meeting.ts";
import { type FakeNode, FakePeer, HOLD, installBrowser, meetingAt } from "./browser.ts";

let node: FakeNode;
const tick = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  node = installBrowser();
  node.admission = "lobby";
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A meeting whose socket has knocked; `over` is how opening it ends. */
async function knocking(): Promise<{ meeting: Meeting; over: Promise<string> }> {
  const meeting = meetingAt();
  const over = meeting.open().then(() => "in", (error: { code: string }) => error.code);
  await tick();
  expect(node.requests("knock").length).toBe(1);
  return { meeting, over };
}

describe("a lobby", () => {
  test("is waited in until a host says yes; then hello goes out with the token of that word", async () => {
    const { meeting, over } = await knocking();
    expect(meeting.getSnapshot()).toMatchObject({ state: "lobby", waiting: { title: "T", until: Date.now() + 600_000 } });
    expect(node.requests("hello")).toEqual([]);
    await tick(60_000);
    node.lobby({ type: "lobby.admitted", token: "let in" });
    expect(await over).toBe("in");
    await tick();
    expect(node.requests("hello").map(({ token }) => token)).toEqual(["let in"]);
    expect(node.sockets.length).toBe(1);
    // The participant's own sequence begins with hello.
    node.say({ type: "participants", people: [] });
    expect(meeting.getSnapshot()).toMatchObject({ state: "waiting", waiting: null, ended: null });
    await meeting.leave();
  });

  for (const [reason, code] of [["host", "lobby_refused"], ["timeout", "lobby_timeout"], ["ended", "meeting_ended"]] as const) {
    test(`ends with \`${code}\``, async () => {
      const { meeting, over } = await knocking();
      node.lobby({ type: "lobby.refused", reason });
      node.sockets[0]?.drop(1000);
      expect(await over).toBe(code);
      expect(meeting.getSnapshot()).toMatchObject({ ended: { reason: code }, waiting: null });
      await tick(120_000);
      expect(node.sockets.length).toBe(1);
      expect(FakePeer.all.every(({ closed }) => closed)).toBe(true);
    });
  }

  test("is left by closing the socket, at once", async () => {
    const { meeting, over } = await knocking();
    await meeting.leave();
    expect(await over).toBe("closed");
    expect(node.sockets[0]?.closed).toBe(1000);
    expect(node.requests("leave")).toEqual([]);
    expect(meeting.getSnapshot().ended?.reason).toBe("left");
  });

  test("is entered again when the network was away for a moment", async () => {
    const { meeting, over } = await knocking();
    node.sockets[0]?.drop(1006);
    await tick(5_000);
    expect(node.requests("knock").length).toBe(2);
    expect(meeting.getSnapshot().state).toBe("lobby");
    node.lobby({ type: "lobby.admitted", token: "let in" });
    expect(await over).toBe("in");
    await meeting.leave();
  });

  test("is not entered again by somebody whose other tab waits in his place", async () => {
    const { over } = await knocking();
    node.sockets[0]?.drop(4000);
    expect(await over).toBe("closed");
    await tick(60_000);
    expect(node.sockets.length).toBe(1);
  });

  test("notices a dead path", async () => {
    const { over, meeting } = await knocking();
    node.answers.ping = () => HOLD;
    await tick(20_000);
    expect(node.sockets.length).toBe(2);
    await meeting.leave();
    expect(await over).toBe("closed");
  });

  test("stands in the way of a token that was direct when it was given", async () => {
    node.admission = "direct";
    node.answers.hello = ({ token }) => (token === "t" ? { error: { code: "lobby_required", message: "" } } : undefined);
    const { over, meeting } = await knocking();
    node.lobby({ type: "lobby.admitted", token: "let in" });
    expect(await over).toBe("in");
    await meeting.leave();
  });

  test("is told to whoever joins, who may give it up", async () => {
    const giveUp = new AbortController();
    const told: string[] = [];
    const joining = Entente.join({ baseUrl: "http://node", slug: "t", guestName: "Ada", pin: "4711", signal: giveUp.signal, onLobby: ({ title }) => told.push(title) });
    const over = expect(joining).rejects.toMatchObject({ code: "closed" });
    await tick();
    expect(told).toEqual(["T"]);
    expect(node.posted).toEqual([{ guest_name: "Ada", pin: "4711" }]);
    giveUp.abort();
    await over;
    expect(node.sockets[0]?.closed).toBe(1000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each(["pin_required", "pin_wrong", "room_locked", "excluded"])("a join refused with `%s` is not tried again", async (code) => {
  node.refuses = code;
  await expect(meetingAt().open()).rejects.toMatchObject({ code });
  await tick(120_000);
  expect(node.posted.length).toBe(1);
});

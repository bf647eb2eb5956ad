/** A whole meeting at doubles of browser and node: what it leaves behind, what it shows, and when it gives up. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Entente } from "../src/index.ts";
import type { Meeting } from "../src/meeting.ts";
import { RECONNECT } from "../src/state/backoff.ts";
import { captured, FakePeer, FakeTrack, FakeWorker, HOLD, installBrowser, meetingAt, type FakeNode } from "./browser.ts";

let node: FakeNode;
const tick = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const openPeers = (): FakePeer[] => FakePeer.all.filter((peer) => !peer.closed);
/** Senders in the order of M3.1. */
const sender = (peer: FakePeer | undefined, source: "microphone" | "camera" | "screen" | "screen_sound") =>
  peer?.senders[["microphone", "camera", "screen", "screen_sound"].indexOf(source)];

beforeEach(() => {
  vi.useFakeTimers();
  node = installBrowser();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function joined(): Promise<Meeting> {
  const meeting = meetingAt();
  await meeting.open();
  await tick();
  return meeting;
}

describe("leaving while the join is under way leaves nobody behind", () => {
  test("before the token has come", async () => {
    node.holdsTokens = true;
    const meeting = meetingAt();
    const opening = expect(meeting.open()).rejects.toMatchObject({ code: "closed" });
    await tick();
    await meeting.leave();
    node.tokens[0]?.give(null);
    await opening;
    await tick(1000);
    expect(node.sockets).toEqual([]);
    expect(openPeers()).toEqual([]);
  });

  test("while the socket is being opened", async () => {
    const meeting = meetingAt();
    const accept = node.accept.bind(node);
    node.accept = (wire) => void setTimeout(() => accept(wire), 100);
    const opening = expect(meeting.open()).rejects.toMatchObject({ code: "closed" });
    await tick(50);
    await meeting.leave();
    await tick(1000);
    await opening;
    expect(node.sockets[0]?.closed).toBe(1000);
    expect(node.requests("hello")).toEqual([]);
  });

  test("before the node has answered", async () => {
    node.answers.hello = () => HOLD;
    const meeting = meetingAt();
    const opening = expect(meeting.open()).rejects.toMatchObject({ code: "closed" });
    await tick();
    expect(node.requests("hello").length).toBe(1);
    await meeting.leave();
    await opening;
    expect(node.sockets[0]?.closed).toBe(1000);
  });

  test("when the media fails first, and the token comes after", async () => {
    node.holdsTokens = true;
    const meeting = meetingAt();
    vi.stubGlobal("RTCPeerConnection", class { constructor() { throw Object.assign(new Error("no"), { code: "media_failed" }); } });
    const opening = expect(meeting.open()).rejects.toMatchObject({ code: "media_failed" });
    await tick();
    node.tokens[0]?.give(null);
    await opening;
    await tick(1000);
    expect(node.sockets).toEqual([]);
  });

  test("while it joins anew after a loss", async () => {
    const meeting = await joined();
    node.holdsTokens = true;
    node.sockets[0]?.drop(1000);
    await tick();
    await meeting.leave();
    node.tokens[0]?.give(null);
    await tick(1000);
    expect(node.sockets.length).toBe(1);
    expect(meeting.getSnapshot().ended?.reason).toBe("left");
  });
});

describe("a join whose signal is raised", () => {
  const join = (signal: AbortSignal): Promise<Meeting> =>
    Entente.join({ baseUrl: "http://node", slug: "t", guestName: "Ada", signal, devices: { microphone: new FakeTrack("audio").real } });

  test("beforehand leaves nothing running", async () => {
    await expect(join(AbortSignal.abort())).rejects.toMatchObject({ code: "closed" });
    expect(vi.getTimerCount()).toBe(0);
    expect(FakeWorker.all).toEqual([]);
  });

  test("at its very end rejects as well, and nobody is left behind", async () => {
    node.answers.source = () => HOLD;
    const giveUp = new AbortController();
    const joining = expect(join(giveUp.signal)).rejects.toMatchObject({ code: "closed" });
    await tick(100);
    expect(node.requests("source").length).toBe(1);
    giveUp.abort();
    await joining;
    await tick(1000);
    expect(node.sockets[0]?.closed).toBe(1000);
    expect(openPeers()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("after it has joined changes nothing", async () => {
    const giveUp = new AbortController();
    const meeting = await join(giveUp.signal);
    giveUp.abort();
    await tick(1000);
    expect(meeting.getSnapshot().ended).toBeNull();
    await meeting.leave();
  });
});

describe("connections for media", () => {
  test("M5.1: a move told while a broken path is mended ends in one connection", async () => {
    const meeting = await joined();
    FakePeer.fate = null;
    FakePeer.all[0]?.become("failed");
    await tick(7_900);
    expect(FakePeer.all[0]?.restarts).toBe(1);
    node.say({ type: "media.move", connection: 1, reason: "drain" });
    await tick(200);
    for (const peer of openPeers().slice(1)) peer.become("connected");
    await tick(20_000);
    expect(openPeers().length).toBe(1);
    expect(openPeers()[0]?.connectionState).toBe("connected");
    expect(meeting.state).not.toBe("reconnecting");
    await meeting.leave();
  });

  test("a path that breaks just after a move told by the node is mended as well", async () => {
    const meeting = await joined();
    FakePeer.all[0]?.become("disconnected");
    await tick(1_000);
    node.say({ type: "media.move", connection: 1, reason: "drain" });
    await tick(100);
    FakePeer.fate = null;
    FakePeer.all[1]?.become("disconnected");
    await tick(2_500);
    expect(FakePeer.all[1]?.restarts).toBe(1);
    await meeting.leave();
  });

  test("media that never connects ends with `media_blocked` after its second connection, and nobody joins anew", async () => {
    FakePeer.fate = null;
    const meeting = await joined();
    await tick(14_000);
    expect(FakePeer.all.length).toBe(1);
    await tick(10_000);
    expect(meeting.getSnapshot().ended).toEqual({ reason: "media_blocked", by: null });
    expect(FakePeer.all.length).toBe(2);
    await tick(120_000);
    expect(node.sockets.length).toBe(1);
    expect(openPeers()).toEqual([]);
  });

  for (const late of [16_000, 22_000]) {
    test(`a first connection that comes after ${late / 1000} s, while a second is tried in vain, is kept`, async () => {
      FakePeer.fate = null;
      const meeting = await joined();
      await tick(late);
      expect(FakePeer.all.length).toBe(2);
      FakePeer.all[0]?.become("connected");
      await tick(20_000);
      expect(meeting.getSnapshot().ended).toBeNull();
      expect(openPeers()).toEqual([FakePeer.all[0]]);
      // From now on it is a path that stood: one that is interrupted is restarted.
      FakePeer.all[0]?.become("disconnected");
      expect(meeting.getSnapshot().state).not.toBe("ended");
      await tick(2_500);
      expect(FakePeer.all[0]?.restarts).toBe(1);
      await meeting.leave();
    });
  }

  test("a restart that comes late, while a second connection is tried in vain, is kept", async () => {
    const meeting = await joined();
    FakePeer.fate = null;
    FakePeer.all[0]?.become("failed");
    await tick(10_000);
    expect(FakePeer.all.length).toBe(2);
    expect(meeting.state).toBe("reconnecting");
    FakePeer.all[0]?.become("connected");
    await tick(20_000);
    expect(node.sockets.length).toBe(1);
    expect(meeting.state).not.toBe("reconnecting");
    expect(openPeers()).toEqual([FakePeer.all[0]]);
    await meeting.leave();
  });

  test("a browser that says so at once is not waited for", async () => {
    FakePeer.fate = "failed";
    const meeting = await joined();
    await tick(9_000);
    expect(meeting.getSnapshot().ended?.reason).toBe("media_blocked");
  });

  test("a path that once stood and is lost for good is no blocking network: the client joins anew", async () => {
    const meeting = await joined();
    FakePeer.fate = "failed";
    FakePeer.all[0]?.become("failed");
    await tick(8_000);
    FakePeer.fate = "connected";
    await tick(12_000);
    expect(node.sockets.length).toBe(2);
    expect(meeting.getSnapshot().ended).toBeNull();
    await meeting.leave();
  });
});

describe("media that is blocked in a meeting whose media once stood", () => {
  /** In a meeting with media; then the participation is lost, and the next one's media does not connect. */
  async function blocked(): Promise<Meeting> {
    const meeting = await joined();
    FakePeer.fate = null;
    node.sockets[0]?.drop(1000);
    await tick(30_000);
    return meeting;
  }

  test("is tried again", async () => {
    const meeting = await blocked();
    expect(meeting.getSnapshot().ended).toBeNull();
    expect(node.sockets.length).toBe(3);
    FakePeer.fate = "connected";
    await tick(30_000);
    expect(node.sockets.length).toBe(3);
    expect(openPeers().map(({ connectionState }) => connectionState)).toEqual(["connected"]);
    await meeting.leave();
  });

  test("ends it all the same when it stays so, by name", async () => {
    const meeting = await blocked();
    await tick(60_000);
    expect(meeting.getSnapshot().ended).toBeNull();
    await tick(120_000);
    expect(meeting.getSnapshot().ended?.reason).toBe("media_blocked");
    expect(openPeers()).toEqual([]);
  });
});

describe("what is published", () => {
  test("a screen stopped before its sound was announced takes its sound along", async () => {
    const meeting = await joined();
    const [picture, sound] = [new FakeTrack("video"), new FakeTrack("audio")];
    node.answers.source = (message) => (message.source === "screen" && message.state === "live" ? HOLD : undefined);
    const starting = meeting.startScreen(captured(picture, sound));
    await tick();
    await meeting.stopScreen();
    const live = node.requests("source")[0];
    node.sockets[0]?.say({ re: live?.id, ok: {} });
    await starting;
    await tick();
    expect([picture.stopped, sound.stopped]).toEqual([true, true]);
    expect(sender(FakePeer.all[0], "screen_sound")?.track).toBeNull();
    expect(sender(FakePeer.all[0], "screen")?.track).toBeNull();
    expect(meeting.getSnapshot().own.screen_sound).toEqual({ on: false, why: null });
    await meeting.leave();
  });

  test("another screen without sound ends the sound of the former", async () => {
    const meeting = await joined();
    await meeting.startScreen(captured(new FakeTrack("video"), new FakeTrack("audio")));
    await meeting.startScreen(captured(new FakeTrack("video")));
    await tick();
    expect(sender(FakePeer.all[0], "screen_sound")?.track).toBeNull();
    expect(meeting.getSnapshot().own.screen.on).toBe(true);
    await meeting.leave();
  });

  test("K5.7: a source that the watchdog stopped is off, says why, and is not published again by a later participation", async () => {
    const meeting = await joined();
    const alarms: string[] = [];
    meeting.on("alarm", ({ code, detail }) => alarms.push(`${code} ${detail}`));
    await meeting.setCamera(new FakeTrack().real);
    await tick();
    expect(meeting.getSnapshot().own.camera).toEqual({ on: true, why: null });
    const camera = sender(FakePeer.all[0], "camera");
    let encoded = 0;
    if (camera) camera.getStats = async () => new Map([["1", { type: "outbound-rtp", framesEncoded: (encoded += 30), packetsSent: 0 }]]);
    await tick(6_000);
    expect(meeting.getSnapshot().own.camera).toEqual({ on: false, why: "source_stopped" });
    expect(alarms).toEqual(["transform_lost camera"]);
    expect(camera?.track).toBeNull();
    expect(node.requests("source").at(-1)).toMatchObject({ source: "camera", state: "muted" });
    node.sockets[0]?.drop(1000);
    await tick(1_000);
    expect(node.sockets.length).toBe(2);
    expect(sender(FakePeer.all[1], "camera")?.track).toBeNull();
    await meeting.setCamera(new FakeTrack().real);
    await tick();
    expect(meeting.getSnapshot().own.camera).toEqual({ on: true, why: null });
    await meeting.leave();
  });

  test("a host's mute is told in the same place", async () => {
    const meeting = await joined();
    await meeting.setMicrophone(new FakeTrack("audio").real);
    node.say({ type: "muted", source: "microphone", by: "p_9" });
    await tick();
    expect(meeting.getSnapshot().own.microphone).toEqual({ on: false, why: "muted_by_host" });
    await meeting.leave();
  });
});

describe("a page whose listener throws", () => {
  let thrown: unknown[];
  const fault = new Error("the page's own");

  beforeEach(() => {
    thrown = [];
    const real = globalThis.queueMicrotask;
    vi.spyOn(globalThis, "queueMicrotask").mockImplementation((run) => {
      real(() => {
        try {
          run();
        } catch (error) {
          thrown.push(error);
        }
      });
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  /** In a meeting with a camera and listeners that all throw, before one that does not. */
  async function faulty(): Promise<{ meeting: Meeting; told: string[] }> {
    const meeting = await joined();
    await meeting.setCamera(new FakeTrack().real);
    await tick();
    const told: string[] = [];
    const fail = (): void => {
      throw fault;
    };
    for (const type of ["alarm", "change", "ended"] as const) {
      meeting.on(type, fail);
      meeting.on(type, () => told.push(type));
    }
    meeting.subscribe(fail);
    return { meeting, told };
  }

  test("hears of its own fault, and every other listener is told", async () => {
    const { meeting, told } = await faulty();
    FakeWorker.all[0]?.say({ op: "alarm", code: "fork", detail: "", leaf: null });
    await tick();
    expect(told).toEqual(["alarm", "change"]);
    expect(thrown).toEqual([fault, fault, fault]);
    await meeting.leave();
    expect(told).toContain("ended");
  });

  test("K5.7: does not keep a source from being emptied", async () => {
    const { meeting, told } = await faulty();
    const camera = sender(FakePeer.all[0], "camera");
    let encoded = 0;
    if (camera) camera.getStats = async () => new Map([["1", { type: "outbound-rtp", framesEncoded: (encoded += 30), packetsSent: encoded }]]);
    let emptied: boolean | null = null;
    meeting.on("alarm", () => (emptied = camera?.track === null));
    await tick(6_000);
    expect(told).toContain("alarm");
    expect(emptied).toBe(true);
    await meeting.leave();
  });

  test("does not keep a host's mute from acting, nor a removed client from closing", async () => {
    const { meeting, told } = await faulty();
    let endedBefore: boolean | undefined;
    meeting.on("ended", () => (endedBefore = FakeWorker.all[0]?.ended));
    node.say({ type: "muted", source: "camera", by: "p_9" });
    await tick();
    expect(sender(FakePeer.all[0], "camera")?.track).toBeNull();
    node.say({ type: "removed", by: null, reason: "host" });
    await tick();
    expect(told).toContain("ended");
    expect(openPeers()).toEqual([]);
    expect([node.sockets[0]?.closed, endedBefore]).toEqual([1000, true]);
  });
});

describe("what one says of oneself", () => {
  const listed = (signing: boolean): object => ({
    type: "participants",
    people: [{ participant: `p_${node.sockets.length}`, leaf: null, name_hint: "Ada", tenant: "", deployment: "fr", role: "guest", host: false, state: "connected", sources: {}, signing, joined_at: 0 }],
  });
  const anew = async (): Promise<void> => {
    node.sockets.at(-1)?.drop(1000);
    await tick(1_000);
  };

  test("signing that the node has ended is not begun again by a later participation", async () => {
    const meeting = await joined();
    await meeting.setSigning(true);
    // A list from before says nothing against it.
    node.say(listed(false) as never);
    await anew();
    expect(node.requests("signing").length).toBe(2);
    node.say(listed(true) as never);
    node.say(listed(false) as never);
    await anew();
    expect(node.sockets.length).toBe(3);
    expect(node.requests("signing").length).toBe(2);
    await meeting.leave();
  });

  test("what was refused is not said by a later participation either", async () => {
    const meeting = await joined();
    node.answers.signing = () => ({ error: { code: "forbidden", message: "" } });
    await expect(meeting.setSigning(true)).rejects.toMatchObject({ code: "forbidden" });
    const call = FakeWorker.all[0];
    if (call) call.refuses = "message";
    await expect(meeting.raiseHand(true)).rejects.toMatchObject({ code: "not_reached" });
    await anew();
    FakeWorker.all[1]?.say({ op: "group", view: { epoch: 1, leaf: 0, suite: 0x4f, code: "1", members: [], stopped: null, group: "67", prior: null } });
    await tick();
    expect(node.requests("signing").length).toBe(1);
    expect(FakeWorker.all[1]?.called.map(({ name }) => name)).not.toContain("message");
    await meeting.leave();
  });
});

describe("K3.1: a node that restarts", () => {
  const inGroup = (group: string, prior: string | null = null) => ({
    op: "group",
    view: { epoch: 1, leaf: 0, suite: 0x4f, code: group, members: [], stopped: null, group, prior },
  });

  /** In a meeting with a camera and a raised hand, whose code was compared; then the node goes. */
  async function interrupted(drop: () => void): Promise<{ meeting: Meeting; camera: FakeTrack }> {
    const meeting = meetingAt(RECONNECT);
    await meeting.open();
    FakeWorker.all[0]?.say(inGroup("67"));
    const camera = new FakeTrack();
    await meeting.setCamera(camera.real);
    await meeting.raiseHand(true);
    await meeting.setSigning(true);
    meeting.markVerified();
    await tick();
    node.down = true;
    drop();
    await tick(100);
    expect(meeting.state).toBe("reconnecting");
    return { meeting, camera };
  }

  async function comesBack(meeting: Meeting, camera: FakeTrack): Promise<void> {
    await tick(30_000);
    expect(meeting.state).toBe("reconnecting");
    node.down = false;
    await tick(8_000);
    expect(node.requests("hello").length).toBe(2);
    expect(sender(FakePeer.all.at(-1), "camera")?.track).toBe(camera);
    expect(node.requests("source").at(-1)).toMatchObject({ source: "camera", state: "live" });
    expect(node.requests("signing").map(({ on }) => on)).toEqual([true, true]);
    FakeWorker.all.at(-1)?.say(inGroup("68", "restart"));
    FakeWorker.all.at(-1)?.say({ op: "alarm", code: "new_group", detail: "restart", leaf: null });
    await tick();
    const { state, encryption } = meeting.getSnapshot();
    expect(state).toBe("connected");
    expect(encryption).toMatchObject({ newGroup: { reason: "restart" }, verified: null });
    expect(encryption.alarms.map(({ code }) => code)).toEqual(["new_group"]);
    expect(FakeWorker.all.at(-1)?.called.some(({ name }) => name === "message")).toBe(true);
    await meeting.leave();
  }

  test("and says so is joined anew as soon as it is back, with what was published and held up", async () => {
    const { meeting, camera } = await interrupted(() => node.sockets[0]?.drop(4503));
    await comesBack(meeting, camera);
  });

  test("and has forgotten who resumes is joined anew", async () => {
    node.answers.resume = () => ({ error: { code: "resume_expired", message: "" } });
    const { meeting, camera } = await interrupted(() => node.sockets[0]?.drop(1006));
    await comesBack(meeting, camera);
  });

  test("and does not come back ends the meeting for this client after some minutes, by name", async () => {
    const { meeting } = await interrupted(() => node.sockets[0]?.drop(4503));
    await tick(100_000);
    expect(meeting.state).toBe("reconnecting");
    await tick(200_000);
    expect(meeting.getSnapshot().ended?.reason).toBe("lost");
  });
});

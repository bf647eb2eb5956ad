/** The life of the room page, with a double for the SDK and made-up HTTP answers. */

import { describe, expect, it } from "vitest";
import { Api } from "../../src/state/api.ts";
import { Devices } from "../../src/state/devices.ts";
import type { JoinOptions, Meeting } from "../../src/state/port.ts";
import { endedKey, problemKey } from "../../src/problems.ts";
import { Room } from "../../src/state/room.ts";
import { MeetingDouble, person, snapshot } from "../harness/double.ts";

const answer = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });
const found = async (): Promise<Response> => answer({ slug: "budget", title: "Budget", people: 0, guests: true });

function setting(options: { fetcher?: () => Promise<Response>; refuse?: string } = {}) {
  const devices = new Devices(null, { microphone: "", camera: "", speaker: "" });
  const meeting = new MeetingDouble(snapshot({ people: [person(0)] }));
  const joined: JoinOptions[] = [];
  let open = (): void => undefined;
  const gate = { wait: Promise.resolve() };
  const hold = (): void => void (gate.wait = new Promise((resolve) => (open = resolve)));
  const join = async (how: JoinOptions): Promise<Meeting> => {
    joined.push(how);
    await gate.wait;
    if (options.refuse) throw Object.assign(new Error(), { code: options.refuse });
    return meeting;
  };
  const room = new Room(new Api(options.fetcher ?? found), join, devices, "budget", "geheim");
  return { room, meeting, devices, joined, hold, release: () => open(), phase: () => room.store.getSnapshot() };
}

const GUEST = { session: null, guestName: "Paul" };

describe("a room", () => {
  it("opens its lobby, joins, and ends when I leave", async () => {
    const { room, meeting, joined, phase } = setting();
    await room.open();
    expect(phase().name).toBe("lobby");
    await room.join(GUEST, "nl");
    expect(joined[0]).toMatchObject({ slug: "budget", roomSecret: "geheim", guestName: "Paul", session: null, language: "nl" });
    expect(phase().name).toBe("meeting");
    await room.leave();
    expect(phase()).toMatchObject({ name: "ended", ended: { reason: "left" } });
    expect(meeting.calls).toContainEqual(["leave"]);
  });

  it("says when there is no such room", async () => {
    const { room, phase } = setting({ fetcher: async () => answer({ code: "room_unknown" }, 404) });
    await room.open();
    expect(phase()).toEqual({ name: "missing", code: "room_unknown" });
  });

  it("returns to the lobby with the reason when joining is refused", async () => {
    const { room, phase } = setting({ refuse: "meeting_full" });
    await room.open();
    await room.join(GUEST, "en");
    expect(phase()).toMatchObject({ name: "lobby", problem: "meeting_full" });
  });

  it("leaves a meeting that arrives after the join was cancelled", async () => {
    const { room, meeting, hold, release, phase } = setting();
    await room.open();
    hold();
    const joining = room.join(GUEST, "en");
    room.cancel();
    release();
    await joining;
    expect(phase().name).toBe("lobby");
    expect(meeting.calls).toContainEqual(["leave"]);
  });

  it("ends when the server removes me, and lets go of the devices", async () => {
    const { room, meeting, phase } = setting();
    await room.open();
    await room.join(GUEST, "en");
    meeting.change({ ended: { reason: "removed", by: "Anna" } });
    expect(phase()).toMatchObject({ name: "ended", ended: { reason: "removed", by: "Anna" } });
  });

  it("switches my microphone off when a host mutes it", async () => {
    const { room, meeting, devices } = setting();
    await room.open();
    await room.join(GUEST, "en");
    const track = { readyState: "live", enabled: true, stop: () => undefined } as unknown as MediaStreamTrack;
    devices.store.update((state) => ({ ...state, microphone: { on: true, starting: false, track, problem: null } }));
    expect(meeting.calls).toContainEqual(["setMicrophone", true]);
    meeting.change({ mutedBy: { source: "microphone", name: "Anna", from: null, time: 5, held: false } });
    expect(devices.store.getSnapshot().microphone.on).toBe(false);
    expect(meeting.calls.at(-1)).toEqual(["setMicrophone", false]);
  });

  it("plays to the chosen loudspeaker, and says when the browser will not", async () => {
    const { room, meeting, devices } = setting();
    devices.chooseSpeaker("hall");
    await room.open();
    await room.join(GUEST, "en");
    expect(meeting.calls).toContainEqual(["setSpeaker", "hall"]);
    devices.chooseSpeaker("refused");
    await Promise.resolve();
    await Promise.resolve();
    expect(devices.store.getSnapshot()).toMatchObject({ speaker: "refused", speakerFailed: true });
    devices.chooseSpeaker("");
    expect(meeting.calls.at(-1)).toEqual(["setSpeaker", ""]);
    expect(devices.store.getSnapshot().speakerFailed).toBe(false);
  });

  it("stops sharing when the browser ends the capture", async () => {
    const { room, meeting } = setting();
    await room.open();
    await room.join(GUEST, "en");
    const track = Object.assign(new EventTarget(), { stop: () => undefined });
    const stream = { getVideoTracks: () => [track], getTracks: () => [track] } as unknown as MediaStream;
    await room.share(stream);
    expect(room.screen.getSnapshot()).toBe(stream);
    track.dispatchEvent(new Event("ended"));
    expect(room.screen.getSnapshot()).toBeNull();
    expect(meeting.calls.at(-1)).toEqual(["stopScreen"]);
  });

  it("lets a source go that was stopped for want of encryption, and says so until it is switched on again", async () => {
    const { room, meeting, devices } = setting();
    await room.open();
    await room.join(GUEST, "en");
    const track = { readyState: "live", enabled: true, stop: () => undefined } as unknown as MediaStreamTrack;
    const on = { on: true, starting: false, track, problem: null };
    devices.store.update((state) => ({ ...state, camera: on }));
    const quiet = { on: false, why: null };
    const own = { microphone: quiet, camera: { on: false, why: "source_stopped" as const }, screen: quiet, screen_sound: quiet };
    meeting.change({ own });
    expect(devices.store.getSnapshot().camera).toMatchObject({ on: false, track: null });
    expect(room.stopped.getSnapshot()).toEqual(["camera"]);
    // The app's own switching off clears the SDK's reason, but the person has still to be told.
    meeting.change({ own: { ...own, camera: quiet } });
    expect(room.stopped.getSnapshot()).toEqual(["camera"]);
    devices.store.update((state) => ({ ...state, camera: on }));
    expect(room.stopped.getSnapshot()).toEqual([]);
  });

  it("begins the next meeting without the warnings of the last", async () => {
    const { room, meeting } = setting();
    await room.open();
    await room.join(GUEST, "en");
    const quiet = { on: false, why: null };
    const own = { microphone: quiet, camera: { on: false, why: "source_stopped" as const }, screen: quiet, screen_sound: quiet };
    meeting.change({ own });
    expect(room.stopped.getSnapshot()).toEqual(["camera"]);
    await room.leave();
    meeting.change({ own: { ...own, camera: quiet } });
    await room.open();
    await room.join(GUEST, "en");
    expect(room.stopped.getSnapshot()).toEqual([]);
  });

  it("tells the SDK when a join is given up", async () => {
    const { room, joined, hold, release } = setting();
    await room.open();
    hold();
    const joining = room.join(GUEST, "en");
    expect(joined[0]?.signal.aborted).toBe(false);
    room.cancel();
    expect(joined[0]?.signal.aborted).toBe(true);
    release();
    await joining;
  });

  it("leaves when the page goes away", async () => {
    const { room, meeting } = setting();
    await room.open();
    await room.join(GUEST, "en");
    room.dispose();
    expect(meeting.calls).toContainEqual(["leave"]);
  });

  it("waits for a host, and is in when he says so", async () => {
    const { room, joined, hold, release, phase } = setting();
    await room.open();
    hold();
    const joining = room.join({ ...GUEST, pin: "4711" }, "en");
    expect(joined[0]?.pin).toBe("4711");
    joined[0]?.onLobby({ title: "Budget", until: 5 });
    expect(phase()).toMatchObject({ name: "waiting", waiting: { until: 5 } });
    release();
    await joining;
    expect(phase().name).toBe("meeting");
  });

  it("stops waiting when the person has waited enough", async () => {
    const { room, joined, hold, release, meeting, phase } = setting();
    await room.open();
    hold();
    const joining = room.join(GUEST, "en");
    joined[0]?.onLobby({ title: "Budget", until: 5 });
    room.cancel();
    expect(joined[0]?.signal.aborted).toBe(true);
    expect(phase()).toMatchObject({ name: "lobby", problem: null });
    joined[0]?.onLobby({ title: "Budget", until: 6 });
    expect(phase().name, "what comes late changes nothing").toBe("lobby");
    release();
    await joining;
    expect(meeting.calls).toContainEqual(["leave"]);
  });

  it.each(["lobby_refused", "lobby_timeout", "room_locked", "excluded", "meeting_ended"])("is over with a page of its own: %s", async (code) => {
    const { room, phase } = setting({ refuse: code });
    await room.open();
    await room.join(GUEST, "en");
    expect(phase()).toMatchObject({ name: "ended", ended: { reason: code, by: null } });
    expect(endedKey(code).title).not.toBe("ended.lost_title");
  });

  it.each(["pin_wrong", "pin_required", "lobby_full"])("stays where something else can be typed: %s", async (code) => {
    const { room, phase } = setting({ refuse: code });
    await room.open();
    await room.join(GUEST, "en");
    expect(phase()).toMatchObject({ name: "lobby", problem: code });
    expect(problemKey(code)).not.toBe("problem.unknown");
  });

  it("captures nothing that may not be sent", async () => {
    const { room, meeting, devices } = setting();
    await room.open();
    await room.join(GUEST, "en");
    const track = { readyState: "live", enabled: true, stop: () => undefined } as unknown as MediaStreamTrack;
    const on = { on: true, starting: false, track, problem: null };
    devices.store.update((state) => ({ ...state, camera: on }));
    const quiet = { on: false, why: null };
    meeting.change({ own: { microphone: quiet, camera: { on: false, why: "barred" }, screen: quiet, screen_sound: quiet } });
    expect(devices.store.getSnapshot().camera.on).toBe(false);
    expect(room.stopped.getSnapshot(), "nothing was wrong with the encryption").toEqual([]);
    meeting.setCamera = async () => {
      throw Object.assign(new Error(), { code: "rule_refused" });
    };
    devices.store.update((state) => ({ ...state, camera: on }));
    await Promise.resolve();
    await Promise.resolve();
    expect(devices.store.getSnapshot().camera.on).toBe(false);
  });

  it("is looked at again for somebody who has logged in", async () => {
    let asked = 0;
    const fetcher = async (): Promise<Response> => answer({ slug: "budget", title: "Budget", people: 0, guests: true, admission: (asked += 1) > 1 ? "direct" : "lobby" });
    const { room, phase } = setting({ fetcher });
    await room.open();
    expect(phase()).toMatchObject({ name: "lobby", room: { admission: "lobby" } });
    await room.lookAgain("session");
    expect(phase()).toMatchObject({ name: "lobby", room: { admission: "direct" } });
  });
});

/** The own devices: asked once, let go in time, and every failure has a name. */

import { describe, expect, it } from "vitest";
import { Devices, type MediaPort, problem } from "../../src/state/devices.ts";

class Track extends EventTarget {
  enabled = true;
  readyState: "live" | "ended" = "live";
  readonly kind: string;

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.readyState = "ended";
  }

  unplug(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }

  getSettings(): MediaTrackSettings {
    return {};
  }
}

/** A browser whose answers the test gives; `asked` is what it was asked for. */
class Media implements MediaPort {
  readonly asked: MediaStreamConstraints[] = [];
  readonly given: Track[] = [];
  fail: (constraints: MediaStreamConstraints) => string | null = () => null;
  gate: Promise<void> = Promise.resolve();

  async getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
    this.asked.push(constraints);
    await this.gate;
    const name = this.fail(constraints);
    if (name) throw Object.assign(new Error(name), { name });
    const tracks = [constraints.audio ? new Track("audio") : null, constraints.video ? new Track("video") : null].filter((track) => track !== null);
    this.given.push(...tracks);
    return {
      getTracks: () => tracks,
      getAudioTracks: () => tracks.filter((track) => track.kind === "audio"),
      getVideoTracks: () => tracks.filter((track) => track.kind === "video"),
    } as unknown as MediaStream;
  }

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return [{ kind: "audioinput", deviceId: "a", label: "Desk", groupId: "" } as MediaDeviceInfo];
  }

  addEventListener(): void {}
  removeEventListener(): void {}
}

const make = (): { media: Media; devices: Devices } => {
  const media = new Media();
  return { media, devices: new Devices(media, { microphone: "", camera: "", speaker: "" }) };
};

describe("devices", () => {
  it("ask for microphone and camera in one question", async () => {
    const { media, devices } = make();
    await devices.start();
    expect(media.asked).toHaveLength(1);
    expect(devices.store.getSnapshot()).toMatchObject({ microphone: { on: true }, camera: { on: true } });
  });

  it("go on with the microphone alone when there is no camera", async () => {
    const { media, devices } = make();
    media.fail = (constraints) => (constraints.video ? "NotFoundError" : null);
    await devices.start();
    expect(devices.store.getSnapshot()).toMatchObject({ microphone: { on: true, problem: null }, camera: { on: false, problem: "missing" } });
  });

  it("do not ask again after a refusal", async () => {
    const { media, devices } = make();
    media.fail = () => "NotAllowedError";
    await devices.start();
    expect(media.asked).toHaveLength(1);
    expect(devices.store.getSnapshot()).toMatchObject({ microphone: { problem: "denied" }, camera: { problem: "denied" } });
  });

  it("keep a muted microphone captured but silent, and let a camera go", async () => {
    const { media, devices } = make();
    await devices.start();
    await devices.turn("microphone", false);
    await devices.turn("camera", false);
    const [audio, video] = media.given;
    expect(audio).toMatchObject({ enabled: false, readyState: "live" });
    expect(video?.readyState).toBe("ended");
    await devices.turn("microphone", true);
    expect(audio?.enabled).toBe(true);
    expect(media.asked).toHaveLength(1);
  });

  it("let a camera go that arrives after it was switched off", async () => {
    const { media, devices } = make();
    let open = (): void => undefined;
    media.gate = new Promise((resolve) => (open = resolve));
    const asked = devices.turn("camera", true);
    await devices.turn("camera", false);
    open();
    await asked;
    expect(media.given[0]?.readyState).toBe("ended");
    expect(devices.store.getSnapshot().camera).toMatchObject({ on: false, track: null });
  });

  it("take a press on the switch while they start as off", async () => {
    const { media, devices } = make();
    let open = (): void => undefined;
    media.gate = new Promise((resolve) => (open = resolve));
    const asked = devices.start();
    await devices.toggle("camera");
    open();
    await asked;
    expect(devices.store.getSnapshot()).toMatchObject({ microphone: { on: true }, camera: { on: false, starting: false } });
    expect(media.given.map((track) => track.readyState)).toEqual(["live", "ended"]);
    await devices.toggle("camera");
    expect(devices.store.getSnapshot().camera.on).toBe(true);
  });

  it("say when a device is unplugged", async () => {
    const { media, devices } = make();
    await devices.start();
    media.given[0]?.unplug();
    expect(devices.store.getSnapshot().microphone).toMatchObject({ on: false, problem: "unplugged" });
  });

  it("say that a page without a secure context cannot capture", async () => {
    const devices = new Devices(null, { microphone: "", camera: "", speaker: "" });
    await devices.start();
    expect(devices.store.getSnapshot().camera.problem).toBe("unsupported");
  });

  it("stop everything at the end", async () => {
    const { media, devices } = make();
    await devices.start();
    devices.dispose();
    expect(media.given.map((track) => track.readyState)).toEqual(["ended", "ended"]);
  });

  it("ask for a camera large enough for three layers (M3.6)", async () => {
    const { media, devices } = make();
    await devices.turn("camera", true);
    expect(media.asked[0]?.video).toMatchObject({ width: { ideal: 1280 }, height: { ideal: 720 } });
  });

  it("name every failure", () => {
    const named = (name: string): string => problem(Object.assign(new Error(), { name }));
    expect(["NotAllowedError", "NotFoundError", "NotReadableError", "TypeError"].map(named)).toEqual(["denied", "missing", "busy", "failed"]);
  });
});

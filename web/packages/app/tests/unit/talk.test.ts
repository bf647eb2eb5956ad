/** Talking while the microphone is off: by a held key, and without noticing. */

import { describe, expect, it } from "vitest";
import { Devices, type MediaPort } from "../../src/state/devices.ts";
import { PushToTalk, TalkingMuted } from "../../src/state/talk.ts";

function setting() {
  const track = { kind: "audio", readyState: "live", enabled: true, stop: () => undefined, addEventListener: () => undefined, getSettings: () => ({}) };
  const stream = { getTracks: () => [track], getAudioTracks: () => [track], getVideoTracks: () => [] };
  const media = {
    getUserMedia: async () => stream as unknown as MediaStream,
    enumerateDevices: async () => [],
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  } satisfies MediaPort;
  const devices = new Devices(media, { microphone: "", camera: "", speaker: "" });
  const settled = async (): Promise<boolean> => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return devices.store.getSnapshot().microphone.on;
  };
  return { devices, talk: new PushToTalk(devices), settled };
}

describe("push to talk", () => {
  it("opens the microphone as long as the key is held", async () => {
    const { talk, settled } = setting();
    expect(talk.press()).toBe(true);
    expect(await settled()).toBe(true);
    expect(talk.press()).toBe(true);
    talk.release();
    expect(await settled()).toBe(false);
  });

  it("leaves an open microphone alone, and the key to the page", async () => {
    const { devices, talk, settled } = setting();
    await devices.turn("microphone", true);
    expect(talk.press()).toBe(false);
    talk.release();
    expect(await settled()).toBe(true);
  });

  it("closes a microphone that was still starting when the key was let go", async () => {
    const { talk, settled } = setting();
    talk.press();
    talk.release();
    expect(await settled()).toBe(false);
  });

  it("leaves it as the switch says when that was used meanwhile", async () => {
    const { talk, settled } = setting();
    talk.press();
    talk.forget();
    talk.release();
    expect(await settled()).toBe(true);
  });
});

describe("talking while muted", () => {
  /** Feeds `level` ten times a second and returns when it was told. */
  const told = (watch: TalkingMuted, from: number, to: number, level: (now: number) => number): number[] => {
    const times: number[] = [];
    for (let now = from; now < to; now += 100) if (watch.feed(level(now), now)) times.push(now);
    return times;
  };

  it("is told after a few words, once", () => {
    expect(told(new TalkingMuted(), 0, 5000, () => 0.8)).toEqual([700]);
  });

  it("is not a cough, a keyboard or a fan", () => {
    expect(told(new TalkingMuted(), 0, 20_000, (now) => (now % 4000 < 300 ? 0.9 : 0.1))).toEqual([]);
    expect(told(new TalkingMuted(), 0, 20_000, (now) => (now % 500 < 100 ? 0.9 : 0.1))).toEqual([]);
    expect(told(new TalkingMuted(), 0, 20_000, () => 0.3)).toEqual([]);
  });

  it("bears the gaps between syllables", () => {
    expect(told(new TalkingMuted(), 0, 3000, (now) => (now % 400 < 200 ? 0.7 : 0.1))).toEqual([700]);
  });

  it("is not told for words from before and after the microphone was on, while nothing was fed", () => {
    const watch = new TalkingMuted();
    expect(told(watch, 0, 500, () => 0.8)).toEqual([]);
    expect(told(watch, 10_000, 10_500, () => 0.8)).toEqual([]);
    expect(told(watch, 20_000, 21_000, () => 0.8)).toEqual([20_700]);
    // Who was told a moment ago is not told again, whatever came between.
    expect(told(watch, 30_000, 32_000, () => 0.8)).toEqual([]);
  });

  it("is told again only after a while", () => {
    expect(told(new TalkingMuted(), 0, 60_000, () => 0.8)).toEqual([700, 30_700]);
  });
});

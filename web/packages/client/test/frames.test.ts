/**
 * Sealer and opener against each other and against a lying server (K5): attack 18 of the list, frame by frame. Keys come
 * from a double of the member that knows who may send under which epoch.
 */

import { beforeEach, describe, expect, test, vi } from "vitest";
import type { SlotKind } from "../src/generated/wire.ts";
import type { EncodedFrame } from "../src/worker/frame.ts";
import { type FrameSecrets, ReceiverKeys } from "../src/worker/keys.ts";
import { makeKid, parseKid, type Source } from "../src/worker/kid.ts";
import { Opener, type Opened, type OpenerShared } from "../src/worker/opener.ts";
import { ReplayGuard } from "../src/worker/replay.ts";
import { Sealer } from "../src/worker/sealer.ts";
import type { Codec } from "../src/worker/codec.ts";

class Member implements FrameSecrets {
  now = 3;
  leaf = 5;
  stopped: string | null = null;
  removed = new Set<number>();
  generation = 0;
  lives = 1;
  revoking = false;
  pending = (): boolean => this.revoking;
  epoch = (): number => this.now;
  life = (): number => this.lives;
  sendEpoch(): number {
    if (this.stopped !== null) throw Object.assign(new Error(), { code: this.stopped });
    return this.now;
  }
  sender(kind: Source) {
    this.generation += 1;
    const kid = makeKid({ generation: this.generation, kind, leaf: this.leaf, epoch: this.now });
    return { kid, epoch: this.now, ...secret(kid) };
  }
  receiver(kid: number) {
    const id = parseKid(kid);
    if (id === null || id.epoch > this.now || id.epoch < this.now - 2) throw Object.assign(new Error(), { code: "unknown_epoch" });
    if (this.removed.has(id.leaf)) throw Object.assign(new Error(), { code: "removed_leaf" });
    return { ...secret(kid), leaf: id.leaf, epoch: id.epoch };
  }
}

const secret = (kid: number) => ({
  key: Uint8Array.from({ length: 16 }, (_, at) => (kid * 7 + at) % 256),
  salt: Uint8Array.from({ length: 12 }, (_, at) => (kid * 3 + at) % 256),
});

class Frame implements EncodedFrame {
  data: ArrayBuffer;
  readonly type?: string;
  readonly timestamp: number;
  constructor(content: number[] | Uint8Array, type?: string, timestamp = 0) {
    this.data = Uint8Array.from(content).buffer;
    if (type !== undefined) this.type = type;
    this.timestamp = timestamp;
  }
  getMetadata() {
    return { rtpTimestamp: this.timestamp };
  }
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.data);
  }
  copy(): Frame {
    return new Frame(this.bytes, this.type, this.timestamp);
  }
}

let member: Member;
let shared: OpenerShared;
let clock: number;
let wake: (() => void)[];
let openers: Opener[];

beforeEach(() => {
  member = new Member();
  clock = 0;
  wake = [];
  openers = [];
  shared = {
    secrets: member,
    keys: new ReceiverKeys(member, () => clock),
    replay: new ReplayGuard(),
    now: () => clock,
    changed: () => new Promise((resolve) => wake.push(resolve)),
  };
});

/** Until every frame pushed is opened, dropped by name, or held for its epoch. */
async function settle(): Promise<void> {
  await vi.waitFor(() => {
    for (const { stats } of openers) {
      const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
      if (wake.length === 0) expect(stats.opened + dropped).toBe(stats.received);
    }
  }, 10_000);
}

function opener(slot: SlotKind, codec: Codec) {
  const out: { frame: Frame; opened: Opened }[] = [];
  const made = new Opener(slot, codec, shared, (frame, opened) => out.push({ frame: frame as Frame, opened }));
  openers.push(made);
  return { made, out };
}

async function sealed(kind: Source, codec: Codec, content: number[], type?: string): Promise<Frame> {
  const frame = new Frame(content, type);
  expect(await new Sealer(kind, codec, member).seal(frame)).toBe(true);
  return frame;
}

describe("what is sealed", () => {
  test("is opened in its slot, with its owner", async () => {
    const { made, out } = opener("video", "vp8");
    made.push(await sealed("camera", "vp8", [1, 2, 3], "key"));
    await settle();
    expect([...(out[0]?.frame.bytes ?? [])]).toEqual([1, 2, 3]);
    expect(out[0]?.opened).toMatchObject({ leaf: 5, epoch: 3 });
  });

  test("begins with the synthetic header of its codec and shows nothing else", async () => {
    const key = await sealed("camera", "vp8", Array(64).fill(7), "key");
    expect([...key.bytes.subarray(0, 10)]).toEqual([0x10, 0x7d, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1]);
    expect([...key.bytes].filter((byte) => byte === 7).length).toBeLessThan(8);
    const delta = await sealed("camera", "vp8", Array(64).fill(7), "delta");
    expect(delta.bytes[0]).toBe(0x31);
  });

  test("K5.6: sound has one size once the largest was seen, and never shrinks", async () => {
    const sealer = new Sealer("microphone", "opus", member);
    const sizes: number[] = [];
    for (const length of [10, 80, 20, 120, 3, 63, 64]) {
      const frame = new Frame(Array(length).fill(1));
      await sealer.seal(frame);
      sizes.push(frame.bytes.length);
    }
    // Header of six octets (one of lengths, four of a short key id, none of a counter below eight) and the tag.
    const extra = (sizes[0] ?? 0) - 64;
    expect(sizes.map((size) => size - extra)).toEqual([64, 128, 128, 128, 128, 128, 128]);
  });

  test("K5.2: no counter is used twice, and each epoch takes a fresh generation", async () => {
    const sealer = new Sealer("camera", "vp8", member);
    const heads = new Set<string>();
    for (let at = 0; at < 20; at += 1) {
      if (at === 10) member.now += 1;
      const frame = new Frame([at], "delta");
      await sealer.seal(frame);
      heads.add([...frame.bytes.subarray(1, 8)].join());
    }
    expect(heads.size).toBe(20);
    expect(member.generation).toBe(2);
  });
});

test("K5.2: a fresh leaf takes a fresh key although the new group's epoch has the same number", async () => {
  const sealer = new Sealer("camera", "vp8", member);
  const { made, out } = opener("video", "vp8");
  expect(await sealer.seal(new Frame([1], "key"))).toBe(true);
  member.lives += 1;
  member.leaf = 6;
  const frame = new Frame([2], "key");
  expect(await sealer.seal(frame)).toBe(true);
  made.push(frame);
  await settle();
  expect(member.generation).toBe(2);
  expect(out[0]?.opened).toMatchObject({ leaf: 6, epoch: 3 });
});

describe("fail closed (K5.7)", () => {
  test("without a key no frame leaves, and the reason is counted", async () => {
    member.stopped = "stopped_removal_pending";
    const sealer = new Sealer("microphone", "opus", member);
    const frame = new Frame([9, 9, 9]);
    expect(await sealer.seal(frame)).toBe(false);
    expect(sealer.stats).toMatchObject({ sealed: 0, dropped: { stopped_removal_pending: 1 } });
  });

  test("K4.6: a sealer that had a key stops the moment the member says so", async () => {
    const sealer = new Sealer("microphone", "opus", member);
    expect(await sealer.seal(new Frame([1]))).toBe(true);
    member.stopped = "stopped_removal_pending";
    expect(await sealer.seal(new Frame([1]))).toBe(false);
  });

  test("empty frames are dropped by name", async () => {
    const sealer = new Sealer("camera", "vp8", member);
    expect(await sealer.seal(new Frame([]))).toBe(false);
    expect(sealer.stats.dropped).toEqual({ empty: 1 });
  });
});

describe("a lying server (attack 18)", () => {
  test("plaintext passed through is not shown", async () => {
    const { made, out } = opener("video", "vp8");
    made.push(new Frame([0x10, 0x7d, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00, 1, 2, 3, 4], "key"));
    made.push(new Frame(Array(200).fill(0x31), "delta"));
    made.push(new Frame([], "delta"));
    await settle();
    expect(out).toEqual([]);
    expect(Object.values(made.stats.dropped).reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  test("a replayed frame is delivered once, over all slots", async () => {
    const first = opener("video", "vp8");
    const second = opener("video", "vp8");
    const frame = await sealed("camera", "vp8", [1], "key");
    const again = frame.copy();
    const elsewhere = frame.copy();
    first.made.push(frame);
    first.made.push(again);
    second.made.push(elsewhere);
    await settle();
    expect(first.out.length + second.out.length).toBe(1);
    expect((first.made.stats.dropped.replay ?? 0) + (second.made.stats.dropped.replay ?? 0)).toBe(2);
  });

  test("a kind in another kind's slot is refused", async () => {
    const { made, out } = opener("screen", "vp8");
    made.push(await sealed("camera", "vp8", [1], "key"));
    const ears = opener("audio", "opus");
    ears.made.push(await sealed("consent_microphone", "opus", [1]));
    await settle();
    expect(out).toEqual([]);
    expect(ears.out).toEqual([]);
    expect(made.stats.dropped).toEqual({ wrong_kind: 1 });
    expect(ears.made.stats.dropped).toEqual({ wrong_kind: 1 });
  });

  test("another sender's key id does not open", async () => {
    const { made, out } = opener("video", "vp8");
    const frame = await sealed("camera", "vp8", [1, 2, 3, 4], "delta");
    // The leaf's lowest bits lie in the last but one octet of the key id, behind the synthetic octet and the lengths.
    const at = frame.bytes;
    const kidLength = ((at[1] ?? 0) >> 4) & 7;
    at[1 + kidLength] = (at[1 + kidLength] ?? 0) ^ 1;
    made.push(frame);
    await settle();
    expect(out).toEqual([]);
    expect(made.stats.dropped).toEqual({ not_authentic: 1 });
  });

  test("every altered octet is noticed, the clear ones too", async () => {
    const whole = await sealed("camera", "vp8", [1, 2, 3, 4], "delta");
    for (let at = 0; at < whole.bytes.length; at += 1) {
      const { made, out } = opener("video", "vp8");
      const frame = whole.copy();
      const octets = frame.bytes;
      octets[at] = (octets[at] ?? 0) ^ 0x01;
      made.push(frame);
      clock += 5000;
      await settle();
      for (const go of wake.splice(0)) go();
      await settle();
      expect(out, `octet ${at}`).toEqual([]);
    }
  });

  test("clear octets that no sealer writes are refused before any key is asked for", async () => {
    const { made } = opener("video", "vp8");
    const frame = await sealed("camera", "vp8", [1, 2, 3, 4], "key");
    frame.bytes[6] = 0x81;
    made.push(frame);
    await settle();
    expect(made.stats.dropped).toEqual({ not_sealed: 1 });
  });

  test("K4.5: a removed leaf's key ids are refused at once", async () => {
    const { made, out } = opener("video", "vp8");
    const sealer = new Sealer("camera", "vp8", member);
    const first = new Frame([1], "key");
    await sealer.seal(first);
    const second = new Frame([2], "delta");
    await sealer.seal(second);
    made.push(first);
    await settle();
    member.removed.add(5);
    shared.keys.clear();
    made.push(second);
    await settle();
    expect(out.length).toBe(1);
    expect(made.stats.dropped).toEqual({ removed_leaf: 1 });
  });

  test("K2.4: while a revocation comes due, the member is asked for a key it gave 50 ms ago", async () => {
    const { made, out } = opener("video", "vp8");
    const sealer = new Sealer("camera", "vp8", member);
    const send = async (at: number): Promise<void> => {
      const frame = new Frame([at], out.length === 0 ? "key" : "delta");
      await sealer.seal(frame);
      clock = at;
      made.push(frame);
      await settle();
    };
    member.revoking = true;
    await send(1_990);
    // From now on the member refuses, by time alone: no event of the group says so.
    member.removed.add(5);
    await send(2_050);
    expect(out.length).toBe(1);
    expect(made.stats.dropped).toEqual({ removed_leaf: 1 });
  });

  test("invented key ids neither pile up nor open", async () => {
    const { made, out } = opener("video", "vp8");
    const frame = await sealed("camera", "vp8", [1], "delta");
    for (let leaf = 0; leaf < 200; leaf += 1) {
      const fake = frame.copy();
      const octets = fake.bytes;
      octets[4] = leaf;
      made.push(fake);
    }
    await settle();
    expect(out.length).toBeLessThanOrEqual(1);
    expect(made.stats.received).toBe(200);
  });
});

describe("K4.5: frames of an epoch not reached yet", () => {
  test("wait, and are opened in order once it is", async () => {
    const { made, out } = opener("audio", "opus");
    const sealer = new Sealer("microphone", "opus", member);
    member.now = 4;
    const frames: Frame[] = [];
    for (let at = 1; at <= 5; at += 1) {
      const frame = new Frame([at]);
      await sealer.seal(frame);
      frames.push(frame);
    }
    member.now = 3;
    for (const frame of frames) made.push(frame);
    await settle();
    expect(out).toEqual([]);
    member.now = 4;
    shared.keys.clear();
    for (const go of wake.splice(0)) go();
    await settle();
    expect(out.map(({ frame }) => frame.bytes[0])).toEqual([1, 2, 3, 4, 5]);
  });

  test("are dropped after a second", async () => {
    const { made, out } = opener("audio", "opus");
    member.now = 4;
    const frame = await sealed("microphone", "opus", [1]);
    member.now = 3;
    made.push(frame);
    await settle();
    clock += 1001;
    for (const go of wake.splice(0)) go();
    await settle();
    member.now = 4;
    expect(out).toEqual([]);
    expect(made.stats.dropped).toEqual({ unknown_epoch: 1 });
  });

  test("are bounded in number", async () => {
    const { made } = opener("audio", "opus");
    member.now = 4;
    const frame = await sealed("microphone", "opus", [1]);
    member.now = 3;
    for (let at = 0; at < 400; at += 1) made.push(frame.copy());
    await settle();
    expect(made.stats.dropped.overflow).toBeGreaterThan(100);
  });
});

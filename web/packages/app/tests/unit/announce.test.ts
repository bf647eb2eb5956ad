/** What is announced between two snapshots. */

import { describe, expect, it } from "vitest";
import { announcements } from "../../src/state/announce.ts";
import { knocker, person, rights, RULES, snapshot } from "../harness/double.ts";

const crowd = (count: number) => Array.from({ length: count }, (_, index) => person(index));
const with_ = (count: number) => snapshot({ people: crowd(count) });
const message = { id: "m1", participant: "p_1", name: "Anna Smit", from: person(1), text: "Bonjour", time: 0, own: false };

describe("announcements", () => {
  it("do not greet those who were there before me", () => {
    expect(announcements(null, with_(5))).toEqual([]);
    expect(announcements({ ...with_(1), state: "waiting" }, with_(5))).toEqual([]);
  });

  it("name who comes and who leaves", () => {
    expect(announcements(with_(2), with_(3))).toEqual([{ kind: "joined", name: "Jürgen Weiß", of: person(2) }]);
    expect(announcements(with_(3), with_(2))).toEqual([{ kind: "left", name: "Jürgen Weiß", of: person(2) }]);
  });

  it("make one sentence of many arrivals", () => {
    expect(announcements(with_(2), with_(9))).toEqual([{ kind: "joined_many", count: 7 }]);
  });

  it("tell each message once, and not my own", () => {
    const after = { ...with_(2), messages: [message, { ...message, id: "m2", own: true }] };
    expect(announcements(with_(2), after)).toEqual([{ kind: "chat", name: "Anna Smit", of: person(1), text: "Bonjour" }]);
    expect(announcements(after, after)).toEqual([]);
  });

  it("tell of hands and screens", () => {
    const before = with_(2);
    const people = before.people.map((known) => (known.self ? known : { ...known, hand: true, screen: "live" as const }));
    const after = { ...before, people };
    expect(announcements(before, after).map((item) => item.kind)).toEqual(["hand", "screen"]);
    expect(announcements(after, before).map((item) => item.kind)).toEqual(["screen_off"]);
  });

  it("tell of a lost connection and its return, but not of everyone leaving in between", () => {
    const lost = { ...with_(1), state: "reconnecting" as const };
    expect(announcements(with_(3), lost)).toEqual([{ kind: "reconnecting" }]);
    expect(announcements(lost, with_(3))).toEqual([{ kind: "reconnected" }]);
  });

  it("go by the tree, not by signalling: a person is greeted once and not before being a member", () => {
    const [me, anna] = crowd(2);
    if (!me || !anna) throw new Error("no people");
    const steps = [
      snapshot({ people: [me] }),
      snapshot({ people: [me, { ...anna, leaf: null }] }),
      snapshot({ people: [me, { ...anna, participant: "leaf-1" }] }),
      snapshot({ people: [me, anna] }),
      snapshot({ people: [me, { ...anna, leaving: true }] }),
      snapshot({ people: [me] }),
    ];
    const told = steps.slice(1).flatMap((step, index) => announcements(steps[index] ?? null, step));
    expect(told).toMatchObject([
      { kind: "joined", name: "Anna Smit" },
      { kind: "left", name: "Anna Smit" },
    ]);
  });

  it("greet two people of one name", () => {
    const twins = [person(0), person(1), person(2, { name: "Anna Smit", tenant: "finances" })];
    expect(announcements(with_(2), snapshot({ people: twins }))).toMatchObject([{ kind: "joined", name: "Anna Smit" }]);
  });

  it("tell hosts who knocks, and of many how many", () => {
    const before = with_(2);
    const waits = (count: number) => ({ ...before, lobby: Array.from({ length: count }, (_, index) => knocker(index)) });
    expect(announcements(before, waits(1))).toEqual([{ kind: "knock", name: "Paul Verne", of: null }]);
    expect(announcements(waits(1), waits(1))).toEqual([]);
    expect(announcements(waits(2), waits(1))).toEqual([]);
    expect(announcements(before, waits(4))).toEqual([{ kind: "knock_many", count: 4 }]);
  });

  it("tell me what I have become, once, and not what follows from it", () => {
    const as = (roomRole: "cohost" | "audience" | "member") => ({
      ...snapshot({ people: [person(0, { roomRole })] }),
      rights: rights(roomRole === "audience" ? { unmute: "audience" } : {}),
    });
    expect(announcements(as("member"), as("cohost"))).toEqual([{ kind: "role", role: "cohost" }]);
    expect(announcements(as("member"), as("audience"))).toEqual([{ kind: "role", role: "audience" }]);
    expect(announcements(as("audience"), as("audience"))).toEqual([]);
  });

  it("tell of the door and of the right to speak", () => {
    const open = with_(2);
    const strict = { ...open, rules: { ...RULES, locked: true }, rights: rights({ unmute: "rule" }) };
    expect(announcements(open, strict)).toEqual([{ kind: "may_not_speak" }, { kind: "locked" }]);
    expect(announcements(strict, open)).toEqual([{ kind: "may_speak" }, { kind: "unlocked" }]);
  });
});

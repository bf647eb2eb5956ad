/** What the encryption panel says, and that it never says more than it may (K1). */

import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { en } from "../../src/i18n/en.ts";
import { alarmKey, severity } from "../../src/state/alarms.ts";
import { codeGroups, listed, newGroupKind, standing, suiteKind } from "../../src/state/encryption.ts";
import { protection } from "../../src/state/protection.ts";
import { person, snapshot } from "../harness/double.ts";

const whole = snapshot({ people: [person(0), person(1), person(2)] });
const encryption = (change: object) => ({ ...whole, encryption: { ...whole.encryption, ...change } });

describe("a new group", () => {
  it("is told apart by its reason, known or not", () => {
    const kind = (newGroup: { reason: string } | null) => newGroupKind({ ...whole.encryption, newGroup });
    expect([kind(null), kind({ reason: "restart" }), kind({ reason: "everybody_left" }), kind({ reason: "?" })]).toEqual([null, "restarted", "other", "other"]);
    expect(newGroupKind(whole.encryption)).toBeNull();
  });
});

describe("the sentence", () => {
  it("promises only while an epoch is reached and nothing is wrong", () => {
    expect(standing(whole)).toBe("protected");
    expect(standing(encryption({ active: false }))).toBe("pending");
    expect(standing(encryption({ code: null }))).toBe("pending");
    expect(standing({ ...whole, state: "waiting" })).toBe("pending");
    expect(standing({ ...whole, state: "connecting" })).toBe("pending");
  });

  it("gives way to every alarm, known or not", () => {
    for (const code of ["fork", "something_new"]) {
      expect(standing(encryption({ alarms: [{ code, people: [], time: 0 }] }))).toBe("alarm");
    }
  });

  it("stays when something was only worth knowing", () => {
    expect(standing(encryption({ alarms: [{ code: "message_missed", people: [], time: 0 }] }))).toBe("protected");
  });

  it("has words for an alarm it does not know", () => {
    expect(alarmKey("something_new")).toBe("alarm.unknown");
    expect(alarmKey("toString")).toBe("alarm.unknown");
  });
});

describe("alarms", () => {
  /** The member's own table of refusals: code, rule, sentence. */
  const table = readFileSync(new URL("../../../../../crates/e2ee/src/error.rs", import.meta.url), "utf8");
  const codes = [...table.matchAll(/^ {4}[A-Z]\w+ "([a-z_]+)" "[^"]+" "/gm)].map((row) => row[1] ?? "");

  it("have a sentence of their own for every refusal of the member", () => {
    expect(codes.length).toBeGreaterThan(80);
    expect(codes.filter((code) => alarmKey(code) === "alarm.unknown")).toEqual([]);
  });

  it("take the promise back for what no honest server does", () => {
    for (const code of ["equivocation", "commit_altered", "leaf_certificate_foreign_root", "suite_changed", "tiles_swapped", "plaintext"]) {
      expect(severity(code), code).toBe("danger");
    }
    expect(severity("new_group")).toBe("warn");
    expect(severity("something_new")).toBe("danger");
  });
});

describe("the list", () => {
  it("is the tree: who has no leaf is not on it", () => {
    const people = [person(1), person(0), person(2, { leaf: null })];
    expect(listed(people, "en").map((known) => known.participant)).toEqual(["p_0", "p_1"]);
  });

  it("is sorted as the language sorts", () => {
    const people = [person(1, { name: "Zoë" }), person(2, { name: "Élise" }), person(3, { name: "Fred" })];
    expect(listed(people, "fr").map((known) => known.name)).toEqual(["Élise", "Fred", "Zoë"]);
  });
});

describe("the code", () => {
  it("is read in six groups of five", () => {
    expect(codeGroups("482913376650192847561029384756")).toEqual(["48291", "33766", "50192", "84756", "10293", "84756"]);
  });
});

describe("How am I protected?", () => {
  const promises = (change: object): string[] => protection({ ...whole, ...change }).map((row) => row.promise);

  it("speaks of a partner's servers only when one takes part", () => {
    expect(promises({})).not.toContain("protect.partner.promise");
    expect(promises({ people: [person(0), person(1, { deployment: "nl" })] })).toContain("protect.partner.promise");
  });

  it("warns of guests and assistants only when they are here", () => {
    expect(promises({})).not.toContain("protect.guest.promise");
    expect(promises({ people: [person(0), person(3)] })).toContain("protect.guest.promise");
    expect(promises({ people: [person(0), person(1, { role: "agent" })] })).toContain("protect.agent.promise");
  });

  it("claims safety from a quantum computer only for the hybrid suite", () => {
    expect(suiteKind(whole.encryption)).toBe("hybrid");
    expect(promises({})).toContain("protect.quantum.promise");
    expect(promises({ encryption: { ...whole.encryption, suite: "0x0001" } })).toContain("protect.classical.promise");
    expect(promises({ encryption: { ...whole.encryption, suite: "0x9999" } })).toContain("protect.classical.promise");
  });

  it("always names what is not prevented", () => {
    expect(promises({})).toContain("protect.code.promise");
    expect(en["protect.code.promise"]).toMatch(/^Not prevented/);
  });

  it("does not claim the public log, which does not exist yet", () => {
    const text = Object.entries(en).filter(([key]) => key.startsWith("protect.")).map(([, sentence]) => sentence).join(" ");
    expect(text).toMatch(/does not exist yet/);
    expect(text).not.toMatch(/witness|transparency/i);
  });
});

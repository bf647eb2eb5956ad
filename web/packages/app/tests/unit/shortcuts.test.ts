/** Which keys do what, and which must not. */

import { describe, expect, it } from "vitest";
import { command, type Keystroke } from "../../src/state/shortcuts.ts";

const NONE: Keystroke = { key: "", code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false };
const press = (change: Partial<Keystroke>, typing = false) => command({ ...NONE, ...change }, typing);

describe("shortcuts", () => {
  it("are those of other products, with Ctrl or on a Mac with the command key, even while typing", () => {
    for (const main of ["ctrlKey", "metaKey"] as const) {
      expect(press({ key: "d", [main]: true })).toBe("microphone");
      expect(press({ key: "E", [main]: true }, true)).toBe("camera");
      expect(press({ key: "h", code: "KeyH", altKey: true, [main]: true })).toBe("hand");
    }
    // On a German keyboard the slash is above the seven.
    expect(press({ key: "/", code: "Digit7", shiftKey: true, ctrlKey: true })).toBe("help");
  });

  it("are never a single letter (WCAG 2.1.4)", () => {
    for (const key of "abcdefghijklmnopqrstuvwxyz0123456789/?.,") expect(press({ key })).toBeNull();
  });

  it("leave letters alone that are written with AltGr, which looks like Ctrl and Alt", () => {
    const AltGraph = (name: string): boolean => name === "AltGraph";
    expect(press({ key: "ć", code: "KeyC", ctrlKey: true, altKey: true, getModifierState: AltGraph })).toBeNull();
    expect(press({ key: "c", code: "KeyC", ctrlKey: true, altKey: true, getModifierState: () => false })).toBe("chat");
  });

  it("happen once, however long the key is held", () => {
    expect(press({ key: "d", ctrlKey: true, repeat: true })).toBeNull();
  });

  it("turn pages, but not under somebody who writes or selects", () => {
    expect(press({ key: "PageDown" })).toBe("next_page");
    expect(press({ key: "PageUp" })).toBe("previous_page");
    expect(press({ key: "PageDown" }, true)).toBeNull();
    expect(press({ key: "PageDown", shiftKey: true })).toBeNull();
  });

  it("leave other keys of the browser alone", () => {
    for (const key of ["t", "w", "r", "l", "f", "constructor"]) expect(press({ key, ctrlKey: true })).toBeNull();
    expect(press({ key: "D", ctrlKey: true, shiftKey: true })).toBeNull();
  });
});

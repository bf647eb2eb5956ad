/** Which keys do what, and which must not. */

import { describe, expect, it } from "vitest";
import { command, isMac, type Keystroke, type Place } from "../../src/state/shortcuts.ts";

const NONE: Keystroke = { key: "", code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const STAGE: Place = { mac: false, typing: false, onStage: true, pages: 3 };
const FIELD: Partial<Place> = { typing: true, onStage: false };
const press = (change: Partial<Keystroke>, where: Partial<Place> = {}) => command({ ...NONE, ...change }, { ...STAGE, ...where });

describe("shortcuts", () => {
  it("are those of other products, with Ctrl or on a Mac with the command key, even while typing", () => {
    for (const mac of [false, true]) {
      const main = mac ? { metaKey: true } : { ctrlKey: true };
      expect(press({ key: "d", ...main }, { mac })).toBe("microphone");
      expect(press({ key: "E", ...main }, { mac, ...FIELD })).toBe("camera");
      expect(press({ key: "h", code: "KeyH", altKey: true, ...main }, { mac })).toBe("hand");
    }
    // On a German keyboard the slash is above the seven.
    expect(press({ key: "/", code: "Digit7", shiftKey: true, ctrlKey: true })).toBe("help");
  });

  it("leave a Mac's Ctrl to its text fields, and elsewhere the Windows key to the system", () => {
    for (const key of ["d", "e"]) {
      // Ctrl+E goes to the end of the line, Ctrl+D deletes a letter, Ctrl+Cmd+D looks a word up.
      expect(press({ key, ctrlKey: true }, { mac: true, ...FIELD })).toBeNull();
      expect(press({ key, ctrlKey: true, metaKey: true }, { mac: true })).toBeNull();
      expect(press({ key, metaKey: true })).toBeNull();
    }
  });

  it("know a Mac by what the browser says of itself", () => {
    expect(isMac("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15")).toBe(true);
    expect(isMac("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15")).toBe(true);
    expect(isMac("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")).toBe(false);
  });

  it("are never a single letter (WCAG 2.1.4)", () => {
    for (const key of "abcdefghijklmnopqrstuvwxyz0123456789/?.,") expect(press({ key })).toBeNull();
  });

  it("leave letters alone that are written with AltGr, which looks like Ctrl and Alt", () => {
    const AltGraph = (name: string): boolean => name === "AltGraph";
    expect(press({ key: "ć", code: "KeyC", ctrlKey: true, altKey: true, getModifierState: AltGraph })).toBeNull();
    expect(press({ key: "c", code: "KeyC", ctrlKey: true, altKey: true, getModifierState: () => false })).toBe("chat");
  });

  it("turn pages of the stage, but only where there are some and nothing else scrolls", () => {
    expect(press({ key: "PageDown" })).toBe("next_page");
    expect(press({ key: "PageUp" })).toBe("previous_page");
    expect(press({ key: "PageDown" }, { pages: 1 })).toBeNull();
    expect(press({ key: "PageDown" }, { onStage: false })).toBeNull();
    expect(press({ key: "PageDown" }, { typing: true })).toBeNull();
    for (const held of ["shiftKey", "altKey", "ctrlKey", "metaKey"]) {
      for (const mac of [false, true]) expect(press({ key: "PageDown", [held]: true }, { mac })).toBeNull();
    }
  });

  it("leave other keys of the browser alone", () => {
    for (const key of ["t", "w", "r", "l", "f", "constructor"]) expect(press({ key, ctrlKey: true })).toBeNull();
    expect(press({ key: "D", ctrlKey: true, shiftKey: true })).toBeNull();
  });
});

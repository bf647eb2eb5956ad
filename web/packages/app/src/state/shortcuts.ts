/**
 * Keys that work anywhere in a meeting, as people know them from other products. No single letter
 * is one, so nobody who types or speaks to the computer sets something off (WCAG 2.1.4).
 */

export type Command = "microphone" | "camera" | "hand" | "chat" | "people" | "help" | "next_page" | "previous_page";

/** The part of a keyboard event that decides. */
export interface Keystroke {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly repeat: boolean;
  getModifierState?(name: string): boolean;
}

/** The keys of each command, as the help shows them; "Ctrl" is ⌘ on a Mac. */
export const KEYS: Record<Command, readonly string[]> = {
  microphone: ["Ctrl", "D"],
  camera: ["Ctrl", "E"],
  hand: ["Ctrl", "Alt", "H"],
  chat: ["Ctrl", "Alt", "C"],
  people: ["Ctrl", "Alt", "P"],
  next_page: ["Page ↓"],
  previous_page: ["Page ↑"],
  help: ["Ctrl", "/"],
};

const PLAIN: Record<string, Command> = { d: "microphone", e: "camera", "/": "help" };
const WITH_ALT: Record<string, Command> = { KeyH: "hand", KeyC: "chat", KeyP: "people" };

/** The command of a keystroke, or null. `typing` is true while the focus stands in a text field. */
export function command(stroke: Keystroke, typing: boolean): Command | null {
  if (stroke.repeat) return null;
  // AltGr reports Ctrl and Alt on some systems, and writes letters such as € and ć.
  if (stroke.getModifierState?.("AltGraph")) return null;
  const main = stroke.ctrlKey || stroke.metaKey;
  if (main && stroke.altKey) return own(WITH_ALT, stroke.code);
  if (main) return stroke.shiftKey && stroke.key !== "/" ? null : own(PLAIN, stroke.key.toLowerCase());
  if (typing || stroke.altKey || stroke.shiftKey) return null;
  return stroke.key === "PageDown" ? "next_page" : stroke.key === "PageUp" ? "previous_page" : null;
}

function own(table: Record<string, Command>, key: string): Command | null {
  return Object.hasOwn(table, key) ? (table[key] ?? null) : null;
}

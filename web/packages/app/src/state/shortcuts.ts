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

/** Where a keystroke arrives. */
export interface Place {
  /** On a Mac ⌘ is the key of commands; Ctrl belongs to its text fields (Ctrl+D deletes, Ctrl+E goes to the end). */
  readonly mac: boolean;
  /** The focus stands in a text field. */
  readonly typing: boolean;
  /** The focus stands on the stage or nowhere, so that Page ↓ scrolls nothing else. */
  readonly onStage: boolean;
  /** How many pages the stage has. */
  readonly pages: number;
}

/** The command of a keystroke, or null. A key that is held repeats its command: the caller runs the first only. */
export function command(stroke: Keystroke, { mac, typing, onStage, pages }: Place): Command | null {
  // AltGr reports Ctrl and Alt on some systems, and writes letters such as € and ć.
  if (stroke.getModifierState?.("AltGraph")) return null;
  const { ctrlKey, metaKey, altKey, shiftKey } = stroke;
  if (mac ? metaKey && !ctrlKey : ctrlKey && !metaKey) {
    if (altKey) return own(WITH_ALT, stroke.code);
    return shiftKey && stroke.key !== "/" ? null : own(PLAIN, stroke.key.toLowerCase());
  }
  if (ctrlKey || metaKey || altKey || shiftKey || typing || !onStage || pages < 2) return null;
  return stroke.key === "PageDown" ? "next_page" : stroke.key === "PageUp" ? "previous_page" : null;
}

/** Whether a browser that calls itself so runs on a Mac, an iPad or an iPhone. */
export function isMac(userAgent: string): boolean {
  return /Mac|iPhone|iPad/.test(userAgent);
}

function own(table: Record<string, Command>, key: string): Command | null {
  return Object.hasOwn(table, key) ? (table[key] ?? null) : null;
}

/**
 * What this browser remembers of its user: language, theme, layout, chosen devices, typed
 * guest name. Nothing secret. The session of the development login is per tab and lives apart,
 * so that two tabs can be two people.
 */

import type { Session } from "./api.ts";
import type { Layout } from "./stage.ts";

export const LANGUAGES = ["fr", "de", "nl", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = "auto" | "light" | "dark";

export interface Settings {
  readonly language: Language;
  readonly theme: Theme;
  readonly microphone: string;
  readonly camera: string;
  readonly speaker: string;
  readonly guestName: string;
  readonly layout: Layout;
}

/** The part of `Storage` that is used; tests pass a map. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const KEY = "entente.settings";
const SESSION = "entente.session";

export function readSettings(keep: Keep, preferred: readonly string[]): Settings {
  const kept = parse(attempt(() => keep.getItem(KEY)));
  return {
    language: language(kept["language"]) ?? preferredLanguage(preferred),
    theme: kept["theme"] === "light" || kept["theme"] === "dark" ? kept["theme"] : "auto",
    microphone: short(kept["microphone"]),
    camera: short(kept["camera"]),
    speaker: short(kept["speaker"]),
    guestName: short(kept["guestName"]),
    layout: kept["layout"] === "speaker" ? "speaker" : "grid",
  };
}

export function writeSettings(keep: Keep, settings: Settings): void {
  attempt(() => keep.setItem(KEY, JSON.stringify(settings)));
}

export function readSession(keep: Keep): Session | null {
  const kept = parse(attempt(() => keep.getItem(SESSION)));
  const person = kept["person"];
  if (typeof kept["session"] !== "string" || typeof person !== "object" || person === null) return null;
  const { tenant, subject, name } = person as Record<string, unknown>;
  if (typeof tenant !== "string" || typeof subject !== "string" || typeof name !== "string") return null;
  return { session: kept["session"], person: { tenant, subject, name } };
}

export function writeSession(keep: Keep, session: Session | null): void {
  attempt(() => (session ? keep.setItem(SESSION, JSON.stringify(session)) : keep.removeItem(SESSION)));
}

/** The first of the browser's languages that the app speaks, else English. */
export function preferredLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = language(tag.toLowerCase().split("-")[0]);
    if (found) return found;
  }
  return "en";
}

/** The locale for dates and lists: English here is that of Europe, with a 24-hour clock. */
export function locale(language: string): string {
  return language === "en" ? "en-GB" : language;
}

function language(value: unknown): Language | null {
  return LANGUAGES.find((known) => known === value) ?? null;
}

function short(value: unknown): string {
  return typeof value === "string" && value.length <= 256 ? value : "";
}

function parse(kept: string | null | undefined): Record<string, unknown> {
  const value: unknown = attempt(() => JSON.parse(kept ?? "{}"));
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Storage may be forbidden by policy; the app then simply forgets. */
function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}

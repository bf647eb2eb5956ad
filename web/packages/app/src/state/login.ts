/**
 * Login by a ministry's own provider: which there are, the way there and back, and what a person
 * sees of it afterwards. The browser leaves the page for the provider, so where it stood, with the
 * room's secret that no server may see (K9.2), waits in this tab alone.
 */

import { type Api, ApiError, list, record, type Session, text } from "./api.ts";
import type { Keep } from "./settings.ts";

export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
}

export type Level = "low" | "substantial" | "high";

/** Who is logged in by the cookie. */
export interface Me extends Session {
  readonly level: Level;
}

/** A login somewhere; times in milliseconds since 1970. */
export interface OwnSession {
  readonly id: string;
  readonly current: boolean;
  readonly level: Level;
  readonly authenticated: number;
  readonly seen: number;
}

/** A certificate issued in the person's name (K2.4). */
export interface OwnCertificate {
  readonly fingerprint: string;
  readonly issued: number;
  readonly expires: number;
  readonly revoked: number | null;
}

export interface CertificatePage {
  readonly certificates: readonly OwnCertificate[];
  /** Asks for the page before, or null when this was the first of all. */
  readonly before: string | null;
}

const LEVELS: readonly Level[] = ["low", "substantial", "high"];
const RETURN = "entente.return";

function provider(item: Record<string, unknown>): Provider {
  return { id: text(item, "id"), name: text(item, "name"), tenant: text(item, "tenant") };
}

function level(item: Record<string, unknown>): Level {
  return LEVELS.find((known) => known === item["assurance"]) ?? "low";
}

function number(item: Record<string, unknown>, key: string): number {
  const value = item[key];
  if (typeof value !== "number" || !Number.isFinite(value)) throw new ApiError("malformed", 0);
  return value;
}

/** Who the cookie says one is; null for nobody, and for somebody who said so to this tab alone. */
export async function me(api: Api): Promise<Me | null> {
  const { person } = await api.call("GET", "/api/me");
  if (person === null) return null;
  const who = record(person);
  return { session: null, person: { tenant: text(who, "tenant"), subject: text(who, "subject"), name: text(who, "name") }, level: level(who) };
}

export async function providers(api: Api): Promise<readonly Provider[]> {
  return list((await api.call("GET", "/api/login/providers"))["providers"]).map(provider);
}

/** Where an address's domain leads; null when nowhere. */
export async function discover(api: Api, email: string): Promise<Provider | null> {
  const found = (await api.call("POST", "/api/login/discover", { email }))["provider"];
  return found === null ? null : provider(record(found));
}

/** Ends the login here; the address to end it at the provider too, if there is one. */
export async function logout(api: Api): Promise<string | null> {
  const { redirect } = await api.call("POST", "/api/login/logout", {});
  if (typeof redirect !== "string") return null;
  return /^https?:\/\//.test(redirect) ? redirect : null;
}

export async function ownSessions(api: Api): Promise<readonly OwnSession[]> {
  return list((await api.call("GET", "/api/me/sessions"))["sessions"]).map((item) => ({
    id: text(item, "id"),
    current: item["current"] === true,
    level: level(item),
    authenticated: number(item, "authenticated"),
    seen: number(item, "seen"),
  }));
}

export async function endSession(api: Api, id: string): Promise<void> {
  await api.call("DELETE", `/api/me/sessions/${encodeURIComponent(id)}`);
}

export async function ownCertificates(api: Api, session: string | null, before: string | null): Promise<CertificatePage> {
  const query = before === null ? "" : `?before=${encodeURIComponent(before)}`;
  const body = await api.call("GET", `/api/me/certificates${query}`, undefined, session);
  return {
    certificates: list(body["certificates"]).map((item) => ({
      fingerprint: text(item, "fingerprint"),
      issued: number(item, "issued"),
      expires: number(item, "expires"),
      revoked: item["revoked"] === null ? null : number(item, "revoked"),
    })),
    before: typeof body["before"] === "string" ? body["before"] : null,
  };
}

const PAGES = /^\/(?:m\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}|me|admin(?:\/[A-Za-z0-9_-]{1,64}){0,4})?$/;

/** The page to come back to: the one named, or the start for any that is not ours. */
export function returnPath(path: string | null): string {
  return path !== null && PAGES.test(path) ? path : "/";
}

/** The node's address that leads to the provider; `step` asks for a login of that level anew. */
export function startPath(id: string, path: string, step: Level = "low"): string {
  const asked = new URLSearchParams({ provider: id, return_to: returnPath(path), ...(step === "low" ? {} : { level: step }) });
  return `/api/login/start?${asked.toString()}`;
}

/** Keeps the page with its fragment until the browser comes back. */
export function keepPlace(tab: Keep, path: string, hash: string): void {
  try {
    tab.setItem(RETURN, JSON.stringify({ path, hash }));
  } catch {
    // Storage may be forbidden by policy; then the link has to be opened again.
  }
}

/** The fragment that belongs to this page, once, when the browser has come back without it. */
export function takePlace(tab: Keep, path: string, hash: string): string | null {
  try {
    const kept: unknown = JSON.parse(tab.getItem(RETURN) ?? "null");
    if (typeof kept !== "object" || kept === null) return null;
    const { path: left, hash: fragment } = kept as Record<string, unknown>;
    if (left !== path || typeof fragment !== "string") return null;
    tab.removeItem(RETURN);
    return hash === "" && /^#[A-Za-z0-9_-]{0,128}$/.test(fragment) ? fragment : null;
  } catch {
    return null;
  }
}

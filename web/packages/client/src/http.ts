/** The one HTTP call of the SDK: a session, or a guest's name, becomes a single-use join token. */

import { EntenteError } from "./errors.ts";

/** What the gateway answers to a join. */
export interface JoinTicket {
  readonly token: string;
  /** Path of the socket on the same host, or an absolute URL of another node (M5.2). */
  readonly socket: string;
  /** Whether the token opens the meeting or the lobby. */
  readonly admission: "direct" | "lobby";
}

/** Who asks to join. */
export interface JoinRequest {
  readonly baseUrl: string;
  readonly slug: string;
  readonly session: string | null;
  readonly guestName: string | null;
  /** Of the invitation, where the room asks guests for one. */
  readonly pin: string | null;
}

/** Asks for a token; throws the server's code (problem+json), `network`, or `closed` when `signal` is raised. */
export async function requestJoin(request: JoinRequest, signal: AbortSignal): Promise<JoinTicket> {
  const url = new URL(`/api/rooms/${encodeURIComponent(request.slug)}/join`, request.baseUrl);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (request.session !== null) headers.authorization = `Bearer ${request.session}`;
  const { guestName, pin } = request;
  const body = JSON.stringify({ ...(guestName === null ? {} : { guest_name: guestName }), ...(pin === null ? {} : { pin }) });
  // Who comes as a guest shows no login, and nobody's login is shown to another site.
  const credentials = guestName === null ? "same-origin" : "omit";
  let response: Response;
  try {
    response = await fetch(url, { method: "POST", headers, body, signal, credentials, cache: "no-store" });
  } catch {
    throw new EntenteError(signal.aborted ? "closed" : "network", "join");
  }
  const answer: unknown = await response.json().catch(() => null);
  const fields = typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : {};
  if (!response.ok) {
    const code = typeof fields.code === "string" ? fields.code : "network";
    const retry = typeof fields.retry_after === "number" ? fields.retry_after : undefined;
    throw new EntenteError(code, `HTTP ${response.status}`, retry);
  }
  if (typeof fields.token !== "string" || typeof fields.socket !== "string") {
    throw new EntenteError("protocol", "join answer");
  }
  return { token: fields.token, socket: fields.socket, admission: fields.admission === "lobby" ? "lobby" : "direct" };
}

/** The WebSocket URL of a ticket, with the scheme that fits the page's. */
export function socketUrl(baseUrl: string, socket: string): string {
  const url = new URL(socket, baseUrl);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  return url.href;
}

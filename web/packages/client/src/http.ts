/** The one HTTP call of the SDK: a session, or a guest's name, becomes a single-use join token. */

import { EntenteError } from "./errors.ts";

/** What the gateway answers to a join. */
export interface JoinTicket {
  readonly token: string;
  /** Path of the socket on the same host, or an absolute URL of another node (M5.2). */
  readonly socket: string;
}

/** Who asks to join: by `session`, as a guest by name, or, with neither, by the cookie of a page of the node's own. */
export interface JoinRequest {
  readonly baseUrl: string;
  readonly slug: string;
  readonly session: string | null;
  readonly guestName: string | null;
}

/** Asks for a token; throws the server's code (problem+json), `network`, or `closed` when `signal` is raised. */
export async function requestJoin(request: JoinRequest, signal: AbortSignal): Promise<JoinTicket> {
  const url = new URL(`/api/rooms/${encodeURIComponent(request.slug)}/join`, request.baseUrl);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (request.session !== null) headers.authorization = `Bearer ${request.session}`;
  const body = JSON.stringify(request.guestName === null ? {} : { guest_name: request.guestName });
  let response: Response;
  try {
    response = await fetch(url, { method: "POST", headers, body, signal, credentials: "same-origin", cache: "no-store" });
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
  return { token: fields.token, socket: fields.socket };
}

/** The WebSocket URL of a ticket, with the scheme that fits the page's. */
export function socketUrl(baseUrl: string, socket: string): string {
  const url = new URL(socket, baseUrl);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  return url.href;
}

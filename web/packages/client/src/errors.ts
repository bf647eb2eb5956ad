/**
 * The errors of the SDK. They carry a code and never a sentence for people: the app that embeds the meeting says it in
 * the user's language. Codes of the server (socket and HTTP) and of the encryption member pass through unchanged.
 */

/** Codes that the SDK makes itself; others come from the server or from the encryption member. */
export type ClientCode =
  | "unsupported_browser"
  | "network"
  | "protocol"
  | "closed"
  | "timeout"
  | "resume_expired"
  | "key_worker_failed"
  | "media_failed"
  /** No connection for media ever stood: the person's network may block it. */
  | "media_blocked"
  | "not_connected"
  | "too_large"
  /** A host did not let this person in, or nobody answered in time. */
  | "lobby_refused"
  | "lobby_timeout";

/** An error with a stable code. `detail` is for logs and must not hold keys or content. */
export class EntenteError extends Error {
  readonly code: string;
  readonly detail: string;
  /** Seconds after which trying again makes sense, when the server said so. */
  readonly retryAfter: number | undefined;

  constructor(code: ClientCode | (string & {}), detail = "", retryAfter?: number) {
    super(detail === "" ? code : `${code}: ${detail}`);
    this.name = "EntenteError";
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/** The code of anything that was thrown, `fallback` when it has none. */
export function codeOf(error: unknown, fallback = "protocol"): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return fallback;
}

/** The loggable detail of anything that was thrown. */
export function detailOf(error: unknown): string {
  if (error instanceof EntenteError) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The few HTTP calls the app makes itself: configuration, the development login, rooms.
 * Joining is the SDK's. Answers are untrusted: what is not the expected shape becomes an
 * `ApiError` with a code, and so does a lost connection.
 */

export interface TenantInfo {
  readonly id: string;
  readonly name: string;
  readonly short: string;
  readonly colour: string;
}

export interface DemoPerson {
  readonly tenant: string;
  readonly subject: string;
  readonly name: string;
  readonly title: string;
}

export interface Config {
  readonly product: string;
  readonly version: string;
  readonly development: boolean;
  readonly deployment: string;
  readonly tenants: readonly TenantInfo[];
  /** Made-up officials to choose from; empty where the development login is off. */
  readonly people: readonly DemoPerson[];
}

/** Who is logged in: in this tab by the development login's token, or everywhere in this browser by a cookie, then null. */
export interface Session {
  readonly session: string | null;
  readonly person: { readonly tenant: string; readonly subject: string; readonly name: string };
}

/** Who walks in without knocking. */
export const ACCESS = ["public", "trusted", "restricted"] as const;
export type Access = (typeof ACCESS)[number];

/** What awaits whoever asks: in at once, a wait for a host, a login first, or nothing. */
export type Admission = "direct" | "lobby" | "login" | "refused";

export interface RoomInfo {
  readonly slug: string;
  readonly title: string;
  readonly people: number;
  readonly guests: boolean;
  /** Guests must give a PIN. */
  readonly pin: boolean;
  /** The ministry whose room it is. */
  readonly tenant: string;
  readonly admission: Admission;
}

/** One of my own rooms. */
export interface OwnRoom {
  readonly slug: string;
  readonly title: string;
  /** With the secret in its fragment. */
  readonly path: string;
}

/** Some of my rooms; `after` asks for more, null when there are none. */
export interface OwnRooms {
  readonly rooms: readonly OwnRoom[];
  readonly after: string | null;
}

/** A refused or failed call. `code` is the server's stable code, or "network", "malformed". */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export class Api {
  readonly #fetch: Fetch;

  constructor(fetcher: Fetch) {
    this.#fetch = fetcher;
  }

  async config(): Promise<Config> {
    const body = await this.call("GET", "/api/config");
    const login = record(record(body["login"] ?? {})["development"] ?? {});
    return {
      product: text(body, "product"),
      version: text(body, "version"),
      development: body["development"] === true,
      deployment: text(body, "deployment"),
      tenants: list(body["tenants"]).map((item) => ({
        id: text(item, "id"),
        name: text(item, "name"),
        short: text(item, "short"),
        colour: colour(item["colour"]),
      })),
      people: list(login["people"] ?? []).map((item) => ({
        tenant: text(item, "tenant"),
        subject: text(item, "subject"),
        name: text(item, "name"),
        title: typeof item["title"] === "string" ? item["title"] : "",
      })),
    };
  }

  async login(tenant: string, subject: string): Promise<Session> {
    const body = await this.call("POST", "/api/login/development", { tenant, subject });
    const person = record(body["person"]);
    return {
      session: text(body, "session"),
      person: { tenant: text(person, "tenant"), subject: text(person, "subject"), name: text(person, "name") },
    };
  }

  /** Opens a room and returns its path with the secret in the fragment. */
  async openRoom(title: string, access: Access, session: string | null): Promise<string> {
    const body = await this.call("POST", "/api/rooms", { title, access }, session);
    return text(body, "path");
  }

  /** My rooms, some at a time; a node that does not list them has none to show. */
  async ownRooms(session: string | null, after: string | null = null): Promise<OwnRooms> {
    const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
    const body = await this.call("GET", `/api/rooms${query}`, undefined, session);
    const rooms = list(body["rooms"]).map((item) => ({ slug: text(item, "slug"), title: text(item, "title"), path: text(item, "path") }));
    return { rooms, after: typeof body["next"] === "string" ? body["next"] : null };
  }

  /** A room as it is shown to whoever asks: with a session, to that person. */
  async room(slug: string, session: string | null = null): Promise<RoomInfo> {
    const body = await this.call("GET", `/api/rooms/${encodeURIComponent(slug)}`, undefined, session);
    return {
      slug: text(body, "slug"),
      title: text(body, "title"),
      people: typeof body["people"] === "number" ? body["people"] : 0,
      guests: body["guests"] === true,
      pin: body["pin"] === true,
      tenant: typeof body["tenant"] === "string" ? body["tenant"] : "",
      admission: oneOf(["direct", "lobby", "login", "refused"] as const, body["admission"], "direct"),
    };
  }

  /** One request; an answer without a body is an empty record. Throws `ApiError`. */
  async call(method: string, path: string, body?: unknown, session: string | null = null): Promise<Record<string, unknown>> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (session !== null) headers["Authorization"] = `Bearer ${session}`;
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    let response: Response;
    try {
      response = await this.#fetch(path, init);
    } catch {
      throw new ApiError("network", 0);
    }
    const answer: unknown = response.status === 204 ? {} : await response.json().catch(() => null);
    if (!response.ok) {
      const code = isRecord(answer) && typeof answer["code"] === "string" ? answer["code"] : "network";
      throw new ApiError(code, response.status);
    }
    return record(answer);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function record(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new ApiError("malformed", 0);
  return value;
}

export function list(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new ApiError("malformed", 0);
  return value.map(record);
}

export function text(from: Record<string, unknown>, key: string): string {
  const value = from[key];
  if (typeof value !== "string" || value.length > 4096) throw new ApiError("malformed", 0);
  return value;
}

/** One of the words that are known; `otherwise` for any other. */
function oneOf<T extends string>(words: readonly T[], value: unknown, otherwise: T): T {
  return words.find((word) => word === value) ?? otherwise;
}

/** Only a plain hex colour reaches a style; anything else becomes a neutral grey. */
function colour(value: unknown): string {
  return typeof value === "string" && /^#[0-9a-fA-F]{6}$/.test(value) ? value : "#6b7785";
}

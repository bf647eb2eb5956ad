/**
 * `@entente/client`: an end-to-end encrypted meeting in somebody else's page. `Entente.join` gives a `Meeting`: observe its
 * snapshots, attach its tiles to video elements, publish tracks. Keys live in a Worker that this page cannot read.
 */

import { EntenteError } from "./errors.ts";
import { Meeting } from "./meeting.ts";
import { transformsSupported } from "./media/transforms.ts";
import type { LobbyWait } from "./types.ts";

export * from "./devices.ts";
export { EntenteError } from "./errors.ts";
export type { HostCommands } from "./commands.ts";
export { Meeting, type MeetingEvents } from "./meeting.ts";
export { erasePins, exportPins, type Pin } from "./pins.ts";
export type * from "./types.ts";
export { VERSION } from "./version.ts";

/** Everything a meeting offers, without its inner state: for those who put a double in its place. */
export type MeetingSurface = Pick<Meeting, keyof Meeting>;

// Set by the build that bundles the SDK (integrity.ts); a page that loads it unbundled passes `wasmIntegrity` itself.
declare const __WASM_INTEGRITY__: string | undefined;
const BUILT_INTEGRITY = typeof __WASM_INTEGRITY__ === "undefined" ? null : __WASM_INTEGRITY__;

/** How to join. */
export interface JoinOptions {
  /** The node; the page's own origin by default. */
  readonly baseUrl?: string;
  /** The room's name in its link. */
  readonly slug: string;
  /** A session of the login, for officials. */
  readonly session?: string | null;
  /** The typed name of a guest, when there is no session. */
  readonly guestName?: string | null;
  /** Of the invitation, where the room asks guests for one: joining without it is refused with `pin_required`. */
  readonly pin?: string | null;
  /** Called when a host has to let this person in; again, should the wait begin anew. Joining goes on by itself. */
  readonly onLobby?: (waiting: LobbyWait) => void;
  /** The link's fragment; it names the meeting's log leaves and never leaves the browser. */
  readonly roomSecret?: string;
  /** The key Worker's script, of the page's own origin; `/sdk/key-worker.js` of the node by default. */
  readonly workerUrl?: string;
  /** The encryption module; `/sdk/e2ee_bg.wasm` of the node by default. */
  readonly wasmUrl?: string;
  /** Subresource Integrity of the module; the value of the SDK's own build by default. */
  readonly wasmIntegrity?: string;
  /** Tracks to publish from the start. */
  readonly devices?: {
    readonly microphone?: MediaStreamTrack | null;
    readonly camera?: MediaStreamTrack | null;
  };
  /** Gives the join up: `join` then rejects with `closed`, and nobody of this name is left behind. */
  readonly signal?: AbortSignal;
  /** The user's language; the SDK itself has no texts. */
  readonly language?: string;
}

/** The entrance. */
export const Entente = {
  /** Whether this browser can seal frames at all. */
  supported(): boolean {
    return transformsSupported() && typeof WebAssembly !== "undefined" && globalThis.crypto?.subtle !== undefined;
  },

  /**
   * Joins a meeting; resolves when the socket, the certificate and the media offer are done, rejects with a code. That may take
   * as long as a host lets people wait: `onLobby` says so, `signal` gives it up, `lobby_refused`, `lobby_timeout` and
   * `meeting_ended` are how it fails.
   */
  async join(options: JoinOptions): Promise<Meeting> {
    if (!Entente.supported()) throw new EntenteError("unsupported_browser");
    const givenUp = (): boolean => options.signal?.aborted ?? false;
    if (givenUp()) throw new EntenteError("closed", "before joining");
    const baseUrl = options.baseUrl ?? location.origin;
    const meeting = new Meeting(
      { baseUrl, slug: options.slug, session: options.session ?? null, guestName: options.guestName ?? null, pin: options.pin ?? null },
      {
        workerUrl: options.workerUrl ?? new URL("/sdk/key-worker.js", baseUrl).href,
        wasmUrl: options.wasmUrl ?? new URL("/sdk/e2ee_bg.wasm", baseUrl).href,
        wasmIntegrity: options.wasmIntegrity ?? BUILT_INTEGRITY,
      },
    );
    const giveUp = (): void => void meeting.leave();
    if (options.onLobby !== undefined) meeting.on("lobby", options.onLobby);
    options.signal?.addEventListener("abort", giveUp);
    try {
      await meeting.setMicrophone(options.devices?.microphone ?? null);
      await meeting.setCamera(options.devices?.camera ?? null);
      await meeting.open();
      if (givenUp()) throw new EntenteError("closed", "while joining");
    } finally {
      options.signal?.removeEventListener("abort", giveUp);
    }
    return meeting;
  },
};

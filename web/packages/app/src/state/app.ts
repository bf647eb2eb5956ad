/**
 * What every page shares: the node's configuration, who is logged in in this tab, and the
 * settings of this browser. Pages read it; only these methods change it.
 */

import type { Api, Config, Session } from "./api.ts";
import * as login from "./login.ts";
import { codeOf } from "./room.ts";
import { type Keep, readSession, readSettings, type Settings, writeSession, writeSettings } from "./settings.ts";
import { Store } from "./store.ts";

export interface AppState {
  readonly config: Config | null;
  /** Why the configuration could not be read, as a code. */
  readonly problem: string | null;
  readonly session: Session | null;
  readonly settings: Settings;
}

export class AppModel {
  readonly api: Api;
  readonly store: Store<AppState>;
  readonly #browser: Keep;
  readonly #tab: Keep;

  /** `browser` lasts across tabs (settings), `tab` for this tab only (session). */
  constructor(api: Api, browser: Keep, tab: Keep, preferred: readonly string[]) {
    this.api = api;
    this.#browser = browser;
    this.#tab = tab;
    this.store = new Store<AppState>({
      config: null,
      problem: null,
      session: readSession(tab),
      settings: readSettings(browser, preferred),
    });
  }

  async load(): Promise<void> {
    this.store.update((state) => ({ ...state, problem: null }));
    try {
      const [config, me] = await Promise.all([this.api.config(), this.#me()]);
      this.store.update((state) => ({ ...state, config, session: state.session ?? me }));
    } catch (error) {
      this.store.update((state) => ({ ...state, problem: codeOf(error) }));
    }
  }

  async login(tenant: string, subject: string): Promise<void> {
    const session = await this.api.login(tenant, subject);
    writeSession(this.#tab, session);
    this.store.update((state) => ({ ...state, session }));
  }

  /** Whom the cookie names. A node that cannot say makes nobody of us, and the page goes on. */
  async #me(): Promise<Session | null> {
    if (this.store.getSnapshot().session) return null;
    return login.me(this.api).catch(() => null);
  }

  /** The session is over, here or at the server. */
  forget(): void {
    writeSession(this.#tab, null);
    this.store.update((state) => ({ ...state, session: null }));
  }

  /** Ends the login; returns where the browser goes to end it at the provider too. */
  async logout(): Promise<string | null> {
    const session = this.store.getSnapshot().session;
    this.forget();
    return session && session.session === null ? login.logout(this.api).catch(() => null) : null;
  }

  /** The address to leave for, having kept the page to come back to. */
  leaveFor(provider: string, path: string, hash: string, step: login.Level = "low"): string {
    login.keepPlace(this.#tab, path, hash);
    return login.startPath(provider, path, step);
  }

  /** The fragment that this page had before the browser left for a provider. */
  cameBack(path: string, hash: string): string | null {
    return login.takePlace(this.#tab, path, hash);
  }

  set(change: Partial<Settings>): void {
    this.store.update((state) => ({ ...state, settings: { ...state.settings, ...change } }));
    writeSettings(this.#browser, this.store.getSnapshot().settings);
  }
}

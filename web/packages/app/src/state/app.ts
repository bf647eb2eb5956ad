/**
 * What every page shares: the node's configuration, who is logged in in this tab, and the
 * settings of this browser. Pages read it; only these methods change it.
 */

import type { Api, Config, Session } from "./api.ts";
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
      const config = await this.api.config();
      this.store.update((state) => ({ ...state, config }));
    } catch (error) {
      this.store.update((state) => ({ ...state, problem: codeOf(error) }));
    }
  }

  async login(tenant: string, subject: string): Promise<void> {
    const session = await this.api.login(tenant, subject);
    writeSession(this.#tab, session);
    this.store.update((state) => ({ ...state, session }));
  }

  logout(): void {
    writeSession(this.#tab, null);
    this.store.update((state) => ({ ...state, session: null }));
  }

  set(change: Partial<Settings>): void {
    this.store.update((state) => ({ ...state, settings: { ...state.settings, ...change } }));
    writeSettings(this.#browser, this.store.getSnapshot().settings);
  }
}

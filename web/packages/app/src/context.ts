/** How components reach the app's model, the SDK's port and the browser's devices. */

import { createContext, useContext, useSyncExternalStore } from "react";
import type { AppModel, AppState } from "./state/app.ts";
import type { MediaPort } from "./state/devices.ts";
import type { Join } from "./state/port.ts";
import type { Observable } from "./state/store.ts";

export interface World {
  readonly model: AppModel;
  readonly join: Join;
  /** Null where the browser offers no capture (no secure context). */
  readonly media: MediaPort | null;
  readonly navigate: (path: string) => void;
  /** Leaves this page for another address, such as a provider's. */
  readonly leave: (url: string) => void;
}

export const WorldContext = createContext<World | null>(null);

export function useWorld(): World {
  const world = useContext(WorldContext);
  if (!world) throw new Error("useWorld outside of WorldContext");
  return world;
}

export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.getSnapshot);
}

export function useApp(): AppState {
  return useObservable(useWorld().model.store);
}

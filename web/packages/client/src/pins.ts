/**
 * What this browser remembers of deployments (K2.3): the set of manifests a meeting rested on last time. It is kept in
 * IndexedDB, holds no key and no name of a meeting, and can be exported and erased by the user.
 */

const DATABASE = "entente-pins";
const TABLE = "manifests";

/** A remembered set. */
export interface Pin {
  readonly deployment: string;
  /** Hash of the manifest set, hexadecimal. */
  readonly manifests: string;
  /** Unix milliseconds. */
  readonly since: number;
}

/** Where pins are kept; a port so that tests need no browser. */
export interface PinStore {
  read(deployment: string): Promise<Pin | null>;
  write(pin: Pin): Promise<void>;
}

/** Compares with the remembered set and remembers the new one; true when it is another than last time. */
export async function pinChanged(store: PinStore, deployment: string, manifests: string, now: number): Promise<boolean> {
  const known = await store.read(deployment);
  if (known?.manifests === manifests) return false;
  await store.write({ deployment, manifests, since: now });
  return known !== null;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: "deployment" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

async function run<T>(mode: IDBTransactionMode, work: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const request = work(database.transaction(TABLE, mode).objectStore(TABLE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
    });
  } finally {
    database.close();
  }
}

/** The browser's own store. */
export const browserPins: PinStore = {
  read: async (deployment) => ((await run("readonly", (table) => table.get(deployment))) as Pin | undefined) ?? null,
  write: async (pin) => void (await run("readwrite", (table) => table.put(pin))),
};

/** Everything remembered, for the user to keep. */
export async function exportPins(): Promise<readonly Pin[]> {
  return (await run("readonly", (table) => table.getAll())) as Pin[];
}

/** Forgets everything. */
export async function erasePins(): Promise<void> {
  await run("readwrite", (table) => table.clear());
}

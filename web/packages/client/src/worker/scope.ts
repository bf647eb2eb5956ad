/**
 * The few things of a worker's global scope that the DOM library does not type: messages and the event by which a browser
 * hands over the two streams of a transform.
 */

import type { EncodedFrame } from "./frame.ts";

/** What `RTCRtpScriptTransform` gives the worker. */
export interface Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options: unknown;
}

/** The dedicated worker's scope. */
export interface WorkerScope {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onrtctransform: ((event: { readonly transformer: Transformer }) => void) | null;
  close(): void;
}

/** This worker's scope. */
export function workerScope(): WorkerScope {
  return globalThis as unknown as WorkerScope;
}

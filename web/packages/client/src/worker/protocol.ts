/** What page and key Worker say to each other. Keys are in none of these messages. */

import type { HelloReply, Requests, ServerEvent } from "../generated/wire.ts";
import type { Arrival } from "../state/handover.ts";
import type { Codec } from "./codec.ts";
import type { GroupMessage, GroupView } from "./group.ts";
import type { FrameLabel, PipeStats, PipeTarget } from "./pipes.ts";

/** Calls of the page that are answered, by name. */
export interface Calls {
  start: { args: { wasm: string; integrity: string | null }; result: null };
  /** Answers with the hash of the manifest set it verified. */
  begin: { args: { hello: HelloReply }; result: Uint8Array };
  resume: { args: { nonce: Uint8Array }; result: Uint8Array };
  message: { args: { content: Uint8Array }; result: null };
  snapshot: { args: { purpose: string; order: number; content: Uint8Array }; result: null };
  stats: { args: Record<string, never>; result: WorkerStats };
}

/** Everything that the Worker counts. */
export interface WorkerStats extends PipeStats {
  /** Messages dropped because their sender had told the hub another kind than they are of. */
  readonly mismatched: number;
}

/** Page → Worker. */
export type ToWorker =
  | { readonly op: "call"; readonly id: number; readonly name: keyof Calls; readonly args: unknown }
  | { readonly op: "event"; readonly event: ServerEvent }
  | { readonly op: "sent"; readonly id: number; readonly reply?: unknown; readonly error?: { code: string; detail: string } }
  | { readonly op: "codec"; readonly codec: Codec }
  | { readonly op: "detach"; readonly connection: number }
  | {
      readonly op: "transform";
      readonly target: PipeTarget;
      readonly readable: ReadableStream;
      readonly writable: WritableStream;
    };

/** Worker → page. */
export type FromWorker =
  | { readonly op: "answer"; readonly id: number; readonly result?: unknown; readonly error?: { code: string; detail: string } }
  | { readonly op: "send"; readonly id: number; readonly type: keyof Requests; readonly fields: object }
  | { readonly op: "labels"; readonly labels: FrameLabel[] }
  | { readonly op: "group"; readonly view: GroupView }
  | { readonly op: "message"; readonly message: GroupMessage }
  | { readonly op: "arrived"; readonly arrival: Arrival }
  | { readonly op: "alarm"; readonly code: string; readonly detail: string; readonly leaf: number | null };

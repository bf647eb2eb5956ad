/**
 * The key Worker (DESIGN §2): it alone holds the leaf key, the MLS member and the frame keys. The page relays sealed
 * socket messages through it and lends it the streams of its transforms.
 */

import { unixTime } from "../clock.ts";
import { codeOf, detailOf, EntenteError } from "../errors.ts";
import type { Requests } from "../generated/wire.ts";
import { Group } from "./group.ts";
import type { FrameSecrets } from "./keys.ts";
import { loadNative } from "./load.ts";
import { parseTarget, Pipes } from "./pipes.ts";
import type { Calls, FromWorker, ToWorker } from "./protocol.ts";
import { workerScope } from "./scope.ts";

/** How often what changes by time alone is looked at: a sender that K4.6 has stopped says so within this. */
const REFRESH = 250;

const scope = workerScope();
const post = (message: FromWorker): void => scope.postMessage(message);
const waiting = new Map<number, { resolve: (reply: never) => void; reject: (error: EntenteError) => void }>();
let sent = 0;
let group: Group | null = null;

function need(): Group {
  if (group === null) throw new EntenteError("not_connected", "the encryption module is not loaded");
  return group;
}

// Transforms are attached before the module is loaded; until then there is no key, so no frame passes either way.
const secrets: FrameSecrets = {
  epoch: () => group?.epoch() ?? null,
  life: () => need().life(),
  sendEpoch: () => need().sendEpoch(),
  sender: (kind) => need().sender(kind),
  receiver: (kid) => need().receiver(kid),
  pending: () => group?.pending() ?? false,
};
const pipes = new Pipes(secrets, (labels) => post({ op: "labels", labels }));

function send<T extends keyof Requests>(type: T, fields: object): Promise<Requests[T]["reply"]> {
  sent += 1;
  const id = sent;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (reply: never) => void, reject });
    post({ op: "send", id, type, fields });
  });
}

async function start({ wasm, integrity }: Calls["start"]["args"]): Promise<null> {
  const native = await loadNative(wasm, integrity);
  group = new Group(native, {
    send,
    changed: (view) => {
      pipes.groupChanged();
      post({ op: "group", view });
    },
    message: (message) => post({ op: "message", message }),
    arrived: (arrival) => post({ op: "arrived", arrival }),
    alarm: (code, detail, leaf) => post({ op: "alarm", code, detail, leaf: leaf ?? null }),
    now: unixTime,
  });
  setInterval(() => group?.refresh(), REFRESH);
  return null;
}

async function call(name: keyof Calls, args: unknown): Promise<unknown> {
  switch (name) {
    case "start":
      return start(args as Calls["start"]["args"]);
    case "begin":
      return need().begin((args as Calls["begin"]["args"]).hello);
    case "resume":
      return need().signResume((args as Calls["resume"]["args"]).nonce);
    case "message":
      await need().sendMessage((args as Calls["message"]["args"]).content);
      return null;
    case "snapshot": {
      const { purpose, order, content } = args as Calls["snapshot"]["args"];
      await need().giveSnapshot(purpose, order, content);
      return null;
    }
    case "stats":
      return { ...pipes.stats(), mismatched: group?.mismatched ?? 0 };
  }
}

function settle(message: ToWorker & { op: "sent" }): void {
  const request = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.error !== undefined) request?.reject(new EntenteError(message.error.code, message.error.detail));
  else request?.resolve(message.reply as never);
}

function handle(message: ToWorker): void {
  switch (message.op) {
    case "call":
      call(message.name, message.args).then(
        (result) => post({ op: "answer", id: message.id, result }),
        (error: unknown) =>
          post({
            op: "answer",
            id: message.id,
            error: { code: codeOf(error, "key_worker_failed"), detail: detailOf(error) },
          }),
      );
      return;
    case "event":
      group?.handle(message.event);
      // Whatever the group was told may have changed whose frames are opened, and when (K4.5, K2.4).
      if (message.event.type.startsWith("group.")) pipes.groupChanged();
      return;
    case "sent":
      return settle(message);
    case "codec":
      return pipes.setVideoCodec(message.codec);
    case "detach":
      return pipes.detach(message.connection);
    case "transform":
      return attach(message.target, message.readable, message.writable);
  }
}

function attach(given: unknown, readable: ReadableStream, writable: WritableStream): void {
  const target = parseTarget(given);
  // Without a known purpose the streams stay unread: no frame passes (K5.7).
  if (target !== null) pipes.attach(target, readable, writable).catch(() => undefined);
}

scope.onmessage = ({ data }) => handle(data as ToWorker);
scope.onrtctransform = ({ transformer }) => attach(transformer.options, transformer.readable, transformer.writable);

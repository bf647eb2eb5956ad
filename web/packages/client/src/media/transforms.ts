/**
 * Hands a sender's or receiver's encoded frames to the key Worker (M3.5). Called synchronously after `addTransceiver` and
 * before `createOffer`: attached later, frames leak on one side and receivers stay stuck on the other.
 */

import { EntenteError } from "../errors.ts";
import type { PipeTarget } from "../worker/pipes.ts";

type Encoded = { createEncodedStreams(): { readable: ReadableStream; writable: WritableStream } };

/** Whether this browser can put a transform on encoded frames at all. */
export function transformsSupported(): boolean {
  return (
    typeof RTCRtpScriptTransform !== "undefined" ||
    (typeof RTCRtpSender !== "undefined" && "createEncodedStreams" in RTCRtpSender.prototype)
  );
}

/** Peer connection options: with `encodedInsertableStreams` Chromium holds frames back until a transform is there. */
export function connectionOptions(): RTCConfiguration {
  const options = { bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", encodedInsertableStreams: true };
  return options as RTCConfiguration;
}

/** Attaches the transform; throws `unsupported_browser` rather than let a frame pass in clear. */
export function attachTransform(worker: Worker, end: RTCRtpSender | RTCRtpReceiver, target: PipeTarget): void {
  if (typeof RTCRtpScriptTransform !== "undefined") {
    end.transform = new RTCRtpScriptTransform(worker, target);
    return;
  }
  if ("createEncodedStreams" in end) {
    const { readable, writable } = (end as unknown as Encoded).createEncodedStreams();
    worker.postMessage({ op: "transform", target, readable, writable }, [readable, writable]);
    return;
  }
  throw new EntenteError("unsupported_browser", "no encoded transform");
}

/**
 * Encoded frames as both browsers hand them to a transform, reduced to what sealing needs. Metadata is never trusted for
 * sizes: a receiver's metadata describes the synthetic header; only the timestamp is read from it.
 */

/** The common part of RTCEncodedVideoFrame and RTCEncodedAudioFrame. */
export interface EncodedFrame {
  data: ArrayBuffer;
  /** "key" or "delta" for video; audio frames have none. */
  readonly type?: string;
  readonly timestamp?: number;
  getMetadata(): { rtpTimestamp?: number };
}

/** Whether the encoder made this as a key frame. Sound has no such thing. */
export function isKeyFrame(frame: EncodedFrame): boolean {
  return frame.type === "key";
}

/** The frame's RTP timestamp, as `requestVideoFrameCallback` will report it; null where the browser gives none. */
export function rtpTimestampOf(frame: EncodedFrame): number | null {
  const given = frame.getMetadata().rtpTimestamp ?? frame.timestamp;
  return typeof given === "number" && Number.isFinite(given) ? given >>> 0 : null;
}

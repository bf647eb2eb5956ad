/** Microphones, cameras and loudspeakers: lists, permissions and changes, with codes instead of the browsers' many names. */

import { EntenteError } from "./errors.ts";

/** One device. */
export interface Device {
  readonly id: string;
  /** Empty until the browser was allowed to capture. */
  readonly label: string;
}

/** All devices by use. */
export interface DeviceList {
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  readonly speakers: readonly Device[];
}

/** Whether the browser would capture. */
export type Permission = "granted" | "denied" | "prompt" | "unknown";

/** Why a device could not be used. */
export type DeviceCode =
  | "device_denied"
  | "device_missing"
  | "device_busy"
  | "device_unsupported"
  | "device_failed";

/** Lists the devices. */
export async function listDevices(): Promise<DeviceList> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (kind: MediaDeviceKind): Device[] =>
    all.filter((one) => one.kind === kind && one.deviceId !== "").map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
}

/** Opens a microphone as speech wants it. */
export function openMicrophone(id?: string): Promise<MediaStreamTrack> {
  const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (id !== undefined) audio.deviceId = { exact: id };
  return open({ audio });
}

/** Opens a camera, large enough for three layers (M3.6). */
export function openCamera(id?: string): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = { width: { ideal: 1280, min: 640 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
  if (id !== undefined) video.deviceId = { exact: id };
  return open({ video });
}

/** The standing of a permission, where the browser tells. */
export async function permission(name: "microphone" | "camera"): Promise<Permission> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return "unknown";
  }
}

/** Calls `listener` when devices come or go; the returned function stops it. */
export function onDeviceChange(listener: () => void): () => void {
  navigator.mediaDevices?.addEventListener("devicechange", listener);
  return () => navigator.mediaDevices?.removeEventListener("devicechange", listener);
}

async function open(constraints: MediaStreamConstraints): Promise<MediaStreamTrack> {
  if (navigator.mediaDevices === undefined) throw new EntenteError("device_unsupported" satisfies DeviceCode);
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw new EntenteError(codeOfDevice(error), error instanceof Error ? error.name : "");
  }
  const [track] = stream.getTracks();
  if (track === undefined) throw new EntenteError("device_failed" satisfies DeviceCode);
  return track;
}

/** The code of a `getUserMedia` failure. */
export function codeOfDevice(error: unknown): DeviceCode {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "device_denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "device_missing";
    case "NotReadableError":
    case "AbortError":
      return "device_busy";
    default:
      return "device_failed";
  }
}

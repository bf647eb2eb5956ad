/** Fills the app's port with the real SDK: the only module of the product that imports it. */

import { Entente } from "@entente/client";
import type { Join } from "./state/port.ts";

export const join: Join = (options) =>
  Entente.join({
    slug: options.slug,
    roomSecret: options.roomSecret,
    ...(options.session === null ? {} : { session: options.session }),
    ...(options.guestName === null ? {} : { guestName: options.guestName }),
    ...(options.pin === null ? {} : { pin: options.pin }),
    onLobby: options.onLobby,
    devices: { microphone: options.microphone, camera: options.camera },
    language: options.language,
    signal: options.signal,
  });

/** Plays the app's two soft tones to a loudspeaker of the person's choice. */

import { chime } from "../state/chime.ts";

/** `refused` is called when the loudspeaker cannot be used; the sound then comes from the standard one. */
export async function playChime(speaker: string, refused: () => void = () => undefined): Promise<void> {
  const url = URL.createObjectURL(new Blob([chime()], { type: "audio/wav" }));
  const audio = new Audio(url);
  audio.addEventListener("ended", () => URL.revokeObjectURL(url));
  try {
    if (speaker !== "" && "setSinkId" in audio) await audio.setSinkId(speaker);
  } catch {
    refused();
  }
  await audio.play().catch(() => undefined);
}

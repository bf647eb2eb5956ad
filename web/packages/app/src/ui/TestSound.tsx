/** Plays two soft tones to the chosen loudspeaker, so that people know before joining whether they will hear. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { chime } from "../state/chime.ts";
import { Button } from "./controls.tsx";

export interface TestSoundProps {
  readonly speaker: string;
  readonly onRefused: () => void;
}

export function TestSound({ speaker, onRefused }: TestSoundProps): ReactElement {
  const { t } = useTranslation();
  const play = async (): Promise<void> => {
    const url = URL.createObjectURL(new Blob([chime()], { type: "audio/wav" }));
    const audio = new Audio(url);
    audio.addEventListener("ended", () => URL.revokeObjectURL(url));
    try {
      if (speaker !== "" && "setSinkId" in audio) await audio.setSinkId(speaker);
    } catch {
      onRefused();
    }
    await audio.play().catch(() => undefined);
  };
  return (
    <Button icon="speaker" onPress={() => void play()}>
      {t("device.test_sound")}
    </Button>
  );
}

/** Plays two soft tones to the chosen loudspeaker, so that people know before joining whether they will hear. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./controls.tsx";
import { playChime } from "./play.ts";

export interface TestSoundProps {
  readonly speaker: string;
  readonly onRefused: () => void;
}

export function TestSound({ speaker, onRefused }: TestSoundProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Button icon="speaker" onPress={() => void playChime(speaker, onRefused)}>
      {t("device.test_sound")}
    </Button>
  );
}

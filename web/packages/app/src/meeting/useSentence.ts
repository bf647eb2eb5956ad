/** The one plain sentence about who can hear this meeting. */

import { useTranslation } from "react-i18next";
import { type Standing, standing } from "../state/encryption.ts";
import { alone, members } from "../state/people.ts";
import type { MeetingSnapshot } from "../state/port.ts";

export function useSentence(snapshot: MeetingSnapshot): { readonly standing: Standing; readonly text: string } {
  const { t } = useTranslation();
  const now = standing(snapshot);
  if (now === "alarm") return { standing: now, text: t("encryption.alarm") };
  if (now === "pending") return { standing: now, text: t("encryption.pending") };
  // Who has left stays a member until the next join (K3.3); alone, nothing is sent, and that is what matters.
  if (alone(snapshot.people) && members(snapshot.people).length > 1) return { standing: now, text: t("encryption.idle") };
  const count = members(snapshot.people).length;
  return { standing: now, text: count <= 1 ? t("encryption.alone") : t("encryption.sentence", { count }) };
}

/** The dialog "How am I protected?": K1's table in plain words, for this meeting. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { MeetingSnapshot } from "../state/port.ts";
import { protection } from "../state/protection.ts";
import { Sheet } from "../ui/Sheet.tsx";

export interface ProtectionSheetProps {
  readonly snapshot: MeetingSnapshot;
  readonly open: boolean;
  readonly onClose: () => void;
}

export function ProtectionSheet({ snapshot, open, onClose }: ProtectionSheetProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Sheet title={t("protect.title")} open={open} onClose={onClose} wide>
      <p>{t("protect.intro")}</p>
      <ul className="protection">
        {protection(snapshot).map((row) => (
          <li key={row.promise}>
            <h3>{t(row.who)}</h3>
            <p>{t(row.promise)}</p>
            <p className="protection-rests">{t("protect.rests_on", { what: t(row.rests) })}</p>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

/** Copies the link of this room, secret included, for people who should come. */

import type { ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/controls.tsx";

/** `open` says that nobody who has it is asked to wait. */
export function InviteLink({ open }: { open: boolean }): ReactElement {
  const { t } = useTranslation();
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      setState("copied");
    } catch {
      setState("failed");
    }
  };
  return (
    <div className="invite">
      <Button icon={state === "copied" ? "check" : "copy"} onPress={() => void copy()}>
        {t("invite.copy")}
      </Button>
      <p className="quiet" role="status">
        {state === "copied" ? t("invite.copied") : state === "failed" ? t("invite.failed") : open ? t("invite.text") : t("invite.text_door")}
      </p>
    </div>
  );
}

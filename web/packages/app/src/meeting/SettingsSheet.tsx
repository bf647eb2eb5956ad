/** Devices, language and appearance, while a meeting goes on. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { LanguageSelect, ThemeSelect } from "../pages/Chrome.tsx";
import type { Devices } from "../state/devices.ts";
import { DeviceChoice } from "../ui/DeviceChoice.tsx";
import { Sheet } from "../ui/Sheet.tsx";

export function SettingsSheet({ open, devices, onClose }: { open: boolean; devices: Devices; onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <Sheet title={t("settings.title")} open={open} onClose={onClose}>
      <h3>{t("settings.devices")}</h3>
      <DeviceChoice devices={devices} />
      <h3>{t("settings.look")}</h3>
      <div className="settings-row">
        <LanguageSelect />
        <ThemeSelect />
      </div>
    </Sheet>
  );
}

/** The keys that work in a meeting. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { type Command, isMac, KEYS } from "../state/shortcuts.ts";
import { Sheet } from "../ui/Sheet.tsx";

const WORDS = {
  microphone: "keys.microphone",
  camera: "keys.camera",
  hand: "keys.hand",
  chat: "keys.chat",
  people: "keys.people",
  next_page: "keys.next_page",
  previous_page: "keys.previous_page",
  help: "keys.help",
} as const satisfies Record<Command, string>;

export function ShortcutsSheet({ open, onClose }: { open: boolean; onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const mac = isMac(navigator.userAgent);
  const caps = (keys: readonly string[]): string[] => keys.map((key) => (key === "Ctrl" ? (mac ? "⌘" : t("keys.ctrl")) : key));
  return (
    <Sheet title={t("keys.title")} open={open} onClose={onClose}>
      <dl className="keys">
        <Row words={t("keys.talk")} keys={[t("keys.space")]} />
        {(Object.keys(WORDS) as Command[]).map((id) => (
          <Row key={id} words={t(WORDS[id])} keys={caps(KEYS[id])} />
        ))}
      </dl>
      <p className="quiet">{t("keys.muted_hint")}</p>
    </Sheet>
  );
}

function Row({ words, keys }: { words: string; keys: readonly string[] }): ReactElement {
  return (
    <div className="keys-row">
      <dt>{words}</dt>
      <dd>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dd>
    </div>
  );
}

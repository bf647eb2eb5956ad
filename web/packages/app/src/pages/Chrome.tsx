/** The frame of every page outside a meeting: product name, language, theme, development mark. */

import type { ReactElement, ReactNode } from "react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../context.ts";
import { LANGUAGES, type Language, type Theme } from "../state/settings.ts";
import { Select } from "../ui/controls.tsx";
import { Mark } from "../ui/icons.tsx";

const OWN_NAMES: Record<Language, string> = { fr: "Français", de: "Deutsch", nl: "Nederlands", en: "English" };

export function LanguageSelect({ hideLabel = false }: { hideLabel?: boolean }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { settings } = useApp();
  return (
    <Select
      label={t("settings.language")}
      icon="globe"
      hideLabel={hideLabel}
      value={settings.language}
      options={LANGUAGES.map((id) => ({ id, label: OWN_NAMES[id], lang: id }))}
      onChange={(id) => model.set({ language: id as Language })}
    />
  );
}

export function ThemeSelect({ hideLabel = false }: { hideLabel?: boolean }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const { settings } = useApp();
  return (
    <Select
      label={t("settings.theme")}
      icon="theme"
      hideLabel={hideLabel}
      value={settings.theme}
      options={[
        { id: "auto", label: t("settings.theme_auto") },
        { id: "light", label: t("settings.theme_light") },
        { id: "dark", label: t("settings.theme_dark") },
      ]}
      onChange={(id) => model.set({ theme: id as Theme })}
    />
  );
}

/** Says on every page that this is a development installation, where logins prove nothing. */
export function DevelopmentMark(): ReactElement | null {
  const { t } = useTranslation();
  const { config } = useApp();
  if (!config?.development) return null;
  return (
    <aside className="development" aria-label={t("development.title")}>
      <strong>{t("development.title")}</strong>
      <span>{t("development.text")}</span>
    </aside>
  );
}

/** Sets the document's title while mounted. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} – Entente` : "Entente";
  }, [title]);
}

export function Chrome({ children, narrow = false }: { children: ReactNode; narrow?: boolean }): ReactElement {
  const { t } = useTranslation();
  const { navigate } = useWorld();
  const { config } = useApp();
  return (
    <div className="page">
      <a className="skip" href="#content" onClick={(event) => {
        event.preventDefault();
        document.getElementById("content")?.focus();
      }}>
        {t("page.skip")}
      </a>
      <DevelopmentMark />
      <header className="page-head">
        <a
          className="brand"
          href="/"
          onClick={(event) => {
            event.preventDefault();
            navigate("/");
          }}
        >
          <Mark />
          <span>Entente</span>
        </a>
        <LanguageSelect hideLabel />
      </header>
      <main id="content" tabIndex={-1} className={narrow ? "content content-narrow" : "content"}>
        {children}
      </main>
      <footer className="page-foot">
        <p>
          {config?.product ?? "Entente"} {config?.version}
        </p>
        <ThemeSelect hideLabel />
      </footer>
    </div>
  );
}

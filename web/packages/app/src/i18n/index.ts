/** Sets i18next up with the four languages, all bundled: no sentence is fetched from anywhere. */

import i18next, { type i18n } from "i18next";
import { initReactI18next } from "react-i18next";
import type { Language } from "../state/settings.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { fr } from "./fr.ts";
import { nl } from "./nl.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "app";
    resources: { app: typeof en };
    keySeparator: false;
    nsSeparator: false;
  }
}

export function startI18n(language: Language): i18n {
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "en",
    defaultNS: "app",
    ns: ["app"],
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    resources: { fr: { app: fr }, de: { app: de }, nl: { app: nl }, en: { app: en } },
    // React escapes; escaping twice would show entities in names.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  return i18next;
}

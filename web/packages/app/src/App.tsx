/** Chooses the page for the address and keeps language, theme and title of the document right. */

import type { ReactElement } from "react";
import { useEffect, useSyncExternalStore } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "./context.ts";
import { LoginPage } from "./pages/login/LoginPage.tsx";
import { MePage } from "./pages/login/MePage.tsx";
import { RoomPage } from "./pages/RoomPage.tsx";
import { StartPage } from "./pages/StartPage.tsx";
import { ProblemPage } from "./pages/ProblemPage.tsx";
import { parseRoute } from "./state/route.ts";

function subscribeToAddress(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener("hashchange", listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener("hashchange", listener);
  };
}

export function App(): ReactElement {
  const { model } = useWorld();
  const { config, problem, settings } = useApp();
  const { i18n } = useTranslation();
  const address = useSyncExternalStore(subscribeToAddress, () => `${location.pathname}${location.hash}`);

  useEffect(() => void model.load(), [model]);
  useEffect(() => {
    document.documentElement.lang = settings.language;
    void i18n.changeLanguage(settings.language);
  }, [i18n, settings.language]);
  useEffect(() => {
    if (settings.theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = settings.theme;
  }, [settings.theme]);

  const [path = "/", hash = ""] = address.split("#", 2);
  const route = parseRoute(path, hash);
  let page: ReactElement;
  if (!config) page = <ProblemPage code={problem} onRetry={() => void model.load()} />;
  else if (route.page === "room") page = <RoomPage key={address} slug={route.slug} secret={route.secret} />;
  else if (route.page === "start") page = <StartPage />;
  else if (route.page === "login") page = <LoginPage key={address} />;
  else if (route.page === "me") page = <MePage />;
  else page = <ProblemPage code="not_found" />;
  return <I18nProvider locale={settings.language}>{page}</I18nProvider>;
}

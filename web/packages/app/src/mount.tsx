/** Puts the app on the page. Everything it needs from outside comes in as a `World`. */

import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";
import { App } from "./App.tsx";
import { type World, WorldContext } from "./context.ts";
import { startI18n } from "./i18n/index.ts";
import { Api } from "./state/api.ts";
import { AppModel } from "./state/app.ts";
import type { Join } from "./state/port.ts";
import { Boundary } from "./ui/Boundary.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/pages.css";
import "./styles/meeting.css";
import "./styles/stage.css";
import "./styles/bar.css";
import "./styles/panels.css";
import "./styles/rooms.css";

/** Goes to a path of this site without loading the page anew. */
function navigate(path: string): void {
  history.pushState(null, "", path);
  window.dispatchEvent(new PopStateEvent("popstate"));
  window.scrollTo(0, 0);
}

export function mount(root: HTMLElement, join: Join): void {
  const api = new Api((input, init) => fetch(input, init));
  const model = new AppModel(api, localStorage, sessionStorage, navigator.languages);
  const i18n = startI18n(model.store.getSnapshot().settings.language);
  const media = window.isSecureContext && navigator.mediaDevices ? navigator.mediaDevices : null;
  const world: World = { model, join, media, navigate, leave: (url) => location.assign(url) };
  const fragment = model.cameBack(location.pathname, location.hash);
  if (fragment !== null) history.replaceState(null, "", location.pathname + fragment);
  createRoot(root).render(
    <I18nextProvider i18n={i18n}>
      <WorldContext value={world}>
        <Boundary>
          <App />
        </Boundary>
      </WorldContext>
    </I18nextProvider>,
  );
}

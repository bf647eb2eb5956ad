/**
 * Catches what no component expected, so that a mistake of ours never leaves an empty page. The
 * meeting is left by the unmounting below it; the person is told to load the page anew.
 */

import { Component, type ReactNode } from "react";
import { Translation } from "react-i18next";

interface State {
  readonly failed: boolean;
}

export class Boundary extends Component<{ readonly children: ReactNode }, State> {
  override readonly state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <Translation>
        {(t) => (
          <main className="content content-narrow">
            <div className="card notice-page">
              <h1>{t("page.problem")}</h1>
              <p role="alert">{t("page.crashed")}</p>
              <div className="actions">
                <button type="button" className="button button-primary" onClick={() => location.reload()}>
                  {t("page.reload")}
                </button>
              </div>
            </div>
          </main>
        )}
      </Translation>
    );
  }
}

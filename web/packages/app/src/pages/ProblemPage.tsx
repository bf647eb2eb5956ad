/** A page that has nothing to show yet, or never will: loading, unknown address, refused. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useWorld } from "../context.ts";
import { problemKey } from "../problems.ts";
import { Button } from "../ui/controls.tsx";
import { Chrome, useTitle } from "./Chrome.tsx";

export function ProblemPage({ code, onRetry }: { code: string | null; onRetry?: () => void }): ReactElement {
  const { t } = useTranslation();
  const { navigate } = useWorld();
  useTitle("");
  if (code === null) {
    return (
      <Chrome narrow>
        <p className="loading" role="status">
          <span className="spinner" aria-hidden="true" />
          {t("page.loading")}
        </p>
      </Chrome>
    );
  }
  return (
    <Chrome narrow>
      <div className="card notice-page">
        <h1>{t("page.problem")}</h1>
        <p role="alert">{t(problemKey(code))}</p>
        <div className="actions">
          {onRetry ? (
            <Button look="primary" onPress={onRetry}>
              {t("page.retry")}
            </Button>
          ) : null}
          <Button onPress={() => navigate("/")}>{t("page.to_start")}</Button>
        </div>
      </div>
    </Chrome>
  );
}

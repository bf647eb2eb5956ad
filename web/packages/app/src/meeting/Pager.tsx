/** Turns the pages of a stage that does not hold everybody. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/controls.tsx";

export interface PagerProps {
  readonly page: number;
  readonly pages: number;
  readonly onPage: (page: number) => void;
}

export function Pager({ page, pages, onPage }: PagerProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="pager" role="group" aria-label={t("pages.label")}>
      <IconButton icon="back" label={t("pages.previous")} isDisabled={page === 0} onPress={() => onPage(page - 1)} />
      <span role="status">{t("pages.where", { page: page + 1, pages })}</span>
      <IconButton icon="forward" label={t("pages.next")} isDisabled={page >= pages - 1} onPress={() => onPage(page + 1)} />
    </div>
  );
}

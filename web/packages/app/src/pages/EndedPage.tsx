/** After a meeting: why it is over for this person, and where to go from here. */

import type { ReactElement } from "react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useWorld } from "../context.ts";
import { endedKey } from "../problems.ts";
import type { RoomInfo } from "../state/api.ts";
import type { Ended } from "../state/port.ts";
import { Button } from "../ui/controls.tsx";
import { Mark } from "../ui/icons.tsx";
import { Chrome, useTitle } from "./Chrome.tsx";

export function EndedPage({ info, ended, onAgain }: { info: RoomInfo; ended: Ended; onAgain: () => void }): ReactElement {
  const { t } = useTranslation();
  const { navigate } = useWorld();
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(info.title);
  useEffect(() => void heading.current?.focus(), []);
  const keys = endedKey(ended.reason);
  return (
    <Chrome narrow>
      <div className="card notice-page">
        <Mark size={36} />
        <h1 ref={heading} tabIndex={-1}>
          {t(keys.title)}
        </h1>
        <p>{ended.by ? t("ended.by", { name: ended.by }) : t(keys.text)}</p>
        <div className="actions">
          {keys.again ? (
            <Button look="primary" onPress={onAgain}>
              {t("ended.again")}
            </Button>
          ) : null}
          <Button onPress={() => navigate("/")}>{t("page.to_start")}</Button>
        </div>
      </div>
    </Chrome>
  );
}

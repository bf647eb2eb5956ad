/** Who comes into a room without asking: three radio buttons, each a whole sentence. */

import type { ReactElement } from "react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { ACCESS, type Access } from "../state/api.ts";

const KEYS = { public: "access.public", trusted: "access.trusted", restricted: "access.restricted" } as const satisfies Record<Access, string>;

export function AccessChoice({ value, onChange }: { value: Access; onChange: (access: Access) => void }): ReactElement {
  const { t } = useTranslation();
  const name = useId();
  return (
    <fieldset className="options">
      <legend>{t("access.title")}</legend>
      {ACCESS.map((access) => (
        <label key={access} className="option">
          <input type="radio" name={name} checked={value === access} onChange={() => onChange(access)} />
          <span>{t(KEYS[access])}</span>
        </label>
      ))}
    </fieldset>
  );
}

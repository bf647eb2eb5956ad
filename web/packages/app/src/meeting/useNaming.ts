/** A name in a running sentence, never without who vouches for it: "Anna Smit (Finances)", "Paul Verne (Guest, Finances)". */

import { useTranslation } from "react-i18next";
import { tenantOf } from "../state/encryption.ts";
import type { Issued, Tenant } from "../state/port.ts";

export type Naming = (name: string, of: Issued | null) => string;

export function useNaming(tenants: readonly Tenant[]): Naming {
  const { t } = useTranslation();
  return (name, of) => {
    if (!of) return name;
    const marks = [...(of.role === "guest" ? [t("role.guest")] : []), tenantOf(of, tenants)?.short ?? t("people.unknown_tenant")];
    return `${name} (${marks.join(", ")})`;
  };
}

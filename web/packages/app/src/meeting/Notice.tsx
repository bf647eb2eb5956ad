/** One line above the stage. */

import type { ReactElement, ReactNode } from "react";
import { Icon, type IconName } from "../ui/icons.tsx";

export interface NoticeProps {
  readonly tone: "info" | "warn" | "danger";
  readonly icon: IconName;
  /** Read out at once, whatever is being said. */
  readonly alert?: boolean;
  readonly children: ReactNode;
}

export function Notice({ tone, icon, alert = false, children }: NoticeProps): ReactElement {
  return (
    <div className={`notice notice-${tone}`} role={alert ? "alert" : "status"}>
      <Icon name={icon} size={20} />
      {children}
    </div>
  );
}

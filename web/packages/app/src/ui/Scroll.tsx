/** A part of the page that scrolls by itself; the keyboard reaches it, or nobody without a mouse could read on. */

import type { ReactElement, ReactNode } from "react";

export interface ScrollProps {
  readonly className: string;
  /** What is in it, for those who hear the page. */
  readonly label: string;
  readonly children: ReactNode;
}

export function Scroll({ className, label, children }: ScrollProps): ReactElement {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- axe's scrollable-region-focusable demands it
    <div className={className} tabIndex={0} role="group" aria-label={label}>
      {children}
    </div>
  );
}

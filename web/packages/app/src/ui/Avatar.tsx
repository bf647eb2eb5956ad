/** A person without a picture: initials over the colour of the ministry. */

import type { ReactElement } from "react";

/** Up to two initials of a name, in any script. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const first = [...(words[0] ?? "")][0] ?? "";
  const last = words.length > 1 ? ([...(words[words.length - 1] ?? "")][0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

export function Avatar({ name, colour, size }: { name: string; colour: string; size: "small" | "large" }): ReactElement {
  return (
    <span className={`avatar avatar-${size}`} style={{ borderColor: colour }} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

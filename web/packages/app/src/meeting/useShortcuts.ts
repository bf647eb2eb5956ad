/** Binds the keys of `state/shortcuts.ts` and push-to-talk to the page while a meeting is shown. */

import { useEffect, useRef } from "react";
import type { PushToTalk } from "../state/talk.ts";
import { type Command, command } from "../state/shortcuts.ts";

/** `run` carries a command out; `talk` opens the microphone while space is held. */
export function useShortcuts(run: (command: Command) => void, talk: PushToTalk): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    // A control that was clicked keeps the focus; space belongs to it only for those who came by keyboard.
    let pointed = true;
    const point = (): void => void (pointed = true);
    const down = (event: KeyboardEvent): void => {
      if (event.key === "Tab") pointed = false;
      const wanted = command(event, isTextField(event.target));
      if (wanted) {
        event.preventDefault();
        event.stopPropagation();
        latest.current(wanted);
      } else if (event.code === "Space" && !hasModifier(event) && free(event.target, pointed) && talk.press()) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    const up = (event: KeyboardEvent): void => {
      if (event.code === "Space") talk.release();
    };
    // The key may be let go while another window has the keyboard.
    const away = (): void => talk.release();
    window.addEventListener("pointerdown", point, true);
    window.addEventListener("keydown", down, true);
    window.addEventListener("keyup", up, true);
    window.addEventListener("blur", away);
    document.addEventListener("visibilitychange", away);
    return () => {
      talk.release();
      window.removeEventListener("pointerdown", point, true);
      window.removeEventListener("keydown", down, true);
      window.removeEventListener("keyup", up, true);
      window.removeEventListener("blur", away);
      document.removeEventListener("visibilitychange", away);
    };
  }, [talk]);
}

function hasModifier(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=radio], [type=checkbox])"));
}

/** True where space does nothing of its own: outside controls, fields and dialogs. */
function free(target: EventTarget | null, pointed: boolean): boolean {
  if (!(target instanceof HTMLElement) || isTextField(target) || target.closest("[role=dialog]")) return false;
  return pointed || !target.matches("button, a, input, summary, [role=button], [tabindex='0']");
}

/** Binds the keys of `state/shortcuts.ts` and push-to-talk to the page while a meeting is shown. */

import { useEffect, useRef } from "react";
import type { PushToTalk } from "../state/talk.ts";
import { type Command, command, isMac } from "../state/shortcuts.ts";

/** `run` carries a command out; `pages` is how many the stage has; `talk` opens the microphone while space is held. */
export function useShortcuts(run: (command: Command) => void, pages: number, talk: PushToTalk): void {
  const latest = useRef({ run, pages });
  latest.current = { run, pages };
  useEffect(() => {
    const mac = isMac(navigator.userAgent);
    const keys = new Keys(talk, (event) => {
      const place = { mac, typing: isTextField(event.target), onStage: isStage(event.target), pages: latest.current.pages };
      const wanted = command(event, place);
      if (wanted && !event.repeat) latest.current.run(wanted);
      return wanted !== null;
    });
    // The key may be let go while another window has the keyboard.
    const away = (): void => talk.release();
    window.addEventListener("pointerdown", keys.point, true);
    window.addEventListener("keydown", keys.down, true);
    window.addEventListener("keyup", keys.up, true);
    window.addEventListener("blur", away);
    document.addEventListener("visibilitychange", away);
    return () => {
      talk.release();
      window.removeEventListener("pointerdown", keys.point, true);
      window.removeEventListener("keydown", keys.down, true);
      window.removeEventListener("keyup", keys.up, true);
      window.removeEventListener("blur", away);
      document.removeEventListener("visibilitychange", away);
    };
  }, [talk]);
}

/** Decides whose a key is: a command's, push-to-talk's or the page's. */
class Keys {
  readonly #talk: PushToTalk;
  /** Carries out the command of a key; true when it has one. */
  readonly #take: (event: KeyboardEvent) => boolean;
  /** A control that was clicked keeps the focus; space belongs to it only for those who came by keyboard. */
  #pointed = true;

  constructor(talk: PushToTalk, take: (event: KeyboardEvent) => boolean) {
    this.#talk = talk;
    this.#take = take;
  }

  readonly point = (): void => void (this.#pointed = true);

  readonly down = (event: KeyboardEvent): void => {
    if (event.key === "Tab") this.#pointed = false;
    if (!this.#take(event) && !this.#talks(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  readonly up = (event: KeyboardEvent): void => {
    if (event.code === "Space") this.#talk.release();
  };

  #talks(event: KeyboardEvent): boolean {
    return event.code === "Space" && !hasModifier(event) && free(event.target, this.#pointed) && this.#talk.press();
  }
}

function hasModifier(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=radio], [type=checkbox])"));
}

/** True on the stage, and where nothing has the focus. */
function isStage(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof Element && target.closest(".stage-area") !== null);
}

/** True where space does nothing of its own: outside controls, fields and dialogs. */
function free(target: EventTarget | null, pointed: boolean): boolean {
  if (!(target instanceof HTMLElement) || isTextField(target) || target.closest("[role=dialog]")) return false;
  return pointed || !target.matches("button, a, input, summary, [role=button], [tabindex='0']");
}

/** The meeting's chat: what was said since you joined, and a box to write in. */

import type { FormEvent, KeyboardEvent, ReactElement } from "react";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { problemKey } from "../problems.ts";
import { barredCode } from "../state/barred.ts";
import type { ChatMessage, Meeting, MeetingSnapshot, Tenant } from "../state/port.ts";
import { codeOf } from "../state/room.ts";
import { locale } from "../state/settings.ts";
import { IconButton } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Scroll } from "../ui/Scroll.tsx";
import { IssuedMarks } from "./Badges.tsx";

/** Longest message, in characters: two typed pages; the socket's limit is far above. */
const LONGEST = 4000;

export interface ChatPanelProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly onClose: () => void;
}

export function ChatPanel({ meeting, snapshot, onClose }: ChatPanelProps): ReactElement {
  const { t } = useTranslation();
  const end = useRef<HTMLLIElement>(null);
  const count = snapshot.messages.length;
  useEffect(() => {
    // Newer browsers return a promise here, which must not become the effect's cleanup.
    end.current?.scrollIntoView({ block: "nearest" });
  }, [count]);
  return (
    <Panel title={t("control.chat")} onClose={onClose}>
      <Scroll className="panel-scroll" label={t("chat.messages")}>
        {count === 0 ? <p className="panel-empty">{t("chat.empty")}</p> : null}
        <ol className="chat-list">
          {snapshot.messages.map((message, index) => (
            <ChatLine key={message.id} message={message} tenants={snapshot.tenants} follows={snapshot.messages[index - 1]} />
          ))}
          <li ref={end} aria-hidden="true" />
        </ol>
      </Scroll>
      <Writing meeting={meeting} barred={barredCode(snapshot.rights, "chat")} />
    </Panel>
  );
}

interface Draft {
  readonly text: string;
  /** Why the last one was not sent, as a code. */
  readonly problem: string | null;
  readonly write: (text: string) => void;
  readonly send: (event?: FormEvent) => Promise<void>;
}

/** What is being written; a message that was refused comes back to be sent again. */
function useDraft(meeting: Meeting, barred: boolean): Draft {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault();
    const written = text.trim();
    if (written === "" || barred) return;
    setText("");
    setProblem(null);
    try {
      await meeting.sendChat(written);
    } catch (error) {
      setText((now) => (now === "" ? written : now));
      setProblem(codeOf(error));
    }
  };
  return { text, problem, write: setText, send };
}

/** The box to write in; where a rule leaves writing to the hosts, that is what stands above it. */
function Writing({ meeting, barred }: { readonly meeting: Meeting; readonly barred: string | null }): ReactElement {
  const { t } = useTranslation();
  const refused = barred !== null;
  const { text, problem, write, send } = useDraft(meeting, refused);
  const reason = useId();
  const keys = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form className="chat-form" onSubmit={(event) => void send(event)}>
      {problem ? (
        <p className="field-error" role="alert">
          {t("chat.failed")} {t(problemKey(problem))}
        </p>
      ) : null}
      {refused ? (
        <p id={reason} className="note note-info">
          <Icon name="chat" size={18} />
          <span>{t(problemKey(barred))}</span>
        </p>
      ) : null}
      <div className="chat-row">
        <textarea
          className="input chat-input"
          aria-label={t("chat.message")}
          placeholder={t("chat.placeholder")}
          rows={1}
          maxLength={LONGEST}
          value={text}
          readOnly={refused}
          {...(refused ? { "aria-disabled": true, "aria-describedby": reason } : {})}
          onChange={(event) => write(event.target.value)}
          onKeyDown={keys}
        />
        <IconButton icon="send" label={t("chat.send")} type="submit" isDisabled={refused || text.trim() === ""} />
      </div>
    </form>
  );
}

/** One message; the name is left out when the same person goes on within a minute. */
function ChatLine({ message, tenants, follows }: { message: ChatMessage; tenants: readonly Tenant[]; follows: ChatMessage | undefined }): ReactElement {
  const { t, i18n } = useTranslation();
  const goesOn = follows?.participant === message.participant && message.time - follows.time < 60_000;
  const time = new Intl.DateTimeFormat(locale(i18n.language), { hour: "2-digit", minute: "2-digit" }).format(message.time);
  return (
    <li className={message.own ? "chat-line chat-own" : "chat-line"}>
      {goesOn ? (
        <span className="visually-hidden">{message.own ? t("tile.you") : message.name}</span>
      ) : (
        <p className="chat-who">
          <span className="chat-name" dir="auto">
            {message.own ? t("tile.you") : message.name}
          </span>
          {message.from && !message.own ? <IssuedMarks of={message.from} tenants={tenants} /> : null}
          <time dateTime={new Date(message.time).toISOString()}>{time}</time>
        </p>
      )}
      <p className="chat-text" dir="auto">
        {message.text}
      </p>
    </li>
  );
}

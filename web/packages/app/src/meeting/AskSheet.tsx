/** Before something grave is done to a person: what it means, and another way out; or the new name of a guest. */

import type { FormEvent, ReactElement } from "react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Meeting, Person } from "../state/port.ts";
import { Button, Field } from "../ui/controls.tsx";
import { Sheet } from "../ui/Sheet.tsx";
import type { Asked } from "./PersonMenu.tsx";

export interface AskSheetProps {
  readonly meeting: Meeting;
  readonly asked: Asked | null;
  readonly onClose: () => void;
  readonly onProblem: (error: unknown) => void;
}

export function AskSheet({ asked, ...rest }: AskSheetProps): ReactElement {
  const { t } = useTranslation();
  const name = asked?.person.name ?? "";
  const title = asked?.what === "rename" ? t("people.rename_title", { name }) : t("people.remove_title", { name });
  return (
    <Sheet title={title} open={asked !== null} onClose={rest.onClose}>
      {asked?.what === "remove" ? <Remove {...rest} person={asked.person} /> : null}
      {asked?.what === "rename" ? <Rename {...rest} person={asked.person} /> : null}
    </Sheet>
  );
}

type Props = Omit<AskSheetProps, "asked"> & { readonly person: Person };

function Remove({ meeting, person, onClose, onProblem }: Props): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <p>{t("people.remove_text")}</p>
      <p>{person.role === "guest" ? t("people.remove_guest") : t("people.remove_official")}</p>
      <div className="actions">
        <Button
          look="danger"
          onPress={() => {
            void meeting.host.remove(person.participant).catch(onProblem);
            onClose();
          }}
        >
          {t("people.remove_confirm")}
        </Button>
        <Button onPress={onClose}>{t("people.remove_keep")}</Button>
      </div>
    </>
  );
}

function Rename({ meeting, person, onClose, onProblem }: Props): ReactElement {
  const { t } = useTranslation();
  const [name, setName] = useState(person.name);
  const [missing, setMissing] = useState(false);
  const rename = (event: FormEvent): void => {
    event.preventDefault();
    const typed = name.trim();
    setMissing(typed === "");
    if (typed === "") return;
    if (typed !== person.name) void meeting.host.rename(person.participant, typed).catch(onProblem);
    onClose();
  };
  return (
    <form className="stack" onSubmit={rename}>
      <Field
        label={t("people.new_name")}
        value={name}
        onChange={setName}
        hint={t("people.rename_hint")}
        error={missing ? t("people.new_name_missing") : null}
        maxLength={60}
      />
      <div className="actions">
        <Button type="submit" look="primary">
          {t("people.rename_confirm")}
        </Button>
        <Button onPress={onClose}>{t("lobby.cancel")}</Button>
      </div>
    </form>
  );
}

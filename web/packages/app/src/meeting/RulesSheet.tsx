/** The room's rules, for hosts: each acts at once, and stays for the next meeting. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { Meeting, MeetingSnapshot, RuleChange, Rules } from "../state/port.ts";
import { codeOf } from "../state/room.ts";
import { AccessChoice } from "../ui/AccessChoice.tsx";
import { Button, Switch } from "../ui/controls.tsx";
import { Sheet } from "../ui/Sheet.tsx";

export interface RulesSheetProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onProblem: (code: string) => void;
}

export function RulesSheet({ meeting, snapshot, open, onClose, onProblem }: RulesSheetProps): ReactElement {
  const { t } = useTranslation();
  const report = (error: unknown): void => onProblem(codeOf(error));
  const set = (change: RuleChange): void => void meeting.host.setRules(change).catch(report);
  // Whoever is no host any more has nothing to set.
  const shown = open && snapshot.rights.may.command && snapshot.rules !== null;
  return (
    <Sheet title={t("rules.title")} open={shown} onClose={onClose}>
      <div className="actions">
        <Button icon="microphoneOff" onPress={() => void meeting.host.muteAll().catch(report)}>
          {t("rules.mute_all")}
        </Button>
        <Button icon="hand" onPress={() => void meeting.host.lowerHands().catch(report)}>
          {t("rules.lower_hands")}
        </Button>
      </div>
      {snapshot.rules ? <Settings rules={snapshot.rules} set={set} /> : null}
    </Sheet>
  );
}

function Settings({ rules, set }: { readonly rules: Rules; readonly set: (change: RuleChange) => void }): ReactElement {
  const { t } = useTranslation();
  const who = (everyone: boolean): "everyone" | "hosts" => (everyone ? "everyone" : "hosts");
  return (
    <div className="stack">
      <Switch label={t("rules.locked")} hint={t("rules.locked_hint")} on={rules.locked} onChange={(locked) => set({ locked })} />
      <Switch label={t("rules.unmute")} hint={t("rules.unmute_hint")} on={rules.unmute === "everyone"} onChange={(on) => set({ unmute: who(on) })} />
      <Switch label={t("rules.share")} on={rules.share === "everyone"} onChange={(on) => set({ share: who(on) })} />
      <Switch label={t("rules.chat")} on={rules.chat === "everyone"} onChange={(on) => set({ chat: who(on) })} />
      <Switch label={t("rules.audience")} hint={t("rules.audience_hint")} on={rules.audience} onChange={(audience) => set({ audience })} />
      <AccessChoice value={rules.access} onChange={(access) => set({ access })} />
    </div>
  );
}

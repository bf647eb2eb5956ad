/** The way out. A host is asked whether to leave or to end the meeting for everyone. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { codeOf, type Room } from "../state/room.ts";
import { BarButton } from "../ui/controls.tsx";
import { BarMenu, MoreItem } from "./BarMenu.tsx";

export interface LeaveControlProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly room: Room;
  readonly onProblem: (code: string) => void;
}

export function LeaveControl({ meeting, snapshot, room, onProblem }: LeaveControlProps): ReactElement {
  const { t } = useTranslation();
  if (!snapshot.rights.may.command) return <BarButton icon="leave" label={t("control.leave")} tone="leave" onPress={() => void room.leave()} />;
  const end = (): void => void meeting.host.endForAll().catch((error: unknown) => onProblem(codeOf(error)));
  return (
    <BarMenu icon="leave" label={t("control.leave")} tone="leave">
      {(close) => (
        <>
          <MoreItem icon="leave" label={t("leave.only_me")} onPress={() => void room.leave()} />
          <MoreItem
            icon="close"
            label={t("leave.everyone")}
            onPress={() => {
              close();
              end();
            }}
          />
        </>
      )}
    </BarMenu>
  );
}

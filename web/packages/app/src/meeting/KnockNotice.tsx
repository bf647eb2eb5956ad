/** Tells hosts that somebody waits, and lets them in with one press. The announcer says it aloud. */

import type { ReactElement } from "react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { monotonic } from "../clock.ts";
import { useObservable } from "../context.ts";
import type { Devices } from "../state/devices.ts";
import { Knocks } from "../state/knocks.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { codeOf } from "../state/room.ts";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { playChime } from "../ui/play.ts";
import { RoleBadge } from "./Badges.tsx";

export interface KnockNoticeProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  /** The list is in sight already. */
  readonly listed: boolean;
  readonly onPeople: () => void;
  readonly onProblem: (code: string) => void;
}

export function KnockNotice(props: KnockNoticeProps): ReactElement | null {
  const { meeting, snapshot, listed, onPeople, onProblem } = props;
  const { t } = useTranslation();
  const { lobby } = snapshot;
  useRing(props);
  const [first] = lobby;
  if (!first || listed) return null;
  const one = lobby.length === 1;
  // Who reads like somebody present is looked at in the list, where that is said.
  const doubtful = lobby.some((knocker) => knocker.lookalike);
  const report = (error: unknown): void => onProblem(codeOf(error));
  const tenant = snapshot.tenants.find((known) => known.tenant === first.tenant);
  return (
    <section className="notice notice-info" aria-label={t("knock.notice")}>
      <Icon name="people" size={20} />
      {one ? (
        <span>
          {t("knock.one", { name: first.name })} <RoleBadge of={first} />{" "}
          <span className="issuer">{first.role === "guest" ? t("people.name_unchecked") : (tenant?.short ?? t("people.unknown_tenant"))}</span>
        </span>
      ) : (
        <span>{t("knock.many", { count: lobby.length })}</span>
      )}
      {doubtful ? null : one ? (
        <Button look="quiet" aria-label={t("knock.admit_name", { name: first.name })} onPress={() => void meeting.host.admit(first.knock).catch(report)}>
          {t("knock.admit")}
        </Button>
      ) : (
        <Button look="quiet" onPress={() => void meeting.host.admitAll().catch(report)}>
          {t("knock.admit_all")}
        </Button>
      )}
      <Button look="quiet" onPress={onPeople}>
        {t("knock.show")}
      </Button>
    </section>
  );
}

/** A soft tone for the first who knocks, not for each of a crowd. */
function useRing({ snapshot, devices }: KnockNoticeProps): void {
  const [knocks] = useState(() => new Knocks());
  const { speaker } = useObservable(devices.store);
  const { lobby } = snapshot;
  useEffect(() => {
    if (knocks.feed(lobby, monotonic()).ring) void playChime(speaker);
  }, [knocks, lobby, speaker]);
}

/**
 * The encryption panel: one plain sentence, the people it speaks of with who vouches for each,
 * the code to compare aloud, and technical words only under Details.
 */

import type { ReactElement } from "react";
import { useState } from "react";
import { Button as AriaButton, Disclosure, DisclosurePanel, Heading } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { alarmKey, severity } from "../state/alarms.ts";
import { codeGroups, listed, newGroupKind, suiteKind, tenantOf } from "../state/encryption.ts";
import { locale } from "../state/settings.ts";
import type { EncryptionState, Meeting, MeetingSnapshot, Person } from "../state/port.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Scroll } from "../ui/Scroll.tsx";
import { Badges } from "./Badges.tsx";
import { ProtectionSheet } from "./ProtectionSheet.tsx";
import { useSentence } from "./useSentence.ts";

export interface EncryptionPanelProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly onClose: () => void;
}

export function EncryptionPanel({ meeting, snapshot, onClose }: EncryptionPanelProps): ReactElement {
  const { t, i18n } = useTranslation();
  const [explained, setExplained] = useState(false);
  const sentence = useSentence(snapshot);
  const { encryption } = snapshot;
  return (
    <Panel title={t("control.encryption")} onClose={onClose}>
      <Scroll className="panel-scroll" label={t("encryption.content")}>
        <p className={`lead standing-${sentence.standing}`}>
          <Icon name={sentence.standing === "alarm" ? "warning" : "shield"} size={26} />
          <span>{sentence.text}</span>
        </p>
        <Alarms encryption={encryption} />
        <ul className="member-list" aria-label={t("encryption.members")}>
          {listed(snapshot.people, i18n.language).map((person) => (
            <MemberRow key={person.participant} person={person} snapshot={snapshot} />
          ))}
        </ul>
        {encryption.code !== null ? <Code code={encryption.code} encryption={encryption} onVerified={() => meeting.markVerified()} /> : null}
        <div className="actions">
          <Button icon="shield" onPress={() => setExplained(true)}>
            {t("protect.title")}
          </Button>
        </div>
        <Details snapshot={snapshot} />
        <ProtectionSheet snapshot={snapshot} open={explained} onClose={() => setExplained(false)} />
      </Scroll>
    </Panel>
  );
}

function MemberRow({ person, snapshot }: { person: Person; snapshot: MeetingSnapshot }): ReactElement {
  const { t } = useTranslation();
  const tenant = tenantOf(person, snapshot.tenants);
  const issuer = tenant?.name ?? t("people.unknown_tenant");
  return (
    <li className="member-row">
      <Avatar name={person.name} colour={tenant?.colour ?? "#6b7785"} size="small" />
      <div className="person-lines">
        <span className="person-name">
          <bdi>{person.name}</bdi>
          <Badges person={person} />
        </span>
        <span className="person-title">
          {person.leaving ? `${t("people.left")} ` : null}
          {person.nameChecked ? t("encryption.issuer", { issuer }) : t("encryption.issuer_guest", { issuer })}
        </span>
      </div>
    </li>
  );
}

function Alarms({ encryption }: { encryption: EncryptionState }): ReactElement | null {
  const { t, i18n } = useTranslation();
  const { alarms } = encryption;
  const restarted = newGroupKind(encryption) === "restarted";
  if (alarms.length === 0) return null;
  const clock = new Intl.DateTimeFormat(locale(i18n.language), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return (
    <section aria-label={t("alarm.list")}>
      <ul className="alarm-list">
        {alarms.map((alarm, index) => (
          <li key={`${alarm.code}-${alarm.time}-${index}`} className={`alarm-${severity(alarm.code)}`}>
            <time dateTime={new Date(alarm.time).toISOString()}>{clock.format(alarm.time)}</time>
            <p>
              {restarted && alarm.code === "new_group" ? t("alarm.restarted") : t(alarmKey(alarm.code))}{" "}
              {alarm.people.length > 0 ? t("alarm.people", { names: alarm.people.join(", ") }) : null}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Code({ code, encryption, onVerified }: { code: string; encryption: EncryptionState; onVerified: () => void }): ReactElement {
  const { t } = useTranslation();
  const groups = codeGroups(code);
  return (
    <section className="code" aria-labelledby="code-title">
      <h3 id="code-title">{t("code.title")}</h3>
      <p className="quiet">{t("code.text")}</p>
      <p className="code-digits" role="img" aria-label={t("code.spoken", { digits: groups.map((group) => [...group].join(" ")).join(", ") })}>
        {groups.map((group, index) => (
          <span key={`${index}-${group}`} aria-hidden="true">
            {group}
          </span>
        ))}
      </p>
      <VerifiedNote encryption={encryption} />
      <Button icon="check" onPress={onVerified}>
        {t("code.compared")}
      </Button>
    </section>
  );
}

/** "Verified then; joined since: …" (K6.3). */
function VerifiedNote({ encryption }: { encryption: EncryptionState }): ReactElement {
  const { t, i18n } = useTranslation();
  const { verified } = encryption;
  if (!verified) return <div role="status" />;
  const time = new Intl.DateTimeFormat(locale(i18n.language), { hour: "2-digit", minute: "2-digit" }).format(verified.time);
  const names = new Intl.ListFormat(locale(i18n.language), { type: "conjunction" }).format([...verified.joinedSince]);
  return (
    <p role="status" className={verified.joinedSince.length === 0 ? "note note-good" : "note note-warn"}>
      <Icon name="check" size={18} />
      <span>{verified.joinedSince.length === 0 ? t("code.verified", { time }) : t("code.verified_joined", { time, names })}</span>
    </p>
  );
}

const SUITE_KEYS = {
  hybrid: "details.suite_hybrid",
  classical: "details.suite_classical",
  unknown: "details.suite_unknown",
} as const;

function Details({ snapshot }: { snapshot: MeetingSnapshot }): ReactElement {
  const { t, i18n } = useTranslation();
  const { encryption } = snapshot;
  return (
    <Disclosure className="details">
      <Heading level={3}>
        <AriaButton slot="trigger" className="details-trigger">
          <Icon name="chevron" size={18} />
          {t("details.title")}
        </AriaButton>
      </Heading>
      <DisclosurePanel className="details-panel">
        <dl>
          <dt>{t("details.protocol")}</dt>
          <dd>MLS (RFC 9420), SFrame (RFC 9605), AES-128-GCM</dd>
          <dt>{t("details.suite")}</dt>
          <dd>
            {encryption.suite} – {t(SUITE_KEYS[suiteKind(encryption)])}
          </dd>
          <dt>{t("details.epoch")}</dt>
          <dd>{encryption.epoch ?? "–"}</dd>
          <dt>{t("details.fingerprints")}</dt>
          <dd>
            <ul className="fingerprints">
              {listed(snapshot.people, i18n.language).map((person) => (
                <li key={person.participant}>
                  <bdi>{person.name}</bdi>
                  <code>{person.issuer}</code>
                </li>
              ))}
            </ul>
          </dd>
        </dl>
      </DisclosurePanel>
    </Disclosure>
  );
}

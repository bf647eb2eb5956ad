/** A person's own page: who one is here, where one is logged in, and every certificate issued in one's name (K2.4). */

import { type ReactElement, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp, useWorld } from "../../context.ts";
import { problemKey } from "../../problems.ts";
import { endSession, type OwnCertificate, ownCertificates, type OwnSession, ownSessions } from "../../state/login.ts";
import { codeOf } from "../../state/room.ts";
import { locale } from "../../state/settings.ts";
import { Button } from "../../ui/controls.tsx";
import { Chrome, useTitle } from "../Chrome.tsx";
import { LoginChoice } from "./LoginChoice.tsx";
import { SignedIn } from "./SignedIn.tsx";

const LEVEL = { low: "me.level_low", substantial: "me.level_substantial", high: "me.level_high" } as const;

export function MePage(): ReactElement {
  const { t } = useTranslation();
  const { session } = useApp();
  useTitle(t("me.title"));
  return (
    <Chrome narrow>
      <div className="own-cards">
        <section className="card stack" aria-labelledby="me">
          <h1 id="me">{t("me.title")}</h1>
          {session ? <SignedIn /> : <LoginChoice headings="h2" returnTo="/me" />}
        </section>
        {session && session.session === null ? <Sessions /> : null}
        {session ? <Certificates session={session.session} /> : null}
      </div>
    </Chrome>
  );
}

/** Date and time as people here write them. */
function useWhen(): (time: number) => string {
  const { settings } = useApp();
  const format = new Intl.DateTimeFormat(locale(settings.language), { dateStyle: "medium", timeStyle: "short" });
  return (time) => format.format(time);
}

function Sessions(): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const when = useWhen();
  const [sessions, setSessions] = useState<readonly OwnSession[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = useCallback(async (): Promise<void> => {
    await ownSessions(model.api).then(setSessions, (error: unknown) => setProblem(codeOf(error)));
  }, [model]);
  useEffect(() => void load(), [load]);
  const end = async (id: string): Promise<void> => {
    await endSession(model.api, id).catch((error: unknown) => setProblem(codeOf(error)));
    await load();
  };
  return (
    <section className="card stack" aria-labelledby="sessions">
      <h2 id="sessions">{t("me.sessions")}</h2>
      <Problem code={problem} />
      <ul className="own-list">
        {(sessions ?? []).map((one) => (
          <li key={one.id}>
            <span className="person-lines">
              <span className="person-name">{one.current ? t("me.here") : t("me.elsewhere")}</span>
              <span className="person-title">
                {t("me.since", { since: when(one.authenticated), seen: when(one.seen) })} · {t(LEVEL[one.level])}
              </span>
            </span>
            {one.current ? null : (
              <Button onPress={() => void end(one.id)} aria-label={t("me.end_since", { since: when(one.authenticated) })}>
                {t("me.end")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Certificates({ session }: { session: string | null }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const [found, setFound] = useState<readonly OwnCertificate[] | null>(null);
  const [before, setBefore] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const more = useCallback(
    async (from: string | null): Promise<void> => {
      try {
        const page = await ownCertificates(model.api, session, from);
        setFound((known) => (from === null ? page.certificates : [...(known ?? []), ...page.certificates]));
        setBefore(page.before);
      } catch (error) {
        setProblem(codeOf(error));
      }
    },
    [model, session],
  );
  useEffect(() => void more(null), [more]);
  return (
    <section className="card stack" aria-labelledby="certificates">
      <h2 id="certificates">{t("me.certificates")}</h2>
      <p className="quiet">{t("me.certificates_text")}</p>
      <Problem code={problem} />
      {found?.length === 0 ? <p>{t("me.certificates_none")}</p> : null}
      <ul className="own-list">
        {(found ?? []).map((one) => (
          <Certificate key={one.fingerprint} one={one} />
        ))}
      </ul>
      {before !== null ? <Button onPress={() => void more(before)}>{t("me.more")}</Button> : null}
    </section>
  );
}

function Certificate({ one }: { one: OwnCertificate }): ReactElement {
  const { t } = useTranslation();
  const when = useWhen();
  const ends = one.revoked === null ? t("me.valid_until", { time: when(one.expires) }) : t("me.revoked", { time: when(one.revoked) });
  return (
    <li>
      <span className="person-lines">
        <span className="person-name">{t("me.issued", { time: when(one.issued) })}</span>
        <span className="person-title">
          {ends} · <code>{one.fingerprint.slice(0, 16)}</code>
        </span>
      </span>
    </li>
  );
}

function Problem({ code }: { code: string | null }): ReactElement | null {
  const { t } = useTranslation();
  return code === null ? null : (
    <p className="field-error" role="alert">
      {t(problemKey(code))}
    </p>
  );
}

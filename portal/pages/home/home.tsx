import "./home.css";

import { useTranslation } from "react-i18next";
import { Redirect } from "wouter";

import { type Session, signOnAddress, useSession } from "../../api/session.ts";
import { STARTS } from "../../app/starts.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { Explained } from "../../parts/term.tsx";

const THREE = [
  ["see", "eye"],
  ["check", "shield"],
  ["act", "complaint"],
] as const satisfies readonly (readonly [string, IconName])[];

/** The front page: what this is, for whoever is not signed on. Others go on to their own. */
export default function Home() {
  return <Answered of={useSession()}>{(session) => <Welcome session={session} />}</Answered>;
}

function Welcome({ session: { signedOn, signOn } }: { readonly session: Session }) {
  const { t, i18n } = useTranslation("home");
  const { t: shell } = useTranslation();
  const failure = useSignOnFailure();
  const start = signedOn === null ? undefined : STARTS[signedOn.role];
  if (start !== undefined) return <Redirect to={start} replace />;
  return (
    <div className="stack">
      <title>{shell("name")}</title>
      {failure !== undefined && <Notice tone="warn" live title={failure} />}
      {signedOn !== null && (
        <Notice tone="quiet">{t("otherRole", { role: shell(`roles.${signedOn.role}`) })}</Notice>
      )}
      <h1>{t("title")}</h1>
      <p className="home-lead">{t("lead")}</p>
      {signedOn === null && signOn && (
        <p>
          <ButtonLink outside weight="first" href={signOnAddress("/portal/", i18n.language)}>
            {shell("signOn")}
          </ButtonLink>
        </p>
      )}
      <div className="home-three">
        {THREE.map(([name, icon]) => (
          <section key={name} className="card stack-tight">
            <Icon name={icon} />
            <h2>{t(`${name}.title`)}</h2>
            <p>
              <Explained text={t(`${name}.text`)} />
            </p>
          </section>
        ))}
      </div>
      <section className="card stack-tight">
        <h2>{t("anybody")}</h2>
        <p>
          <Explained text={t("anybodyText")} />
        </p>
        <p>
          <ButtonLink outside href="/verify">
            {t("toVerify")}
          </ButtonLink>
        </p>
      </section>
    </div>
  );
}

const REASONS = ["cancelled", "expired", "refused", "unavailable", "none"] as const;

/** What became of a sign-on that led nowhere, as the server says in the address. */
function useSignOnFailure(): string | undefined {
  const { t } = useTranslation();
  const asked = new URLSearchParams(location.search).get("sign-on");
  const reason = REASONS.find((known) => known === asked);
  return reason === undefined ? undefined : t(`signOnFailed.${reason}`);
}

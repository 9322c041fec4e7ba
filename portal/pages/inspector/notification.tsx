import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { type Notification, useFindingAct, useNotification } from "../../api/findings.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { download } from "../../parts/download.ts";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { useLawName } from "../../words/law.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { Notify } from "./notify.tsx";

const MAX_TEXT = 4000;
/** What only the agency knows. */
const OWN = ["cause", "consequences", "measures", "contact"] as const;
type OwnTexts = Readonly<Record<(typeof OWN)[number], string>>;

/** The notification of a breach: what the ledger knows is filled in, the agency adds the rest, and takes it away as a file. Nothing of that is sent. */
export default function NotificationPage() {
  const id = decodeURIComponent(useParams<{ id: string }>().id);
  const { t } = useTranslation("duties");
  return (
    <div className="stack">
      <title>{`${t("notification.title")} · Minh Bạch`}</title>
      <h1>{t("notification.title")}</h1>
      <p>{t("notification.lead")}</p>
      <Answered of={useNotification(id)}>
        {(notification) => <Draft id={id} notification={notification} />}
      </Answered>
      <p>
        <ButtonLink weight="quiet" href={`/findings/${encodeURIComponent(id)}`}>
          {t("notification.back")}
        </ButtonLink>
      </p>
    </div>
  );
}

function Draft({ id, notification }: { readonly id: string; readonly notification: Notification }) {
  const { t } = useTranslation("duties");
  const { t: oversight } = useTranslation("oversight");
  const facts = useFacts(notification);
  const act = useFindingAct(id);
  const [own, setOwn] = useState<OwnTexts>({ cause: "", consequences: "", measures: "", contact: "" });
  const save = (): void => {
    const added = OWN.map((name) => [t(`notification.${name}`), own[name].trim()] as const);
    const lines = [...facts, ...added].map(([label, text]) => `${label}: ${text}`);
    const text = [t("notification.title"), "", ...lines, ""].join("\r\n");
    download(new Blob([text], { type: "text/plain;charset=utf-8" }), "minhbach-notification.txt");
  };
  return (
    <>
      <section className="card">
        <dl className="facts">
          {facts.map(([label, text]) => (
            <Fact key={label} label={label} text={text} />
          ))}
        </dl>
      </section>
      <section className="card stack">
        {OWN.map((name) => (
          <Field
            key={name}
            isLong={name !== "contact"}
            label={t(`notification.${name}`)}
            value={own[name]}
            maxLength={MAX_TEXT}
            onChange={(text) => setOwn({ ...own, [name]: text })}
          />
        ))}
        <div>
          <Button weight="first" onPress={save}>
            <Icon name="download" />
            {t("notification.download")}
          </Button>
        </div>
      </section>
      <p className="quiet">{t("notification.peopleSee")}</p>
      {notification.notifiedAt === undefined && <Notify isPending={act.isPending} onAct={act.mutate} />}
      {act.error !== null && <Fault error={act.error} />}
      {act.data !== undefined && (
        <Notice tone="good" live title={oversight("finding.recorded", { index: act.data.index })}>
          <p>{oversight("finding.recordedWhy")}</p>
        </Notice>
      )}
    </>
  );
}

function Fact({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{text}</dd>
    </>
  );
}

/** What the ledger knows, in words, in the order of the document. */
function useFacts(of: Notification): readonly (readonly [string, string])[] {
  const { t } = useTranslation("duties");
  const { moment, count } = useWriting();
  const naming = useNaming();
  const lawName = useLawName();
  const lookup = useLookup();
  const { finding, confirmedAt, notifyBy, notifiedAt, agency, provider, procedure, occurred, evidence } = of;
  const at = (label: string, seconds: number | undefined): readonly (readonly [string, string])[] =>
    seconds === undefined ? [] : [[label, moment(seconds)]];
  const said = (label: string, text: string | undefined): readonly (readonly [string, string])[] =>
    text === undefined ? [] : [[label, text]];
  const { people, personalData } = of.data;
  return [
    [t("notification.finding"), lookup(`oversight:kinds.${finding.kind}`, finding.kind)],
    [t("notification.under"), of.under.map(lawName).join("; ")],
    ...at(t("notification.confirmed"), confirmedAt),
    ...at(t("notification.by"), notifyBy),
    ...at(t("notification.notified"), notifiedAt),
    ...said(t("notification.agency"), agency && naming.agency(agency)),
    ...said(t("notification.provider"), provider && naming.agency(provider)),
    ...said(t("notification.procedure"), procedure && naming.procedure(procedure)),
    [t("notification.people"), count(people)],
    [t("notification.data"), naming.categories(personalData).join(", ")],
    ...at(t("notification.occurred"), occurred === undefined ? undefined : Date.parse(occurred) / 1000),
    ...at(t("notification.received"), of.received),
    [
      t("notification.evidence"),
      t("notification.evidenceAt", { index: evidence.index, leaf: evidence.leaf }),
    ],
  ];
}

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useCatalogue } from "../../api/catalogue.ts";
import { type Consent, type ConsentAct, useConsentAct, useConsents } from "../../api/consents.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import { ConsentCard } from "./card.tsx";
import { Objections } from "./objections.tsx";

const DONE = {
  give: "given",
  accept: "given",
  refuse: "refused",
  defer: "deferred",
  withdraw: "withdrawn",
} as const;

/** My consents: what is asked, what is in force and what is over; and the procedures in which machines act. */
export default function Consents() {
  const { t } = useTranslation("consents");
  const { t: terms } = useTranslation("terms");
  const consents = useConsents();
  const act = useConsentAct();
  const [done, setDone] = useState<keyof typeof DONE | undefined>(undefined);
  const run = (step: ConsentAct): void => {
    setDone(undefined);
    act.mutate(step, { onSuccess: () => setDone(step.kind) });
  };
  return (
    <div className="stack">
      <title>{`${t("title")} · Minh Bạch`}</title>
      <h1>{t("title")}</h1>
      <p>
        <Term name="consent">{terms("consent.word")}</Term>: {t("lead")}
      </p>
      {done !== undefined && <Notice tone="good" live title={t(DONE[done])} />}
      {act.error !== null && <Fault error={act.error} />}
      <Answered of={consents}>
        {(list) => <Lists consents={list} isBusy={act.isPending} run={run} />}
      </Answered>
      <p>
        <ButtonLink href="/consents/new">{t("give")}</ButtonLink>
      </p>
      <Objections />
    </div>
  );
}

interface ListsProps {
  readonly consents: readonly Consent[];
  readonly isBusy: boolean;
  readonly run: (step: ConsentAct) => void;
}

function Lists({ consents, isBusy, run }: ListsProps) {
  const { t } = useTranslation("consents");
  const { data: catalogue } = useCatalogue();
  const asked = consents.filter(({ state }) => isAsked(state));
  const inForce = consents.filter(({ permits }) => permits);
  const over = consents.filter((consent) => !isAsked(consent.state) && !consent.permits);
  const card = (consent: Consent) => (
    <ConsentCard key={`${consent.person.id} ${consent.id}`} {...{ consent, catalogue, isBusy, run }} />
  );
  if (consents.length === 0)
    return (
      <Empty icon="consent" title={t("none")}>
        <p>{t("noneWhy")}</p>
      </Empty>
    );
  return (
    <>
      {asked.length > 0 && (
        <section className="stack-tight">
          <h2>{t("asked")}</h2>
          <p className="quiet">{t("askedWhy")}</p>
          {asked.map(card)}
        </section>
      )}
      {inForce.length > 0 && (
        <section className="stack-tight">
          <h2>{t("inForce")}</h2>
          {inForce.map(card)}
        </section>
      )}
      {over.length > 0 && (
        <Disclosure isSection title={t("over", { count: over.length })}>
          <div className="stack-tight">{over.map(card)}</div>
        </Disclosure>
      )}
    </>
  );
}

function isAsked(state: Consent["state"]): boolean {
  return state === "ConsentRequested" || state === "ConsentRequestDeferred";
}

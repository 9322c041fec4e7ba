import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { type Seal, useSeal, useSealAct } from "../../api/seals.ts";
import { useNow } from "../../app/now.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { SealBadge, SealFacts, useSealName } from "./seal-card.tsx";
import { SealFields } from "./seal-fields.tsx";
import { basisOf, dayFault, endsAt, type FilledTerms, NO_TERMS, termsOf } from "./seal-terms.ts";
import { WhatIs } from "./what-is.tsx";

/** A seal, and for the authority that ordered it, what may be ordered next. */
export default function SealPage() {
  const params = useParams<{ agency: string; id: string }>();
  const [agency, id] = [decodeURIComponent(params.agency), decodeURIComponent(params.id)];
  const { t } = useTranslation("duties");
  return (
    <div className="stack">
      <title>{`${t("seals.title")} ${id} · Minh Bạch`}</title>
      <Answered isPage of={useSeal(agency, id)}>
        {(known) =>
          known === null ? <Empty isPage icon="question" title={t("seals.unknown")} /> : <Whole {...known} />
        }
      </Answered>
      <p>
        <ButtonLink weight="quiet" href="/seals">
          {t("seal.back")}
        </ButtonLink>
      </p>
    </div>
  );
}

function Whole({ seal, mayChange }: { readonly seal: Seal; readonly mayChange: boolean }) {
  const { t } = useTranslation("duties");
  const name = useSealName();
  const act = useSealAct(seal.id);
  return (
    <>
      <h1>{name(seal)}</h1>
      <p className="row">
        <SealBadge seal={seal} />
        <WhatIs name="sealed" />
      </p>
      <section className="card">
        <SealFacts seal={seal} />
      </section>
      {seal.state === "placed" && !mayChange && <p className="quiet">{t("seals.others")}</p>}
      {seal.state === "placed" && mayChange && <Acts key={seal.until} seal={seal} act={act} />}
      {act.error !== null && <Fault error={act.error} />}
      {act.data !== undefined && <Done seal={act.data} />}
    </>
  );
}

function Done({ seal }: { readonly seal: Seal }) {
  const { t } = useTranslation("duties");
  const { moment } = useWriting();
  const end = endsAt(seal);
  return (
    <Notice
      tone="good"
      live
      title={end === undefined ? t("seal.lifted") : t("seal.extended", { until: moment(end) })}
    />
  );
}

interface SealActing {
  readonly seal: Seal;
  readonly act: ReturnType<typeof useSealAct>;
}

function Acts(props: SealActing) {
  const { t } = useTranslation("duties");
  return (
    <>
      <Disclosure title={t("seal.extend")}>
        <Extending {...props} />
      </Disclosure>
      <Disclosure title={t("seal.lift")}>
        <Lifting {...props} />
      </Disclosure>
    </>
  );
}

function Extending({ seal, act }: SealActing) {
  const { t } = useTranslation("duties");
  const now = useNow();
  const [filled, setFilled] = useState<FilledTerms>(NO_TERMS);
  const [isAsked, setIsAsked] = useState(false);
  const end = endsAt(seal);
  const send = (): void => {
    setIsAsked(true);
    const terms = termsOf(filled, now, end);
    if (terms !== undefined) act.mutate({ kind: "extension", ...terms });
  };
  return (
    <div className="stack">
      <SealFields
        filled={filled}
        onChange={setFilled}
        isAsked={isAsked}
        day={{ fault: dayFault(filled.day, now, end) }}
      />
      <div>
        <Button isDisabled={act.isPending} onPress={send}>
          {t("seal.extendYes")}
        </Button>
      </div>
    </div>
  );
}

function Lifting({ act }: SealActing) {
  const { t } = useTranslation("duties");
  const [filled, setFilled] = useState<FilledTerms>(NO_TERMS);
  const [isAsked, setIsAsked] = useState(false);
  const legalBasis = basisOf(filled);
  return (
    <div className="stack">
      <p>{t("seal.liftLead")}</p>
      <SealFields filled={filled} onChange={setFilled} isAsked={isAsked} />
      <div>
        {legalBasis === undefined ? (
          <Button weight="grave" onPress={() => setIsAsked(true)}>
            {t("seal.liftYes")}
          </Button>
        ) : (
          <Ask
            label={t("seal.liftYes")}
            question={t("seal.liftAsk")}
            yes={t("seal.liftYes")}
            isDisabled={act.isPending}
            onYes={() => act.mutate({ kind: "lift", legalBasis })}
          >
            <p>{t("seal.liftWhy")}</p>
          </Ask>
        )}
      </div>
    </div>
  );
}

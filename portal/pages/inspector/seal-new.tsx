import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { useSealing } from "../../api/seals.ts";
import { useNow } from "../../app/now.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Notice } from "../../parts/notice.tsx";
import { useWriting } from "../../words/moments.ts";
import { SealFields } from "./seal-fields.tsx";
import { dayFault, endsAt, type FilledTerms, indexesIn, NO_TERMS, termsOf } from "./seal-terms.ts";
import { WhatIs } from "./what-is.tsx";

/** Closing events for a time, which the log records. */
export default function NewSeal() {
  const { t } = useTranslation("duties");
  const sealing = useSealing();
  return (
    <div className="stack">
      <title>{`${t("seal.title")} · Minh Bạch`}</title>
      <h1>{t("seal.title")}</h1>
      <p>
        {t("seal.lead")} <WhatIs name="sealed" />
      </p>
      {sealing.data === undefined && <Asking sealing={sealing} />}
      {sealing.error !== null && <Fault error={sealing.error} />}
      {sealing.data !== undefined && <Placed placed={sealing.data} />}
      <p>
        <ButtonLink weight="quiet" href="/seals">
          {t("seal.back")}
        </ButtonLink>
      </p>
    </div>
  );
}

type Sealing = ReturnType<typeof useSealing>;

function Asking({ sealing }: { readonly sealing: Sealing }) {
  const { t } = useTranslation("duties");
  const now = useNow();
  const { indexes: chosen = "" } = useParams<{ indexes?: string }>();
  const [events, setEvents] = useState(decodeURIComponent(chosen).replaceAll(",", ", "));
  const [filled, setFilled] = useState<FilledTerms>(NO_TERMS);
  const [isAsked, setIsAsked] = useState(false);
  const [indexes, terms] = [indexesIn(events), termsOf(filled, now)];
  return (
    <section className="card stack">
      <Field
        label={t("seal.events")}
        hint={t("seal.eventsHint")}
        value={events}
        isRequired
        onChange={setEvents}
        fault={isAsked && indexes === undefined ? t("seal.eventsWrong") : undefined}
      />
      <SealFields
        filled={filled}
        onChange={setFilled}
        isAsked={isAsked}
        day={{ fault: dayFault(filled.day, now) }}
      />
      <div>
        {indexes !== undefined && terms !== undefined ? (
          <Ask
            label={t("seal.place")}
            question={t("seal.placeAsk")}
            yes={t("seal.placeYes")}
            isDisabled={sealing.isPending}
            onYes={() => sealing.mutate({ events: indexes, ...terms })}
          >
            <p>{indexes.map((index) => `#${index}`).join(", ")}</p>
            <p>{t("seal.placeWhy")}</p>
          </Ask>
        ) : (
          <Button weight="grave" onPress={() => setIsAsked(true)}>
            {t("seal.place")}
          </Button>
        )}
      </div>
    </section>
  );
}

function Placed({ placed: { seal, sealed, waiting } }: { readonly placed: NonNullable<Sealing["data"]> }) {
  const { t } = useTranslation("duties");
  const { moment, count } = useWriting();
  const list = (indexes: readonly number[]): string => indexes.map((index) => `#${index}`).join(", ");
  return (
    <>
      <Notice
        tone="good"
        live
        icon="lock"
        title={t("seal.placed", { number: count(sealed.length), until: moment(endsAt(seal) ?? 0) })}
      >
        <p>{t("seal.placedWhich", { list: list(sealed) })}</p>
      </Notice>
      {waiting.length > 0 && (
        <Notice tone="warn" title={t("seal.waiting", { list: list(waiting) })}>
          <p>{t("seal.waitingWhy")}</p>
        </Notice>
      )}
    </>
  );
}

import "./inspector.css";

import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { type AgencyRate, useRates, useSampleRequest } from "../../api/inspection.ts";
import { useNow } from "../../app/now.ts";
import { Button } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Answered } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { DayField } from "./day-field.tsx";
import { beginOf, endOf } from "./days.ts";
import { Table } from "./table.tsx";

const MAX_SAMPLE = 10_000;
const DAY_SECONDS = 86_400;

/** Samples that anybody can draw again, and what was found in those that were looked at. */
export default function Samples() {
  const { t } = useTranslation("oversight");
  return (
    <div className="stack">
      <title>{`${t("samples.title")} · Minh Bạch`}</title>
      <h1>{t("samples.title")}</h1>
      <p>{t("samples.lead")}</p>
      <Asking />
      <Known />
      <section className="card stack-tight">
        <h2>{t("samples.rates")}</h2>
        <p className="quiet">{t("samples.ratesLead")}</p>
        <Answered of={useRates()}>{(agencies) => <Rates agencies={agencies} />}</Answered>
      </section>
    </div>
  );
}

function Asking() {
  const { t } = useTranslation("oversight");
  const [, navigate] = useLocation();
  const request = useSampleRequest();
  const now = useNow();
  const [count, setCount] = useState("10");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [isSent, setIsSent] = useState(false);
  const number = /^\d{1,5}$/.test(count.trim()) ? Number(count) : 0;
  const isRight = number >= 1 && number <= MAX_SAMPLE;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setIsSent(true);
    if (!isRight) return;
    request.mutate(
      {
        count: number,
        // Without days, of everything: also of what comes in while the clocks differ.
        receivedFrom: beginOf(from) ?? 0,
        receivedBefore: endOf(to) ?? now + DAY_SECONDS,
      },
      { onSuccess: ({ index }) => navigate(`/samples/${index}`) },
    );
  };
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <div className="fields">
        <Field
          label={t("samples.count")}
          value={count}
          maxLength={5}
          isRequired
          onChange={setCount}
          fault={isSent && !isRight ? t("samples.countWrong") : undefined}
        />
        <DayField label={t("samples.from")} value={from} onChange={setFrom} />
        <DayField label={t("samples.to")} value={to} onChange={setTo} />
      </div>
      {request.error !== null && <Fault error={request.error} />}
      <div>
        <Button weight="first" type="submit" isDisabled={request.isPending}>
          {t("samples.ask")}
        </Button>
      </div>
    </form>
  );
}

function Known() {
  const { t } = useTranslation("oversight");
  const [, navigate] = useLocation();
  const [number, setNumber] = useState("");
  const [isSent, setIsSent] = useState(false);
  const isRight = /^\d{1,15}$/.test(number.trim());
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setIsSent(true);
    if (isRight) navigate(`/samples/${Number(number)}`);
  };
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <h2>{t("samples.known")}</h2>
      <Field
        label={t("samples.number")}
        hint={t("samples.numberHint")}
        value={number}
        maxLength={15}
        onChange={setNumber}
        fault={isSent && !isRight ? t("samples.numberWrong") : undefined}
      />
      <div>
        <Button type="submit">{t("samples.open")}</Button>
      </div>
    </form>
  );
}

/** What was found, per agency and procedure. */
export function Rates({ agencies }: { readonly agencies: readonly AgencyRate[] }) {
  const { t, i18n } = useTranslation("oversight");
  const { count } = useWriting();
  const naming = useNaming();
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  if (agencies.length === 0) return <p>{t("samples.noRates")}</p>;
  const shares = (of: Omit<AgencyRate, "agency" | "procedures">): readonly string[] => [
    ...[count(of.inspected), count(of.notInOrder), percent.format(of.rate)],
    `${percent.format(of.low)} – ${percent.format(of.high)}`,
  ];
  return (
    <Table
      name={t("samples.rates")}
      head={[
        t("samples.agency"),
        t("samples.procedure"),
        t("samples.inspected"),
        t("samples.notInOrder"),
        t("samples.rate"),
        t("samples.interval"),
      ]}
      rows={agencies.flatMap((each) => [
        { key: each.agency, cells: [naming.agency(each.agency), t("samples.all"), ...shares(each)] },
        ...each.procedures.map((of) => ({
          key: `${each.agency} ${of.procedure}`,
          cells: [naming.agency(each.agency), naming.procedure(of.procedure), ...shares(of)],
        })),
      ])}
    />
  );
}

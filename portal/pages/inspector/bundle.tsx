import "./inspector.css";

import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { Button } from "../../parts/button.tsx";
import { OneOf } from "../../parts/choice.tsx";
import { download } from "../../parts/download.ts";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Select } from "../../parts/select.tsx";
import { Failed } from "../../parts/states.tsx";
import { inspect, type InspectionStep } from "../../verify/inspection.ts";
import type { BundleRequest, CheckedBundle } from "../../verify/inspection-messages.ts";
import { useWriting } from "../../words/moments.ts";
import { Checked, isGood, UnderWay } from "./checked.tsx";
import { DayField } from "./day-field.tsx";
import { beginOf, endOf } from "./days.ts";

const WAYS = ["indexes", "case", "person"] as const;
const SCHEMES = ["vn-cccd", "vn-cmnd", "vn-passport"] as const;
const MAX_EVENTS = 1000;

const BUNDLE_CHECKS = ["verifyChecks:bundle"];

/** Evidence of several events in one file, which is handed out only when this browser found it good. */
export default function Bundle() {
  const { t } = useTranslation("oversight");
  const [step, setStep] = useState<InspectionStep>();
  const bundle = useMutation({
    mutationFn: async (request: BundleRequest) =>
      await inspect({ kind: "bundle", request }, { onStep: setStep }),
  });
  return (
    <div className="stack">
      <title>{`${t("bundle.title")} · Minh Bạch`}</title>
      <h1>{t("bundle.title")}</h1>
      <p>{t("bundle.lead")}</p>
      <Asking isPending={bundle.isPending} onAsk={bundle.mutate} />
      {bundle.isPending && <UnderWay step={step} />}
      {bundle.error !== null && <Failed error={bundle.error} />}
      {bundle.data !== undefined && <Made bundle={bundle.data} />}
    </div>
  );
}

/** What was filled in. */
interface Filled {
  readonly way: (typeof WAYS)[number];
  readonly indexes: string;
  readonly case: string;
  readonly scheme: (typeof SCHEMES)[number];
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** Undefined where something is missing or wrong. */
function requestOf(filled: Filled): BundleRequest | undefined {
  const { way, scheme } = filled;
  if (way === "indexes") {
    const parts = filled.indexes.split(/[\s,;]+/).filter((part) => part !== "");
    const isRight =
      parts.length > 0 && parts.length <= MAX_EVENTS && parts.every((part) => /^\d{1,15}$/.test(part));
    return isRight ? { indexes: [...new Set(parts.map(Number))] } : undefined;
  }
  if (way === "case") return filled.case.trim() === "" ? undefined : { case: filled.case.trim() };
  const [from, to, id] = [beginOf(filled.from), endOf(filled.to), filled.id.trim()];
  return from === undefined || to === undefined || id === ""
    ? undefined
    : { person: { scheme, id }, from, to };
}

function Asking(props: { readonly isPending: boolean; readonly onAsk: (request: BundleRequest) => void }) {
  const { isPending, onAsk } = props;
  const { t } = useTranslation("oversight");
  const { indexes = "" } = useParams<{ indexes?: string }>();
  const [filled, setFilled] = useState<Filled>({
    ...{ way: "indexes", indexes: decodeURIComponent(indexes).replaceAll(",", ", ") },
    ...{ case: "", scheme: "vn-cccd", id: "", from: "", to: "" },
  });
  const [isSent, setIsSent] = useState(false);
  const request = requestOf(filled);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setIsSent(true);
    if (request !== undefined) onAsk(request);
  };
  const fault = (isWrong: boolean, words: string): string | undefined =>
    isSent && isWrong ? words : undefined;
  const missing = (text: string): string | undefined => fault(text.trim() === "", t("bundle.missing"));
  const set = (change: Partial<Filled>): void => setFilled({ ...filled, ...change });
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <OneOf
        label={t("bundle.by")}
        value={filled.way}
        choices={WAYS.map((value) => ({ value, name: t(`bundle.ways.${value}`) }))}
        onChange={(way) => set({ way })}
      />
      {filled.way === "indexes" && (
        <Field
          label={t("bundle.indexes")}
          hint={t("bundle.indexesHint")}
          value={filled.indexes}
          onChange={(value) => set({ indexes: value })}
          fault={fault(request === undefined, t("bundle.indexesWrong"))}
        />
      )}
      {filled.way === "case" && (
        <Field
          label={t("bundle.case")}
          value={filled.case}
          maxLength={128}
          onChange={(value) => set({ case: value })}
          fault={missing(filled.case)}
        />
      )}
      {filled.way === "person" && (
        <div className="fields">
          <Select
            label={t("bundle.scheme")}
            value={filled.scheme}
            choices={SCHEMES.map((id) => ({ id, name: t(`bundle.schemes.${id}`) }))}
            onChange={(scheme) => set({ scheme })}
          />
          <Field
            label={t("bundle.id")}
            value={filled.id}
            maxLength={32}
            onChange={(id) => set({ id })}
            fault={missing(filled.id)}
          />
          <DayField
            label={t("bundle.from")}
            value={filled.from}
            onChange={(from) => set({ from })}
            fault={missing(filled.from)}
          />
          <DayField
            label={t("bundle.to")}
            value={filled.to}
            onChange={(to) => set({ to })}
            fault={missing(filled.to)}
            hint={t("bundle.toHint")}
          />
        </div>
      )}
      <div>
        <Button weight="first" type="submit" isDisabled={isPending}>
          {t("bundle.make")}
        </Button>
      </div>
    </form>
  );
}

function Made({ bundle }: { readonly bundle: CheckedBundle }) {
  const { t } = useTranslation("oversight");
  const { count } = useWriting();
  const { verdict, checks, digest, events, file } = bundle;
  return (
    <>
      <Checked {...{ verdict, checks, digest }} title={t("bundle.good")} words={BUNDLE_CHECKS}>
        <p>{t("bundle.goodWhy", { number: count(events ?? 0) })}</p>
      </Checked>
      {isGood(verdict) && (
        <>
          <div>
            <Button weight="first" onPress={() => download(file, bundleName(new Date()))}>
              <Icon name="download" />
              {t("bundle.download")}
            </Button>
          </div>
          <p className="quiet">{t("bundle.how")}</p>
        </>
      )}
    </>
  );
}

/** No number of a person and of no case: names of files are seen by others. */
function bundleName(now: Date): string {
  const [day = ""] = now.toISOString().split("T");
  return `minhbach-evidence-${day}.ndjson`;
}

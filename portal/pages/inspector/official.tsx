import "./inspector.css";

import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { momentMs } from "../../../protocol/moment.ts";
import { Button } from "../../parts/button.tsx";
import { download, statementName } from "../../parts/download.ts";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Empty, Failed } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import { inspect, type InspectionStep } from "../../verify/inspection.ts";
import type { CheckedStatement } from "../../verify/messages.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { officialIdOf } from "./asked.ts";
import { Checked, isGood, UnderWay } from "./checked.tsx";
import { Table } from "./table.tsx";

const OFFICIAL_CHECKS = ["oversight:official.checks", "checks:statement"];

/** Every event of an official, with the proof that none is missing. */
export default function Official() {
  const { t } = useTranslation("oversight");
  const { t: terms } = useTranslation("terms");
  const [step, setStep] = useState<InspectionStep>();
  const list = useMutation({
    mutationFn: async (id: string) => await inspect({ kind: "official", id }, { onStep: setStep }),
  });
  return (
    <div className="stack">
      <title>{`${t("official.title")} · Minh Bạch`}</title>
      <h1>{t("official.title")}</h1>
      <p>
        {t("official.lead")} <Term name="anchor">{terms("anchor.word")}</Term>
      </p>
      <Asking isPending={list.isPending} onAsk={list.mutate} />
      {list.isPending && <UnderWay step={step} />}
      {list.error !== null && <Failed error={list.error} />}
      {list.data !== undefined && <List statement={list.data} />}
    </div>
  );
}

function Asking(props: { readonly isPending: boolean; readonly onAsk: (id: string) => void }) {
  const { isPending, onAsk } = props;
  const { t } = useTranslation("oversight");
  const [official, setOfficial] = useState("");
  const [system, setSystem] = useState("");
  const [isSent, setIsSent] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setIsSent(true);
    const id = officialIdOf(system, official);
    if (id !== undefined) onAsk(id);
  };
  const missing = (text: string, words: string) => (isSent && text.trim() === "" ? words : undefined);
  return (
    <form className="card stack" onSubmit={submit} noValidate>
      <div className="fields">
        <Field
          label={t("search.official")}
          hint={t("search.officialHint")}
          value={official}
          maxLength={128}
          isRequired
          onChange={setOfficial}
          fault={missing(official, t("bundle.missing"))}
        />
        <Field
          label={t("search.system")}
          hint={t("search.systemHint")}
          value={system}
          isRequired
          onChange={setSystem}
          fault={missing(system, t("search.systemMissing"))}
        />
      </div>
      <div>
        <Button weight="first" type="submit" isDisabled={isPending}>
          {t("official.show")}
        </Button>
      </div>
    </form>
  );
}

function List({ statement }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("oversight");
  const { moment, count } = useWriting();
  const { verdict, checks, entries, digest, fixedAt, file } = statement;
  return (
    <>
      <Checked {...{ verdict, checks, digest }} title={t("official.good")} words={OFFICIAL_CHECKS}>
        <p>{t("official.goodWhy", { entries: count(entries.length), time: moment(fixedAt ?? 0) })}</p>
      </Checked>
      {isGood(verdict) && (
        <>
          <div>
            <Button onPress={() => download(file, statementName(new Date()))}>
              <Icon name="download" />
              {t("official.download")}
            </Button>
          </div>
          {entries.length === 0 ? (
            <Empty icon="check" title={t("official.none")}>
              <p>{t("official.noneWhy")}</p>
            </Empty>
          ) : (
            <Entries statement={statement} />
          )}
        </>
      )}
    </>
  );
}

function Entries({ statement: { entries } }: { readonly statement: CheckedStatement }) {
  const { t } = useTranslation("oversight");
  const { t: shell } = useTranslation();
  const { moment } = useWriting();
  const naming = useNaming();
  const lookup = useLookup();
  const [shown, setShown] = useState(100);
  const head = [
    t("search.place"),
    t("official.at"),
    t("search.type"),
    t("search.what"),
    t("search.procedure"),
    t("search.case"),
    t("search.outcome"),
  ];
  const rows = entries.toReversed().map(({ leaf, index, facets, closure }) => {
    const ms = momentMs(facets.time?.occurred ?? "");
    const type = facets.type ?? "";
    const what =
      closure === undefined
        ? naming.categories(facets.data?.personalData ?? []).join(", ")
        : t(closure.kind === "seal" ? "search.sealed" : "search.erased");
    return {
      key: leaf,
      cells: [
        `#${index}`,
        Number.isNaN(ms) ? "" : moment(ms / 1000),
        lookup(`oversight:search.types.${type}`, type),
        what,
        facets.purpose === undefined ? "" : naming.procedure(facets.purpose.procedure),
        facets.case ?? "",
        facets.outcome === undefined ? "" : t(`search.outcomes.${facets.outcome.code}`),
      ],
    };
  });
  return (
    <section className="card stack-tight">
      <h2>{t("official.entries")}</h2>
      <Table name={t("official.entries")} head={head} rows={rows.slice(0, shown)} />
      {rows.length > shown && (
        <div>
          <Button onPress={() => setShown(shown + 100)}>
            {shell("more")} ({rows.length - shown})
          </Button>
        </div>
      )}
    </section>
  );
}

import "./statistics.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { fileAt } from "../../api/request.ts";
import {
  type PublishedCount,
  type Statistics,
  statisticsAddress,
  useStatistics,
} from "../../api/statistics.ts";
import { useNow } from "../../app/now.ts";
import { Button } from "../../parts/button.tsx";
import { type TableContent, TableParts } from "../../parts/table.tsx";
import { download } from "../../parts/download.ts";
import { Fault } from "../../parts/fault.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Select } from "../../parts/select.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { csvOf, monthsBefore, type TableName, TABLES } from "./open-data.ts";

/** How many months can be chosen from. */
const MONTHS = 24;
/** Stands for all of them in the choice; no agency is called so. */
const ALL = "*";

/** How often each agency used people's data and for what, for anybody, with the numbers as open data. */
export default function StatisticsPage() {
  const { t } = useTranslation("statistics");
  const { t: shell } = useTranslation();
  const { month: monthName } = useWriting();
  const months = monthsBefore(useNow(), MONTHS);
  const [month, setMonth] = useState(months[0] ?? "");
  return (
    <div className="stack">
      <title>{`${t("title")} · ${shell("name")}`}</title>
      <h1>{t("title")}</h1>
      <p>{t("lead")}</p>
      <Notice tone="quiet">
        <p>{t("rounded")}</p>
      </Notice>
      <Select
        label={t("month")}
        value={month}
        choices={months.map((id) => ({ id, name: monthName(Date.parse(`${id}-15T12:00:00Z`) / 1000) }))}
        onChange={setMonth}
      />
      <Answered key={month} of={useStatistics(month)}>
        {(statistics) => <Month statistics={statistics} />}
      </Answered>
    </div>
  );
}

function Month({ statistics }: { readonly statistics: Statistics }) {
  const { t } = useTranslation("statistics");
  const { count } = useWriting();
  const naming = useNaming();
  const [agency, setAgency] = useState(ALL);
  const { rows, findings, findingsComplete, inspections, size } = statistics;
  const agencies = [...new Set(rows.map((row) => row.agency))];
  const shown = agency === ALL ? agencies : agencies.filter((code) => code === agency);
  const most = Math.max(
    1,
    ...rows.map(({ recorded, answered }) => Math.max(atLeast(recorded), atLeast(answered))),
  );
  const isEmpty = rows.length === 0 && findings.length === 0 && inspections.length === 0;
  return (
    <>
      {isEmpty ? (
        <Empty icon="clock" title={t("none")}>
          <p>{t("noneWhy")}</p>
        </Empty>
      ) : (
        <>
          {agencies.length > 1 && (
            <Select
              label={t("agency")}
              value={agency}
              choices={[
                { id: ALL, name: t("allAgencies") },
                ...agencies.map((id) => ({ id, name: nameOf(id) })),
              ]}
              onChange={setAgency}
            />
          )}
          {shown.map((code) => (
            <Agency
              key={code}
              name={nameOf(code)}
              rows={rows.filter((row) => row.agency === code)}
              most={most}
            />
          ))}
          {findings.length > 0 && (
            <section className="card stack-tight" aria-labelledby="findings-title">
              <h2 id="findings-title">
                <Term name="finding">{t("findings")}</Term>
              </h2>
              <p className="quiet">{t("findingsWhy")}</p>
              {!findingsComplete && <p>{t("findingsMore")}</p>}
              <FindingsTable findings={findings} nameOf={nameOf} />
            </section>
          )}
          {inspections.length > 0 && (
            <section className="card stack-tight" aria-labelledby="inspections-title">
              <h2 id="inspections-title">{t("inspections")}</h2>
              <p className="quiet">{t("inspectionsWhy")}</p>
              <Counts
                name={t("inspections")}
                head={[t("agency"), t("inspected"), t("notInOrder")]}
                rows={inspections.map((row) => ({
                  key: row.agency,
                  cells: [
                    nameOf(row.agency),
                    <Count key="a" of={row.inspected} />,
                    <Count key="b" of={row.notInOrder} />,
                  ],
                }))}
              />
            </section>
          )}
        </>
      )}
      <OpenData statistics={statistics} />
      <p className="quiet small">{t("counted", { size: count(size) })}</p>
    </>
  );

  function nameOf(code: string): string {
    return code === "other" ? t("other") : naming.agency(code);
  }
}

type Row = Statistics["rows"][number];

function Agency(props: { readonly name: string; readonly rows: readonly Row[]; readonly most: number }) {
  const { name, rows, most } = props;
  const { t } = useTranslation("statistics");
  const naming = useNaming();
  return (
    <section className="card stack-tight">
      <h2>{name}</h2>
      <Counts
        name={name}
        head={[
          <Term key="procedure" name="procedure">
            {t("procedure")}
          </Term>,
          t("recorded"),
          t("answered"),
        ]}
        rows={rows.map(({ type, procedure, outcome, recorded, answered }) => ({
          key: `${type} ${procedure} ${outcome}`,
          cells: [
            <>
              {procedure === "other" ? t("otherProcedure") : naming.procedure(procedure)}
              <span className="quiet small">
                {" "}
                · {t(`types.${type}`)}
                {outcome !== "none" && <>, {t(`outcomes.${outcome}`)}</>}
              </span>
              <Bar share={Math.max(atLeast(recorded), atLeast(answered)) / most} />
            </>,
            <Count key="recorded" of={recorded} />,
            <Count key="answered" of={answered} />,
          ],
        }))}
      />
      <p className="quiet small">{t("bothSides")}</p>
    </section>
  );
}

function FindingsTable(props: {
  readonly findings: Statistics["findings"];
  readonly nameOf: (code: string) => string;
}) {
  const { findings, nameOf } = props;
  const { t } = useTranslation("statistics");
  const lookup = useLookup();
  return (
    <Counts
      name={t("findings")}
      head={[t("kind"), t("count")]}
      rows={findings.map(({ agency, kind, state, count }) => ({
        key: `${agency} ${kind} ${state}`,
        cells: [
          <>
            {lookup(`oversight:kinds.${kind}`, kind)}
            <span className="quiet small">
              {" "}
              · {nameOf(agency)}, {lookup(`oversight:states.${state}`, state)}
            </span>
          </>,
          <Count key="count" of={count} />,
        ],
      }))}
    />
  );
}

function Counts({ name, ...content }: TableContent & { readonly name: string }) {
  return (
    <table className="counts" aria-label={name}>
      <TableParts {...content} />
    </table>
  );
}

function Count({ of }: { readonly of: PublishedCount | undefined }) {
  const { t } = useTranslation("statistics");
  const { count } = useWriting();
  if (of === undefined)
    return (
      <>
        <span aria-hidden="true">–</span>
        <span className="for-readers">{t("nothing")}</span>
      </>
    );
  return typeof of === "number" ? count(of) : t("fewer");
}

/** A picture of what the number beside it says. */
function Bar({ share }: { readonly share: number }) {
  return (
    <svg className="count-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect width={100 * share} height="1" />
    </svg>
  );
}

function OpenData({ statistics }: { readonly statistics: Statistics }) {
  const { t } = useTranslation("statistics");
  const [fault, setFault] = useState<unknown>();
  const { month } = statistics;
  const nameOf = (table: TableName | "all", ending: string) => `minhbach-${month}-${table}.${ending}`;
  return (
    <section className="card stack-tight" aria-labelledby="open-data-title">
      <h2 id="open-data-title">{t("openData")}</h2>
      <p className="quiet" data-explains="csv json">
        {t("openDataWhy")}
      </p>
      <div className="row">
        <Button
          onPress={() => {
            setFault(undefined);
            fileAt(statisticsAddress(month)).then(
              (file) => download(file, nameOf("all", "json")),
              (error: unknown) => setFault(error),
            );
          }}
        >
          {t("json")}
        </Button>
        {TABLES.map((table) => (
          <Button
            key={table}
            onPress={() =>
              download(new Blob([csvOf(table, statistics)], { type: "text/csv" }), nameOf(table, "csv"))
            }
          >
            {t(`csv.${table}`)}
          </Button>
        ))}
      </div>
      {fault !== undefined && <Fault error={fault} />}
      <p className="small">
        {t("programs")} <code>{statisticsAddress(month)}</code>
      </p>
    </section>
  );
}

/** The least that a published count stands for. */
function atLeast(count: PublishedCount | undefined): number {
  return typeof count === "number" ? count : count === undefined ? 0 : 1;
}

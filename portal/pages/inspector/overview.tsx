import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-aria-components";

import { useNow } from "../../app/now.ts";
import { useOpenComplaints } from "../../api/complaints.ts";
import { useFindings } from "../../api/findings.ts";
import { useAnchoring } from "../../api/inspection.ts";
import { useQueues } from "../../api/queues.ts";
import { type Seal, useSeals } from "../../api/seals.ts";
import { useStatistics } from "../../api/statistics.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Select } from "../../parts/select.tsx";
import { Answered } from "../../parts/states.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { ChartCard } from "./chart-card.tsx";
import {
  accessesBy,
  AGES,
  betweenAnchors,
  complaintsDue,
  countsOf,
  DUES,
  emergencies,
  openByAge,
  unmatchedByAgency,
} from "./figures.ts";
import { useOverseer } from "./overseer.ts";
import { isSoon } from "./seal-terms.ts";

/** From pale to strong. */
const SHADES = ["heat-1", "heat-2", "heat-3", "heat-4"] as const;
const MONTHS = 12;
/** What the statistics call everything that is not listed. */
const OTHER = "other";

/** The state of the record at a glance: what waits, who asks for how much, what is odd, and whether everything is on time. */
export default function Overview() {
  const { t } = useTranslation("oversight");
  const naming = useNaming();
  const overseer = useOverseer();
  return (
    <div className="stack">
      <title>{`${t("overview.title")} · Minh Bạch`}</title>
      <h1>{t("overview.title")}</h1>
      <p>
        {overseer.role === "officer"
          ? t("overview.leadOfficer", { agency: naming.agency(overseer.agency) })
          : t("overview.lead")}
      </p>
      <Waiting />
      <Uses />
      <div className="charts">
        <OddThings />
        <ComplaintsDue />
        {overseer.role === "inspector" && <Seals />}
        <Anchors />
      </div>
    </div>
  );
}

function Waiting() {
  const { t } = useTranslation("oversight");
  return (
    <section className="stack-tight" aria-labelledby="waiting">
      <h2 id="waiting">{t("overview.waiting")}</h2>
      <Answered of={useQueues()}>
        {(queues) => {
          const waiting = queues.filter((queue) => queue.waiting > 0);
          return waiting.length === 0 ? (
            <p>{t("overview.nothingWaits")}</p>
          ) : (
            <ul role="list" className="tiles">
              {waiting.map((queue) => (
                <li key={queue.name}>
                  <QueueTile {...queue} />
                </li>
              ))}
            </ul>
          );
        }}
      </Answered>
      <p>
        <ButtonLink href="/queues">{t("overview.allQueues")}</ButtonLink>
      </p>
    </section>
  );
}

/** A queue with how much waits in it. */
export function QueueTile(props: {
  readonly name: string;
  readonly waiting: number;
  readonly more: boolean;
  readonly oldest?: number | undefined;
  readonly firstDue?: number | undefined;
}) {
  const { name, waiting, more, oldest, firstDue } = props;
  const { t } = useTranslation("oversight");
  const { relative, day, count } = useWriting();
  const lookup = useLookup();
  const now = useNow();
  return (
    <Link className="tile" href={`/queues/${name}`}>
      <span>{lookup(`oversight:queues.names.${name}`, name)}</span>
      <strong>{t(more ? "queues.waitingMore" : "queues.waiting", { number: count(waiting) })}</strong>
      {oldest !== undefined && (
        <span className="quiet small">
          {t("queues.oldest")}: {relative(oldest, now)}
        </span>
      )}
      {firstDue !== undefined && (
        <span className="quiet small">
          {t("queues.due")}: {day(firstDue)} {firstDue < now && `(${t("queues.overdue")})`}
        </span>
      )}
    </Link>
  );
}

function Uses() {
  const { t } = useTranslation("oversight");
  const naming = useNaming();
  const { month } = useWriting();
  const now = useNow();
  const months = lastMonths(now);
  const [chosen, setChosen] = useState(months[0] ?? "");
  const columns = [
    { name: t("overview.atLeast"), tone: "heat-4" },
    { name: t("overview.more"), tone: "heat-1" },
  ];
  return (
    <div className="stack">
      <Select
        label={t("overview.month")}
        value={chosen}
        choices={months.map((id) => ({ id, name: month(Date.parse(`${id}-15T12:00:00Z`) / 1000) }))}
        onChange={setChosen}
      />
      <Answered of={useStatistics(chosen)}>
        {(statistics) => (
          <div className="charts">
            <ChartCard
              title={t("overview.agencies")}
              lead={t("overview.counts")}
              item={t("search.agency")}
              columns={columns}
              rows={accessesBy(statistics, "agency")}
              nameOf={(code) => (code === OTHER ? t("overview.noAgency") : naming.agency(code))}
            />
            <ChartCard
              title={t("overview.procedures")}
              lead={t("overview.counts")}
              item={t("search.procedure")}
              columns={columns}
              rows={accessesBy(statistics, "procedure")}
              nameOf={(code) => (code === OTHER ? t("overview.other") : naming.procedure(code))}
            />
          </div>
        )}
      </Answered>
    </div>
  );
}

/** `2026-11`, of UTC as the statistics are, the newest first. */
function lastMonths(now: number): readonly string[] {
  const today = new Date(now * 1000);
  return Array.from({ length: MONTHS }, (_, back) =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

function OddThings() {
  const { t } = useTranslation("oversight");
  const naming = useNaming();
  const lookup = useLookup();
  const now = useNow();
  return (
    <Answered of={useFindings()}>
      {({ findings, more }) => (
        <>
          {more && <Notice tone="warn" title={t("overview.bounded")} />}
          <ChartCard
            title={t("overview.findings")}
            item={t("queues.kind")}
            columns={AGES.map((age, at) => ({
              name: t(`overview.ages.${age}`),
              tone: SHADES[at] ?? "heat-4",
            }))}
            rows={openByAge(findings, now)}
            nameOf={(kind) => lookup(`oversight:kinds.${kind}`, kind)}
          />
          <ChartCard
            title={t("overview.unmatched")}
            item={t("search.agency")}
            columns={[{ name: t("overview.open"), tone: "heat-3" }]}
            rows={unmatchedByAgency(findings)}
            nameOf={(agency) => (agency === "" ? t("overview.noAgency") : naming.agency(agency))}
          />
          <ChartCard
            title={t("overview.emergencies")}
            item={t("queues.state")}
            columns={[{ name: t("overview.numbers"), tone: "heat-3" }]}
            rows={emergencies(findings)}
            nameOf={(state) => lookup(`oversight:states.${state}`, state)}
          />
        </>
      )}
    </Answered>
  );
}

function ComplaintsDue() {
  const { t } = useTranslation("oversight");
  const now = useNow();
  const tones = ["bad", "heat-4", "heat-2", "heat-1"];
  return (
    <Answered of={useOpenComplaints()}>
      {({ complaints, more }) => (
        <ChartCard
          title={t("overview.complaints")}
          {...(more && { lead: t("overview.bounded") })}
          item={t("overview.item")}
          columns={DUES.map((due, at) => ({ name: t(`overview.dues.${due}`), tone: tones[at] ?? "heat-1" }))}
          rows={complaintsDue(complaints, now)}
          nameOf={(what) => t(what === "answer" ? "overview.answer" : "overview.decision")}
        />
      )}
    </Answered>
  );
}

function Seals() {
  const { t } = useTranslation("oversight");
  const { count } = useWriting();
  const now = useNow();
  const soonIn = (seals: readonly Seal[]): number => seals.filter((seal) => isSoon(seal, now)).length;
  const lookup = useLookup();
  return (
    <Answered of={useSeals()}>
      {({ seals, more }) => (
        <ChartCard
          title={t("overview.seals")}
          lead={
            <>
              {more && t("overview.bounded")} {t("overview.sealsSoon", { number: count(soonIn(seals)) })}{" "}
              <Link href="/seals">{t("overview.toSeals")}</Link>
            </>
          }
          item={t("queues.state")}
          columns={[{ name: t("overview.numbers"), tone: "heat-3" }]}
          rows={countsOf(seals.map(({ state }) => state))}
          nameOf={(state) => lookup(`oversight:overview.sealStates.${state}`, state)}
        />
      )}
    </Answered>
  );
}

function Anchors() {
  const { t } = useTranslation("oversight");
  const { time, count } = useWriting();
  return (
    <Answered of={useAnchoring()}>
      {({ health: { events, anchoring }, anchors }) => {
        const rows = betweenAnchors(anchors);
        const times = new Map(rows.map((row) => [row.key, row.time]));
        return (
          <ChartCard
            kind="line"
            title={t("overview.anchors")}
            lead={t("overview.anchorsLead", {
              waiting: count(Math.max(0, events.recorded - events.anchored)),
              age: count(anchoring.lastAnchor?.ageSeconds ?? 0),
              lag: count(anchoring.lagSeconds),
            })}
            item={t("overview.item")}
            columns={[{ name: t("overview.seconds"), tone: "heat-4" }]}
            rows={rows}
            nameOf={(key) => `#${key} · ${time(times.get(key) ?? 0)}`}
            empty={t("overview.noAnchors")}
          />
        );
      }}
    </Answered>
  );
}

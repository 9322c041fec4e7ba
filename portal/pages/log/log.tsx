import "./log.css";

import { createContext, type ReactNode, useContext, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Health, type Sources, useCheckpoint, useHealth, useSources } from "../../api/log.ts";
import { useNow } from "../../app/now.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Badge, Notice } from "../../parts/notice.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { Explained, Term } from "../../parts/term.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { agreementOf } from "./agreement.ts";
import { useChainHead } from "./chain-head.ts";

/** Whether the page brings itself up to date. */
const Live = createContext(true);

/** The state of the log now, for anybody: how much it holds, what of it is fixed on the chain, and who reports. */
export default function Log() {
  const { t } = useTranslation("log");
  const { t: shell } = useTranslation();
  const [isLive, setIsLive] = useState(true);
  const health = useHealth(isLive);
  return (
    <div className="stack">
      <title>{`${t("title")} · ${shell("name")}`}</title>
      <h1>{t("title")}</h1>
      <p>{t("lead")}</p>
      <div className="row row-apart">
        <p>{t(isLive ? "live" : "paused")}</p>
        <Button onPress={() => setIsLive(!isLive)}>{t(isLive ? "pause" : "goOn")}</Button>
      </div>
      <Answered of={health}>
        {(data) => (
          <>
            {health.isError ? <Stale at={health.dataUpdatedAt} /> : <Condition health={data} />}
            <Live value={isLive}>
              <Figures health={data} />
              <Compared />
              <SourcesSection />
            </Live>
          </>
        )}
      </Answered>
      <section className="card stack-tight">
        <h2>{t("further")}</h2>
        <div className="row">
          <ButtonLink href="/statistics">{t("toStatistics")}</ButtonLink>
          <ButtonLink outside href="/verify">
            {t("toVerify")}
          </ButtonLink>
        </div>
      </section>
    </div>
  );
}

/** What is shown is from before: the server did not answer just now. */
function Stale({ at }: { readonly at: number }) {
  const { t } = useTranslation("log");
  const { moment } = useWriting();
  return (
    <Notice tone="warn" live icon="offline" title={t("stale")}>
      <p>{t("staleWhy", { time: moment(Math.floor(at / 1000)) })}</p>
    </Notice>
  );
}

function Condition({ health: { status, problems, chain } }: { readonly health: Health }) {
  const { t } = useTranslation("log");
  if (status === "ready") return <Notice tone="good" title={t("ready")} />;
  return (
    <Notice tone="warn" live title={t("notReady")}>
      {!chain.reachable && <p>{t("noChain")}</p>}
      <ul lang="en" className="small">
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </Notice>
  );
}

function Figures({ health: { events, anchoring } }: { readonly health: Health }) {
  const { t } = useTranslation("log");
  const { count, moment, relative } = useWriting();
  const now = useNow();
  const { lastAnchor, lagSeconds } = anchoring;
  return (
    <div className="figures-now">
      <Figure title={t("entries")} value={count(events.recorded)}>
        <Explained
          text={t("entriesMore", { published: count(events.published), indexed: count(events.indexed) })}
        />
      </Figure>
      <Figure
        title={<Term name="anchor">{t("lastAnchor")}</Term>}
        value={lastAnchor === undefined ? t("never") : relative(lastAnchor.time, now)}
      >
        {lastAnchor !== undefined && (
          <Explained
            text={t("lastAnchorMore", {
              time: moment(lastAnchor.time),
              block: count(lastAnchor.block),
              size: count(lastAnchor.size),
            })}
          />
        )}
      </Figure>
      <Figure title={t("lag")} value={t("lagIs", { count: Math.max(0, events.recorded - events.anchored) })}>
        {lagSeconds === 0 ? t("lagNone") : t("lagMore", { seconds: count(lagSeconds) })}
      </Figure>
      <ChainFigure />
    </div>
  );
}

/** The chain's newest block, read by the browser. */
function ChainFigure() {
  const { t } = useTranslation("log");
  const { count, moment } = useWriting();
  // While it is asked again, that it did not answer stays true.
  const { data, errorUpdatedAt, isError } = useChainHead(useContext(Live));
  const isUnknown = data === undefined ? errorUpdatedAt > 0 : isError;
  const value = data === undefined ? t(isUnknown ? "chainUnknown" : "chainAsked") : count(data.block);
  return (
    <Figure title={<Term name="chain">{t("chain")}</Term>} value={value}>
      {data !== undefined && t("chainMore", { time: moment(data.time), anchors: count(data.anchors) })}
      {isUnknown && ` ${t("chainWhy")}`}
    </Figure>
  );
}

function Figure(props: { readonly title: ReactNode; readonly value: string; readonly children: ReactNode }) {
  const { title, value, children } = props;
  return (
    <section className="card stack-tight">
      <h2>{title}</h2>
      <p className="figure-now">{value}</p>
      <p className="quiet small">{children}</p>
    </section>
  );
}

/** Whether what the log publishes is what the chain holds: compared by the browser. */
function Compared() {
  const { t } = useTranslation("log");
  const { count } = useWriting();
  const isLive = useContext(Live);
  const { data: checkpoint } = useCheckpoint(isLive);
  const { data: head } = useChainHead(isLive);
  if (checkpoint === undefined || head?.anchor === undefined) return null;
  const agreement = agreementOf(checkpoint, head.anchor);
  const numbers = {
    published: count(checkpoint.size),
    anchored: count(head.anchor.size),
    more: count(checkpoint.size - head.anchor.size),
  };
  return (
    <Notice
      tone={agreement === "differs" ? "bad" : agreement === "behind" ? "quiet" : "good"}
      icon={agreement === "differs" ? "warning" : "shield"}
      title={t(`agreement.${agreement}`)}
    >
      <p>{t(`agreement.${agreement}Why`, numbers)}</p>
    </Notice>
  );
}

function SourcesSection() {
  const { t } = useTranslation("log");
  return (
    <section className="card stack" aria-labelledby="sources-title">
      <div className="stack-tight">
        <h2 id="sources-title">{t("sources")}</h2>
        <p className="quiet">{t("sourcesWhy")}</p>
      </div>
      <Answered of={useSources(useContext(Live))}>{(data) => <SourceLines data={data} />}</Answered>
    </section>
  );
}

function SourceLines({ data: { asOf, sources, hasMore } }: { readonly data: Sources }) {
  const { t } = useTranslation("log");
  const { count, moment, relative } = useWriting();
  const naming = useNaming();
  const lookup = useLookup();
  if (sources.length === 0)
    return (
      <Empty icon="clock" title={t("noSources")}>
        <p>{t("noSourcesWhy")}</p>
      </Empty>
    );
  const silentFirst = sources.toSorted((a, b) => a.lastTime - b.lastTime);
  return (
    <>
      <ul className="rows" role="list">
        {silentFirst.map(({ source, lastTime, events, openFindings }) => {
          const [agency = source] = source.split("/");
          return (
            <li key={source} className="stack-tight">
              <div className="row row-apart">
                <p>
                  <strong>{naming.agency(agency)}</strong> <code className="small">{source}</code>
                </p>
                <p>{t("sourceEvents", { count: count(events) })}</p>
              </div>
              <p className="quiet small">
                {t("heard", { ago: relative(lastTime, asOf), time: moment(lastTime) })}
              </p>
              <div className="row">
                {Object.entries(openFindings).map(([kind, open]) => (
                  <Badge key={kind} tone="warn">
                    {lookup(`oversight:kinds.${kind}`, kind)}: {count(open)}
                  </Badge>
                ))}
              </div>
            </li>
          );
        })}
      </ul>
      {hasMore && <p className="quiet">{t("moreSources")}</p>}
    </>
  );
}

import "./inspector.css";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { ApiError } from "../../api/error.ts";
import { useSampleResult, useSampleResults } from "../../api/inspection.ts";
import { Ask } from "../../parts/ask.tsx";
import { ButtonLink } from "../../parts/button.tsx";
import { OneOf } from "../../parts/choice.tsx";
import { Disclosure } from "../../parts/disclosure.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Badge, Notice } from "../../parts/notice.tsx";
import { Answered, Failed, Loading } from "../../parts/states.tsx";
import { inspect } from "../../verify/inspection.ts";
import type { CheckedSample } from "../../verify/inspection-messages.ts";
import { useWriting } from "../../words/moments.ts";
import { Checked, isGood } from "./checked.tsx";
import { Rates } from "./samples.tsx";

const ASK_AGAIN_MS = 3_000;
/** Events in a bundle at most. */
const MAX_BUNDLE = 1000;

const SAMPLE_CHECKS = ["verifyChecks:evidence"];

/** A sample: drawn again by this browser, and what was found out about the grants in it. */
export default function SamplePage() {
  const { t } = useTranslation("oversight");
  const index = Number(useParams<{ index: string }>().index);
  const sample = useQuery({
    queryKey: ["samples", index, "drawn"],
    queryFn: async ({ signal }) => await inspect({ kind: "sample", index }, { signal }),
    // Until the record that asked for it is anchored.
    refetchInterval: ({ state }) => (isTooEarly(state.error) ? ASK_AGAIN_MS : false),
    staleTime: Infinity,
    retry: false,
    structuralSharing: false,
  });
  return (
    <div className="stack">
      <title>{`${t("samples.one", { index })} · Minh Bạch`}</title>
      <h1>{t("samples.one", { index })}</h1>
      {sample.data !== undefined ? (
        <Drawn index={index} sample={sample.data} />
      ) : isTooEarly(sample.error) ? (
        <Notice tone="quiet" live icon="clock" title={t("samples.notYet")}>
          <p>{t("samples.notYetWhy")}</p>
        </Notice>
      ) : sample.error !== null ? (
        <Failed error={sample.error} again={() => void sample.refetch()} />
      ) : (
        <Loading what={t("samples.drawing")} />
      )}
      <p>
        <ButtonLink weight="quiet" href="/samples">
          {t("samples.title")}
        </ButtonLink>
      </p>
    </div>
  );
}

function isTooEarly(error: unknown): boolean {
  return error instanceof ApiError && error.code === "not-yet-anchored";
}

function Drawn({ index, sample }: { readonly index: number; readonly sample: CheckedSample }) {
  const { t } = useTranslation("oversight");
  const { isSame, verdict, indexes, blockHash } = sample;
  const isProven = isSame === true && isGood(verdict);
  return (
    <>
      <Outcome sample={sample} />
      {blockHash !== undefined && (
        <dl className="facts">
          <dt>{t("samples.blockHash")}</dt>
          <dd>
            <code>{blockHash}</code>
          </dd>
        </dl>
      )}
      {isProven && (
        <>
          <Disclosure title={`${t("samples.drawn")} (${indexes.length})`}>
            <ol role="list" className="numbers">
              {indexes.map((each) => (
                <li key={each}>#{each}</li>
              ))}
            </ol>
          </Disclosure>
          <div>
            <ButtonLink href={`/bundles/${indexes.slice(0, MAX_BUNDLE).join(",")}`}>
              {t("samples.bundle")}
            </ButtonLink>
          </div>
          <Results index={index} granted={sample.granted} />
        </>
      )}
    </>
  );
}

function Outcome({ sample }: { readonly sample: CheckedSample }) {
  const { t } = useTranslation("oversight");
  const { count } = useWriting();
  const { isSame, verdict, checks, range, block } = sample;
  if (isSame === false)
    return (
      <Notice tone="bad" live icon="warning" title={t("samples.other")}>
        <p>{t("samples.otherWhy")}</p>
      </Notice>
    );
  if (isSame === undefined && isGood(verdict))
    return (
      <Notice tone="warn" live icon="question" title={t("samples.unknown")}>
        <p>{t("samples.unknownWhy")}</p>
      </Notice>
    );
  return (
    <Checked {...{ verdict, checks }} title={t("samples.same")} words={SAMPLE_CHECKS}>
      <p>
        {t("samples.sameWhy", {
          count: range.count,
          from: count(range.from),
          to: count(range.to - 1),
          block: count(block),
        })}
      </p>
    </Checked>
  );
}

function Results({ index, granted }: { readonly index: number; readonly granted: readonly number[] }) {
  const { t } = useTranslation("oversight");
  const results = useSampleResults(index);
  if (granted.length === 0) return <p>{t("samples.noGrants")}</p>;
  return (
    <section className="stack" aria-labelledby="grants">
      <h2 id="grants">{t("samples.grants")}</h2>
      <Answered of={results}>
        {({ results: known, passedOver, agencies }) => (
          <>
            {passedOver.length > 0 && (
              <Notice
                tone="warn"
                title={t("samples.passedOver", { list: passedOver.map((each) => `#${each}`).join(", ") })}
              />
            )}
            <ol role="list" className="found">
              {granted.map((event) => (
                <Grant
                  key={event}
                  sample={index}
                  event={event}
                  outcome={known.find((result) => result.event === event)?.outcome}
                />
              ))}
            </ol>
            <Rates agencies={agencies} />
          </>
        )}
      </Answered>
    </section>
  );
}

type GrantOutcome = "in-order" | "not-in-order";
const OUTCOMES: readonly GrantOutcome[] = ["in-order", "not-in-order"];

function Grant(props: {
  readonly sample: number;
  readonly event: number;
  readonly outcome: GrantOutcome | undefined;
}) {
  const { sample, event, outcome } = props;
  const { t } = useTranslation("oversight");
  const record = useSampleResult(sample);
  const [chosen, setChosen] = useState<GrantOutcome | null>(null);
  const [note, setNote] = useState("");
  const send = (): void => {
    if (chosen === null) return;
    record.mutate({ event, outcome: chosen, ...(note.trim() !== "" && { note: note.trim() }) });
  };
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h3>#{event}</h3>
        <Badge tone={outcome === undefined ? "quiet" : outcome === "in-order" ? "good" : "bad"}>
          {t("samples.results")}:{" "}
          {outcome === undefined ? t("samples.noResult") : t(`samples.outcomes.${outcome}`)}
        </Badge>
      </div>
      <Disclosure title={t("samples.record")}>
        <div className="stack-tight">
          <OneOf
            label={`${t("samples.results")} #${event}`}
            value={chosen}
            choices={OUTCOMES.map((value) => ({ value, name: t(`samples.outcomes.${value}`) }))}
            onChange={setChosen}
          />
          <Field label={t("samples.note")} value={note} onChange={setNote} maxLength={2000} />
          {record.error !== null && <Fault error={record.error} />}
          <div>
            <Ask
              label={t("samples.record")}
              question={t("ask", { what: chosen === null ? "" : t(`samples.outcomes.${chosen}`) })}
              yes={t("yes")}
              weight="first"
              isDisabled={record.isPending || chosen === null}
              onYes={send}
            >
              <p>{t("samples.askWhy")}</p>
            </Ask>
          </div>
        </div>
      </Disclosure>
    </li>
  );
}

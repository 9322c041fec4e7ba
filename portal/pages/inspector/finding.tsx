import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import {
  type FindingAct,
  type FindingState,
  useFinding,
  useFindingAct,
  type WholeFinding,
} from "../../api/findings.ts";
import { Ask } from "../../parts/ask.tsx";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Field } from "../../parts/field.tsx";
import { Badge, Notice, type Tone } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { Notify } from "./notify.tsx";
import { useOverseer } from "./overseer.ts";
import { WhatIs } from "./what-is.tsx";

const TONES: Readonly<Record<FindingState, Tone>> = {
  open: "warn",
  settled: "quiet",
  explained: "warn",
  confirmed: "bad",
  dismissed: "good",
};
const MAX_NOTE = 2000;

/** A finding: what was found, what was said of it, and what the reader may say. */
export default function FindingPage() {
  // The router leaves it as it stands in the address.
  const id = decodeURIComponent(useParams<{ id: string }>().id);
  const { t } = useTranslation("oversight");
  return (
    <div className="stack">
      <title>{`${t("finding.title")} · Minh Bạch`}</title>
      <Answered isPage of={useFinding(id)}>
        {(whole) => <Whole whole={whole} />}
      </Answered>
      <p>
        <ButtonLink weight="quiet" href="/queues">
          {t("queues.back")}
        </ButtonLink>
      </p>
    </div>
  );
}

function Whole({ whole }: { readonly whole: WholeFinding }) {
  const { t } = useTranslation("oversight");
  const lookup = useLookup();
  const { finding } = whole;
  return (
    <>
      <h1>{lookup(`oversight:kinds.${finding.kind}`, finding.kind)}</h1>
      <p className="row">
        <Badge tone={TONES[finding.state]} icon="inspect">
          {t(`states.${finding.state}`)}
        </Badge>
        <WhatIs name="finding" />
        <code>{finding.id}</code>
      </p>
      <section className="card stack-tight">
        <h2>{t("finding.what")}</h2>
        <Facts whole={whole} />
      </section>
      <section className="card stack-tight">
        <h2>{t("finding.history")}</h2>
        <History whole={whole} />
      </section>
      <Acts whole={whole} />
    </>
  );
}

function Facts({ whole: { finding } }: { readonly whole: WholeFinding }) {
  const { t } = useTranslation("oversight");
  const { moment } = useWriting();
  const naming = useNaming();
  const overseer = useOverseer();
  const { agency, source, since, evidence, notifyBy, notifiedAt } = finding;
  const { procedure, provider, categories, catalogue, index } = evidence;
  const categoryCodes = Array.isArray(categories)
    ? categories.filter((code) => typeof code === "string")
    : [];
  const answers = agency ?? source;
  return (
    <>
      <dl className="facts">
        <dt>{t("finding.since")}</dt>
        <dd>{moment(since)}</dd>
        {answers !== undefined && <Fact label={t("finding.answers")} text={naming.agency(answers)} />}
        {typeof procedure === "string" && (
          <Fact label={t("finding.procedure")} text={naming.procedure(procedure)} />
        )}
        {typeof provider === "string" && (
          <Fact label={t("finding.provider")} text={naming.agency(provider)} />
        )}
        {categoryCodes.length > 0 && (
          <Fact label={t("finding.categories")} text={naming.categories(categoryCodes).join(", ")} />
        )}
        {typeof catalogue === "string" && <Fact label={t("finding.catalogue")} text={catalogue} />}
        {typeof index === "number" && <Fact label={t("finding.event")} text={`#${index}`} />}
        {notifyBy !== undefined && <Fact label={t("finding.notifyBy")} text={moment(notifyBy)} />}
        {notifiedAt !== undefined && <Fact label={t("finding.notifiedAt")} text={moment(notifiedAt)} />}
      </dl>
      {overseer.role === "inspector" && typeof index === "number" && (
        <div>
          <ButtonLink href={`/bundles/${index}`}>{t("finding.seeEvent")}</ButtonLink>
        </div>
      )}
    </>
  );
}

function Fact({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{text}</dd>
    </>
  );
}

function History({ whole: { history } }: { readonly whole: WholeFinding }) {
  const { t } = useTranslation("oversight");
  const { moment } = useWriting();
  const naming = useNaming();
  if (history.length === 0) return <p>{t("finding.noHistory")}</p>;
  return (
    <ol role="list" className="stack-tight">
      {history.map(({ index, time, state, notified, authority, note }) => (
        <li key={index} className="stack-tight">
          <p>
            {state !== undefined && <strong>{t(`states.${state}`)} </strong>}
            {notified === true && <strong>{t("finding.told")} </strong>}
            {authority !== undefined && `${t("finding.byWhom")} ${naming.agency(authority)} `}
            <span className="quiet">
              {moment(time)} · #{index}
            </span>
          </p>
          {note !== undefined && <blockquote className="said">{note}</blockquote>}
        </li>
      ))}
    </ol>
  );
}

type Step = Extract<FindingAct, { readonly kind: "states" | "review" }>;

/** What this reader may say of a finding in this state (server/findings/acts.ts decides). */
function stepsFor(role: "inspector" | "officer", { finding }: WholeFinding): readonly Step[] {
  const { state, kind } = finding;
  if (role === "officer")
    return state === "open" || state === "settled" ? [{ kind: "states", state: "explained" }] : [];
  if (state === "confirmed" || state === "dismissed") return [{ kind: "states", state: "open" }];
  if (kind === "emergency-unreviewed")
    return [
      { kind: "review", outcome: "justified" },
      { kind: "review", outcome: "unjustified" },
    ];
  return [
    { kind: "states", state: "dismissed" },
    { kind: "states", state: "confirmed" },
  ];
}

function Acts({ whole }: { readonly whole: WholeFinding }) {
  const { t } = useTranslation("oversight");
  const { t: duties } = useTranslation("duties");
  const { role } = useOverseer();
  const { id, notifyBy, notifiedAt } = whole.finding;
  const act = useFindingAct(id);
  const steps = stepsFor(role, whole);
  return (
    <>
      {steps.length > 0 ? (
        <Steps key={whole.finding.state} steps={steps} isPending={act.isPending} onAct={act.mutate} />
      ) : (
        <p className="quiet">{t("finding.noAct")}</p>
      )}
      {notifyBy !== undefined && notifiedAt === undefined && (
        <Notify isPending={act.isPending} onAct={act.mutate}>
          <ButtonLink weight="first" href={`/findings/${encodeURIComponent(id)}/notification`}>
            {duties("notification.write")}
          </ButtonLink>
        </Notify>
      )}
      {act.error !== null && <Fault error={act.error} />}
      {act.data !== undefined && (
        <Notice tone="good" live title={t("finding.recorded", { index: act.data.index })}>
          <p>{t("finding.recordedWhy")}</p>
        </Notice>
      )}
    </>
  );
}

function Steps(props: {
  readonly steps: readonly Step[];
  readonly isPending: boolean;
  readonly onAct: (act: FindingAct) => void;
}) {
  const { steps, isPending, onAct } = props;
  const { t } = useTranslation("oversight");
  const [note, setNote] = useState("");
  const [isAsked, setIsAsked] = useState(false);
  const send = (step: Step): void => {
    setIsAsked(true);
    if (note.trim() !== "") onAct({ ...step, note: note.trim() });
  };
  return (
    <section className="card stack">
      <h2>{t("finding.act")}</h2>
      <Field
        label={t("finding.note")}
        hint={t("finding.noteHint")}
        value={note}
        onChange={setNote}
        isLong
        isRequired
        maxLength={MAX_NOTE}
        fault={isAsked && note.trim() === "" ? t("finding.noteMissing") : undefined}
      />
      <div className="row">
        {steps.map((step) => {
          const name = nameOf(step);
          const label = t(`finding.${name}`);
          if (note.trim() === "")
            return (
              <Button key={name} isDisabled={isPending} onPress={() => send(step)}>
                {label}
              </Button>
            );
          return (
            <Ask
              key={name}
              label={label}
              question={name === "confirm" ? t("finding.confirmAsk") : t("ask", { what: label })}
              yes={name === "confirm" ? t("finding.confirmYes") : t("yes")}
              weight={name === "confirm" ? "grave" : "first"}
              isDisabled={isPending}
              onYes={() => send(step)}
            >
              <p>{t(name === "confirm" ? "finding.confirmWhy" : "finding.askWhy")}</p>
            </Ask>
          );
        })}
      </div>
    </section>
  );
}

function nameOf(step: Step): "justified" | "unjustified" | "explain" | "confirm" | "dismiss" | "reopen" {
  if (step.kind === "review") return step.outcome;
  const names = { open: "reopen", explained: "explain", confirmed: "confirm", dismissed: "dismiss" } as const;
  return names[step.state];
}

import "../inspector/inspector.css";

import { useTranslation } from "react-i18next";

import { useRates } from "../../api/inspection.ts";
import { useQueue, useQueues } from "../../api/queues.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Answered } from "../../parts/states.tsx";
import type { TermName } from "../../parts/term.tsx";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { useOverseer } from "../inspector/overseer.ts";
import { Rates } from "../inspector/samples.tsx";
import { WorkItem, workIn } from "../inspector/work-item.tsx";
import { WhatIs } from "../inspector/what-is.tsx";

/** Items of a kind of work shown here; the rest is a step away. */
const SHOWN = 3;

/** Where a data-protection officer begins: what the law asks of their agency, and by when. */
export default function Agency() {
  const { t } = useTranslation("duties");
  const naming = useNaming();
  const overseer = useOverseer();
  const agency = overseer.role === "officer" ? overseer.agency : "";
  return (
    <div className="stack">
      <title>{`${t("home.title")} · Minh Bạch`}</title>
      <h1>{t("home.title")}</h1>
      <p>{t("home.lead", { agency: naming.agency(agency) })}</p>
      <Duty queue="complaints-to-answer" name="complaints" all="/received-complaints" term="complaint" />
      <Duty queue="breach-notifications" name="notifications" all="/queues/breach-notifications" />
      <Duty queue="findings" name="findings" all="/queues/findings" term="finding" />
      <section className="card stack-tight" aria-labelledby="rates">
        <h2 id="rates">{t("home.rates")}</h2>
        <Answered of={useRates()}>{(agencies) => <Rates agencies={agencies} />}</Answered>
      </section>
    </div>
  );
}

/** One kind of work: the first few that wait, and how many there are. */
function Duty(props: {
  readonly queue: string;
  readonly name: "complaints" | "notifications" | "findings";
  /** The page with all of them. */
  readonly all: string;
  readonly term?: TermName;
}) {
  const { queue, name, all, term } = props;
  const { t } = useTranslation("duties");
  return (
    <section className="stack-tight" aria-labelledby={name}>
      <div className="row">
        <h2 id={name}>{t(`home.${name}`)}</h2>
        {term !== undefined && <WhatIs name={term} />}
      </div>
      <Answered of={useQueue(queue)}>
        {(items) =>
          items.length === 0 ? (
            <p className="quiet">{t(`home.${name}None`)}</p>
          ) : (
            <>
              <ol role="list" className="stack">
                {items.slice(0, SHOWN).map((item) => (
                  <WorkItem key={item.id} heading="h3" what={workIn(queue)} item={item} />
                ))}
              </ol>
              <AllOf queue={queue} all={all} name={t(`home.${name}`)} />
            </>
          )
        }
      </Answered>
    </section>
  );
}

function AllOf(props: { readonly queue: string; readonly all: string; readonly name: string }) {
  const { queue, all, name } = props;
  const { t } = useTranslation("duties");
  const { count } = useWriting();
  const length = useQueues().data?.find((each) => each.name === queue);
  if (length === undefined) return null;
  return (
    <div>
      <ButtonLink href={all}>
        {t(length.more ? "home.allMore" : "home.all", { number: count(length.waiting) })}{" "}
        <span className="for-readers">{name}</span>
      </ButtonLink>
    </div>
  );
}

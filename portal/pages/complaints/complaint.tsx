import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { useComplaint, useComplaintAct, type WholeComplaint } from "../../api/complaints.ts";
import { Ask } from "../../parts/ask.tsx";
import { ButtonLink } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Badge } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { STATE_TONES } from "./complaints.tsx";
import { Deadlines } from "./deadlines.tsx";

/** A complaint: what was said by whom, and by when who has to do what. */
export default function ComplaintPage() {
  const { id } = useParams<{ id: string }>();
  const { t } = useTranslation("complaints");
  const { t: shell } = useTranslation();
  return (
    <div className="stack">
      <title>{`${t("title")} · Minh Bạch`}</title>
      <Answered of={useComplaint(id)}>{(complaint) => <Whole complaint={complaint} />}</Answered>
      <p>
        <ButtonLink weight="quiet" href="/complaints">
          {shell("back")}
        </ButtonLink>
      </p>
    </div>
  );
}

function Whole({ complaint }: { readonly complaint: WholeComplaint }) {
  const { t } = useTranslation("complaints");
  const { t: terms } = useTranslation("terms");
  const naming = useNaming();
  const act = useComplaintAct();
  const { id, agency, state, outcome, event } = complaint;
  const isOpen = state === "filed" || state === "answered";
  return (
    <>
      <h1>
        {terms("complaint.word")}: {naming.agency(agency)}
      </h1>
      <p className="row">
        <Badge tone={STATE_TONES[state]} icon="complaint">
          {t(`states.${state}`)}
        </Badge>
        {outcome !== undefined && (
          <strong>
            {t("outcome")}: {t(`outcomes.${outcome}`)}
          </strong>
        )}
        {event.index !== null && (
          <span className="quiet">
            {t("entry")} #{event.index}
          </span>
        )}
        <Term name="complaint">{terms("complaint.word")}</Term>
      </p>
      <section className="card stack-tight">
        <h2>{t("deadlines")}</h2>
        <Deadlines complaint={complaint} />
      </section>
      <section className="card stack-tight">
        <h2>{t("progress")}</h2>
        <History complaint={complaint} />
      </section>
      {act.error !== null && <Fault error={act.error} />}
      {isOpen && (
        <div>
          <Ask
            label={t("withdraw")}
            question={t("withdrawAsk")}
            yes={t("withdrawYes")}
            isDisabled={act.isPending}
            onYes={() => act.mutate({ kind: "withdraw", id })}
          >
            <p>{t("withdrawWhy")}</p>
          </Ask>
        </div>
      )}
    </>
  );
}

function History({ complaint: { history } }: { readonly complaint: WholeComplaint }) {
  const { t } = useTranslation("complaints");
  const { moment } = useWriting();
  const lookup = useLookup();
  return (
    <ol className="stack">
      {history.map(({ index, time, state, facets, erased }) => (
        <li key={index} className="stack-tight">
          <p>
            <strong>{t(`said.${state}`)}</strong>{" "}
            <span className="quiet">
              {moment(time)} · #{index}
            </span>
          </p>
          {erased && <p className="quiet">{t("erased")}</p>}
          {facets.complaint?.outcome !== undefined && (
            <p>{lookup(`complaints:outcomes.${facets.complaint.outcome}`, facets.complaint.outcome)}</p>
          )}
          {facets.complaint?.text !== undefined && (
            <blockquote className="said">{facets.complaint.text}</blockquote>
          )}
        </li>
      ))}
    </ol>
  );
}

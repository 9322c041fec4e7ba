import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { useComplaint, useComplaintAct, type WholeComplaint } from "../../api/complaints.ts";
import { Ask } from "../../parts/ask.tsx";
import { ButtonLink } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Badge } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { Term } from "../../parts/term.tsx";
import { useNaming } from "../../words/naming.ts";
import { STATE_TONES } from "./complaints.tsx";
import { Deadlines } from "./deadlines.tsx";
import { Said } from "./said.tsx";

/** A complaint: what was said by whom, and by when who has to do what. */
export default function ComplaintPage() {
  const { id } = useParams<{ id: string }>();
  const { t } = useTranslation("complaints");
  const { t: shell } = useTranslation();
  return (
    <div className="stack">
      <title>{`${t("title")} · Minh Bạch`}</title>
      <Answered isPage of={useComplaint(id)}>
        {(complaint) => <Whole complaint={complaint} />}
      </Answered>
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
        <Said
          history={complaint.history}
          by={(step) => t(`said.${step}`)}
          outcome={(decided) => t(`outcomes.${decided}`)}
        />
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

import "./inspector.css";

import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { useComplaint, useComplaintReply, type WholeComplaint } from "../../api/complaints.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Fault } from "../../parts/fault.tsx";
import { Badge, Notice } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { useNaming } from "../../words/naming.ts";
import { STATE_TONES } from "../complaints/complaints.tsx";
import { Deadlines } from "../complaints/deadlines.tsx";
import { Said } from "../complaints/said.tsx";
import { Answering } from "./answering.tsx";
import { ComplainedOf } from "./complained-of.tsx";
import { Deciding } from "./deciding.tsx";
import { useOverseer } from "./overseer.ts";
import { WhatIs } from "./what-is.tsx";

/** A complaint, for whoever answers or decides it: what it is about, what was said, and what is still to be done by when. */
export default function ReceivedComplaint() {
  const { id } = useParams<{ id: string }>();
  const { t } = useTranslation("duties");
  return (
    <div className="stack">
      <title>{`${t("received.title")} ${id} · Minh Bạch`}</title>
      <Answered isPage of={useComplaint(id)}>
        {(complaint) => <Whole complaint={complaint} />}
      </Answered>
      <p>
        <ButtonLink weight="quiet" href="/received-complaints">
          {t("received.back")}
        </ButtonLink>
      </p>
    </div>
  );
}

function Whole({ complaint }: { readonly complaint: WholeComplaint }) {
  const { t } = useTranslation("duties");
  const { t: words } = useTranslation("complaints");
  const { t: terms } = useTranslation("terms");
  const naming = useNaming();
  const { agency, state, outcome, event, history } = complaint;
  return (
    <>
      <h1>
        {terms("complaint.word")}: {naming.agency(agency)}
      </h1>
      <p className="row">
        <Badge tone={STATE_TONES[state]} icon="complaint">
          {t(`received.states.${state}`)}
        </Badge>
        {outcome !== undefined && <strong>{t(`received.outcomes.${outcome}`)}</strong>}
        <WhatIs name="complaint" />
      </p>
      <section className="card stack-tight">
        <h2>{words("deadlines")}</h2>
        <Deadlines complaint={complaint} />
      </section>
      <section className="card stack-tight">
        <h2>{words("progress")}</h2>
        <Said
          history={history}
          by={(step) => t(`received.said.${step}`)}
          outcome={(decided) => t(`received.outcomes.${decided}`)}
        />
      </section>
      <section className="card stack-tight">
        <h2>{t("received.about")}</h2>
        {event.index === null ? <p>{t("received.aboutUnknown")}</p> : <ComplainedOf index={event.index} />}
      </section>
      <Reply complaint={complaint} />
    </>
  );
}

/** What the reader may do about it (protocol/complaint.ts decides), and what came of that. */
function Reply({ complaint }: { readonly complaint: WholeComplaint }) {
  const { t } = useTranslation("duties");
  const { role } = useOverseer();
  const reply = useComplaintReply(complaint.id);
  const { state } = complaint;
  const done = reply.data;
  return (
    <>
      {role === "officer" && state === "filed" && (
        <Answering isPending={reply.isPending} onAnswer={(text) => reply.mutate({ kind: "answer", text })} />
      )}
      {role === "inspector" && (state === "filed" || state === "answered") && (
        <Deciding
          complaint={complaint}
          isPending={reply.isPending}
          onDecide={(decision) => reply.mutate({ kind: "decision", ...decision })}
        />
      )}
      {done === undefined && role === "officer" && state === "answered" && (
        <p className="quiet">{t("received.waits")}</p>
      )}
      {done === undefined && (state === "decided" || state === "withdrawn") && (
        <p className="quiet">{t("received.nothingToDo")}</p>
      )}
      {reply.error !== null && <Fault error={reply.error} />}
      {done !== undefined && (
        <Notice
          tone="good"
          live
          title={t(role === "officer" ? "answer.done" : "decide.done", { index: done.recorded })}
        >
          <p>{t(role === "officer" ? "answer.doneWhy" : "decide.doneWhy")}</p>
        </Notice>
      )}
    </>
  );
}

import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Complaint, type ComplaintChoice, useReceived } from "../../api/complaints.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Badge } from "../../parts/notice.tsx";
import { Select } from "../../parts/select.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { STATE_TONES } from "../complaints/complaints.tsx";
import { Deadlines } from "../complaints/deadlines.tsx";
import { useOverseer } from "./overseer.ts";
import { WhatIs } from "./what-is.tsx";

const CHOICES: readonly ComplaintChoice[] = [
  ...(["open", "filed", "answered", "answerOverdue", "decisionOverdue"] as const),
  ...(["decided", "withdrawn", "all"] as const),
];

/** Complaints of people, for those who answer and decide them; the first to be due first. */
export default function ReceivedComplaints() {
  const { t } = useTranslation("duties");
  const { t: shell } = useTranslation();
  const naming = useNaming();
  const overseer = useOverseer();
  const isOfficer = overseer.role === "officer";
  const [choice, setChoice] = useState<ComplaintChoice>(isOfficer ? "filed" : "open");
  const list = useReceived(choice);
  return (
    <div className="stack">
      <title>{`${t("received.title")} · Minh Bạch`}</title>
      <h1>{t("received.title")}</h1>
      <p>
        {isOfficer
          ? t("received.leadOfficer", { agency: naming.agency(overseer.agency) })
          : t("received.lead")}{" "}
        <WhatIs name="complaint" />
      </p>
      <Select
        label={t("received.which")}
        value={choice}
        choices={CHOICES.map((id) => ({ id, name: t(`received.whichOnes.${id}`) }))}
        onChange={setChoice}
      />
      <Answered of={list}>
        {(complaints) =>
          complaints.length === 0 && !list.hasNextPage ? (
            <Empty icon="complaint" title={t("received.none")}>
              <p>{t("received.noneWhy")}</p>
            </Empty>
          ) : (
            <ol role="list" className="stack">
              {complaints.map((complaint) => (
                <Line key={complaint.id} complaint={complaint} />
              ))}
            </ol>
          )
        }
      </Answered>
      {list.hasNextPage && (
        <div>
          <Button isDisabled={list.isFetchingNextPage} onPress={() => void list.fetchNextPage()}>
            {shell("more")}
          </Button>
        </div>
      )}
    </div>
  );
}

function Line({ complaint }: { readonly complaint: Complaint }) {
  const { t } = useTranslation("duties");
  const { t: words } = useTranslation("complaints");
  const { moment } = useWriting();
  const naming = useNaming();
  const { id, agency, state, filed, event, outcome } = complaint;
  const isOpen = state === "filed" || state === "answered";
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h2>{naming.agency(agency)}</h2>
        <Badge tone={STATE_TONES[state]} icon="complaint">
          {t(`received.states.${state}`)}
        </Badge>
      </div>
      <p className="quiet">
        {words("filed")}: {moment(filed)}
        {event.index !== null && ` · ${words("entry")} #${event.index}`}
      </p>
      {outcome !== undefined && <p>{t(`received.outcomes.${outcome}`)}</p>}
      {isOpen && <Deadlines complaint={complaint} />}
      <div>
        <ButtonLink href={`/received-complaints/${encodeURIComponent(id)}`}>
          {t("received.open")}{" "}
          <span className="for-readers">{`${naming.agency(agency)}, ${moment(filed)}`}</span>
        </ButtonLink>
      </div>
    </li>
  );
}

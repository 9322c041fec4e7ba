import { useTranslation } from "react-i18next";

import { type Complaint, useComplaints } from "../../api/complaints.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Badge, type Tone } from "../../parts/notice.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { Deadlines } from "./deadlines.tsx";

export const STATE_TONES: Readonly<Record<Complaint["state"], Tone>> = {
  filed: "warn",
  answered: "warn",
  decided: "good",
  withdrawn: "quiet",
};

/** My complaints, the newest first. */
export default function Complaints() {
  const { t } = useTranslation("complaints");
  return (
    <div className="stack">
      <title>{`${t("title")} · Minh Bạch`}</title>
      <h1>{t("title")}</h1>
      <p>{t("lead")}</p>
      <Answered of={useComplaints()}>
        {(complaints) =>
          complaints.length === 0 ? (
            <Empty icon="complaint" title={t("none")}>
              <p>{t("noneWhy")}</p>
              <ButtonLink href="/my-data">{t("toData")}</ButtonLink>
            </Empty>
          ) : (
            <ul role="list" className="stack">
              {complaints.map((complaint) => (
                <Line key={complaint.id} complaint={complaint} />
              ))}
            </ul>
          )
        }
      </Answered>
    </div>
  );
}

function Line({ complaint }: { readonly complaint: Complaint }) {
  const { t } = useTranslation("complaints");
  const { moment } = useWriting();
  const naming = useNaming();
  const { id, agency, state, filed } = complaint;
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h2>{naming.agency(agency)}</h2>
        <Badge tone={STATE_TONES[state]} icon="complaint">
          {t(`states.${state}`)}
        </Badge>
      </div>
      <p className="quiet">
        {t("filed")}: {moment(filed)}
      </p>
      {(state === "filed" || state === "answered") && <Deadlines complaint={complaint} />}
      <div>
        <ButtonLink href={`/complaints/${encodeURIComponent(id)}`}>
          {t("see")} <span className="for-readers">{naming.agency(agency)}</span>
        </ButtonLink>
      </div>
    </li>
  );
}

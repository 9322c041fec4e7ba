import { useTranslation } from "react-i18next";

import type { ComplaintOutcome, WholeComplaint } from "../../api/complaints.ts";
import { useWriting } from "../../words/moments.ts";

type Step = WholeComplaint["history"][number];

/** Everything that was said about a complaint, in order; `by` and `outcome` in words for the reader. */
export function Said(props: {
  readonly history: readonly Step[];
  readonly by: (state: Step["state"]) => string;
  readonly outcome: (outcome: ComplaintOutcome) => string;
}) {
  const { history, by, outcome } = props;
  const { t } = useTranslation("complaints");
  const { moment } = useWriting();
  return (
    <ol role="list" className="stack">
      {history.map(({ index, time, state, facets, erased }) => (
        <li key={index} className="stack-tight">
          <p>
            <strong>{by(state)}</strong>{" "}
            <span className="quiet">
              {moment(time)} · #{index}
            </span>
          </p>
          {erased && <p className="quiet">{t("erased")}</p>}
          {facets.complaint?.outcome !== undefined && <p>{outcome(facets.complaint.outcome)}</p>}
          {facets.complaint?.text !== undefined && (
            <blockquote className="said">{facets.complaint.text}</blockquote>
          )}
        </li>
      ))}
    </ol>
  );
}

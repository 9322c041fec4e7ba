import { useTranslation } from "react-i18next";

import type { Complaint, LegalTerm } from "../../api/complaints.ts";
import { useNow } from "../../app/now.ts";
import { Badge, type Tone } from "../../parts/notice.tsx";
import { useLawName } from "../../words/law.ts";
import { useWriting } from "../../words/moments.ts";

const TERMS = ["answer", "remedy", "decision"] as const;
const TONES: Readonly<Record<NonNullable<LegalTerm["state"]>, Tone>> = {
  pending: "quiet",
  overdue: "bad",
  met: "good",
  late: "warn",
  lapsed: "quiet",
};

/** By when who has to do what, and by which law. */
export function Deadlines({ complaint: { due } }: { readonly complaint: Pick<Complaint, "due"> }) {
  const { t } = useTranslation("complaints");
  if (due === null) return <p className="quiet">{t("noDeadlines")}</p>;
  return (
    <section className="stack-tight" aria-label={t("deadlines")}>
      <ul role="list" className="stack-tight">
        {TERMS.map((name) => (
          <Deadline key={name} name={name} term={due[name]} />
        ))}
      </ul>
      {TERMS.some((name) => !due[name].verified) && <p className="quiet small">{t("unverified")}</p>}
    </section>
  );
}

function Deadline({ name, term }: { readonly name: (typeof TERMS)[number]; readonly term: LegalTerm }) {
  const { t } = useTranslation("complaints");
  const { day, relative } = useWriting();
  const now = useNow();
  const { by, days, unit, state } = term;
  const lawName = useLawName();
  return (
    <li>
      <div className="row">
        <strong>{t(`terms.${name}`)}</strong>
        <span>
          {day(by)}
          {state === "pending" && ` (${relative(by, now)})`}
        </span>
        {state !== undefined && (
          <Badge tone={TONES[state]} icon={state === "overdue" ? "warning" : "clock"}>
            {t(`termStates.${state}`)}
          </Badge>
        )}
      </div>
      <p className="quiet small">
        {t(`units.${unit}`, { days })} · {lawName(term)}
      </p>
    </li>
  );
}

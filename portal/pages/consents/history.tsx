import { useTranslation } from "react-i18next";

import type { Consent } from "../../api/consents.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";

/** Everything that was said about a consent, in the order of the record; also what has no effect, and why. */
export function ConsentHistory({ consent: { history } }: { readonly consent: Consent }) {
  const { t } = useTranslation("consents");
  const { moment } = useWriting();
  const lookup = useLookup();
  return (
    <ol className="stack-tight">
      {history.map(({ index, time, state, indicatedBy, counts, fault = "" }) => (
        <li key={index}>
          {moment(time)}: {t(`states.${state}`)}
          {indicatedBy !== undefined && ` (${lookup(`consents:by.${indicatedBy}`, indicatedBy)})`}{" "}
          <span className="quiet">#{index}</span>
          {!counts && (
            <p className="quiet small">
              {t("noEffect", { fault: lookup(`consents:faults.${fault}`, fault) })}
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

import { useTranslation } from "react-i18next";

import { agencyOfSide } from "../../../protocol/exchange.ts";
import type { FoundEvent } from "../../api/inspection.ts";
import { readFacets } from "../../verify/facets.ts";
import { useLawName } from "../../words/law.ts";
import { useNaming } from "../../words/naming.ts";

/** Who did what for what, as far as the reader may see it. */
export function EventFacts({
  event: { facets: opened, source },
}: {
  readonly event: Pick<FoundEvent, "facets" | "source">;
}) {
  const { t } = useTranslation("oversight");
  const naming = useNaming();
  const lawName = useLawName();
  const { exchange, data, purpose, outcome, ...facets } = readFacets(opened);
  const official = opened["agent.id"];
  const recordedBy = source.split("/", 1)[0] ?? "";
  const who = (exchange && agencyOfSide(exchange.client)) ?? recordedBy;
  const role = facets["agent.role"];
  return (
    <dl className="facts">
      <dt>{t("search.who")}</dt>
      <dd>
        {naming.agency(who)}
        {typeof official === "string" && ` · ${official}`}
        {role !== undefined && ` (${role})`}
      </dd>
      {data !== undefined && (
        <>
          <dt>{t("search.what")}</dt>
          <dd>{naming.categories(data.personalData).join(", ")}</dd>
        </>
      )}
      {purpose !== undefined && (
        <>
          <dt>{t("search.whatFor")}</dt>
          <dd>
            {naming.procedure(purpose.procedure)}
            {purpose.legalBasis !== undefined && ` · ${lawName(purpose.legalBasis)}`}
          </dd>
        </>
      )}
      {facets.case !== undefined && (
        <>
          <dt>{t("search.case")}</dt>
          <dd>{facets.case}</dd>
        </>
      )}
      {outcome !== undefined && (
        <>
          <dt>{t("search.outcome")}</dt>
          <dd>{t(`search.outcomes.${outcome.code}`)}</dd>
        </>
      )}
    </dl>
  );
}

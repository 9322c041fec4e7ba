import { useTranslation } from "react-i18next";

import type { FoundEvent } from "../../api/inspection.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Check } from "../../parts/choice.tsx";
import { Badge } from "../../parts/notice.tsx";
import { readFacets } from "../../verify/facets.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { EventFacts } from "./event-facts.tsx";

/** An event that was found, as far as the reader may see it. */
export function Found(props: {
  readonly event: FoundEvent;
  readonly isChosen?: boolean;
  readonly onChoose?: (index: number, isChosen: boolean) => void;
}) {
  const { event, isChosen = false, onChoose } = props;
  const { t } = useTranslation("oversight");
  const { t: terms } = useTranslation("terms");
  const { moment } = useWriting();
  const lookup = useLookup();
  const { index, time, facets: opened, findings, erased, closure } = event;
  const facets = readFacets(opened);
  const type = facets.type ?? "";
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h3>
          #{index} · {lookup(`oversight:search.types.${type}`, type)}
        </h3>
        <span className="row">
          {erased && (
            <Badge tone="quiet" icon="eraser">
              {t("search.erased")}
            </Badge>
          )}
          {closure !== null && !erased && (
            <Badge tone="quiet" icon="lock">
              {t("search.sealed")}
            </Badge>
          )}
          {facets.handling?.emergency === true && <Badge tone="warn">{terms("emergency.word")}</Badge>}
        </span>
      </div>
      <p className="quiet small">
        {t("search.received")}: {moment(time)}
      </p>
      <EventFacts event={event} />
      {findings.length > 0 && (
        <ul role="list" className="row" aria-label={t("search.findings")}>
          {findings.map(({ id, kind, state }) => (
            <li key={id}>
              <ButtonLink href={`/findings/${encodeURIComponent(id)}`}>
                {lookup(`oversight:kinds.${kind}`, kind)} ({lookup(`oversight:states.${state}`, state)})
              </ButtonLink>
            </li>
          ))}
        </ul>
      )}
      {onChoose !== undefined && (
        <Check isSelected={isChosen} onChange={(chosen) => onChoose(index, chosen)}>
          {t("search.choose", { index })}
        </Check>
      )}
    </li>
  );
}

import { useTranslation } from "react-i18next";
import { Link } from "react-aria-components";

import { type ShownEvent, useEvent } from "../../api/events.ts";
import { useUses } from "../../api/uses.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Answered } from "../../parts/states.tsx";
import { readFacets } from "../../verify/facets.ts";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { EventFacts } from "./event-facts.tsx";
import { useOverseer } from "./overseer.ts";

/** The event that a complaint is about, as far as the reader may see it, and what the rules say of it. */
export function ComplainedOf({ index }: { readonly index: number }) {
  return <Answered of={useEvent(index)}>{(event) => <Shown event={event} />}</Answered>;
}

function Shown({ event }: { readonly event: ShownEvent }) {
  const { t } = useTranslation("duties");
  const { t: oversight } = useTranslation("oversight");
  const { moment } = useWriting();
  const lookup = useLookup();
  const { role } = useOverseer();
  const { index, facets, submission } = event;
  const type = readFacets(facets).type;
  return (
    <>
      <p>
        <strong>
          #{index}
          {type !== undefined && ` · ${lookup(`oversight:search.types.${type}`, type)}`}
        </strong>{" "}
        {submission !== undefined && (
          <span className="quiet">
            {oversight("search.received")}: {moment(submission.time)}
          </span>
        )}
      </p>
      <Hidden event={event} />
      {Object.keys(facets).length > 0 && (
        <>
          <EventFacts event={event} />
          <WasAllowed index={index} />
        </>
      )}
      {role === "inspector" && (
        <div>
          <ButtonLink href={`/bundles/${index}`}>{t("received.proof")}</ButtonLink>
        </div>
      )}
    </>
  );
}

/** Why nothing, or not everything, is to be seen of it. */
function Hidden({ event: { facets, erased, closure } }: { readonly event: ShownEvent }) {
  const { t } = useTranslation("duties");
  if (erased) return <Notice tone="quiet" icon="eraser" title={t("received.erased")} />;
  if (closure !== null) return <Notice tone="quiet" icon="lock" title={t("received.closed")} />;
  return Object.keys(facets).length === 0 ? (
    <Notice tone="quiet" icon="lock" title={t("received.hidden")} />
  ) : null;
}

function WasAllowed({ index }: { readonly index: number }) {
  const { t } = useTranslation("duties");
  const { t: shell } = useTranslation();
  const lookup = useLookup();
  const uses = useUses([index]);
  const use = uses.answers.get(index);
  const open = uses.hasFailed ? "received.allowedUnasked" : "received.allowedOpen";
  return (
    <>
      <h3>{t("received.allowed")}</h3>
      {use === undefined || use.answer === "not-judged" ? (
        <p>{uses.isPending ? shell("loading") : t(open)}</p>
      ) : use.findings.length === 0 ? (
        <p>{t("received.allowedYes")}</p>
      ) : (
        <>
          <p>{t("received.allowedNo")}</p>
          <ul className="stack-tight">
            {use.findings.map(({ id, kind, state }) => (
              <li key={id}>
                <Link href={`/findings/${encodeURIComponent(id)}`}>
                  {lookup(`oversight:kinds.${kind}`, kind)}
                </Link>{" "}
                ({lookup(`oversight:states.${state}`, state)})
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

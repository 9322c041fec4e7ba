import { useTranslation } from "react-i18next";

import type { QueueItem } from "../../api/queues.ts";
import { useNow } from "../../app/now.ts";
import { ButtonLink } from "../../parts/button.tsx";
import { Badge } from "../../parts/notice.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { useOverseer } from "./overseer.ts";

/** States in which nobody has to do anything any more. */
const DONE: readonly string[] = ["settled", "dismissed", "decided", "withdrawn"];

/** Something to deal with: what it is, whose, since when and until when, and where that is done. `heading`: on which level its name stands. */
export function WorkItem(props: {
  readonly what: Work;
  readonly item: QueueItem;
  readonly heading?: "h2" | "h3";
}) {
  const { what, item, heading: Heading = "h2" } = props;
  const { t } = useTranslation("oversight");
  const { t: terms } = useTranslation("terms");
  const { moment, relative } = useWriting();
  const naming = useNaming();
  const lookup = useLookup();
  const now = useNow();
  const { role } = useOverseer();
  const { id, kind, state, agency, since, due, index } = item;
  const isDone = DONE.includes(state);
  const isOverdue = !isDone && due !== undefined && due < now;
  const title =
    kind !== undefined
      ? lookup(`oversight:kinds.${kind}`, kind)
      : what === "complaint"
        ? terms("complaint.word")
        : t("queues.erasure");
  const place = placeOf(what, id);
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <Heading>{title}</Heading>
        <Badge tone={isOverdue ? "bad" : isDone ? "quiet" : "warn"} icon={isDone ? "check" : "clock"}>
          {lookup(`oversight:states.${state}`, state)}
        </Badge>
      </div>
      {agency !== undefined && role === "inspector" && (
        <p>
          {t("queues.agency")}: {naming.agency(agency)}
        </p>
      )}
      {due !== undefined && !isDone && (
        <p>
          <strong>
            {t("queues.due")}: {moment(due)}
          </strong>{" "}
          ({isOverdue ? t("queues.overdue") : relative(due, now)})
        </p>
      )}
      <p className="quiet">
        {t("queues.oldest")}: {moment(since)} ({relative(since, now)}){index !== undefined && ` · #${index}`}
      </p>
      {place === undefined ? (
        <p className="quiet small">
          <code>{id}</code>
        </p>
      ) : (
        <div>
          <ButtonLink href={place}>
            {t("queues.open")} <span className="for-readers">{`${title} ${id}`}</span>
          </ButtonLink>
        </div>
      )}
    </li>
  );
}

type Work = "finding" | "complaint" | "erasure";

/** What a queue holds. */
export function workIn(queue: string): Work {
  if (queue.startsWith("complaints-")) return "complaint";
  return queue === "erasures" ? "erasure" : "finding";
}

function placeOf(what: Work, id: string): string | undefined {
  if (what === "finding") return `/findings/${encodeURIComponent(id)}`;
  return what === "complaint" ? `/received-complaints/${encodeURIComponent(id)}` : undefined;
}

import "./inspector.css";

import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { type QueueItem, useQueue } from "../../api/queues.ts";
import { useNow } from "../../app/now.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Badge } from "../../parts/notice.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useLookup } from "../../words/lookup.ts";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";

/** What waits in a queue, the oldest first. */
export default function Queue() {
  const { name } = useParams<{ name: string }>();
  const { t } = useTranslation("oversight");
  const { t: shell } = useTranslation();
  const lookup = useLookup();
  const queue = useQueue(name);
  const title = lookup(`oversight:queues.names.${name}`, name);
  return (
    <div className="stack">
      <title>{`${title} · Minh Bạch`}</title>
      <h1>{title}</h1>
      <Answered of={queue}>
        {(items) =>
          items.length === 0 && !queue.hasNextPage ? (
            <Empty title={t("queues.nothing")}>
              <p>{t("queues.nothingWhy")}</p>
            </Empty>
          ) : (
            <ol role="list" className="stack">
              {items.map((item) => (
                <Item key={item.id} queue={name} item={item} />
              ))}
            </ol>
          )
        }
      </Answered>
      <div className="row">
        {queue.hasNextPage && (
          <Button isDisabled={queue.isFetchingNextPage} onPress={() => void queue.fetchNextPage()}>
            {shell("more")}
          </Button>
        )}
        <ButtonLink weight="quiet" href="/queues">
          {t("queues.back")}
        </ButtonLink>
      </div>
    </div>
  );
}

function Item({ queue, item }: { readonly queue: string; readonly item: QueueItem }) {
  const { t } = useTranslation("oversight");
  const { moment, relative } = useWriting();
  const naming = useNaming();
  const lookup = useLookup();
  const now = useNow();
  const { id, kind, state, agency, since, due, index } = item;
  const title = kind === undefined ? id : lookup(`oversight:kinds.${kind}`, kind);
  return (
    <li className="card stack-tight">
      <div className="row row-apart">
        <h2>{title}</h2>
        <Badge tone={due !== undefined && due < now ? "bad" : "warn"} icon="clock">
          {lookup(`oversight:states.${state}`, state)}
        </Badge>
      </div>
      {agency !== undefined && (
        <p>
          {t("queues.agency")}: {naming.agency(agency)}
        </p>
      )}
      <p className="quiet">
        {t("queues.oldest")}: {moment(since)} ({relative(since, now)})
        {due !== undefined && ` · ${t("queues.due")}: ${moment(due)}`}
        {due !== undefined && due < now && ` (${t("queues.overdue")})`}
        {index !== undefined && ` · #${index}`}
      </p>
      {isFinding(queue) && (
        <div>
          <ButtonLink href={`/findings/${encodeURIComponent(id)}`}>
            {t("queues.open")} <span className="for-readers">{`${title} ${id}`}</span>
          </ButtonLink>
        </div>
      )}
    </li>
  );
}

/** The other queues hold complaints and erasures. */
function isFinding(queue: string): boolean {
  return !queue.startsWith("complaints-") && queue !== "erasures";
}

import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "wouter";

import { type FindingState, useFindingList } from "../../api/findings.ts";
import { useQueue } from "../../api/queues.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Select } from "../../parts/select.tsx";
import { Answered, Empty } from "../../parts/states.tsx";
import { useLookup } from "../../words/lookup.ts";
import { FINDING_STATES } from "./asked.ts";
import { FindingList } from "./finding-list.tsx";
import { WorkItem, workIn } from "./work-item.tsx";

/** Queues of one kind of finding, which are gone through by state. */
const KINDS: Readonly<Record<string, string>> = {
  emergencies: "emergency-unreviewed",
  "unmatched-exchanges": "unmatched-exchange",
  "silent-sources": "silent-source",
};

/** What waits in a queue, the oldest first. */
export default function Queue() {
  const { name } = useParams<{ name: string }>();
  const { t } = useTranslation("oversight");
  const lookup = useLookup();
  const title = lookup(`oversight:queues.names.${name}`, name);
  const explanation = lookup(`oversight:queues.explained.${name}`, "");
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  return (
    <div className="stack">
      <title>{`${title} · Minh Bạch`}</title>
      <h1>{title}</h1>
      {explanation !== "" && <p>{explanation}</p>}
      {kind === undefined ? <Waiting name={name} /> : <OfKind kind={kind} />}
      <p>
        <ButtonLink weight="quiet" href="/queues">
          {t("queues.back")}
        </ButtonLink>
      </p>
    </div>
  );
}

function Waiting({ name }: { readonly name: string }) {
  const { t } = useTranslation("oversight");
  const { t: shell } = useTranslation();
  const queue = useQueue(name);
  return (
    <>
      <Answered of={queue}>
        {(items) =>
          items.length === 0 && !queue.hasNextPage ? (
            <Empty title={t("queues.nothing")}>
              <p>{t("queues.nothingWhy")}</p>
            </Empty>
          ) : (
            <ol role="list" className="stack">
              {items.map((item) => (
                <WorkItem key={item.id} what={workIn(name)} item={item} />
              ))}
            </ol>
          )
        }
      </Answered>
      {queue.hasNextPage && (
        <div>
          <Button isDisabled={queue.isFetchingNextPage} onPress={() => void queue.fetchNextPage()}>
            {shell("more")}
          </Button>
        </div>
      )}
    </>
  );
}

/** The work of one kind by its state: what waits first. */
function OfKind({ kind }: { readonly kind: string }) {
  const { t } = useTranslation("oversight");
  const [state, setState] = useState<FindingState>("open");
  return (
    <>
      <Select
        label={t("queues.state")}
        value={state}
        choices={FINDING_STATES.map((id) => ({ id, name: t(`states.${id}`) }))}
        onChange={setState}
      />
      <FindingList
        key={state}
        of={useFindingList({ kind, state })}
        none={t(state === "open" ? "queues.nothing" : "queues.noneSuch")}
      />
    </>
  );
}

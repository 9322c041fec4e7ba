import "./inspector.css";

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type SearchFilter, useSearch } from "../../api/inspection.ts";
import { Button, ButtonLink } from "../../parts/button.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { Asking } from "./asking.tsx";
import { Found } from "./found.tsx";
import { useOverseer } from "./overseer.ts";

/** Events by agency, official, procedure, case, time and finding. That it is searched for is recorded: so a button sends it, and not the typing. */
export default function Search() {
  const { t } = useTranslation("oversight");
  const [searched, setSearched] = useState<{ readonly filter: SearchFilter; readonly turn: number } | null>(
    null,
  );
  return (
    <div className="stack">
      <title>{`${t("search.title")} · Minh Bạch`}</title>
      <h1>{t("search.title")}</h1>
      <p>{t("search.lead")}</p>
      <Asking onSearch={(filter) => setSearched({ filter, turn: (searched?.turn ?? 0) + 1 })} />
      {searched !== null && <Results key={searched.turn} {...searched} />}
    </div>
  );
}

function Results({ filter, turn }: { readonly filter: SearchFilter; readonly turn: number }) {
  const { t } = useTranslation("oversight");
  const { count } = useWriting();
  const { role } = useOverseer();
  const search = useSearch(filter, turn);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const { data, error } = search;
  if (error !== null) return <Failed error={error} again={() => void search.refetch()} />;
  if (data === undefined) return <Loading what={t("search.searching")} />;
  const { events, size } = data;
  const choose = (index: number, isChosen: boolean): void => {
    const next = new Set(chosen);
    if (isChosen) next.add(index);
    else next.delete(index);
    setChosen(next);
  };
  return (
    <section className="stack" aria-labelledby="found">
      <div role="status">
        <h2 id="found">{t("search.found", { number: count(events.length), size: count(size) })}</h2>
      </div>
      {events.length === 0 && !search.hasNextPage && (
        <Empty icon="inspect" title={t("search.none")}>
          <p>{t("search.noneWhy")}</p>
        </Empty>
      )}
      <ol role="list" className="found">
        {events.map((event) => (
          <Found
            key={event.index}
            event={event}
            {...(role === "inspector" && { isChosen: chosen.has(event.index), onChoose: choose })}
          />
        ))}
      </ol>
      <div className="row">
        {search.hasNextPage && (
          <Button isDisabled={search.isFetchingNextPage} onPress={() => void search.fetchNextPage()}>
            {t("search.next")}
          </Button>
        )}
        {chosen.size > 0 && (
          <>
            <ButtonLink weight="first" href={`/bundles/${inAddress(chosen)}`}>
              {t("search.toBundle", { number: count(chosen.size) })}
            </ButtonLink>
            <ButtonLink href={`/seals/new/${inAddress(chosen)}`}>
              {t("search.toSeal", { number: count(chosen.size) })}
            </ButtonLink>
          </>
        )}
      </div>
    </section>
  );
}

function inAddress(indexes: ReadonlySet<number>): string {
  return [...indexes].sort((a, b) => a - b).join(",");
}

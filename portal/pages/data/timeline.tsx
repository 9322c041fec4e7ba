import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Uses } from "../../api/uses.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/states.tsx";
import { useWriting } from "../../words/moments.ts";
import { useLookup } from "../../words/lookup.ts";
import { useNaming } from "../../words/naming.ts";
import { grouped } from "./filter.ts";
import type { Grouping } from "./filters.tsx";
import { ItemCard } from "./item.tsx";
import type { Item } from "./items.ts";
import { useAddressed } from "./whose.ts";

/** How many are shown at first, and how many more each time. */
const PAGE = 50;

/** The items under headings: by month, by agency, or by procedure. */
export function Timeline(props: { readonly items: readonly Item[]; readonly grouping: Grouping; readonly uses: Uses }) {
  const { items, grouping, uses } = props;
  const { t } = useTranslation("data");
  const { t: shell } = useTranslation();
  const headingOf = useHeading(grouping);
  const [pages, setPages] = useState(1);
  if (items.length === 0)
    return (
      <Empty icon="question" title={t("nothingLeft")}>
        <p>{t("nothingLeftWhy")}</p>
      </Empty>
    );
  const ordered = grouping === "time" ? items : grouped(items, headingOf).flatMap(([, group]) => group);
  const shown = ordered.slice(0, pages * PAGE);
  return (
    <div className="stack">
      {grouped(shown, headingOf).map(([heading, group]) => (
        <section key={heading} className="stack-tight">
          <h2 className="timeline-heading">{heading}</h2>
          <ol className="timeline" role="list">
            {group.map((item) => (
              <ItemCard key={item.key} item={item} uses={uses} />
            ))}
          </ol>
        </section>
      ))}
      {shown.length < items.length && (
        <div>
          <Button onPress={() => setPages(pages + 1)}>
            {shell("more")} ({items.length - shown.length})
          </Button>
        </div>
      )}
    </div>
  );
}

function useHeading(grouping: Grouping): (item: Item) => string {
  const look = useLookup();
  const naming = useNaming();
  const context = useAddressed();
  const { month } = useWriting();
  switch (grouping) {
    case "agency":
      return ({ agency }) => naming.agency(agency);
    case "procedure":
      return ({ procedure, kind }) => (procedure === undefined ? look(`data:kinds.${kind}`, kind, context) : naming.procedure(procedure));
    default:
      return ({ when }) => month(when);
  }
}

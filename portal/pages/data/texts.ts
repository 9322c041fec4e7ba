import { useNaming } from "../../words/naming.ts";
import { useHeadline } from "./headline.ts";
import type { Item } from "./items.ts";

/** The texts in which words are looked for: what the person reads about an item. */
export function useTextOf(): (item: Item) => string {
  const naming = useNaming();
  const headline = useHeadline();
  return (item) =>
    item.entries
      .flatMap(({ agency, facets }) => [
        agency,
        ...naming.categories(facets.data?.personalData ?? []),
        facets.purpose?.description,
        facets.case,
        facets["agent.role"],
        facets.explanation?.vi,
        facets.explanation?.en,
      ])
      .concat(headline(item), item.agency, item.procedure, naming.procedure(item.procedure ?? ""))
      .join(" ");
}

import { fromUtf8 } from "../../protocol/bytes.ts";
import { openFacets, parseShownEvent } from "../../protocol/event.ts";
import type { OpenedFacets } from "../../protocol/facet-values.ts";
import type { Source } from "../../protocol/source.ts";
import type { StoredEvent } from "../store/store.ts";

/** Who recorded an event and what it says: nothing more when it was erased. */
export function openStored({ payload, disclosures = "" }: StoredEvent): {
  readonly source: Source;
  readonly facets: OpenedFacets;
} {
  const shown = parseShownEvent(`${fromUtf8(payload)}~${disclosures}`);
  return { source: shown.payload.src, facets: openFacets(shown) };
}

import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isSource } from "../../protocol/source.ts";
import type { EquivocationFinding } from "./finding.ts";

/** The finding in an `equivocation` event of the ledger's own source. `time` is when it was recorded, Unix seconds. */
export function equivocationIn(
  event: ParsedEvent,
  index: number,
  time: number,
): EquivocationFinding | undefined {
  const facet = openFacets(event).equivocation;
  if (!isJsonObject(facet)) return undefined;
  const { source, seq, storedIndex } = facet;
  if (!isSource(source) || typeof seq !== "number" || typeof storedIndex !== "number") return undefined;
  return {
    id: `equivocation:${index}`,
    kind: "equivocation",
    source,
    evidence: { seq, storedIndex, recordedIndex: index },
    state: "open",
    since: time,
  };
}

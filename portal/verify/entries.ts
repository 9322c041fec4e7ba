import { toHex } from "../../protocol/bytes.ts";
import { openFacets, parseShownEvent, payloadLeafHash } from "../../protocol/event.ts";
import type { Statement, StatementEntry } from "../../protocol/statement.ts";
import { readFacets, type ShownFacets } from "./facets.ts";

/** Why an entry is not shown, in the words of the order that closes it. */
export interface Closure {
  readonly kind: "seal" | "erasure";
  readonly authority: string;
  /** When a seal ends, RFC 3339. */
  readonly until?: string;
  readonly law?: { readonly law: string; readonly article?: string | undefined };
  readonly reason?: string;
}

/** One event of a statement, as the pages show it. */
export interface Entry {
  /** Leaf hash in lowercase hexadecimal: names the entry. */
  readonly leaf: string;
  /** Place in the log, as the ledger says. */
  readonly index: number;
  /** Code of the agency that recorded it. */
  readonly agency: string;
  readonly source: string;
  readonly seq: number;
  readonly facets: ShownFacets;
  readonly closure?: Closure;
}

/** All events of a statement's lists, each once, in the order of the log. Nothing is checked here. @throws FormatError */
export function entriesOf(statement: Statement): readonly Entry[] {
  const closures = statement.closures.map(({ event }) => closureOf(event));
  const entries = new Map<string, Entry>();
  for (const { events } of statement.lists) {
    for (const stated of events) {
      const entry = entryOf(stated, closures);
      entries.set(entry.leaf, entry);
    }
  }
  return [...entries.values()].sort((a, b) => a.index - b.index);
}

function entryOf(
  { index, event, closedBy }: StatementEntry,
  closures: readonly (Closure | undefined)[],
): Entry {
  const shown = parseShownEvent(event);
  const { src, seq } = shown.payload;
  const closure = closedBy === undefined ? undefined : closures[closedBy];
  return {
    leaf: toHex(payloadLeafHash(shown.payloadText)),
    index,
    agency: src.slice(0, src.indexOf("/")),
    source: src,
    seq,
    facets: readFacets(openFacets(shown)),
    ...(closure !== undefined && { closure }),
  };
}

function closureOf(event: string): Closure | undefined {
  const { seal, erasure } = readFacets(openFacets(parseShownEvent(event)));
  if (seal !== undefined) {
    const { authority, until, legalBasis } = seal;
    return { kind: "seal", authority, until, ...(legalBasis !== undefined && { law: legalBasis }) };
  }
  if (erasure === undefined) return undefined;
  const { authority, legalBasis, reason } = erasure;
  return {
    kind: "erasure",
    authority,
    ...(legalBasis !== undefined && { law: legalBasis }),
    ...(reason !== undefined && { reason }),
  };
}

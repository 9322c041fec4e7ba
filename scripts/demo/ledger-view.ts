import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { demand } from "./calls.ts";

/** An event as an inspector finds it. */
export interface SeenEvent {
  readonly index: number;
  readonly source: string;
  readonly facets: OpenedFacets;
}

/** A ledger as an inspector sees it, by its public API alone. */
export interface LedgerView {
  /** Every event that fits, the oldest first. */
  readonly events: (filter: {
    readonly type?: string;
    readonly case?: string;
  }) => Promise<readonly SeenEvent[]>;
  /** How many findings there are of each kind. */
  readonly findings: () => Promise<ReadonlyMap<string, number>>;
  /** The evidence files of some events, by their places in the log. */
  readonly evidence: (index: number) => Promise<string>;
}

const EVENTS_AT_ONCE = 100;
const FINDINGS_AT_ONCE = 1000;

/** @param token of an inspector, good now */
export function ledgerView(ledgerUrl: string, token: () => Promise<string>): LedgerView {
  return {
    events: async (filter) => {
      const found: SeenEvent[] = [];
      for (let start: unknown; ;) {
        const asked = {
          ...filter,
          order: "oldest",
          limit: EVENTS_AT_ONCE,
          ...(start !== undefined && { start }),
        };
        const page = await demand(`${ledgerUrl}/v1/inspection/search`, await token(), asked);
        // Only this ledger writes them, in the form of its interface.
        found.push(...(page["events"] as SeenEvent[]));
        start = page["next"];
        if (start === undefined) return found;
      }
    },
    findings: async () => {
      const counts = new Map<string, number>();
      for (let after = ""; ;) {
        const query = new URLSearchParams({
          limit: String(FINDINGS_AT_ONCE),
          ...(after !== "" && { after }),
        });
        const page = await demand(`${ledgerUrl}/v1/findings?${query.toString()}`, await token());
        for (const { kind } of page["findings"] as { kind: string }[])
          counts.set(kind, (counts.get(kind) ?? 0) + 1);
        if (typeof page["next"] !== "string") return counts;
        after = page["next"];
      }
    },
    evidence: async (index) => {
      const response = await fetch(`${ledgerUrl}/v1/events/${index}/evidence`, {
        headers: { authorization: `Bearer ${await token()}` },
      });
      if (response.status !== 200) throw new Error(`the evidence of event ${index}: ${response.status}`);
      return await response.text();
    },
  };
}

/** What a verified evidence bundle proves, for a person to read: each event in a few lines, and what the ledger says besides. */
import { isJsonObject } from "../protocol/json.ts";
import type { BundleClaim, BundleItemClaim } from "../verifier/bundle.ts";
import { utc } from "./claims.ts";
import { renderRows } from "./report.ts";
import { coloured, type Terminal } from "./terminal.ts";

export function renderBundleClaim(
  { log, stated, items }: BundleClaim,
  terminal: Terminal,
): readonly string[] {
  const { madeAt, madeFor, about, record } = stated;
  const rows = renderRows(
    [
      ["log", log],
      ["events", String(items.length)],
    ],
    terminal,
  );
  const word = renderRows(
    [
      ["made", `${utc(madeAt)}, for ${madeFor.official} of ${madeFor.authority}`],
      ["asked for", ABOUT[about]],
      ["recorded", `in the log, entry ${record.index}`],
    ],
    terminal,
  );
  return [
    `${coloured(terminal, "bold", "Proven: these events stand in the log")}\n${rows}`,
    ...items.map((item) => renderItem(item, terminal)),
    `${coloured(terminal, "bold", "By the ledger's word")}\n${word}`,
  ];
}

const ABOUT: Readonly<Record<BundleClaim["stated"]["about"], string>> = {
  indexes: "events by their places in the log",
  case: "the events of a case",
  person: "a person's events in a time",
};

const RECEIPTS: Readonly<Record<BundleItemClaim["receipt"], string>> = {
  kept: "every promise of it was kept",
  "not-due": "none of its promises is broken, and not all are due",
  broken: "a promise of it was broken",
  unusable: "none of this log",
  unknown: "not judged",
};

function renderItem({ evidence, receipt, findings }: BundleItemClaim, terminal: Terminal): string {
  const { index, source, seq, facets, anchor } = evidence;
  const shown = Object.entries(facets).map(
    ([name, value]) =>
      [name, isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)] as const,
  );
  const found = findings.map(({ kind, state }) => `${kind} (${state})`).join(", ");
  const rows = renderRows(
    [
      ["event", `number ${seq} of ${source}`],
      ["anchored", `${utc(anchor.time)}, block ${anchor.block}`],
      ["receipt", RECEIPTS[receipt]],
      ...shown,
      ...(found === "" ? [] : ([["findings", `${found}, by the ledger's word`]] as const)),
    ],
    terminal,
  );
  return `${coloured(terminal, "bold", `Entry ${index}`)}\n${rows}`;
}

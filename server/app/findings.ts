import { parseSource } from "../../protocol/source.ts";
import { type Findings, findingsRegister } from "../findings/register.ts";
import type { SourceRecords } from "../inspect/heard.ts";
import { reconciliation } from "../inspect/reconciliation.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Records } from "./records.ts";

/** What the records say about who keeps to the rules. */
export function makeFindings(
  { config, clock }: AppOptions,
  parts: { about: AboutLog; records: Records; keys: KeyDirectory; sources: SourceRecords },
): Findings {
  const { about, records, keys, sources } = parts;
  return findingsRegister({
    store: records.store,
    db: records.derived,
    reconciliation: reconciliation(records.derived),
    sources,
    keys,
    ownSource: about.ownSource,
    // They record what happens here, and nothing when nothing does.
    exempt: [about.ownSource, parseSource(`${config.operator}/desk`)],
    graceSeconds: config.exchangeGraceSeconds,
    silenceSeconds: config.silenceLimitSeconds,
    clock,
  });
}

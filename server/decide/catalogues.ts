import { type Catalogue, parseCatalogue } from "../../protocol/procedures.ts";
import type { CatalogueHistory, RecordedVersion } from "../catalogue/history.ts";
import { parsingRecords } from "../errors.ts";

/** The catalogue as rules read it, each version parsed once. */
export interface Catalogues {
  /** The version in force in a log of this size: the last one recorded below it. Undefined when there is none. */
  readonly inForceAt: (size: number) => Promise<Catalogue | undefined>;
}

/** A version is some hundred kilobytes, and hardly more than two are in use at a time. */
const VERSIONS_KEPT = 8;

export function catalogues(history: CatalogueHistory): Catalogues {
  const parsed = new Map<string, Promise<Catalogue>>();

  async function parse(recorded: RecordedVersion): Promise<Catalogue> {
    const file = await history.file(recorded);
    return await parsingRecords("a published catalogue", () => parseCatalogue(file));
  }

  async function parsedOnce(recorded: RecordedVersion): Promise<Catalogue> {
    const known = parsed.get(recorded.digest) ?? parse(recorded);
    parsed.delete(recorded.digest);
    parsed.set(recorded.digest, known);
    // A Map keeps its keys in the order they came: the first is the one used longest ago.
    const [oldest] = parsed.keys();
    if (parsed.size > VERSIONS_KEPT && oldest !== undefined) parsed.delete(oldest);
    try {
      return await known;
    } catch (error) {
      parsed.delete(recorded.digest);
      throw error;
    }
  }

  return {
    inForceAt: async (size) => {
      // Callers share a reading of the log: one that was under way may have missed what came before this was asked, the next one has not.
      await history.versions();
      const recorded = (await history.versions()).findLast(({ index }) => index < size);
      return recorded && (await parsedOnce(recorded));
    },
  };
}

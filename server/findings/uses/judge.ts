import type { ConsentRecord } from "../../../protocol/consent.ts";
import { type Catalogue, parseCatalogue } from "../../../protocol/procedures.ts";
import type { Source } from "../../../protocol/source.ts";
import type { CatalogueHistory, RecordedVersion } from "../../catalogue/history.ts";
import { type Judgement, judgeUse, peopleActedOn, peopleToAsk, type PersonConsents } from "./rule.ts";
import type { Person, RecordedUse } from "./use.ts";

/** Where a use stands in the log, and when it was received (Unix seconds). */
export interface Place {
  readonly index: number;
  readonly time: number;
}

/** Whether an act of the person's consents below a log index can be read no more. */
export type HasErasedAct = (person: Person, asOf: { readonly below: number }) => Promise<boolean>;

/** What the rule says of a use at a place in the log. */
export type Judge = (use: RecordedUse, place: Place, hasErasedAct: HasErasedAct) => Promise<Judgement>;

export interface JudgeOptions {
  readonly catalogues: Pick<CatalogueHistory, "versions" | "file">;
  /** The person's consents that a decision could rest on, by the acts below a log index. */
  readonly consentsOf: (
    person: Person,
    asOf: { readonly below: number },
  ) => Promise<readonly ConsentRecord[]>;
  /** Whether a person, by this number, objects to machines acting in a procedure, by the acts below a log index. */
  readonly objects: (person: Person, procedure: string, asOf: { readonly below: number }) => Promise<boolean>;
  readonly desk: Source;
}

/** Versions kept as rules read them: those of uses that are judged now are the last ones. */
const CATALOGUES_KEPT = 8;

/** Judges uses by the catalogue, the consents and the objections in force at their places. */
export function placeJudge({ catalogues, consentsOf, objects, desk }: JudgeOptions): Judge {
  const parsed = new Map<string, Catalogue>();

  /** A version holds from its event's index on. */
  async function inForceAt(index: number): Promise<Catalogue | undefined> {
    const version = (await catalogues.versions()).findLast((each) => each.index <= index);
    return version && (await catalogueOf(version));
  }

  async function catalogueOf(version: RecordedVersion): Promise<Catalogue> {
    const known = parsed.get(version.digest);
    if (known !== undefined) return known;
    const catalogue = parseCatalogue(await catalogues.file(version));
    // A Map keeps its keys in the order they came.
    const [oldest] = parsed.keys();
    if (oldest !== undefined && parsed.size >= CATALOGUES_KEPT) parsed.delete(oldest);
    parsed.set(version.digest, catalogue);
    return catalogue;
  }

  return async (use, { index, time }, hasErasedAct) => {
    const catalogue = await inForceAt(index);
    const consents = new Map<Person, PersonConsents>();
    const asOf = { below: index };
    for (const person of peopleToAsk(use, catalogue, { time })) {
      const records = await consentsOf(person, asOf);
      consents.set(person, { records, isErased: await hasErasedAct(person, asOf) });
    }
    const objecting = new Set<Person>();
    for (const person of peopleActedOn(use, { time }))
      if (await objects(person, use.procedure ?? "", asOf)) objecting.add(person);
    return judgeUse(use, {
      ...{ catalogue, time, desk },
      objects: (person) => objecting.has(person),
      consentsOf: (person) => consents.get(person) ?? { records: [], isErased: false },
    });
  };
}

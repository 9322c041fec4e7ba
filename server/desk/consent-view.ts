import { type ConsentRecord, type ConsentStep, consentStateAt, permitsAt } from "../../protocol/consent.ts";
import type { Consent } from "../../protocol/facet-values.ts";

/** Where an act stands in the log. */
export interface ActPlaceInLog {
  readonly index: number;
  /** base64url of the leaf hash. */
  readonly leafHash: string;
  /** When the log received it, Unix seconds. */
  readonly time: number;
}

export type PlaceOf = (index: number) => Promise<ActPlaceInLog>;

/** A consent as its person sees it. @param now Unix seconds */
export async function consentDocument(record: ConsentRecord, now: number, placeOf: PlaceOf): Promise<object> {
  const { person, id, terms, erased, steps } = record;
  const { notice, language, catalogue } = lastNotice(record);
  return {
    id,
    person,
    state: consentStateAt(record, now) ?? null,
    permits: permitsAt(record, now),
    ...(erased && { erased }),
    ...(terms !== undefined && {
      terms: {
        procedures: terms.procedures,
        recipients: terms.recipients,
        personalData: terms.personalData,
        controller: terms.controller,
        validFrom: terms.validFrom,
        validUntil: terms.validUntil,
      },
    }),
    ...{ notice, language, catalogue },
    history: await Promise.all(steps.map(async (step) => await stepDocument(step, placeOf))),
  };
}

/** What somebody else than the person is told of an act of theirs: where it stands, and nothing about the person. */
export async function actDocument(record: ConsentRecord, placeOf: PlaceOf): Promise<object> {
  const { id, state } = record;
  const last = record.steps.findLast(({ counts }) => counts);
  return { id, state: state ?? null, ...(last && (await placeOf(last.act.index))) };
}

/** The notice by which the person was last asked or spoke. */
export function lastNotice({ steps }: ConsentRecord): Pick<Consent, "notice" | "language" | "catalogue"> {
  return steps.findLast(({ counts, act }) => counts && act.consent.notice !== undefined)?.act.consent ?? {};
}

async function stepDocument({ act, counts, fault }: ConsentStep, placeOf: PlaceOf): Promise<object> {
  const { state, indicatedBy, method } = act.consent;
  return {
    state,
    counts,
    ...(fault !== undefined && { fault }),
    ...{ indicatedBy, method, occurred: act.occurred, source: act.source },
    ...(await placeOf(act.index)),
  };
}

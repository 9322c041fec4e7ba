/** A desk on a sequencer and a store, with every check of a submission but without threads, for tests. */
import { fromUtf8 } from "../../../protocol/bytes.ts";
import { openFacets, parseEvent } from "../../../protocol/event.ts";
import type { Facets, OpenedFacets } from "../../../protocol/facet-values.ts";
import { parseSubmissionBody } from "../../../protocol/submission.ts";
import type { DeskAct } from "../../../server/desk/desk.ts";
import { createDesk, type DeskParts, type OpenDesk } from "../../../server/desk/recording.ts";
import { ownSubmission } from "../../../server/sequence/own-source.ts";
import type { Store } from "../../../server/store/store.ts";
import { LOG, NOW_SECONDS, testRecorder } from "../receive/recorder.ts";
import { citizen } from "../callers.ts";
import { asText, testLedger, type TestLedger } from "../sequence/ledger.ts";

export const deskRecorder = testRecorder("minhbach/desk");

export interface TestDesk extends TestLedger {
  readonly desk: OpenDesk;
}

/** @param changes of the desk's parts, given those it would have */
export function testDesk(
  store: Store,
  changes: (parts: DeskParts) => Partial<DeskParts> = () => ({}),
): TestDesk {
  const clock = { now: () => NOW_SECONDS * 1000 };
  const ledger = testLedger(store, [deskRecorder]);
  const own = {
    source: deskRecorder.source,
    signer: deskRecorder,
    verify: async (body: Uint8Array) =>
      await Promise.resolve(ledger.verified(parseSubmissionBody(fromUtf8(body)))),
  };
  const parts: DeskParts = {
    ...{ source: deskRecorder.source, signer: deskRecorder, log: LOG, clock, store },
    requireOpen: () => undefined,
    prepare: async (first, facets) => await ownSubmission(own, { clock, log: LOG }, { first, facets }),
    submit: ledger.sequencer.submitOwn,
  };
  return { ...ledger, desk: createDesk({ ...parts, ...changes(parts) }) };
}

/** The first demo citizen gives a consent of this id. */
export function giving(id: string, more: Partial<DeskAct> = {}): DeskAct {
  const subject = { scheme: "vn-cccd", id: "999199000001" } as const;
  const facets: DeskAct["facets"] = { type: "consent", subject, consent: { id, state: "ConsentGiven" } };
  return { by: citizen(subject), facets, ...more };
}

/** The ids of the consents in the store, in log order. */
export async function consentsIn(store: Store): Promise<string[]> {
  const { size } = await store.head();
  const ids: string[] = [];
  for (let index = 0; index < size; index++) {
    const { consent } = (await recordedAt(store, index)) as Partial<Facets>;
    ids.push(consent?.id ?? "?");
  }
  return ids;
}

/** The facets of an event of the store. */
export async function recordedAt(store: Store, index: number): Promise<OpenedFacets> {
  const [payload] = await store.payloads(index, index + 1);
  const disclosures = await store.disclosures(index);
  if (payload === undefined || disclosures === undefined) throw new Error(`nothing is recorded at ${index}`);
  return openFacets(parseEvent(`${asText(payload)}~${disclosures}`));
}

import { randomUUID } from "node:crypto";
import { toBase64url } from "../../protocol/bytes.ts";
import type { Facets, Inspection, Subject } from "../../protocol/facet-values.ts";
import { SUBJECT_FACETS, type SubjectFacetName } from "../../protocol/facets.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Desk, RecordedAct } from "../desk/desk.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, SignedOn } from "../identity/caller.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import {
  agencyOf,
  type FindingsBoard,
  type FindingWithSteps,
  isNotifiable,
  type ShownFinding,
} from "./board.ts";
import { isUseFinding } from "./finding.ts";
import { type InspectedState, mayBecome } from "./states.ts";
import { facetsOf } from "./uses/opening.ts";

/** Who makes something of findings: an inspector of all, an officer of those their agency answers for. */
export type FindingsCaller = SignedOn & { readonly role: "inspector" | "officer" };

export function isFindingsCaller(caller: Caller): caller is FindingsCaller {
  return caller.role === "inspector" || caller.role === "officer";
}

export type ReviewOutcome = NonNullable<Inspection["review"]>["outcome"];

/** What inspectors and officers do with findings, each recorded by the desk as an `inspection` event. */
export interface FindingActs {
  /** The finding, if it is one of theirs. @throws LedgerError `unknown-finding`. */
  find: (caller: FindingsCaller, id: string) => Promise<FindingWithSteps>;
  /** @throws LedgerError `unknown-finding`, `finding-state`, and what the desk throws; as the others do. */
  putInto: (caller: FindingsCaller, id: string, state: InspectedState, note?: string) => Promise<RecordedAct>;
  /** Says whether an emergency was one. */
  review: (caller: FindingsCaller, id: string, outcome: ReviewOutcome, note?: string) => Promise<RecordedAct>;
  /** Says that a breach was notified. */
  notified: (
    caller: FindingsCaller,
    id: string,
    notification: Omit<NonNullable<Inspection["notification"]>, "finding">,
    note?: string,
  ) => Promise<RecordedAct>;
}

export interface FindingActsOptions {
  readonly board: Pick<FindingsBoard, "one">;
  readonly desk: Pick<Desk, "record">;
  readonly store: Pick<StoreReader, "events">;
  /** A sealed event's people are not told of it before the seal ends. */
  readonly closures: Pick<ClosureRegister, "closuresOf">;
}

const REVIEWED = { justified: "dismissed", unjustified: "confirmed" } as const;

export function findingActs({ board, desk, store, closures }: FindingActsOptions): FindingActs {
  async function find(caller: FindingsCaller, id: string): Promise<FindingWithSteps> {
    const found = await board.one(id);
    // Whether there is such a finding about another agency is not said.
    if (found === undefined || (caller.role === "officer" && agencyOf(found.finding) !== caller.agency))
      throw new LedgerError("unknown-finding", "There is no such finding, or none that you may see.");
    return found;
  }

  async function record(
    caller: FindingsCaller,
    id: string,
    said: Omit<Inspection, "id" | "authority" | "agencies" | "leaves">,
    mayBeSaid: (found: FindingWithSteps) => void,
  ): Promise<RecordedAct> {
    const found = await find(caller, id);
    mayBeSaid(found);
    return await desk.record({
      by: caller,
      facets: await actFacets(caller, found.finding, said),
      // Again in its turn: somebody else may have said something meanwhile.
      check: async () => mayBeSaid(await find(caller, id)),
    });
  }

  async function actFacets(
    caller: FindingsCaller,
    finding: ShownFinding,
    said: Omit<Inspection, "id" | "authority" | "agencies" | "leaves">,
  ): Promise<Omit<Facets, "time" | "signOn">> {
    const event = await eventOf(finding);
    const agency = agencyOf(finding);
    return {
      type: "inspection",
      ...(event === undefined ? {} : await peopleIn(event, closures)),
      "agent.id": caller.name,
      "agent.role":
        caller.role === "inspector"
          ? `inspector of ${caller.authority}`
          : `data-protection officer of ${caller.agency}`,
      inspection: {
        id: randomUUID(),
        authority: caller.role === "inspector" ? caller.authority : caller.agency,
        ...(agency !== undefined && { agencies: [agency] }),
        ...(event !== undefined && { leaves: [toBase64url(leafHash(event.payload))] }),
        ...said,
      },
    };
  }

  /** The event that a finding is about, where it is about an event in which people may be. */
  async function eventOf(finding: ShownFinding): Promise<StoredEvent | undefined> {
    if (!isUseFinding(finding) && finding.kind !== "unmatched-exchange") return undefined;
    return (await store.events([finding.evidence.index]))[0];
  }

  return {
    find,
    putInto: async (caller, id, state, note) =>
      await record(
        caller,
        id,
        { state: "decided", finding: { id, state }, ...(note !== undefined && { note }) },
        ({ inspected }) => requireNext(inspected.state, state, caller),
      ),
    review: async (caller, id, outcome, note) => {
      const { finding } = await find(caller, id);
      const leaf = emergencyLeaf(finding);
      return await record(
        caller,
        id,
        { state: "reviewed", review: { leaf, outcome }, ...(note !== undefined && { note }) },
        ({ inspected }) => requireNext(inspected.state, REVIEWED[outcome], caller),
      );
    },
    notified: async (caller, id, notification, note) =>
      await record(
        caller,
        id,
        {
          state: "notified",
          notification: { finding: id, ...notification },
          ...(note !== undefined && { note }),
        },
        requireNotifiable,
      ),
  };
}

/** The people whom an event names: an inspection of it names them too, so that they see it in their own statement. Nobody while it is sealed. */
export async function peopleIn(
  { payload, disclosures }: StoredEvent,
  closures: Pick<ClosureRegister, "closuresOf">,
): Promise<Partial<Facets>> {
  const [closure] = await closures.closuresOf([leafHash(payload)]);
  if (disclosures === undefined || closure !== undefined) return {};
  const facets: { readonly [name in SubjectFacetName]?: unknown } = facetsOf(disclosures);
  const people: { [name in SubjectFacetName]?: Subject } = {};
  for (const name of SUBJECT_FACETS) {
    const subject = facets[name];
    // It passed its schema when it was received.
    if (subject !== undefined) people[name] = subject as Subject;
  }
  return people;
}

function requireNext(from: InspectedState, to: InspectedState, { role }: FindingsCaller): void {
  if (mayBecome(from, to, role)) return;
  throw new LedgerError(
    "finding-state",
    `The finding is ${from}: as ${role} you cannot make it ${to}. Read it again; what was decided is opened before it is decided otherwise.`,
    { members: { state: from } },
  );
}

function emergencyLeaf(finding: ShownFinding): string {
  if (isUseFinding(finding) && finding.kind === "emergency-unreviewed") return finding.evidence.leaf;
  throw new LedgerError(
    "finding-state",
    "Only what was done in an emergency is reviewed so; decide with /states.",
  );
}

function requireNotifiable({ finding, inspected: { state, confirmed, notified } }: FindingWithSteps): void {
  if (isNotifiable(finding) && confirmed !== undefined && notified === undefined) return;
  const why = notified === undefined ? "is none that has to be notified" : "was notified already";
  throw new LedgerError("finding-state", `The finding ${why}: only confirmed unlawful use is, once.`, {
    members: { state },
  });
}

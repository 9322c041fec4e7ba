import type { Objection } from "../../protocol/facet-values.ts";
import type { Catalogue } from "../../protocol/procedures.ts";
import type { ObjectionRecord, ObjectionRegister } from "../decide/objections.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId } from "../identity/caller.ts";
import { type Citizen, type ConsentParties, subjectsOf } from "./consent-parties.ts";
import type { Desk } from "./desk.ts";

export interface ObjectionActsOptions {
  readonly desk: Pick<Desk, "record">;
  readonly objections: Pick<ObjectionRegister, "one" | "idOf">;
  readonly parties: Pick<ConsentParties, "actingFor">;
  readonly representation: Pick<Representation, "ownOf">;
  /** The catalogue in force. @throws LedgerError `unknown-catalogue`. */
  readonly catalogue: () => Promise<Catalogue>;
}

/** A person does not want machines to act on them of their own accord in a procedure. */
export interface Objecting {
  /** Who objects, when it is not the caller for themselves. */
  readonly person?: PersonId | undefined;
  readonly procedure: string;
  readonly method?: string | undefined;
}

/** What a person has said of a procedure. */
export interface ObjectionOf {
  readonly person: PersonId;
  readonly record: ObjectionRecord;
}

/** The acts by which a person objects and takes it back, each recorded before it is answered. Done already, both answer with what was done. */
export interface ObjectionActs {
  /** `isNew`: whether it was recorded now. */
  readonly object: (
    caller: Citizen,
    objecting: Objecting,
  ) => Promise<ObjectionOf & { readonly isNew: boolean }>;
  readonly withdraw: (caller: Citizen, id: string, method?: string) => Promise<ObjectionOf>;
}

/** How a person made it known when they say nothing about it: they signed on and sent the request. */
const BY_REQUEST = "signed-on request";

export function objectionActs(options: ObjectionActsOptions): ObjectionActs {
  const { desk, objections, parties, representation, catalogue } = options;

  /** Records that the person says this, unless they have said so already; whether it was recorded now. */
  async function say(
    caller: Citizen,
    person: PersonId,
    said: Pick<Objection, "state" | "procedure" | "method">,
    check: () => Promise<void>,
  ): Promise<boolean> {
    const of = await parties.actingFor(caller, person);
    const id = objections.idOf(person, said.procedure);
    const isSaid = async (): Promise<boolean> =>
      ((await objections.one(person, id))?.objecting ?? false) === (said.state === "made");
    if (await isSaid()) return false;
    const { state, procedure, method = BY_REQUEST } = said;
    const indicatedBy = of.guardian === undefined ? "DataSubject" : "Guardian";
    try {
      await desk.record({
        by: caller,
        facets: {
          type: "objection",
          ...subjectsOf(of),
          objection: { state, procedure, method, indicatedBy },
        },
        check: async () => {
          // A mandate may have ended, and somebody else have been faster, while the act waited.
          await parties.actingFor(caller, person);
          await check();
          if (await isSaid()) throw new SaidAlready();
        },
      });
      return true;
    } catch (error) {
      if (error instanceof SaidAlready) return false;
      throw error;
    }
  }

  async function recordOf(person: PersonId, id: string): Promise<ObjectionRecord> {
    const record = await objections.one(person, id);
    if (record === undefined) throw new Error("an objection is not there that was just recorded");
    return record;
  }

  async function object(
    caller: Citizen,
    { person = caller.subject, procedure, method }: Objecting,
  ): Promise<ObjectionOf & { isNew: boolean }> {
    const requireKnown = async (): Promise<void> => {
      if ((await catalogue()).procedures.has(procedure)) return;
      throw new LedgerError(
        "unknown-procedure",
        "The catalogue in force has no such procedure. See GET /v1/catalogue for their codes.",
      );
    };
    await requireKnown();
    const said = { state: "made", procedure, ...(method !== undefined && { method }) } as const;
    const isNew = await say(caller, person, said, requireKnown);
    return { person, record: await recordOf(person, objections.idOf(person, procedure)), isNew };
  }

  /** The objection of this id that is the caller's own, or of somebody they represent. */
  async function mine(caller: Citizen, id: string): Promise<ObjectionOf> {
    // Their own does not wait for the mandates of others.
    const own = await objections.one(caller.subject, id);
    if (own !== undefined) return { person: caller.subject, record: own };
    for (const person of await representation.ownOf(caller)) {
      const record = await objections.one(person, id);
      if (record !== undefined) return { person, record };
    }
    throw new LedgerError("unknown-objection", "There is no objection of this id that is yours to see.");
  }

  async function withdraw(caller: Citizen, id: string, method?: string): Promise<ObjectionOf> {
    const { person, record } = await mine(caller, id);
    const procedure = record.procedure ?? (await procedureBehind(person, id));
    const said = { state: "withdrawn", procedure, ...(method !== undefined && { method }) } as const;
    await say(caller, person, said, async () => await Promise.resolve());
    return { person, record: await recordOf(person, id) };
  }

  /** When every act of it was erased, what it was about is found by trying. */
  async function procedureBehind(person: PersonId, id: string): Promise<string> {
    for (const code of (await catalogue()).procedures.keys())
      if (objections.idOf(person, code) === id) return code;
    throw new LedgerError(
      "unknown-objection",
      "What this objection was about was erased, and it is no procedure of the catalogue in force.",
    );
  }

  return { object, withdraw };
}

/** Somebody was faster, and it is said. */
class SaidAlready extends Error {
  override readonly name = "SaidAlready";
}

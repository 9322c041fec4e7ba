import { randomBytes } from "node:crypto";
import {
  CONSENT_TRANSITIONS,
  type ConsentRecord,
  type ConsentState,
  type ConsentTerms,
  consentPeriod,
  consentStateAt,
  isEndingState,
  isFinalState,
  isPermittingState,
  MAX_CONSENT_ACTS,
  permitsAt,
} from "../../protocol/consent.ts";
import type { Consent, Explanation } from "../../protocol/facet-values.ts";
import type { Catalogue } from "../../protocol/procedures.ts";
import type { Clock } from "../clock.ts";
import type { ConsentRegister } from "../decide/consents.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId, SignedOn } from "../identity/caller.ts";
import {
  type Citizen,
  type ConsentParties,
  type Parties,
  subjectOf,
  subjectsOf,
  unknownConsent,
} from "./consent-parties.ts";
import {
  type AskedTerms,
  requireBounded,
  requireConsentNeeded,
  requireCurrent,
  type ShownNotice,
} from "./consent-terms.ts";
import type { Desk, DeskAct } from "./desk.ts";

export interface ConsentActsOptions {
  readonly desk: Pick<Desk, "source" | "record">;
  readonly consents: Pick<ConsentRegister, "one" | "byId" | "recordedByDesk">;
  readonly parties: ConsentParties;
  /** The catalogue in force. @throws LedgerError `unknown-catalogue`. */
  readonly catalogue: () => Promise<Catalogue>;
  readonly clock: Clock;
}

/** A person says yes: to what they name, or to what they were asked under this id; `renew`: once more to what they gave. */
export interface Giving extends ShownNotice {
  readonly state: "ConsentGiven" | "RenewedConsentGiven";
  readonly id?: string | undefined;
  /** Whose consent it is, when it is not the caller's own. */
  readonly person?: PersonId | undefined;
  /** As asked under the id, when it is left out. */
  readonly terms?: AskedTerms | undefined;
  readonly validFrom?: string | undefined;
  readonly validUntil: string;
  readonly method?: string | undefined;
}

/** A person says no to what they were asked, or leaves it for later. */
export interface Declining {
  readonly state: "ConsentRefused" | "ConsentRequestDeferred";
  readonly id: string;
  readonly method?: string | undefined;
}

/** An agency asks a person. */
export interface Asking extends ShownNotice {
  readonly person: PersonId;
  readonly terms: AskedTerms;
  readonly validUntil?: string | undefined;
}

/** The acts that make up the life of a consent, each recorded before it is answered. Who calls is in the role that the route lets through. */
export interface ConsentActs {
  readonly give: (caller: Citizen, giving: Giving) => Promise<ConsentRecord>;
  readonly decline: (caller: Citizen, declining: Declining) => Promise<ConsentRecord>;
  /** Ends a consent. Done already, it answers with what was done. */
  readonly withdraw: (caller: Citizen, id: string, method?: string) => Promise<ConsentRecord>;
  readonly request: (caller: SignedOn & { role: "agency" }, asking: Asking) => Promise<ConsentRecord>;
  /** The controller stops relying on it. Done already, it answers with what was done. */
  readonly revoke: (caller: SignedOn & { role: "agency" | "officer" }, id: string) => Promise<ConsentRecord>;
  /** An authority finds that it was never valid: whoever's consents have this id. */
  readonly invalidate: (
    caller: SignedOn & { role: "inspector" },
    id: string,
    explanation: Explanation,
  ) => Promise<readonly ConsentRecord[]>;
}

/** How a person made it known when they say nothing about it: they signed on and sent the request. */
const BY_REQUEST = "signed-on request";

export function consentActs(options: ConsentActsOptions): ConsentActs {
  const { desk, consents, parties, catalogue, clock } = options;

  /** Records an act of a consent, once `check` finds nothing against it in the desk's turn. */
  async function act(
    by: SignedOn,
    { person, consent, ...facets }: { person: PersonId; consent: Consent } & Omit<DeskAct["facets"], "type">,
    check: (record: ConsentRecord | undefined) => Promise<void> | void,
  ): Promise<ConsentRecord> {
    await desk.record({
      by,
      facets: { type: "consent", ...facets, consent },
      check: async () => await check(await consents.one(person, consent.id)),
    });
    return (await consents.one(person, consent.id)) ?? lost();
  }

  async function give(caller: Citizen, giving: Giving): Promise<ConsentRecord> {
    const person = giving.person ?? caller.subject;
    const of = await parties.actingFor(caller, person);
    const asked = giving.id === undefined ? undefined : await consents.one(person, giving.id);
    if (giving.id !== undefined && asked === undefined) throw unknownConsent();
    const terms = giving.terms ?? termsIn(asked);
    const { state, notice, language, validUntil, validFrom } = giving;
    requireBounded({ validFrom, validUntil }, clock.now());

    async function check(record: ConsentRecord | undefined): Promise<void> {
      // A mandate may have ended, and the catalogue changed, while the act waited.
      await parties.actingFor(caller, person);
      const inForce = await catalogue();
      requireCurrent(inForce, giving.catalogue);
      requireConsentNeeded(inForce, terms);
      requireTransition(record, state, clock.now());
      requireRoom(record);
      if (record !== undefined) requireWithin(terms, record);
      if (state === "ConsentGiven") await requireNoneYet(person, terms, { validFrom, validUntil });
    }

    await check(asked);
    const consent: Consent = {
      ...{ id: giving.id ?? newConsentId(), state, notice, language, catalogue: giving.catalogue },
      ...{ controller: terms.controller, procedures: [terms.procedure] },
      ...{ recipients: terms.recipients, personalData: terms.personalData },
      ...{ validUntil, ...(validFrom !== undefined && { validFrom }) },
      ...indication(of, giving.method),
    };
    return await act(caller, { person, ...subjectsOf(of), consent }, check);
  }

  /** Nobody gives twice what is in force at the same time, now or later: one withdrawal must end it. */
  async function requireNoneYet(
    person: PersonId,
    terms: AskedTerms,
    period: Pick<ConsentTerms, "validFrom" | "validUntil">,
  ): Promise<void> {
    const now = Math.floor(clock.now() / 1000);
    const { from, until } = consentPeriod(period);
    for (const other of await consents.recordedByDesk(person)) {
      const shared = firstOfBoth(other, Math.max(now, from));
      if (shared < until && permitsAt(other, shared) && isCovered(terms, other.terms))
        throw existing(other.id, "given");
    }
  }

  /** What readers would not keep is not recorded: nobody would hear of it. Ends always are. */
  function requireRoom(record: ConsentRecord | undefined): void {
    const acts = record?.steps.filter(({ act: { source } }) => source === desk.source) ?? [];
    if (acts.length < MAX_CONSENT_ACTS) return;
    throw new LedgerError(
      "consent-state",
      "Too much was said under this id already. Withdraw or refuse it; what is wanted again is given anew, without an id.",
    );
  }

  async function decline(caller: Citizen, { state, id, method }: Declining): Promise<ConsentRecord> {
    const { record, parties: of } = await parties.consentOf(caller, id, (each) =>
      isOpenRequest(each) ? 0 : 1,
    );
    const check = async (current: ConsentRecord | undefined): Promise<void> => {
      await parties.actingFor(caller, of.person);
      requireTransition(current, state, clock.now());
      if (!isOpenRequest(current)) throw wrongState(current, state, clock.now());
      if (!isEndingState(state)) requireRoom(current);
    };
    await check(record);
    return await act(
      caller,
      { person: of.person, ...subjectsOf(of), consent: { id, state, ...indication(of, method) } },
      check,
    );
  }

  async function withdraw(caller: Citizen, id: string, method?: string): Promise<ConsentRecord> {
    const { record, parties: of } = await parties.consentOf(caller, id, rankToWithdraw);
    const consent = { id, state: "ConsentWithdrawn", ...indication(of, method) } as const;
    return await end(record, { by: caller, state: consent.state }, async (check) => {
      await act(caller, { person: of.person, ...subjectsOf(of), consent }, async (current) => {
        await parties.actingFor(caller, of.person);
        if (isOpenRequest(current)) throw wrongState(current, consent.state, clock.now());
        check(current);
      });
    });
  }

  /** Ends a consent, or finds that somebody did so before. */
  async function end(
    record: ConsentRecord,
    { state }: { readonly by: SignedOn; readonly state: ConsentState },
    recordAct: (check: (current: ConsentRecord | undefined) => void) => Promise<void>,
  ): Promise<ConsentRecord> {
    const { person, id } = record;
    if (!wasDone(record, state)) {
      await recordAct((current) => {
        if (current !== undefined && wasDone(current, state)) throw new DoneAlready();
        requireTransition(current, state, clock.now());
      }).catch((error: unknown) => {
        if (!(error instanceof DoneAlready)) throw error;
      });
    }
    return (await consents.one(person, id)) ?? lost();
  }

  async function request(caller: SignedOn & { role: "agency" }, asking: Asking): Promise<ConsentRecord> {
    const { person, terms, notice, language, validUntil } = asking;
    if (validUntil !== undefined) requireBounded({ validUntil }, clock.now());
    async function check(): Promise<void> {
      const inForce = await catalogue();
      requireCurrent(inForce, asking.catalogue);
      requireConsentNeeded(inForce, terms);
      await requireNoneYet(person, terms, { validFrom: undefined, validUntil });
      // Whoever is asked twice is nagged.
      for (const other of await consents.recordedByDesk(person)) {
        if (isOpenRequest(other) && isCovered(terms, other.terms)) throw existing(other.id, "asked for");
      }
    }
    await check();
    const consent: Consent = {
      ...{ id: newConsentId(), state: "ConsentRequested", notice, language, catalogue: asking.catalogue },
      ...{ controller: terms.controller, procedures: [terms.procedure] },
      ...{ recipients: terms.recipients, personalData: terms.personalData },
      ...(validUntil !== undefined && { validUntil }),
      ...{ indicatedBy: "DataController", method: BY_REQUEST },
    };
    return await act(caller, { person, subject: subjectOf(person), consent }, check);
  }

  async function revoke(
    caller: SignedOn & { role: "agency" | "officer" },
    id: string,
  ): Promise<ConsentRecord> {
    // Somebody else may have used the id for another person: that one is not this agency's.
    const record = (await consents.byId(id)).find(({ terms }) => terms?.controller === caller.agency);
    if (record === undefined) throw unknownConsent();
    const { person } = record;
    const consent = {
      id,
      state: "ConsentRevoked",
      indicatedBy: "DataController",
      method: BY_REQUEST,
    } as const;
    const official =
      caller.role === "officer" ? officialOf(caller, `data-protection officer of ${caller.agency}`) : {};
    return await end(record, { by: caller, state: consent.state }, async (check) => {
      await act(caller, { person, subject: subjectOf(person), ...official, consent }, check);
    });
  }

  async function invalidate(
    caller: SignedOn & { role: "inspector" },
    id: string,
    explanation: Explanation,
  ): Promise<readonly ConsentRecord[]> {
    const known = await consents.byId(id);
    if (known.length === 0) throw unknownConsent();
    // One with an erased act permits nothing and takes no act any more: it must not keep the others in force.
    const readable = known.filter(({ erased }) => !erased);
    const records = readable.length > 0 ? readable : known;
    const consent = {
      id,
      state: "ConsentInvalidated",
      indicatedBy: "Authority",
      method: BY_REQUEST,
    } as const;
    const official = officialOf(caller, `inspector of ${caller.authority}`);
    const ended: ConsentRecord[] = [];
    for (const record of records) {
      const { person } = record;
      const done = await end(record, { by: caller, state: consent.state }, async (check) => {
        await act(caller, { person, subject: subjectOf(person), ...official, explanation, consent }, check);
      });
      ended.push(done);
    }
    return ended;
  }

  return { give, decline, withdraw, request, revoke, invalidate };
}

/** A consent is found by its id, so nobody may guess one: 128 random bits. */
function newConsentId(): string {
  return randomBytes(16).toString("base64url");
}

/** Somebody was faster, and it is done. */
class DoneAlready extends Error {
  override readonly name = "DoneAlready";
}

function indication({ guardian }: Parties, method = BY_REQUEST): Pick<Consent, "indicatedBy" | "method"> {
  return { indicatedBy: guardian === undefined ? "DataSubject" : "Guardian", method };
}

function officialOf({ name }: SignedOn, role: string): Pick<DeskAct["facets"], "agent.id" | "agent.role"> {
  return { "agent.id": name, "agent.role": role };
}

/** What was asked or given under an id, when it is for one purpose and whole. */
function termsIn(record: ConsentRecord | undefined): AskedTerms {
  const { procedures = [], recipients = [], personalData = [], controller } = record?.terms ?? {};
  const [procedure, ...others] = procedures;
  if (procedure !== undefined && others.length === 0 && controller !== undefined)
    return { procedure, recipients, personalData, controller };
  throw new LedgerError(
    "bad-request",
    "Name what is consented to: procedure (one), recipients, personalData and controller.",
  );
}

function requireTransition(record: ConsentRecord | undefined, state: ConsentState, now: number): void {
  if (CONSENT_TRANSITIONS[record?.state ?? "none"][state] === undefined || record?.erased === true)
    throw wrongState(record, state, now);
}

function requireWithin(terms: AskedTerms, { terms: asked }: ConsentRecord): void {
  if (asked === undefined || isCovered(terms, asked)) return;
  throw new LedgerError(
    "consent-state",
    "This is for more than what is under this id. What goes beyond it is given under an id of its own: leave the id out.",
  );
}

/** Before all else what is in force, so that nothing else of the same id is withdrawn in its place; then what was withdrawn already. */
function rankToWithdraw({ state }: ConsentRecord): number {
  if (isPermittingState(state)) return 0;
  return state === "ConsentWithdrawn" ? 1 : 2;
}

/** The first moment from `from` on (Unix seconds) at which a consent may be in force too. */
function firstOfBoth({ terms }: ConsentRecord, from: number): number {
  return terms === undefined ? from : Math.max(from, consentPeriod(terms).from);
}

function isOpenRequest(record: ConsentRecord | undefined): boolean {
  return record?.state === "ConsentRequested" || record?.state === "ConsentRequestDeferred";
}

/** Whether these terms permit nothing that the other ones do not. */
function isCovered(
  { procedure, recipients, personalData, controller }: AskedTerms,
  other: ConsentTerms | undefined,
): boolean {
  return (
    other !== undefined &&
    other.procedures.length === 1 &&
    other.procedures[0] === procedure &&
    other.controller === controller &&
    recipients.every((each) => other.recipients.includes(each)) &&
    personalData.every((each) => other.personalData.includes(each))
  );
}

function wasDone({ steps }: ConsentRecord, state: ConsentState): boolean {
  return steps.some(({ act, counts }) => counts && act.consent.state === state);
}

function existing(id: string, what: string): LedgerError {
  return new LedgerError(
    "consent-exists",
    `The same was ${what} before, and is still open or in force: ${id}.`,
    {
      members: { id },
    },
  );
}

function wrongState(record: ConsentRecord | undefined, wanted: ConsentState, now: number): LedgerError {
  const state = record === undefined ? undefined : consentStateAt(record, Math.floor(now / 1000));
  const found = state ?? "none";
  const hint = isFinalState(state)
    ? "It is over for good: what is wanted again is given anew, without an id."
    : "See GET /v1/consents for what it waits for.";
  const message = `${wanted} cannot follow on ${found}. ${record?.erased === true ? "An act of it was erased." : hint}`;
  return new LedgerError("consent-state", message, { members: { state: found } });
}

function lost(): never {
  throw new Error("a consent is not there that was just recorded");
}

import { randomUUID } from "node:crypto";
import { fromUtf8, toBase64url } from "../../protocol/bytes.ts";
import { complaintAfter, type ComplaintState } from "../../protocol/complaint.ts";
import { openFacets, type ParsedEvent, parseEvent } from "../../protocol/event.ts";
import { agencyOfSide } from "../../protocol/exchange.ts";
import type { Complaint, Facets, Subject } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { splitSource } from "../../protocol/source.ts";
import { isCanonicalSubjectId, isSamePerson, isSubjectScheme } from "../../protocol/subject.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId, SignedOn } from "../identity/caller.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import { type ComplaintRecord, type ComplaintRegister, filingOf, peopleTags } from "./complaints.ts";
import type { Desk } from "./desk.ts";

export interface ComplaintActsOptions {
  readonly desk: Pick<Desk, "record">;
  readonly complaints: Pick<ComplaintRegister, "one" | "list">;
  readonly representation: Pick<Representation, "ownOf" | "numbersOf" | "mayActFor">;
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  readonly store: Pick<StoreReader, "events">;
  /** The keyed hash that stands for an id, a character each byte. */
  readonly tagOf: (key: IndexKey) => string;
}

type Citizen = SignedOn & { readonly role: "citizen" };
type Officer = SignedOn & { readonly role: "officer" };
type Inspector = SignedOn & { readonly role: "inspector" };

export interface Filing {
  /** Log index of the event complained of. */
  readonly index: number;
  readonly text: string;
  /** Which of the agencies in the event, when not the one that asked. */
  readonly agency: string | undefined;
}

export type Outcome = NonNullable<Complaint["outcome"]>;

/** What people do about complaints. Each is recorded through the desk, and resolves when that is durable, with the complaint after it. */
export interface ComplaintActs {
  /**
   * About an event of the person's own, or of somebody they represent.
   * @throws LedgerError `unknown-event` for any other event, whether there is one or not; `complaint-exists`, `rate-limited`.
   */
  file: (by: Citizen, filing: Filing) => Promise<ComplaintRecord>;
  /** @throws LedgerError `unknown-complaint` for another agency's; `complaint-state`, as the other acts do. */
  answer: (by: Officer, id: string, text: string) => Promise<ComplaintRecord>;
  decide: (
    by: Inspector,
    id: string,
    decision: { outcome: Outcome; text: string },
  ) => Promise<ComplaintRecord>;
  /** The person, or who represents them now, ends it. */
  withdraw: (by: Citizen, id: string, text: string | undefined) => Promise<ComplaintRecord>;
  /** Tags of all whom a citizen sees as themselves. */
  ownTags: (by: Citizen) => Promise<string[]>;
}

/** Open complaints of one person at once. */
const MAX_OPEN = 50;

export function complaintActs(options: ComplaintActsOptions): ComplaintActs {
  const { desk, complaints, representation, closures, store } = options;
  const tagOf = ({ scheme, id }: PersonId): string =>
    options.tagOf({ kind: "person", id: `${scheme}:${id}` });

  const ownTags = async (by: Citizen): Promise<string[]> => (await representation.ownOf(by)).map(tagOf);

  async function file(by: Citizen, { index, text, agency: named }: Filing): Promise<ComplaintRecord> {
    const [event] = await store.events([index]);
    const tags = event === undefined ? [] : peopleTags(event.tags);
    const own = await representation.ownOf(by);
    const person = own.find((each) => tags.includes(tagOf(each)));
    if (event === undefined || person === undefined) throw notTheirs();
    const leaf = leafHash(event.payload);
    const agency = agencyOf(await partiesFor(event, leaf), named);
    const id = randomUUID();
    const complaint: Complaint = { id, state: "filed", leaf: toBase64url(leaf), agency, text };
    await desk.record({
      by,
      facets: { type: "complaint", ...(await subjectsOf(by, person)), complaint },
      check: async () => {
        // A mandate may have ended while the act waited.
        if (!(await representation.mayActFor(by.subject, person))) throw notTheirs();
        await requireNew(tagOf(person), complaint);
      },
    });
    return await required(id);
  }

  /** The agencies that the person knows of from this event: of a sealed or an erased one, only who recorded it. */
  async function partiesFor(event: StoredEvent, leaf: Uint8Array): Promise<string[]> {
    const [closure] = await closures.closuresOf([leaf]);
    const text = `${fromUtf8(event.payload)}~${event.disclosures ?? ""}`;
    return partiesOf(parseEvent(text), closure === undefined && event.disclosures !== undefined);
  }

  /** Whom the complaint is in the list of: the person, and who acts for them. */
  async function subjectsOf(by: Citizen, person: PersonId): Promise<Pick<Facets, "subject" | "subject.2">> {
    const numbers = await representation.numbersOf(by.subject);
    if (numbers.some((number) => isSamePerson(number, person))) return { subject: subject(person) };
    return {
      subject: { ...subject(person), role: "represented" },
      "subject.2": { ...subject(by.subject), role: "representative" },
    };
  }

  async function requireNew(tag: string, { leaf }: Complaint): Promise<void> {
    const scope = { people: [tag] };
    const open = await complaints.list({ scope, state: "open", from: 0, limit: MAX_OPEN });
    const same = open.find(({ complainedOf }) => complainedOf === leaf);
    if (same !== undefined) {
      throw new LedgerError(
        "complaint-exists",
        "There is a complaint about this event that is not decided yet.",
        {
          members: { id: same.id },
        },
      );
    }
    if (open.length === MAX_OPEN)
      throw new LedgerError(
        "rate-limited",
        `${MAX_OPEN} complaints are open already; wait for some to be decided.`,
      );
  }

  /** Records the next act of a complaint, if it may come then: asked once more in the desk's turn, as others may act at the same time. */
  async function next(
    by: SignedOn,
    { id, agency, complainedOf }: ComplaintRecord,
    act: { readonly state: ComplaintState; readonly text?: string; readonly outcome?: Outcome },
  ): Promise<ComplaintRecord> {
    const complaint: Complaint = { id, leaf: complainedOf, agency, ...act };
    const people = await peopleOf(await required(id));
    await desk.record({
      by,
      facets: { type: "complaint", ...people, complaint, ...agentOf(by) },
      check: async () => requirePossible(await complaints.one(id), act.state),
    });
    return await required(id);
  }

  /**
   * The person of the filing, so that every act of the complaint is in their list, and who filed it for them, as long as they may: what comes after
   * their mandate is none of their business.
   */
  async function peopleOf(record: ComplaintRecord): Promise<Pick<Facets, "subject" | "subject.2">> {
    const [event] = await store.events([filingOf(record).index]);
    const facets =
      event?.disclosures === undefined
        ? {}
        : openFacets(parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`));
    const [person, representative] = [subjectIn(facets.subject), subjectIn(facets["subject.2"])];
    if (person === undefined) throw unknownComplaint();
    if (representative === undefined || !(await representation.mayActFor(representative, person)))
      return { subject: person };
    return { subject: person, "subject.2": representative };
  }

  async function required(id: string): Promise<ComplaintRecord> {
    const record = await complaints.one(id);
    if (record === undefined) throw unknownComplaint();
    return record;
  }

  return {
    file,
    answer: async (by, id, text) => {
      const record = await required(id);
      if (record.agency !== by.agency) throw unknownComplaint();
      requirePossible(record, "answered");
      return await next(by, record, { state: "answered", text });
    },
    decide: async (by, id, { outcome, text }) => {
      const record = await required(id);
      requirePossible(record, "decided");
      return await next(by, record, { state: "decided", outcome, text });
    },
    withdraw: async (by, id, text) => {
      const record = await required(id);
      const own = await ownTags(by);
      if (!isOwnComplaint(record, own)) throw unknownComplaint();
      requirePossible(record, "withdrawn");
      return await next(by, record, { state: "withdrawn", ...(text !== undefined && { text }) });
    },
    ownTags,
  };
}

/** Whether it is the complaint of one of these people, by their tags: of who filed it for somebody it is not, once their mandate is over. */
export function isOwnComplaint({ people: [person] }: ComplaintRecord, tags: readonly string[]): boolean {
  return person !== undefined && tags.includes(person);
}

/** The agencies in an event, first the one that most likely has to answer: who asked for the data, else who recorded it. */
function partiesOf(event: ParsedEvent, isOpen: boolean): string[] {
  const { agency } = splitSource(event.payload.src);
  const exchange = isOpen ? openFacets(event).exchange : undefined;
  const sides = isJsonObject(exchange) ? [exchange["client"], exchange["service"]] : [];
  const [client, service] = sides.map((side) => (typeof side === "string" ? agencyOfSide(side) : undefined));
  return [...new Set([client, agency, service].filter((each) => each !== undefined))];
}

function agencyOf(parties: readonly string[], named: string | undefined): string {
  const agency = named === undefined ? parties[0] : parties.find((each) => each === named);
  if (agency === undefined)
    throw new LedgerError("bad-request", `agency is one of those in the event: ${parties.join(", ")}.`);
  return agency;
}

function agentOf(by: SignedOn): Pick<Facets, "agent.id" | "agent.role"> {
  switch (by.role) {
    case "officer":
      return { "agent.id": by.name, "agent.role": `data-protection officer of ${by.agency}` };
    case "inspector":
      return { "agent.id": by.name, "agent.role": `inspector of ${by.authority}` };
    default:
      return {};
  }
}

function subject({ scheme, id }: PersonId): Subject {
  if (!isSubjectScheme(scheme)) throw new Error("somebody signed on by a number of no known scheme");
  return { scheme, id };
}

/** A person of a recorded event, as they figure in it; it passed its schema. */
function subjectIn(value: unknown): Subject | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scheme, id, role } = value;
  if (!isSubjectScheme(scheme) || typeof id !== "string" || !isCanonicalSubjectId(scheme, id))
    return undefined;
  if (role === "represented" || role === "representative") return { scheme, id, role };
  return { scheme, id };
}

function requirePossible(record: ComplaintRecord | undefined, act: ComplaintState): void {
  if (record === undefined) throw unknownComplaint();
  if (complaintAfter(record.state, act) !== undefined) return;
  throw new LedgerError(
    "complaint-state",
    `The complaint is ${record.state}; it can not be ${act} any more.`,
    {
      members: { state: record.state },
    },
  );
}

function notTheirs(): LedgerError {
  return new LedgerError(
    "unknown-event",
    "No event of yours, or of somebody you represent, has this index or leaf hash. Take it from a statement.",
  );
}

/** Whoever may not see a complaint is not told that there is one. */
function unknownComplaint(): LedgerError {
  return new LedgerError("unknown-complaint", "There is no complaint of this id that you may see.");
}

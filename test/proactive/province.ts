/**
 * A province for scenario tests: the real ledger and chain, the inbox service, a gateway for text messages and the thirteen agencies that keep
 * registers, all over HTTP, in a time that is set forward. One province serves all scenarios of a file; each scenario picks people of its own:
 *
 *     let province: ScenarioProvince;
 *     before(async () => (province = await scenarioProvince()));
 *     after(async () => await province.close());
 *
 *     it("a driving licence that ends soon is renewed by one word", async () => {
 *       const driver = province.somebody(({ born }) => born < "1990");
 *       await province.holds(driver, "driving-licence", { endsInDays: 30 });
 *       await province.passes({ days: 2 });                        // noticed, read, concluded, told
 *       const file = await province.caseOf("DRIVER_LIC", driver);  // as the agency's own desk shows it
 *       expect(file.stage.at).to.equal("waiting");
 *       await province.answer(driver, "accept");                   // signed on as that person, in their inbox
 *       await province.passes({ hours: 1 });
 *       const events = await province.eventsOf(file.id);           // from the ledger, as an inspector
 *       expect(await province.findings()).to.deep.equal([]);
 *     });
 *
 * Nothing happens here by itself: no document ends, nobody is born, no household is at the poverty line, unless a scenario says so (`holds`, `happens`,
 * `told`). It is 20 December 2026 in the morning: no school year is near, and no review under way; say another day with `startsOn`. What happens on a
 * day is heard and looked at when the day is over: `passes({ days: 1 })`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Agency } from "../../proactive/agency/agency.ts";
import { dayIn } from "../../proactive/agency/living.ts";
import type { Case } from "../../proactive/cases/case.ts";
import type { Answer, DisputedData, ShownCase, ShownMessage } from "../../proactive/inbox/message.ts";
import { LEADS } from "../../proactive/noticing/notice.ts";
import { addDays, addYears } from "../../proactive/population/calendar.ts";
import type { Document, DocumentKind } from "../../proactive/population/documents.ts";
import type { Person } from "../../proactive/population/people.ts";
import { type Population, population } from "../../proactive/population/population.ts";
import type { Occurrence } from "../../proactive/population/timeline.ts";
import {
  type Category,
  REGISTER_CODES,
  type RegisterCode,
  REGISTERS,
} from "../../proactive/registers/configurations.ts";
import type { Fact } from "../../proactive/registers/facts.ts";
import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { ask, type Reply } from "../../scripts/demo/calls.ts";
import { beginWorldClock } from "../../scripts/demo/clock.ts";
import { residentId } from "../../scripts/demo/people.ts";
import { type Province, startProvince } from "../../scripts/demo/province.ts";

export interface ScenarioOptions {
  /** The day on which it begins, at nine in the morning in Vietnam. */
  readonly startsOn?: string;
  readonly persons?: number;
  readonly seed?: number;
  /** Days after `startsOn` in which things happen by chance, as in the demo; none by default. */
  readonly livelyDays?: number;
}

/** An event of the ledger, as an inspector finds it. */
export interface FoundEvent {
  readonly index: number;
  /** `<agency>/r1`, or the operator's desk. */
  readonly source: string;
  readonly facets: OpenedFacets;
  /** `<type> <detail of the outcome, or its code>`, for lists. */
  readonly says: string;
}

export interface ScenarioProvince extends Pick<Province, "ledgerUrl" | "inboxUrl" | "profile" | "gateway"> {
  readonly people: Population;
  /** Today, in Vietnam. */
  readonly today: () => string;
  /** The part itself: its register, its engine, its recorder. */
  readonly agency: (code: string) => Agency;
  /** Somebody who fits and whom no other scenario of this province was given. @throws RangeError when there is nobody left */
  readonly somebody: (fits: (person: Person) => boolean) => Person;
  /** A person by number. @throws RangeError */
  readonly person: (id: string) => Person;
  /** The agency that issues such documents enters one of this person; it ends so many days from today. */
  readonly holds: (
    holder: Person,
    kind: DocumentKind,
    end: { readonly endsInDays: number },
  ) => Promise<Document>;
  /** One register holds this of a person from now on: a mistake, or news that no other register heard. */
  readonly told: (
    register: RegisterCode,
    person: Person | string,
    category: Category,
    value: Fact,
  ) => Promise<void>;
  /** What a register holds of a person. */
  readonly held: (register: RegisterCode, person: Person | string, category: Category) => Fact | undefined;
  /** Something happens today. */
  readonly happens: (
    occurrence: Occurrence extends infer Each ? (Each extends Occurrence ? Omit<Each, "on"> : never) : never,
  ) => void;
  /** Time goes by, and everybody does what is due then. Without anything: what is due now. */
  readonly passes: (time?: { readonly days?: number; readonly hours?: number }) => Promise<void>;
  /** While this is done, nobody reaches the agency. */
  readonly away: (code: string, meanwhile: () => Promise<void>) => Promise<void>;
  /** The messages in somebody's inbox, the newest first. */
  readonly messages: (person: Person) => Promise<readonly ShownMessage[]>;
  /** The cases in somebody's inbox, as they are shown there. */
  readonly shownCases: (person: Person) => Promise<readonly ShownCase[]>;
  /** A person answers the newest message that can be answered (of a procedure). The agency takes the answer at the next `passes`. */
  readonly answer: (
    person: Person,
    answer: Answer,
    more?: { readonly correction?: DisputedData; readonly procedure?: string },
  ) => Promise<Reply>;
  /** The agency's case about somebody (a person, or a newborn's notice) in a procedure. @throws RangeError when there is none */
  readonly caseOf: (procedure: string, subject: Person | string) => Promise<Case>;
  /** An officer of the lead agency decides at its desk. */
  readonly decide: (caseId: string, decision: object) => Promise<Reply>;
  /** Asks the ledger's API: as a person of the population, or as `inspector-1`, `officer-qn-police`, `operator-1`. A body makes it a POST. */
  readonly call: (who: Person | string, where: string, body?: object) => Promise<Reply>;
  /** Every event of a case on the ledger, the oldest first. */
  readonly eventsOf: (caseId: string) => Promise<readonly FoundEvent[]>;
  /** All findings but those of other scenarios: about the events of these cases, or all. */
  readonly findings: (kind?: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly close: () => Promise<void>;
}

const HOUR_MS = 3_600_000;
const MORNING_UTC = "T02:00:00Z";
/** Far away: nothing that the population has to begin with ends in a scenario. */
const YEARS_AWAY = 30;
const NOT_POOR = 200;
/** Of a timeline that is thrown away. */
const QUIET_DAYS = 30;

/** Starts a province of its own. The caller closes it. */
export async function scenarioProvince(options: ScenarioOptions = {}): Promise<ScenarioProvince> {
  const { startsOn = "2026-12-20", persons = 200, seed = 7, livelyDays } = options;
  const dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-province-"));
  const clock = beginWorldClock(Date.parse(startsOn + MORNING_UTC));
  const lively = population({
    ...{ seed, persons, asOf: startsOn, days: livelyDays ?? QUIET_DAYS, registers: REGISTER_CODES },
  });
  const people = livelyDays === undefined ? quiet(lively) : lively;
  let province: Province;
  try {
    province = await startProvince({
      ...{ dataDir, clock, population: people, asOf: startsOn, ports: { ledger: 0, inbox: 0 } },
    });
  } catch (error) {
    clock.end();
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
  return {
    ...scenario(province, people),
    close: async () => {
      await province.close();
      clock.end();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function scenario(province: Province, people: Population): Omit<ScenarioProvince, "close"> {
  const { ledgerUrl, inboxUrl, profile, gateway, clock, signOn } = province;
  const given = new Set<string>();
  const today = (): string => dayIn(clock.now());
  let documents = 0;

  function nameOf(who: Person | string): string {
    if (typeof who === "string") return who;
    return residentId(people.persons.findIndex(({ id }) => id === who.id));
  }

  const call: ScenarioProvince["call"] = async (who, where, body) =>
    await ask(`${ledgerUrl}/v1/${where}`, await signOn.tokenOf(nameOf(who)), body);

  async function inbox(person: Person): Promise<{ messages: ShownMessage[]; cases: ShownCase[] }> {
    const { status, json } = await ask(
      `${inboxUrl}/v1/messages?limit=100`,
      await signOn.tokenOf(nameOf(person)),
    );
    if (status !== 200) throw new Error(`the inbox answers ${status}`);
    return json as unknown as { messages: ShownMessage[]; cases: ShownCase[] };
  }

  function leadOf(caseId: string): string {
    const procedure = caseId.slice(0, caseId.lastIndexOf("-", caseId.length - 17));
    const lead = LEADS[procedure];
    if (lead === undefined) throw new RangeError(`nobody leads ${procedure}`);
    return lead;
  }

  return {
    ...{ ledgerUrl, inboxUrl, profile, gateway, people, today, call },
    agency: province.agency,
    somebody: (fits) => {
      const found = people.persons.find((person) => !given.has(person.id) && fits(person));
      if (found === undefined) throw new RangeError("there is nobody left who fits: start with more persons");
      given.add(found.id);
      return found;
    },
    person: (id) => {
      const found = people.persons.find((person) => person.id === id);
      if (found === undefined) throw new RangeError("there is nobody of this number");
      return found;
    },
    holds: async (holder, kind, { endsInDays }) => {
      const expires = addDays(today(), endsInDays);
      documents += 1;
      const document: Document = {
        ...{ kind, number: `SC-${documents}`, holder: holder.id, scope: "B" },
        ...{ issued: addYears(expires, -10), expires },
      };
      const [code, category] = ISSUED_BY[kind];
      const value =
        category === "pd:OfficialID" ? { number: holder.id, card: { ...document } } : { ...document };
      await province.agency(REGISTERS[code].agency).register.enter(holder.id, { [category]: value });
      return document;
    },
    told: async (register, person, category, value) => {
      const id = typeof person === "string" ? person : person.id;
      await province.agency(REGISTERS[register].agency).register.enter(id, { [category]: value });
    },
    held: (register, person, category) => {
      const id = typeof person === "string" ? person : person.id;
      return province.agency(REGISTERS[register].agency).register.read(id, [category])?.[category];
    },
    happens: (occurrence) => province.happens({ ...occurrence, on: today() }),
    passes: async ({ days = 0, hours = 0 } = {}) => {
      await province.live();
      if (days > 0 || hours > 0) {
        await province.setTo(clock.now() + (days * 24 + hours) * HOUR_MS);
        await province.live();
      }
      await province.settled();
    },
    away: async (code, meanwhile) => {
      await province.stop(code);
      try {
        await meanwhile();
      } finally {
        await province.start(code);
      }
    },
    messages: async (person) => (await inbox(person)).messages,
    shownCases: async (person) => (await inbox(person)).cases,
    answer: async (person, answer, { correction, procedure } = {}) => {
      const { messages } = await inbox(person);
      const message = messages.find(
        ({ answers, procedure: of }) =>
          answers.includes(answer) && (procedure === undefined || procedure === of),
      );
      if (message === undefined) throw new RangeError(`there is no message to answer "${answer}" to`);
      return await ask(
        `${inboxUrl}/v1/messages/${message.number}/answer`,
        await signOn.tokenOf(nameOf(person)),
        { answer, ...(correction && { correction }) },
      );
    },
    caseOf: async (procedure, subject) => {
      const id = typeof subject === "string" ? subject : subject.id;
      const { engine } = province.agency(LEADS[procedure] ?? "");
      for (let before: string | undefined; ;) {
        const page = await engine.list({ limit: 100, ...(before !== undefined && { before }) });
        const found = page.find((each) => each.procedure === procedure && each.occasion.subject === id);
        if (found !== undefined) return found;
        before = page.at(-1)?.id;
        if (before === undefined) throw new RangeError(`there is no case of ${procedure} about this person`);
      }
    },
    decide: async (caseId, decision) => {
      const { url } = province.agency(leadOf(caseId));
      const token = province.staffTokens.get(leadOf(caseId)) ?? "";
      return await ask(`${url}/cases/${caseId}/decision`, token, { official: "officer-1", ...decision });
    },
    eventsOf: async (caseId) => {
      const events: FoundEvent[] = [];
      for (let start: unknown; ;) {
        const asked = { case: caseId, order: "oldest", limit: 100, ...(start !== undefined && { start }) };
        const { status, json } = await call("inspector-1", "inspection/search", asked);
        if (status !== 200) throw new Error(`the search answers ${status}: ${JSON.stringify(json)}`);
        for (const event of json["events"] as Omit<FoundEvent, "says">[])
          events.push({ ...event, says: said(event.facets) });
        start = json["next"];
        if (start === undefined) return events;
      }
    },
    findings: async (kind) => {
      const { status, json } = await call(
        "inspector-1",
        `findings?limit=1000${kind === undefined ? "" : `&kind=${kind}`}`,
      );
      if (status !== 200) throw new Error(`the findings answer ${status}: ${JSON.stringify(json)}`);
      return json["findings"] as Readonly<Record<string, unknown>>[];
    },
  };
}

function said({ type, outcome }: OpenedFacets): string {
  const { code, detail }: { code?: unknown; detail?: unknown } = isJsonObject(outcome) ? outcome : {};
  return [type, detail ?? code].filter((part) => typeof part === "string").join(" ");
}

/** Who issues a document, and as what its register holds it. */
const ISSUED_BY: Readonly<Record<DocumentKind, readonly [RegisterCode, Category]>> = {
  "driving-licence": ["population", "pd:VehicleLicense"],
  passport: ["population", "pd:Passport"],
  "identity-card": ["population", "pd:OfficialID"],
  "medical-practice": ["health", "pd:ProfessionalCertification"],
  "tour-guide": ["culture", "pd:ProfessionalCertification"],
  veterinary: ["agriculture", "pd:ProfessionalCertification"],
  "transport-badge": ["construction", "pd:ProfessionalCertification"],
};

/** The population without anything that would happen by itself. */
function quiet(people: Population): Population {
  return {
    persons: people.persons,
    households: people.households.map((household) => ({
      ...household,
      review: { ...household.review, b1: Math.max(NOT_POOR, household.review.b1) },
    })),
    documents: people.documents.map((each) => ({ ...each, expires: addYears(each.expires, YEARS_AWAY) })),
    timeline: [],
  };
}

import { readFileSync } from "node:fs";
import { expect } from "chai";
import { CROSSINGS, LEADS, mayNotify, noticeIn, occasionId } from "../../../proactive/noticing/notice.ts";
import { occasionsOn } from "../../../proactive/noticing/occasions.ts";
import { addDays, type Day } from "../../../proactive/population/calendar.ts";
import { population } from "../../../proactive/population/population.ts";
import { REGISTER_CODES, type RegisterCode, REGISTERS } from "../../../proactive/registers/configurations.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";
import type { Occasion, Rule } from "../../../proactive/rules/rule.ts";
import { RULES } from "../../../proactive/rules/rules.ts";

const AS_OF = "2026-08-22";
const DAYS = 130;
const END = addDays(AS_OF, DAYS);
const PEOPLE = population({ seed: 5, persons: 2000, asOf: AS_OF, days: DAYS, registers: ["health"] });
const SOCIETY = society(PEOPLE, AS_OF);

async function listening(code: RegisterCode): Promise<Register> {
  const held = register(code, SOCIETY, PEOPLE.documents);
  await held.hear(PEOPLE.timeline, END);
  return held;
}

function rule(procedure: string): Rule {
  return RULES.find((each) => each.procedure === procedure) ?? expect.fail(`no rule for ${procedure}`);
}

/** Every occasion once, on the first day that shows it. */
function firstShown(procedure: string, held: Register): Occasion[] {
  const found = new Map<string, Occasion>();
  for (let day = AS_OF; day < END; day = addDays(day, 1))
    for (const occasion of occasionsOn(rule(procedure), held, day))
      if (!found.has(occasion.key)) found.set(occasion.key, occasion);
  return [...found.values()];
}

describe("proactive/noticing: occasions", () => {
  const registers = new Map<RegisterCode, Register>();
  before(async () => {
    for (const code of REGISTER_CODES) registers.set(code, await listening(code));
  });
  const held = (code: RegisterCode): Register => registers.get(code) ?? expect.fail(code);

  it("of each procedure are seen in one register: the lead's own, or one whose keeper may tell the lead", () => {
    for (const { procedure } of RULES) {
      const seers = REGISTER_CODES.filter((code) => firstShown(procedure, held(code)).length > 0);
      expect(seers.length, procedure).to.equal(1);
      const [seer = "tax"] = seers;
      const { agency } = REGISTERS[seer];
      if (agency === LEADS[procedure]) expect(mayNotify(agency, procedure), procedure).to.equal(false);
      else {
        expect(mayNotify(agency, procedure), procedure).to.equal(true);
        expect(CROSSINGS[procedure]?.from).to.deep.equal({ agency, register: seer });
      }
    }
  });

  it("are led by agencies that the catalogue lets lead", () => {
    const { members } = JSON.parse(readFileSync("catalogue/catalogue.json", "utf8")) as {
      members: Record<string, string[]>;
    };
    for (const { procedure } of RULES) {
      const { leadAgencies } = JSON.parse(readFileSync(`catalogue/procedures/${procedure}.json`, "utf8")) as {
        leadAgencies: string[];
      };
      const roles = members[LEADS[procedure] ?? ""] ?? [];
      expect(
        leadAgencies.some((role) => roles.includes(role)),
        procedure,
      ).to.equal(true);
    }
  });

  it("pass between agencies as they are, and say no person's number but as the subject", () => {
    for (const { procedure } of RULES)
      for (const code of ["health", "population", "social", "business", "construction"] as const)
        for (const occasion of firstShown(procedure, held(code))) {
          const notice = { procedure, occasion };
          expect(noticeIn(JSON.parse(JSON.stringify(notice)))).to.deep.equal(notice);
          expect(JSON.stringify(occasion.known)).to.not.match(/\d{12}/);
          expect(occasionId(notice)).to.match(/^[A-Z_]+-[\w-]{16}$/);
        }
  });

  it("of a document begin so many days before its end, and stay until then under one key", () => {
    const withinDays = 60;
    const police = held("population");
    const licences = PEOPLE.documents.filter(
      ({ kind, expires }) =>
        kind === "driving-licence" && expires >= AS_OF && expires < addDays(END, withinDays - 1),
    );
    const shown = firstShown("DRIVER_LIC", police);
    expect(shown.map(({ subject }) => subject)).to.have.members(licences.map(({ holder }) => holder));
    for (const { on, known } of shown) {
      const begins = addDays(String(known["expires"]), 1 - withinDays);
      expect(on).to.equal(begins < AS_OF ? AS_OF : begins);
    }
    const [first] = shown;
    const again = occasionsOn(rule("DRIVER_LIC"), police, addDays(first?.on ?? "", 1));
    expect(again.map(({ key }) => key)).to.include(first?.key);
  });

  it("of a licence end with its renewal", async () => {
    const police = await listening("population");
    const [first] = occasionsOn(rule("DRIVER_LIC"), police, AS_OF);
    const { subject = "" } = first ?? {};
    const licence = PEOPLE.documents.find(
      ({ holder, kind }) => holder === subject && kind === "driving-licence",
    );
    await police.correct(subject, "pd:VehicleLicense", { ...licence, expires: "2037-01-01" });
    expect(occasionsOn(rule("DRIVER_LIC"), police, AS_OF).map((each) => each.subject)).to.not.include(
      subject,
    );
  });

  it("of what happened are those of its day, and of no other", () => {
    const births = PEOPLE.timeline.filter(({ kind }) => kind === "birth");
    const shown = firstShown("BIRTH_REG", held("health"));
    expect(shown.map(({ on }) => on)).to.deep.equal(births.map(({ on }) => on));
  });

  it("are none of people who are gone, but their death is one", async () => {
    const police = await listening("population");
    const [first] = occasionsOn(rule("PASSPORT"), police, AS_OF);
    const { subject = "" } = first ?? {};
    await police.correct(subject, "pd:Residency", null);
    expect(occasionsOn(rule("PASSPORT"), police, AS_OF).map((each) => each.subject)).to.not.include(subject);

    const health = await listening("health");
    const [death] = PEOPLE.timeline.filter((each) => each.kind === "death");
    expect(health.knowsGone(death?.person ?? "")).to.equal(true);
    const deaths = occasionsOn(rule("DEATH_REG"), health, death?.on ?? "").map(({ key }) => key);
    expect(deaths).to.include(death?.notice);
  });

  it("are none of a newborn whose mother nobody knows", async () => {
    const health = register("health", SOCIETY, PEOPLE.documents);
    const birth = PEOPLE.timeline.find((each) => each.kind === "birth") ?? expect.fail("nobody is born");
    await health.hear([{ ...birth, mother: "999199000009" }], END);
    expect(occasionsOn(rule("BIRTH_REG"), health, birth.on)).to.deep.equal([]);
  });

  it("of a school year are the children who turn six in it, from 120 days before it opens until it does", () => {
    const police = held("population");
    const children = PEOPLE.persons.filter(({ born }) => born.startsWith("2020")).map(({ id }) => id);
    expect(children.length).to.be.greaterThan(0);
    const shown = (day: Day): string[] =>
      occasionsOn(rule("SCHOOL_ADM"), police, day).map(({ subject }) => subject);
    for (const day of ["2026-05-08", "2026-08-22", "2026-09-04"])
      expect(shown(day), day).to.have.members(children);
    for (const day of ["2026-05-07", "2026-09-05", "2026-12-01"]) expect(shown(day), day).to.deep.equal([]);
  });

  it("of the yearly review are the households at the line, each from its own day between September and 14 December", () => {
    const social = held("social");
    const poor = PEOPLE.households.filter(({ review }) => review.b1 <= 140);
    const shown = firstShown("POOR_HH", social);
    expect(shown.map(({ subject }) => subject)).to.have.members(poor.map(({ members }) => members[0]));
    const dates = shown.map(({ on }) => on);
    expect(dates.every((day) => day >= "2026-09-01" && day <= "2026-12-14")).to.equal(true);
    expect(new Set(dates.map((day) => day.slice(0, 7))).size).to.equal(4);
    expect(occasionsOn(rule("POOR_HH"), social, "2026-12-14").length).to.equal(poor.length);
    for (const day of ["2026-08-31", "2026-12-15"])
      expect(occasionsOn(rule("POOR_HH"), social, day), day).to.deep.equal([]);
  });

  it("are the same whenever they are asked for", () => {
    for (const { procedure } of RULES)
      for (const day of [AS_OF, "2026-11-01"])
        for (const code of REGISTER_CODES) {
          const [once, again] = [0, 1].map(() => occasionsOn(rule(procedure), held(code), day));
          expect(once).to.deep.equal(again);
        }
  });
});

describe("proactive/noticing: a notice in a request", () => {
  const occasion = { key: "k", subject: "999199000001", on: "2026-11-22", known: { year: 2026 } };
  const WRONG: readonly (readonly [what: string, value: unknown])[] = [
    ["nothing", undefined],
    ["no procedure", { occasion }],
    ["no occasion", { procedure: "BIRTH_REG" }],
    ["no key", { procedure: "BIRTH_REG", occasion: { ...occasion, key: "" } }],
    ["a key without end", { procedure: "BIRTH_REG", occasion: { ...occasion, key: "k".repeat(257) } }],
    ["a number of nobody", { procedure: "BIRTH_REG", occasion: { ...occasion, subject: "12" } }],
    ["no day", { procedure: "BIRTH_REG", occasion: { ...occasion, on: "2026-13-01" } }],
    ["inputs within inputs", { procedure: "BIRTH_REG", occasion: { ...occasion, known: { a: {} } } }],
    ["endless inputs", { procedure: "BIRTH_REG", occasion: { ...occasion, known: { a: "x".repeat(257) } } }],
    [
      "too many inputs",
      {
        procedure: "BIRTH_REG",
        occasion: {
          ...occasion,
          known: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`a${at}`, 1])),
        },
      },
    ],
  ];
  for (const [what, value] of WRONG)
    it(`is none with ${what}`, () => expect(noticeIn(value)).to.equal(undefined));

  it("has no members but those of a notice", () => {
    const notice = { procedure: "BIRTH_REG", occasion };
    expect(noticeIn({ ...notice, more: 1, occasion: { ...occasion, more: 1 } })).to.deep.equal(notice);
  });
});

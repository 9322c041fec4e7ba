import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { population } from "../../../proactive/population/population.ts";
import type { Occurrence } from "../../../proactive/population/timeline.ts";
import {
  type Category,
  REGISTER_CODES,
  type RegisterCode,
  REGISTERS,
} from "../../../proactive/registers/configurations.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";

const AS_OF = "2026-11-22";
/** After everything that happens. */
const END = "2027-03-01";
const PEOPLE = population({
  ...{ seed: 3, persons: 300, asOf: AS_OF, days: 92 },
  registers: ["health", "electricity"],
});
const SOCIETY = society(PEOPLE, AS_OF);

function opened(code: RegisterCode): Register {
  return register(code, SOCIETY, PEOPLE.documents);
}

function occurrence<K extends Occurrence["kind"]>(kind: K): Extract<Occurrence, { kind: K }> {
  const found = PEOPLE.timeline.find((each): each is Extract<Occurrence, { kind: K }> => each.kind === kind);
  if (found === undefined) throw new Error(`nothing of the kind ${kind} happens`);
  return found;
}

describe("proactive/registers", () => {
  it("hold between them every category that a procedure of the catalogue reads", () => {
    const held = new Set<string>(REGISTER_CODES.flatMap((code) => REGISTERS[code].holds));
    for (const file of readdirSync("catalogue/procedures")) {
      const procedure = JSON.parse(readFileSync(`catalogue/procedures/${file}`, "utf8")) as {
        providers: { personalData: string[] }[];
      };
      for (const { personalData } of procedure.providers)
        for (const category of personalData)
          expect(held.has(category), `${file}: ${category}`).to.equal(true);
    }
  });

  it("say nothing in categories that are not theirs, and nothing about strangers", () => {
    const [someone] = PEOPLE.persons;
    const facts = opened("water").read(someone?.id ?? "", ["pd:PhysicalAddress", "pd:Income"]);
    expect(Object.keys(facts ?? {})).to.deep.equal(["pd:PhysicalAddress"]);
    expect(opened("water").read("999199999999", ["pd:Name"])).to.equal(undefined);
  });

  it("know of a move only where it was told, until somebody corrects it", async () => {
    const move = occurrence("move");
    const [told, untold] = [move.knownTo as RegisterCode, "tax" as const].map(opened);
    const [resident = ""] = move.members;
    for (const each of [told, untold]) await each?.hear([move], END);
    const address: Category[] = ["pd:PhysicalAddress"];
    expect(told?.read(resident, address)).to.deep.equal({ "pd:PhysicalAddress": move.to.line });
    expect(untold?.read(resident, address)).to.not.deep.equal({ "pd:PhysicalAddress": move.to.line });
    await untold?.correct(resident, "pd:PhysicalAddress", move.to.line);
    expect(untold?.read(resident, address)).to.deep.equal({ "pd:PhysicalAddress": move.to.line });
  });

  it("know a newborn by the hospital's notice at first, and only where it was written", async () => {
    const birth = occurrence("birth");
    const [health, civil] = [opened("health"), opened("civil-status")];
    await health.hear([birth], END);
    await civil.hear([birth], END);
    expect(health.read(birth.notice, ["pd:Name", "pd:BirthDate"])).to.deep.equal({
      "pd:Name": birth.child.name,
      "pd:BirthDate": birth.on,
    });
    expect(civil.read(birth.notice, ["pd:Name"])).to.equal(undefined);
  });

  it("find the documents of their own issue that end soon", () => {
    const ending = opened("population").ending(AS_OF, "2027-02-22");
    expect(ending.length).to.be.greaterThan(0);
    for (const { kind } of ending) expect(["driving-licence", "passport", "identity-card"]).to.include(kind);
  });

  it("refuse a correction of what they do not hold", async () => {
    const [someone] = PEOPLE.persons;
    const correction = opened("water").correct(someone?.id ?? "", "pd:Income", 1);
    const error = await correction.catch((caught: unknown) => caught);
    expect(String(error)).to.equal("RangeError: the register water holds nothing in the category pd:Income");
  });
});

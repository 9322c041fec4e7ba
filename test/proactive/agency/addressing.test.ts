import { expect } from "chai";
import { addressing } from "../../../proactive/agency/addressing.ts";
import type { AboutWhom } from "../../../proactive/cases/telling.ts";
import { population } from "../../../proactive/population/population.ts";
import type { RegisterCode } from "../../../proactive/registers/configurations.ts";
import type { ReadRegister } from "../../../proactive/registers/reading.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";

const AS_OF = "2026-11-22";
const PEOPLE = population({ seed: 3, persons: 400, asOf: AS_OF, days: 30, registers: ["health"] });
const SOCIETY = society(PEOPLE, AS_OF);
const WISHES = { sms: true, email: true, quiet: { from: "21:00", until: "07:00" } } as const;

function held(code: RegisterCode): Register {
  return register(code, SOCIETY, PEOPLE.documents);
}

/** Number of whoever is told, by an agency with this register; nobody else may be asked. */
async function told(
  own: Register,
  about: Pick<AboutWhom, "subject" | "procedure">,
  read: ReadRegister = () => Promise.reject(new Error("nobody is asked here")),
): Promise<string | undefined> {
  const addressesOf = addressing({
    ...{ register: own, read },
    inbox: { wishesOf: () => Promise.resolve(WISHES) },
    world: { contactOf: () => ({ language: "vi" }), kinOf: () => PEOPLE.persons[1]?.id },
    today: () => AS_OF,
  });
  return (await addressesOf({ ...about, caseId: "c-1", telling: 1 }))?.inbox.id;
}

describe("proactive/agency: whom it writes to", () => {
  const [adult = ""] = PEOPLE.persons.map(({ id }) => id);
  const child = PEOPLE.persons.find(({ guardian, born }) => guardian !== undefined && born > "2012");

  it("is the person, and for a child whoever answers for it now", async () => {
    expect(await told(held("population"), { subject: adult, procedure: "PASSPORT" })).to.equal(adult);
    const civil = held("civil-status");
    const about = { subject: child?.id ?? "", procedure: "SCHOOL_ADM" };
    expect(await told(civil, about)).to.equal(child?.guardian);
    const change = { kind: "guardian-change", on: AS_OF, child: about.subject, guardian: adult } as const;
    await civil.hear([change], "2026-11-23");
    expect(await told(civil, about)).to.equal(adult);
  });

  it("is no guardian whom another register still holds: the civil-status office is asked, and without its word nobody is told", async () => {
    const about = { subject: child?.id ?? "", procedure: "PASSPORT" };
    const asked: string[] = [];
    const decision = { permits: true, jws: "a.b.c", reason: "law", obligations: [] } as const;
    const recorded = { source: "qn-police/r1" as never, seq: 1, created: true };
    const says: ReadRegister = ({ register: name, messageId }) => {
      asked.push(name);
      return Promise.resolve({
        ...{ kind: "read", answer: { "pd:Parent": { guardian: adult } }, messageId, decision, recorded },
      });
    };
    expect(await told(held("population"), about, says)).to.equal(adult);
    expect(asked).to.deep.equal(["civil-status"]);
    const refuses: ReadRegister = ({ messageId }) =>
      Promise.resolve({ kind: "refused", reason: "not-a-party", messageId, recorded });
    expect(await told(held("population"), about, refuses)).to.equal(undefined);
  });

  it("is nobody who is known to have died, and no guardian of a child who is", async () => {
    const police = held("population");
    await police.correct(adult, "pd:Residency", null);
    expect(await told(police, { subject: adult, procedure: "PASSPORT" })).to.equal(undefined);
    const civil = held("civil-status");
    await civil.correct(child?.id ?? "", "pd:LifeHistory", { died: AS_OF });
    expect(await told(civil, { subject: child?.id ?? "", procedure: "SCHOOL_ADM" })).to.equal(undefined);
    await civil.correct(adult, "pd:LifeHistory", { died: AS_OF });
    expect(await told(civil, { subject: adult, procedure: "BUSINESS_REG" })).to.equal(undefined);
  });

  it("is no guardian who is known to have died", async () => {
    const civil = held("civil-status");
    await civil.correct(child?.guardian ?? "", "pd:LifeHistory", { died: AS_OF });
    expect(await told(civil, { subject: child?.id ?? "", procedure: "SCHOOL_ADM" })).to.equal(undefined);
  });

  it("is the family of somebody whose death is registered", async () => {
    const civil = held("civil-status");
    await civil.correct(adult, "pd:LifeHistory", { died: AS_OF });
    expect(await told(civil, { subject: adult, procedure: "DEATH_REG" })).to.equal(PEOPLE.persons[1]?.id);
  });
});

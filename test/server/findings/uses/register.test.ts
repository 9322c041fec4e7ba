import { expect } from "chai";
import fc from "fast-check";
import type { Facets, Subject } from "../../../../protocol/facet-values.ts";
import type { UseFinding } from "../../../../server/findings/finding.ts";
import { useRegister } from "../../../../server/findings/uses/register.ts";
import { GRACE, type JudgedLog, judgedLog } from "./judged-log.ts";
import {
  BIRTH,
  consentEvent,
  decisionFor,
  DESK,
  GIVEN,
  NOW,
  OTHER,
  PERSON,
  realCatalogue,
  signed,
  WATER,
} from "./uses.ts";

const { case: _case, ...NO_CASE } = BIRTH;
const { case: _, purpose: __, ...SILENT } = WATER;
const B = { ...BIRTH.exchange, messageId: "b" };
const READER = "qn-water/r1";
const PROVIDER = "qn-construction/r1";

function objection(state: "made" | "withdrawn", subject: Subject = PERSON): Facets {
  const time = { occurred: "2026-11-22T08:00:00Z" };
  return { type: "objection", subject, objection: { state, procedure: "BIRTH_REG" }, time };
}

/** Justice's machine registers a birth. */
function acted(caseId: string, subject: Subject = PERSON): Facets {
  return {
    ...({ type: "action", subject, case: caseId, purpose: { procedure: "BIRTH_REG" } } as const),
    ...{ rule: { id: "BIRTH_REG", version: "1" }, time: BIRTH.time },
  };
}

describe("server/findings/uses/register", function () {
  this.timeout(600_000);
  let log: JudgedLog;

  beforeEach(async () => {
    log = await judgedLog();
    log.at(NOW);
  });
  afterEach(async () => {
    await log.close();
  });

  const ids = (found: readonly UseFinding[]): string[] => found.map(({ id }) => id);
  async function foundIds(): Promise<string[]> {
    return ids(await log.found());
  }

  it("finds what is wrong with a use, where it stands, and says nothing about the person", async () => {
    await log.append("qn-justice/r1", [
      BIRTH,
      { ...NO_CASE, exchange: B, purpose: { procedure: "PASSPORT" } },
    ]);
    const found = await log.found();
    expect(ids(found)).to.deep.equal(["no-case:1", "no-legal-basis:1"]);
    expect(found[1]).to.deep.include({
      kind: "no-legal-basis",
      agency: "qn-justice",
      state: "open",
      since: NOW,
    });
    expect(found[1]?.evidence).to.deep.include({
      index: 1,
      catalogue: (await realCatalogue()).version,
      procedure: "PASSPORT",
      provider: "qn-police",
    });
    expect((await log.rows()).join())
      .not.to.include(PERSON.id)
      .and.not.include("m-1");
  });

  it("judges nothing from before a catalogue was in force", async () => {
    const early = await judgedLog({ catalogueFrom: 1 });
    try {
      await early.append("qn-justice/r1", [NO_CASE, { ...NO_CASE, exchange: B }]);
      expect(ids(await early.found())).to.deep.equal(["no-case:1"]);
    } finally {
      await early.close();
    }
  });

  it("judges by the consents at the place of the use, whatever comes later", async () => {
    const withdrawn = { id: GIVEN.id, state: "ConsentWithdrawn" } as const;
    await log.append(READER, [{ ...WATER, exchange: { ...WATER.exchange, messageId: "before" } }]);
    await log.append(DESK, [consentEvent(GIVEN)]);
    await log.append(READER, [{ ...WATER, exchange: { ...WATER.exchange, messageId: "within" } }]);
    await log.append(DESK, [consentEvent(withdrawn)]);
    await log.append(READER, [{ ...WATER, exchange: { ...WATER.exchange, messageId: "after" } }]);
    const cited = { ...WATER, exchange: { ...WATER.exchange, messageId: "by decision" } };
    await log.append(READER, [{ ...cited, decision: signed(decisionFor()) }]);
    await log.append(READER, [{ ...cited, decision: signed(decisionFor(), new Uint8Array(32).fill(1)) }]);
    expect(await foundIds()).to.deep.equal([
      "consent-missing:0",
      "consent-withdrawn:4",
      "consent-withdrawn:6",
    ]);
  });

  it("keeps nobody waiting for a long backlog, also right after it was started", async () => {
    const never = async (): Promise<never> => await new Promise(() => undefined);
    const store = { ...log.store, head: async () => ({ ...(await log.store.head()), size: 1_000_000 }) };
    const unused = (): never => {
      throw new Error("nothing is judged");
    };
    const behind = useRegister({
      ...{ store: { ...store, sealedEvents: never }, db: log.derived, graceSeconds: GRACE, desk: DESK },
      ...{ published: () => Infinity, clock: { now: () => 0 }, keys: () => [] },
      ...{ leafIndex: unused, judge: unused, personTag: unused, useAt: unused, startThread: unused },
    });
    expect(await behind.upToDate()).to.equal(0);
  });

  describe("an exchange that both sides record", () => {
    it("is judged once, by the reader's record", async () => {
      await log.append(PROVIDER, [SILENT]);
      await log.append(READER, [WATER]);
      await log.append(PROVIDER, [SILENT]);
      expect(await foundIds()).to.deep.equal(["consent-missing:1"]);
      log.at(NOW + GRACE + 1);
      expect(await foundIds()).to.deep.equal(["consent-missing:1"]);
    });

    it("is judged by the provider's record alone when the reader's does not come, and by the reader's when it comes after all", async () => {
      await log.append(PROVIDER, [SILENT]);
      log.at(NOW + GRACE);
      expect(await foundIds()).to.deep.equal([]);
      log.at(NOW + GRACE + 1);
      expect(await foundIds()).to.deep.equal(["no-legal-basis:0"]);
      await log.append(READER, [{ ...WATER, decision: signed(decisionFor()) }]);
      expect(await foundIds()).to.deep.equal([]);
    });

    it("shows what the reader keeps back", async () => {
      const more = [...WATER.data.personalData, "pd:Income"];
      await log.append(READER, [{ ...WATER, decision: signed(decisionFor()) }]);
      await log.append(PROVIDER, [{ ...SILENT, data: { action: "R", personalData: more } }]);
      expect(await foundIds()).to.deep.equal(["excess-categories:1"]);
    });

    it("is no other use under the same message id", async () => {
      const income = { action: "R", personalData: ["pd:Income"] } as const;
      await log.append(READER, [{ ...WATER, decision: signed(decisionFor()) }]);
      await log.append(PROVIDER, [SILENT]);
      await log.append(READER, [WATER]);
      await log.append(PROVIDER, [SILENT]);
      // The gateway's log at night says the same once more.
      const origin = { handling: { origin: "xroad-opmon" } };
      await log.append(PROVIDER, [{ ...SILENT, ...origin }]);
      await log.append(READER, [{ ...SILENT, ...origin }]);
      expect(await foundIds()).to.deep.equal(["consent-missing:2", "consent-missing:3"]);
      await log.append(PROVIDER, [{ ...SILENT, ...origin, data: income }]);
      expect(await foundIds()).to.include("excess-categories:6");
    });
  });

  describe("a message id that is used again", () => {
    it("hides nobody else behind what was found about the first", async () => {
      await log.append(READER, [WATER]);
      await log.append(PROVIDER, [SILENT, SILENT, { ...SILENT, subject: OTHER }]);
      expect(await foundIds()).to.deep.equal(["consent-missing:0", "consent-missing:3"]);
    });

    it("hides nothing however often it is", async () => {
      const many = Array.from({ length: 12 }, (): Facets => SILENT);
      await log.append(PROVIDER, many);
      expect(await foundIds(), "more than wait").to.have.members(
        [8, 9, 10, 11].map((index) => `no-legal-basis:${index}`),
      );
      log.at(NOW + GRACE + 1);
      expect(await foundIds()).to.have.length(12);
    });

    it("makes no later use one that the reader recorded in advance", async () => {
      const withdrawn = { id: GIVEN.id, state: "ConsentWithdrawn" } as const;
      const said = (seconds: number): Facets => ({
        ...SILENT,
        time: { occurred: new Date((NOW + seconds) * 1000).toISOString() },
      });
      await log.append(DESK, [consentEvent(GIVEN)]);
      await log.append(READER, [WATER, { ...WATER, exchange: { ...WATER.exchange, messageId: "late" } }]);
      await log.append(DESK, [consentEvent(withdrawn)]);
      await log.append(PROVIDER, [{ ...said(3600), exchange: { ...WATER.exchange, messageId: "late" } }]);
      expect(await foundIds(), "it is only told late").to.deep.equal([]);
      await log.append(PROVIDER, [said(3601)]);
      expect(await foundIds()).to.deep.equal(["consent-withdrawn:5"]);
    });
  });

  it("judges machines by what people had objected to at the place of the act, whatever comes later", async () => {
    await log.append("qn-justice/r1", [acted("before")]);
    await log.append(DESK, [objection("made")]);
    await log.append("qn-justice/r1", [
      acted("within"),
      acted("within", OTHER),
      { ...acted("closed"), outcome: { code: "refused", detail: "objected" } },
    ]);
    await log.append("qn-health/r1", [objection("withdrawn")]);
    await log.append("qn-justice/r1", [acted("still")]);
    await log.append(DESK, [objection("withdrawn")]);
    await log.append("qn-justice/r1", [acted("after")]);
    await log.append("qn-health/r1", [objection("made")]);
    await log.append("qn-justice/r1", [acted("again")]);
    const found = await log.found();
    expect(ids(found)).to.deep.equal(
      ["objection-ignored:2", "objection-ignored:6", "objection-ignored:10"].sort(),
    );
    expect(found[0]).to.deep.include({ agency: "qn-justice", state: "open" });
    expect(found[0]?.evidence).to.include({ procedure: "BIRTH_REG" }).and.not.have.property("provider");
    expect((await log.rows()).join()).to.not.include(PERSON.id);
  });

  it("finds nothing ignored where the decision that the machine cites came before the objection", async () => {
    const { consent: _consent, ...plain } = decisionFor();
    const decision = signed({
      ...{ ...plain, agency: "qn-justice", procedure: "BIRTH_REG", automated: true },
      ...{ reason: "law", basis: { law: "63/2024/NĐ-CP" } },
    });
    await log.append(DESK, [objection("made")]);
    await log.append("qn-justice/r1", [{ ...acted("cited"), decision }, acted("uncited")]);
    expect(await foundIds()).to.deep.equal(["objection-ignored:2"]);
  });

  describe("an erasure", () => {
    const both = async (incremental: () => Promise<void>): Promise<string[]> => {
      await incremental();
      const found = await foundIds();
      const rows = await log.rows();
      await log.forget();
      expect(await foundIds()).to.deep.equal(found);
      expect(await log.rows()).to.deep.equal(rows);
      return found;
    };

    /** What is found once the event is ordered to be erased, and then is. */
    const gone = async (index: number): Promise<string[]> =>
      await both(async () => {
        await log.order(index);
        await foundIds();
        await log.destroy(index);
      });

    it("takes back what was found about the event, before its key is gone and after", async () => {
      await log.append("qn-justice/r1", [NO_CASE, { ...NO_CASE, exchange: B }]);
      expect(await foundIds()).to.deep.equal(["no-case:0", "no-case:1"]);
      await log.order(0);
      expect(await foundIds()).to.deep.equal(["no-case:1"]);
      expect(await both(async () => await log.destroy(0))).to.deep.equal(["no-case:1"]);
    });

    it("of the reader's record takes back what was found about the provider's", async () => {
      const more = [...WATER.data.personalData, "pd:Income"];
      await log.append(READER, [{ ...WATER, decision: signed(decisionFor()) }]);
      await log.append(PROVIDER, [{ ...SILENT, data: { action: "R", personalData: more } }]);
      expect(await foundIds()).to.deep.equal(["excess-categories:1"]);
      expect(await log.uses.restingOn(0)).to.deep.equal([1]);
      expect(await log.uses.restingOn(1)).to.deep.equal([]);
      const found = await gone(0);
      expect(found).to.deep.equal([]);
    });

    it("of the reader's record lets what the provider records afterwards be judged alone", async () => {
      await log.append(READER, [{ ...WATER, decision: signed(decisionFor()) }]);
      await log.append(PROVIDER, [SILENT]);
      const found = await both(async () => {
        await log.order(0);
        await log.append(PROVIDER, [SILENT]);
        await foundIds();
        await log.destroy(0);
        await log.append(PROVIDER, [{ ...SILENT, subject: OTHER }]);
      });
      expect(found).to.deep.equal(["no-legal-basis:3", "no-legal-basis:4"]);
    });

    it("of the provider's record leaves what was found about the reader's", async () => {
      await log.append(READER, [WATER]);
      await log.append(PROVIDER, [SILENT]);
      const found = await both(async () => {
        await foundIds();
        await log.order(1);
        await foundIds();
        await log.destroy(1);
      });
      expect(found).to.deep.equal(["consent-missing:0"]);
    });

    it("of a consent act leaves open what may have been permitted after it, and nothing before it or of others", async () => {
      const withdrawn = { id: GIVEN.id, state: "ConsentWithdrawn" } as const;
      const of = (messageId: string, subject: Facets["subject"] = PERSON): Facets => ({
        ...WATER,
        subject,
        exchange: { ...WATER.exchange, messageId },
      });
      await log.append(READER, [of("a")]);
      await log.append(DESK, [consentEvent(GIVEN), consentEvent(withdrawn)]);
      await log.append(READER, [of("b"), of("c", OTHER)]);
      expect(await foundIds()).to.deep.equal([
        "consent-missing:0",
        "consent-missing:4",
        "consent-withdrawn:3",
      ]);
      const found = await both(async () => {
        await log.order(1);
        await log.append(READER, [of("d")]);
        await foundIds();
        await log.destroy(1);
        await log.append(READER, [of("e")]);
      });
      expect(found).to.deep.equal(["consent-missing:0", "consent-missing:4"]);
    });

    it("of a consent act finds about the other side's person what had been found about the reader's already", async () => {
      const withdrawn = { id: GIVEN.id, state: "ConsentWithdrawn" } as const;
      await log.append(DESK, [consentEvent(withdrawn), consentEvent(withdrawn, OTHER)]);
      await log.append(READER, [WATER]);
      await log.append(PROVIDER, [{ ...SILENT, subject: OTHER }]);
      expect(await foundIds()).to.deep.equal(["consent-missing:2"]);
      const found = await gone(0);
      expect(found).to.deep.equal(["consent-missing:3"]);
    });

    it("of a consent act between the halves of an exchange leaves what was wrong before it", async () => {
      await log.append(READER, [{ ...WATER, decision: signed(decisionFor()) }]);
      await log.append(DESK, [consentEvent({ id: GIVEN.id, state: "ConsentWithdrawn" }, OTHER)]);
      await log.append(PROVIDER, [{ ...SILENT, subject: OTHER }]);
      expect(await foundIds()).to.deep.equal(["consent-missing:2"]);
      const found = await gone(1);
      expect(found).to.deep.equal(["consent-missing:2"]);
    });

    it("of a consent act takes back nothing that another person's consents leave wrong", async () => {
      const withdrawn = { id: "c-2", state: "ConsentWithdrawn" } as const;
      await log.append(DESK, [consentEvent(GIVEN), consentEvent(withdrawn)]);
      await log.append(READER, [{ ...WATER, "subject.2": OTHER }]);
      expect(await foundIds()).to.deep.equal(["consent-missing:2"]);
      const found = await gone(1);
      expect(found).to.deep.equal(["consent-missing:2"]);
    });

    it("repeated by the answering side says nothing new, however often", async () => {
      await log.append(READER, [WATER]);
      for (let times = 0; times < 12; times++) await log.append(PROVIDER, [SILENT]);
      expect(await both(async () => await Promise.resolve())).to.deep.equal(["consent-missing:0"]);
    });

    it("of a consent act about one record of an exchange leaves nothing of what was found there", async () => {
      await log.append(DESK, [consentEvent({ id: GIVEN.id, state: "ConsentWithdrawn" }, OTHER)]);
      await log.append(READER, [WATER]);
      await log.append(PROVIDER, [SILENT, { ...SILENT, subject: OTHER }]);
      expect(await foundIds()).to.deep.equal(["consent-missing:1", "consent-missing:3"]);
      expect(await log.uses.restingOn(1)).to.deep.equal([2, 3]);
      const found = await gone(0);
      expect(found).to.deep.equal(["consent-missing:1"]);
      expect(await log.uses.restingOn(1)).to.deep.equal([2]);
    });

    it("of a consent act that an agency recorded excuses nothing, before or after", async () => {
      const of = (messageId: string): Facets => ({ ...WATER, exchange: { ...WATER.exchange, messageId } });
      const asked = { id: "c-planted", state: "ConsentRequested" } as const;
      await log.append(READER, [consentEvent(asked), of("a")]);
      expect(await foundIds()).to.deep.equal(["consent-missing:1"]);
      const found = await both(async () => {
        await log.order(0);
        await log.append(READER, [of("b")]);
        await foundIds();
        await log.destroy(0);
        await log.append(READER, [of("c")]);
      });
      expect(found).to.deep.equal(["consent-missing:1", "consent-missing:3", "consent-missing:4"]);
    });

    it("of an end that an agency recorded leaves open what would be allowed without it, and nothing else", async () => {
      const of = (messageId: string): Facets => ({ ...WATER, exchange: { ...WATER.exchange, messageId } });
      const withdrawn = { id: GIVEN.id, state: "ConsentWithdrawn" } as const;
      await log.append(DESK, [consentEvent(GIVEN)]);
      await log.append(READER, [consentEvent(withdrawn), of("a")]);
      expect(await foundIds()).to.deep.equal(["consent-withdrawn:2"]);
      await log.order(1);
      await log.append(READER, [of("b")]);
      expect(await foundIds(), "what was found stands").to.deep.equal(["consent-withdrawn:2"]);
      await log.append(DESK, [consentEvent(withdrawn)]);
      await log.append(READER, [of("c")]);
      expect(await foundIds()).to.deep.equal(["consent-withdrawn:2", "consent-withdrawn:6"]);
    });

    it("of an objection excuses nobody, and of its end accuses nobody", async () => {
      await log.append(DESK, [objection("made")]);
      await log.append("qn-justice/r1", [acted("ignored")]);
      const found = await both(async () => {
        await log.order(0);
        await log.append("qn-justice/r1", [acted("ignored after the order")]);
        await log.destroy(0);
        await log.append("qn-justice/r1", [acted("ignored after the erasure")]);
        await log.append(DESK, [objection("withdrawn")]);
        await log.append("qn-justice/r1", [acted("after its end")]);
        await log.order(5);
        await foundIds();
        await log.destroy(5);
        await log.append("qn-justice/r1", [acted("after its erased end")]);
      });
      expect(found).to.deep.equal(["objection-ignored:1", "objection-ignored:3", "objection-ignored:4"]);
    });

    it("of what a machine did takes back what was found about it", async () => {
      await log.append(DESK, [objection("made")]);
      await log.append("qn-justice/r1", [acted("ignored")]);
      expect(await foundIds()).to.deep.equal(["objection-ignored:1"]);
      await log.order(1);
      expect(await both(async () => await log.destroy(1))).to.deep.equal([]);
    });

    it("orders nothing about what comes after it", async () => {
      const order = await log.order(0).catch(() => undefined);
      await log.append("qn-justice/r1", [NO_CASE]);
      expect(await foundIds()).to.deep.equal([`no-case:${order === undefined ? 0 : order + 1}`]);
    });
  });

  it("comes to the same, byte by byte, whether it followed along or reads everything afterwards", async () => {
    const messages = fc.constantFrom("m-0", "m-1", "m-2");
    const people = fc.constantFrom(PERSON, OTHER);
    const step = fc.oneof(
      fc.record({ does: fc.constant("read" as const), messages, people, cites: fc.boolean() }),
      fc.record({ does: fc.constant("provide" as const), messages, people, more: fc.boolean() }),
      fc.record({
        does: fc.constant("consent" as const),
        people,
        state: fc.constantFrom("ConsentGiven" as const, "ConsentWithdrawn" as const),
        id: fc.constantFrom("c-1", "c-2"),
      }),
      fc.record({ does: fc.constant("act" as const), people }),
      fc.record({
        does: fc.constant("object" as const),
        people,
        state: fc.constantFrom("made" as const, "withdrawn" as const),
        source: fc.constantFrom(DESK, READER),
      }),
      fc.record({ does: fc.constant("erase" as const), nth: fc.nat({ max: 9 }) }),
      fc.record({ does: fc.constant("wait" as const) }),
    );
    type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

    async function run(steps: readonly Step[]): Promise<void> {
      const judged = await judgedLog();
      const citing = new Set<number>();
      const objecting = new Set<Subject>();
      /** What machines did in spite of an objection, and can still be read. */
      const ignored = new Set<number>();
      let [now, recorded] = [NOW, 0];
      judged.at(now);
      const put = async (source: string, facets: Facets): Promise<void> => {
        await judged.append(source, [facets], { time: now });
        recorded++;
      };
      try {
        for (const each of steps) {
          if (each.does === "read") {
            const use = {
              ...WATER,
              subject: each.people,
              exchange: { ...WATER.exchange, messageId: each.messages },
            };
            const decision = signed(decisionFor({ subject: each.people }));
            if (each.cites) citing.add(recorded);
            await put(READER, each.cites ? { ...use, decision } : use);
          } else if (each.does === "provide") {
            const personalData = each.more ? ["pd:Name", "pd:Income"] : ["pd:Name"];
            const exchange = { ...WATER.exchange, messageId: each.messages };
            await put(PROVIDER, {
              ...SILENT,
              subject: each.people,
              exchange,
              data: { action: "R", personalData },
            });
          } else if (each.does === "consent") {
            const { state, id, people: person } = each;
            const consent = state === "ConsentGiven" ? { ...GIVEN, id } : { id, state };
            await put(DESK, consentEvent(consent, person));
          } else if (each.does === "act") {
            if (objecting.has(each.people)) ignored.add(recorded);
            await put("qn-justice/r1", acted("some", each.people));
          } else if (each.does === "object") {
            if (each.state === "made") objecting.add(each.people);
            else if (each.source === DESK) objecting.delete(each.people);
            await put(each.source, objection(each.state, each.people));
          } else if (each.does === "erase") {
            if (recorded === 0) continue;
            await judged.order(each.nth % recorded);
            recorded++;
            await judged.found();
            await judged.destroy(each.nth % (recorded - 1));
            ignored.delete(each.nth % (recorded - 1));
          } else {
            now += GRACE + 1;
            judged.at(now);
          }
          await judged.found();
        }
        const found = await judged.found();
        const rows = await judged.rows();
        for (const finding of found) {
          const isCited = citing.has(finding.evidence.index);
          expect(isCited && finding.kind.startsWith("consent-"), finding.id).to.equal(false);
        }
        const accused = found.filter(({ kind }) => kind === "objection-ignored");
        expect(accused.map(({ evidence }) => evidence.index).sort((a, b) => a - b)).to.deep.equal([
          ...ignored,
        ]);
        await judged.forget();
        expect(await judged.found()).to.deep.equal(found);
        expect(await judged.rows()).to.deep.equal(rows);
      } finally {
        await judged.close();
      }
    }

    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), run), { numRuns: 20 });
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { type ConsentAct, type ConsentRecord, permitsAt } from "../../../protocol/consent.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { type ConsentRegister, consentRegister } from "../../../server/decide/consents.ts";
import { LedgerError } from "../../../server/errors.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import {
  act,
  type ActChanges,
  AN,
  BINH,
  CONSTRUCTION,
  consentOf,
  DESK,
  noon,
  RULES,
  STRANGER,
} from "../../protocol/consent-world.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const NOW = noon("12-01");

describe("server/decide/consents", () => {
  let log: RecordedLog;
  /** Leaves that somebody ordered to be erased. */
  let erased: Uint8Array[];

  beforeEach(async () => {
    log = await recordedLog();
    erased = [];
  });
  afterEach(async () => {
    await log.close();
  });

  /** What a start of the server makes of the same databases. */
  function register(store: Partial<RecordedLog["store"]> = {}): ConsentRegister {
    const logger = createLog({ logLevel: "silent" });
    const read = { ...log.store, ...store };
    return consentRegister({
      follow: followLog({ store: read, db: log.derived, log: logger }),
      ...{ db: log.derived, store: read, tagOf: indexTags(PEPPER), rules: RULES },
      closures: {
        closuresOf: (leaves) =>
          Promise.resolve(
            leaves.map((leaf) =>
              erased.some((each) => Buffer.compare(each, leaf) === 0)
                ? { kind: "erasure", index: 0 }
                : undefined,
            ),
          ),
      },
    });
  }

  async function record(each: ConsentAct, options: { erased?: boolean } = {}): Promise<number> {
    return await log.append(each.source, [facetsOf(each)], options);
  }

  const states = (records: readonly ConsentRecord[]): (string | undefined)[] =>
    records.map(({ id, state }) => `${id} ${state ?? "none"}`).sort();

  it("knows every act that was recorded before it is asked, and each as of any size of the log", async () => {
    const consents = register();
    expect(await consents.one(AN, "c-1")).to.equal(undefined);
    await log.append("qn-police/r1", [access("m-1")]);
    await record(
      act("ConsentRequested", { source: CONSTRUCTION, consent: { controller: "qn-construction" } }),
    );
    const given = await record(act("ConsentGiven"));
    expect((await consents.one(AN, "c-1"))?.state).to.equal("ConsentGiven");
    const withdrawn = await record(act("ConsentWithdrawn"));
    const now = await consents.one(AN, "c-1");
    expect(now?.state).to.equal("ConsentWithdrawn");
    expect(now?.steps.map((step) => step.act.index)).to.deep.equal([1, given, withdrawn]);
    expect(now).to.deep.include({ person: AN, id: "c-1" });
    const asOf = async (below: number): Promise<unknown> => (await consents.one(AN, "c-1", { below }))?.state;
    expect([
      await asOf(1),
      await asOf(given),
      await asOf(withdrawn),
      await asOf(withdrawn + 1),
    ]).to.deep.equal([undefined, "ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]);
    expect(await consents.caughtUp()).to.equal(4);
  });

  it("finds a person's consents a page at a time, an id's, and those that a decision can rest on", async () => {
    const consents = register();
    for (const id of ["c-1", "c-2", "c-3"]) await record(act("ConsentGiven", { consent: { id } }));
    await record(act("ConsentWithdrawn", { consent: { id: "c-2" } }));
    await record(act("ConsentGiven", { people: [BINH] }));
    const request = { source: STRANGER, consent: { id: "c-4", controller: "qn-health" } };
    await record(act("ConsentRequested", request));

    const first = await consents.ofPerson(AN, { limit: 3 });
    expect(first.records).to.have.length(3);
    const second = await consents.ofPerson(AN, { limit: 3, after: first.next ?? "" });
    expect(second.next).to.equal(undefined);
    expect(states([...first.records, ...second.records])).to.deep.equal([
      "c-1 ConsentGiven",
      "c-2 ConsentWithdrawn",
      "c-3 ConsentGiven",
      "c-4 ConsentRequested",
    ]);
    expect((await consents.byId("c-1")).map(({ person }) => person.id).sort()).to.deep.equal([
      AN.id,
      BINH.id,
    ]);
    expect(await consents.byId("c-9")).to.deep.equal([]);
    expect(states(await consents.recordedByDesk(AN))).to.deep.equal([
      "c-1 ConsentGiven",
      "c-2 ConsentWithdrawn",
      "c-3 ConsentGiven",
    ]);
    expect(states(await consents.recordedByDesk({ scheme: "vn-cmnd", id: "999199001" }))).to.deep.equal([]);
  });

  it("lets an act whose key is gone permit nothing, whatever it was", async () => {
    const consents = register();
    await record(act("ConsentGiven"));
    await record(act("ConsentWithdrawn"), { erased: true });
    const [known] = await consents.recordedByDesk(AN);
    expect(known).to.include({ state: "ConsentGiven", erased: true });
    expect(known && permitsAt(known, NOW)).to.equal(false);
    await record(act("ConsentGiven", { consent: { id: "c-2" } }), { erased: true });
    expect(await consents.one(AN, "c-2")).to.equal(undefined);
    expect(await consents.byId("c-2")).to.deep.equal([]);
  });

  it("lets an act that was ordered to be erased permit nothing from then on, also while its key is still there", async () => {
    const consents = register();
    const index = await record(act("ConsentGiven"));
    expect((await consents.one(AN, "c-1"))?.erased).to.equal(false);
    const [payload] = await log.store.payloads(index, index + 1);
    erased = [leafHash(payload ?? new Uint8Array())];
    expect(await consents.one(AN, "c-1")).to.equal(undefined);
    expect(await consents.recordedByDesk(AN)).to.deep.equal([]);
  });

  it("is not flooded: an end counts after any number of acts, and a decision is not slowed by what agencies claim", async () => {
    const consents = register();
    await record(act("ConsentGiven"));
    const noise = act("ConsentRequested", { source: STRANGER });
    await log.append(
      STRANGER,
      Array.from({ length: 100 }, () => facetsOf(noise)),
    );
    const others = Array.from({ length: 300 }, (_, at) =>
      act("ConsentRequested", { source: STRANGER, consent: { id: `flood-${at}` } }),
    );
    await log.append(STRANGER, others.map(facetsOf));
    const before = (await consents.recordedByDesk(AN))[0];
    expect(before && permitsAt(before, NOW)).to.equal(true);
    expect(before?.steps.length).to.be.at.most(33);
    await record(act("ConsentWithdrawn"));
    const after = (await consents.one(AN, "c-1")) ?? before;
    expect(after?.state).to.equal("ConsentWithdrawn");
    await record(act("ConsentGiven", { consent: { id: "c-2" } }));
    expect(states(await consents.recordedByDesk(AN))).to.include("c-2 ConsentGiven");
  });

  it("loses nothing that the person says, whatever agencies said before under the same id", async () => {
    const consents = register();
    const noise = (state: "ConsentRequested" | "ConsentExpired"): Facets =>
      facetsOf(act(state, { source: STRANGER, consent: { controller: "qn-health" } }));
    await log.append(
      STRANGER,
      Array.from({ length: 40 }, () => noise("ConsentRequested")),
    );
    await record(act("ConsentGiven"));
    await log.append(
      STRANGER,
      Array.from({ length: 40 }, () => noise("ConsentRequested")),
    );
    const less = { personalData: ["pd:Name"], validUntil: "2026-12-24T00:00:00+07:00" };
    await record(act("RenewedConsentGiven", { consent: less }));
    const renewed = await consents.one(AN, "c-1");
    expect(renewed?.terms).to.deep.include(less);
    expect(renewed && permitsAt(renewed, NOW)).to.equal(true);
  });

  it("finds the consent of an id that is given among any number of people whom others say it is of", async () => {
    const consents = register();
    const others = Array.from({ length: 100 }, (_, at) =>
      act("ConsentRequested", {
        source: STRANGER,
        people: [{ scheme: "vn-cccd", id: String(999199001000 + at) }],
      }),
    );
    await log.append(STRANGER, others.slice(0, 50).map(facetsOf));
    const request = { source: CONSTRUCTION, consent: { controller: "qn-construction" } };
    await record(act("ConsentRequested", request));
    await record(act("ConsentGiven"));
    await log.append(STRANGER, others.slice(50).map(facetsOf));
    const found = await consents.byId("c-1");
    expect(found.length).to.be.at.most(16);
    expect(found.filter((each) => permitsAt(each, NOW)).map(({ person }) => person.id)).to.deep.equal([
      AN.id,
    ]);
  });

  it("comes to the same after a restart, and when its database is gone", async () => {
    await record(act("ConsentGiven"));
    const first = await register().one(AN, "c-1");
    await record(act("ConsentRevoked", { source: CONSTRUCTION }));
    const second = await register().one(AN, "c-1");
    expect([first?.state, second?.state]).to.deep.equal(["ConsentGiven", "ConsentRevoked"]);
    await log.derived.clear();
    expect(await register().one(AN, "c-1")).to.deep.equal(second);
  });

  it("keeps no number and no id in the clear", async () => {
    const consents = register();
    await record(act("ConsentGiven", { consent: { id: "the-consent-of-an" } }));
    await consents.caughtUp();
    const rows = await log.derived.values({ gte: Buffer.of(0x64), lt: Buffer.of(0x65), limit: 100 });
    expect(rows).to.have.length(3);
    expect(Buffer.concat(rows).toString("latin1")).not.to.match(/999199000001|the-consent|pd:|BUILD|qn-/);
  });

  it("tells nobody anything while it cannot know the newest", async () => {
    await record(act("ConsentGiven"));
    const behind = register({
      indexTags: () => Promise.reject(new LedgerError("store-unavailable", "gone")),
    });
    for (const ask of [
      () => behind.caughtUp(),
      () => behind.one(AN, "c-1"),
      () => behind.byId("c-1"),
      () => behind.ofPerson(AN, { limit: 1 }),
      () => behind.recordedByDesk(AN),
    ]) {
      const error: unknown = await ask().catch((thrown: unknown) => thrown);
      expect(error).to.have.property("code", "store-unavailable");
    }
  });

  it("agrees with the fold over all events, whatever is recorded by whom", async () => {
    const anyAct = fc
      .record({
        state: fc.constantFrom(
          "ConsentRequested" as const,
          "ConsentGiven" as const,
          "RenewedConsentGiven" as const,
          "ConsentExpired" as const,
          "ConsentWithdrawn" as const,
        ),
        source: fc.constantFrom(DESK, DESK, CONSTRUCTION, STRANGER),
        people: fc.constantFrom<NonNullable<ActChanges["people"]>[]>([AN], [BINH], [AN, BINH]),
        id: fc.constantFrom("c-1", "c-2"),
      })
      .map(({ state, source, people, id }) => act(state, { source, people, consent: { id } }));
    await fc.assert(
      fc.asyncProperty(fc.array(anyAct, { minLength: 1, maxLength: 8 }), fc.nat(), async (acts, some) => {
        const begin = (await log.store.head()).size;
        // Every run has ids of its own in the one log.
        const own = acts.map((each) => ({
          ...each,
          consent: { ...each.consent, id: `${begin}-${each.consent.id}` },
        }));
        for (const each of own) await record(each);
        const consents = register();
        for (const person of [AN, BINH]) {
          for (const id of [`${begin}-c-1`, `${begin}-c-2`]) {
            const below = some % (acts.length + 1);
            const all = consentOf(own, { person, id });
            const early = consentOf(own.slice(0, below), { person, id });
            expect((await consents.one(person, id))?.state).to.equal(all?.state);
            expect((await consents.one(person, id, { below: begin + below }))?.state).to.equal(early?.state);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

function facetsOf({ people, consent, occurred }: ConsentAct): Facets {
  const [subject, second] = people.map(({ scheme, id }) => ({ scheme, id }));
  if (subject === undefined) throw new Error("an act is somebody's");
  return {
    ...{ type: "consent", subject, consent, time: { occurred } },
    ...(second && { "subject.2": second }),
  };
}

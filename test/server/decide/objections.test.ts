import { expect } from "chai";
import fc from "fast-check";
import type { Facets, Objection, Subject } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { type ObjectionRegister, objectionRegister } from "../../../server/decide/objections.ts";
import { LedgerError } from "../../../server/errors.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { pepperedTags } from "../../../server/receive/index-tags.ts";
import { DESK, RULES, STRANGER } from "../../protocol/consent-world.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const AN = { scheme: "vn-cccd", id: "999199000001" } as const;
const BINH = { scheme: "vn-cccd", id: "999199000002" } as const;

/** An act of An's about school; `changes` to any of that. */
function act(
  state: Objection["state"],
  {
    person = AN,
    procedure = "SCHOOL_ADM",
    ...more
  }: Partial<Facets> & { person?: Subject; procedure?: string } = {},
): Facets {
  return {
    type: "objection",
    subject: person,
    objection: { state, procedure, indicatedBy: "DataSubject" },
    time: { occurred: "2026-11-22T08:00:00+07:00" },
    ...more,
  };
}

describe("server/decide/objections", () => {
  let log: RecordedLog;
  /** Leaves that somebody ordered to be erased. */
  let ordered: Uint8Array[];

  beforeEach(async () => {
    log = await recordedLog();
    ordered = [];
  });
  afterEach(async () => {
    await log.close();
  });

  /** What a start of the server makes of the same databases. */
  function register(store: Partial<RecordedLog["store"]> = {}): ObjectionRegister {
    const logger = createLog({ logLevel: "silent" });
    const read = { ...log.store, ...store };
    return objectionRegister({
      follow: followLog({ store: read, db: log.derived, log: logger }),
      ...{ db: log.derived, store: read, hashOf: pepperedTags(PEPPER), rules: RULES },
      closures: {
        closuresOf: (leaves) =>
          Promise.resolve(
            leaves.map((leaf) =>
              ordered.some((each) => Buffer.compare(each, leaf) === 0)
                ? { kind: "erasure", index: 0 }
                : undefined,
            ),
          ),
      },
    });
  }

  async function order(index: number): Promise<void> {
    const [payload] = await log.store.payloads(index, index + 1);
    ordered.push(leafHash(payload ?? new Uint8Array()));
  }

  it("knows every act that was recorded before it is asked, and each as of any size of the log", async () => {
    const objections = register();
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(false);
    await log.append("qn-police/r1", [access("m-1")]);
    const made = await log.append(DESK, [act("made")]);
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(true);
    const withdrawn = await log.append(DESK, [act("withdrawn")]);
    const again = await log.append(DESK, [act("made")]);
    const asOf = async (below: number): Promise<boolean> =>
      await objections.objects(AN, "SCHOOL_ADM", { below });
    expect([
      await asOf(made),
      await asOf(made + 1),
      await asOf(withdrawn),
      await asOf(withdrawn + 1),
      await asOf(again),
      await asOf(again + 1),
    ]).to.deep.equal([false, true, true, false, false, true]);
    expect(await objections.objects(AN, "PASSPORT")).to.equal(false);
    expect(await objections.objects(BINH, "SCHOOL_ADM")).to.equal(false);
  });

  it("believes anybody that a person objects, and the desk alone that they take it back", async () => {
    const objections = register();
    await log.append(STRANGER, [act("made")]);
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(true);
    await log.append(STRANGER, [act("withdrawn")]);
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(true);
    await log.append(DESK, [act("withdrawn")]);
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(false);
  });

  it("takes whoever speaks for a child for no objector", async () => {
    const objections = register();
    await log.append(DESK, [
      act("made", { person: { ...BINH, role: "child" }, "subject.2": { ...AN, role: "parent" } }),
    ]);
    expect(await objections.objects(BINH, "SCHOOL_ADM")).to.equal(true);
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(false);
    expect((await objections.ofPerson(AN, { limit: 10 })).records).to.deep.equal([]);
  });

  it("forgets neither an objection nor its end when they are erased", async () => {
    const objections = register();
    const made = await log.append(DESK, [act("made")], { erased: true });
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(true);
    const id = objections.idOf(AN, "SCHOOL_ADM");
    const erased = await objections.one(AN, id);
    expect(erased).to.deep.equal({
      ...{ id, procedure: undefined, objecting: true },
      acts: [{ index: made, state: "made", source: DESK }],
    });
    await log.append(DESK, [act("withdrawn")], { erased: true });
    expect(await objections.objects(AN, "SCHOOL_ADM")).to.equal(false);
    await log.derived.clear();
    expect(await register().objects(AN, "SCHOOL_ADM")).to.equal(false);
    expect(await register().objects(AN, "SCHOOL_ADM", { below: made + 1 })).to.equal(true);
  });

  it("shows the person no more what was ordered to be erased, and counts it all the same", async () => {
    const objections = register();
    const made = await log.append(DESK, [act("made")]);
    const id = objections.idOf(AN, "SCHOOL_ADM");
    const before = await objections.one(AN, id);
    expect(before).to.include({ procedure: "SCHOOL_ADM", objecting: true });
    expect(before?.acts[0]?.opened?.person).to.deep.equal(AN);
    await order(made);
    const after = await objections.one(AN, id);
    expect(after).to.include({ procedure: undefined, objecting: true });
    expect(after?.acts[0]).to.not.have.property("opened");
  });

  it("gives a person's a page at a time, and one by its id to nobody else", async () => {
    const objections = register();
    for (const procedure of ["A", "B", "C"]) await log.append(DESK, [act("made", { procedure })]);
    await log.append(DESK, [act("withdrawn", { procedure: "B" }), act("made", { person: BINH })]);
    const first = await objections.ofPerson(AN, { limit: 2 });
    const second = await objections.ofPerson(AN, { limit: 2, after: first.next ?? "" });
    expect([first.records.length, second.records.length, second.next]).to.deep.equal([2, 1, undefined]);
    const said = [...first.records, ...second.records].map(
      ({ procedure = "?", objecting }) => `${procedure} ${objecting}`,
    );
    expect(said.sort()).to.deep.equal(["A true", "B false", "C true"]);
    const id = objections.idOf(AN, "B");
    expect((await objections.one(AN, id))?.acts.map(({ state }) => state)).to.deep.equal([
      "made",
      "withdrawn",
    ]);
    expect(await objections.one(BINH, id)).to.equal(undefined);
    for (const none of ["", "x", `${id}A`, `${id}=`, objections.idOf(AN, "D")])
      expect(await objections.one(AN, none), none).to.equal(undefined);
  });

  it("shows the last acts of very many, and knows the state by all", async () => {
    const objections = register();
    const many = Array.from({ length: 101 }, (_, at) => act(at % 2 === 0 ? "made" : "withdrawn"));
    const begin = await log.append(DESK, many);
    const record = await objections.one(AN, objections.idOf(AN, "SCHOOL_ADM"));
    expect(record?.objecting).to.equal(true);
    expect(record?.acts.map(({ index }) => index - begin)).to.deep.equal(
      Array.from({ length: 32 }, (_, at) => 69 + at),
    );
    expect(await objections.objects(AN, "SCHOOL_ADM", { below: begin + 2 })).to.equal(false);
  });

  it("comes to the same after a restart, and when its database is gone", async () => {
    await log.append(DESK, [act("made"), act("made", { procedure: "PASSPORT" })]);
    const first = await register().ofPerson(AN, { limit: 10 });
    await log.append(DESK, [act("withdrawn")]);
    const second = await register().ofPerson(AN, { limit: 10 });
    expect(second).to.not.deep.equal(first);
    await log.derived.clear();
    expect(await register().ofPerson(AN, { limit: 10 })).to.deep.equal(second);
  });

  it("keeps no number and no procedure in the clear", async () => {
    const objections = register();
    await log.append(DESK, [act("made")]);
    await objections.objects(AN, "SCHOOL_ADM");
    const rows = await log.derived.values({ gte: Buffer.of(0x6f), lt: Buffer.of(0x70), limit: 100 });
    expect(rows).to.have.length(2);
    expect(Buffer.concat(rows).toString("latin1")).not.to.match(/999199000001|SCHOOL|qn-/);
  });

  it("tells nobody anything while it cannot know the newest", async () => {
    await log.append(DESK, [act("made")]);
    const behind = register({
      indexTags: () => Promise.reject(new LedgerError("store-unavailable", "gone")),
    });
    for (const ask of [
      () => behind.objects(AN, "SCHOOL_ADM"),
      () => behind.ofPerson(AN, { limit: 1 }),
      () => behind.one(AN, behind.idOf(AN, "SCHOOL_ADM")),
    ]) {
      const error: unknown = await ask().catch((thrown: unknown) => thrown);
      expect(error).to.have.property("code", "store-unavailable");
    }
  });

  it("agrees with the plainest reading of the acts at every size of the log, whoever records and whatever is erased", async () => {
    const objections = register();
    const anyAct = fc.record({
      state: fc.constantFrom("made" as const, "withdrawn" as const),
      source: fc.constantFrom(DESK, DESK, STRANGER),
      person: fc.constantFrom(AN, BINH),
      procedure: fc.constantFrom("X", "Y"),
      erased: fc.boolean(),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyAct, { minLength: 1, maxLength: 6 }), async (acts) => {
        run++;
        const of = (procedure: string): string => `${procedure}-${run}`;
        const wanted = new Map<string, boolean>();
        const steps: { readonly below: number; readonly wanted: ReadonlyMap<string, boolean> }[] = [];
        for (const { state, source, person, procedure, erased } of acts) {
          const index = await log.append(source, [act(state, { person, procedure: of(procedure) })], {
            erased,
          });
          if (state === "made" || source === DESK) wanted.set(`${person.id} ${procedure}`, state === "made");
          steps.push({ below: index + 1, wanted: new Map(wanted) });
        }
        for (const step of steps)
          for (const person of [AN, BINH])
            for (const procedure of ["X", "Y"])
              expect(await objections.objects(person, of(procedure), step)).to.equal(
                step.wanted.get(`${person.id} ${procedure}`) ?? false,
              );
      }),
      { numRuns: 25 },
    );
  });
});

import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { DeskAct } from "../../../server/desk/desk.ts";
import { halvesFinder } from "../../../server/desk/exchange-halves.ts";
import { type SealActs, sealActs } from "../../../server/desk/seal-acts.ts";
import { type SealRegister, sealRegister } from "../../../server/desk/seals.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { SIGN_ON } from "../callers.ts";
import { access, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const NOW = Date.parse("2026-11-22T08:00:00Z");
const time = { occurred: "2026-11-22T08:00:00Z" };
const DESK = parseSource("minhbach/desk");
const BY = { role: "inspector", name: "Inspector", authority: "Inspectorate", signOn: SIGN_ON } as const;
const LAW = { law: "Law on Inspection", article: "5" };
const TERMS = { until: "2026-12-01T00:00:00Z", legalBasis: LAW };
const LATER = { until: "2026-12-24T00:00:00Z", legalBasis: LAW };

describe("server/desk/seal-acts", () => {
  let log: RecordedLog;
  let seals: SealRegister;
  let acts: SealActs;
  let recorded: Facets[];

  beforeEach(async () => {
    log = await recordedLog();
    recorded = [];
    const { store, derived: db } = log;
    seals = sealRegister({ follow: followLog({ store, db, log: createLog({ logLevel: "silent" }) }), db });
    const desk = {
      source: DESK,
      record: async ({ facets, check }: DeskAct) => {
        await check?.();
        const index = await log.append(DESK, [{ ...facets, time }]);
        recorded.push({ ...facets, time });
        return { index, seq: recorded.length, leafHash: "", time: 1 };
      },
    };
    const leafIndex = async (leaf: Uint8Array): Promise<number | undefined> =>
      await log.tree().leafIndex(leaf);
    const index = {
      newest: () => undefined,
      keyOf: async () => await Promise.resolve({ key: new Uint8Array(32), vrf: undefined }),
      postings: async () => await Promise.resolve([]),
    };
    acts = sealActs({
      desk,
      seals,
      store,
      halvesOf: halvesFinder({ index, store }),
      leafIndex,
      clock: { now: () => NOW },
    });
  });
  afterEach(async () => {
    await log.close();
  });

  it("seals an exchange that was recorded over and over, extends and lifts that, in as many orders as it takes", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await log.append(
      "qn-justice/r1",
      Array.from({ length: 100 }, () => access("a")),
    );
    const { seal, sealed } = await acts.place(BY, [0], TERMS);
    expect(sealed).to.have.length(101);
    expect(recorded.map((facets) => facets.seal?.leaves.length)).to.deep.equal([64, 37]);
    const ends = (): string[] => recorded.slice(-2).map((facets) => facets.seal?.until ?? "");
    const extended = await acts.extend(BY, seal.id, LATER);
    expect([recorded.length, ...ends()]).to.deep.equal([4, LATER.until, LATER.until]);
    expect(new Set(Object.values(extended.leaves))).to.deep.equal(new Set([LATER.until]));
    const lifted = await acts.lift(BY, seal.id, LAW);
    expect(new Set(Object.values(lifted.leaves))).to.deep.equal(new Set([null]));
  });

  it("lets only the authority that placed a seal extend and lift it", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const { seal } = await acts.place(BY, [0], TERMS);
    const other = { ...BY, authority: "another" };
    const codes = await Promise.all(
      [acts.extend(other, seal.id, LATER), acts.lift(other, seal.id, LAW)].map(
        async (tried) => await tried.catch((error: unknown) => error),
      ),
    );
    for (const error of codes) expect(error).to.have.property("code", "forbidden");
    expect(recorded).to.have.length(1);
    expect(await acts.mayChange(other, seal)).to.equal(false);
    expect(await acts.mayChange(BY, seal)).to.equal(true);
    expect(await acts.mayChange(BY, { ...seal, agency: "qn-police" }), "another's of the same id").to.equal(
      false,
    );
    const lifted = await acts.lift({ ...BY, name: "a colleague" }, seal.id, LAW);
    expect(recorded).to.have.length(2);
    expect(await acts.mayChange(BY, lifted), "it closes nothing any more").to.equal(false);
  });

  it("closes a half that came after the seal when it is extended, also to the same end and no earlier one", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const { seal, waiting } = await acts.place(BY, [0], TERMS);
    expect(waiting).to.deep.equal([0]);
    const again = async (terms: typeof TERMS): Promise<unknown> =>
      await acts.extend(BY, seal.id, terms).catch((reason: unknown) => reason);
    expect(await again(TERMS)).to.include({ code: "bad-request" });
    const late = await log.append("qn-justice/r1", [access("a")]);
    expect(await again({ ...TERMS, until: "2026-11-30T00:00:00Z" })).to.include({ code: "bad-request" });
    await acts.extend(BY, seal.id, TERMS);
    const [payload = new Uint8Array()] = await log.store.payloads(late, late + 1);
    const { leaves = {} } = (await seals.one("minhbach", seal.id)) ?? {};
    expect(leaves[toBase64url(leafHash(payload))]).to.equal(TERMS.until);
    expect(await again(TERMS)).to.include({ code: "bad-request" });
  });

  it("seals a record whose other half was erased, which tells nobody anything any more", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await log.append("qn-justice/r1", [access("a")], { erased: true });
    const { seal, sealed, waiting } = await acts.place(BY, [0], TERMS);
    expect([sealed, waiting]).to.deep.equal([[0], []]);
    const [payload = new Uint8Array()] = await log.store.payloads(0, 1);
    expect(Object.keys(seal.leaves)).to.deep.equal([toBase64url(leafHash(payload))]);
    const error: unknown = await acts.place(BY, [1], TERMS).catch((reason: unknown) => reason);
    expect(error).to.include({ code: "not-sealable" });
  });
});

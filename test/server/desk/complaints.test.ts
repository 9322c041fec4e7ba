import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { ComplaintState } from "../../../protocol/complaint.ts";
import type { Complaint, Facets } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import { type ComplaintRegister, complaintRegister } from "../../../server/desk/complaints.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const DESK = "qn-operator/desk";
const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const COMPLAINED_OF = "A".repeat(43);
const time = { occurred: "2026-11-22T08:00:00Z" };
const tagOf = indexTags(PEPPER);

function act(id: string, state: Complaint["state"], changes: Partial<Complaint> = {}): Facets {
  const complaint = { id, state, leaf: COMPLAINED_OF, agency: "qn-police", ...changes };
  return { type: "complaint", subject: PERSON, complaint, time };
}

describe("server/desk/complaints", () => {
  let log: RecordedLog;

  beforeEach(async () => {
    log = await recordedLog();
  });
  afterEach(async () => {
    await log.close();
  });

  /** What `npm start` makes of the same databases after a restart. */
  function register(): ComplaintRegister {
    const { store, derived: db } = log;
    const follow = followLog({ store, db, log: createLog({ logLevel: "silent" }) });
    return complaintRegister({ follow, db, store, desk: parseSource(DESK) });
  }

  async function rebuilt(): Promise<ComplaintRegister> {
    await log.derived.clear({ gte: Buffer.of(0x6d), lt: Buffer.of(0x6e) });
    await log.derived.clear({ gte: Buffer.of(0x4d), lt: Buffer.of(0x4e) });
    return register();
  }

  async function erase(index: number): Promise<void> {
    const [payload = new Uint8Array()] = await log.store.payloads(index, index + 1);
    const erasure = { id: "e", leaves: [toBase64url(leafHash(payload))], authority: "officer" };
    await log.append("qn-operator/r1", [{ type: "erasure", erasure, time }]);
  }

  const idsOf = async (complaints: ComplaintRegister, state?: ComplaintState | "open"): Promise<string[]> => {
    const query = { scope: "all", from: 0, limit: 100, ...(state !== undefined && { state }) } as const;
    return (await complaints.list(query)).map(({ id }) => id);
  };

  it("knows what was recorded before it is asked, by person, by agency and by state", async () => {
    const complaints = register();
    await log.append(DESK, [act("a", "filed"), act("b", "filed", { agency: "qn-health" })], { time: 77 });
    await log.append(DESK, [act("a", "answered"), act("c", "filed")]);
    expect(await complaints.one("a")).to.deep.include({ agency: "qn-police", state: "answered" });
    expect((await complaints.one("a"))?.steps.map((step) => [step.index, step.state])).to.deep.equal([
      [0, "filed"],
      [2, "answered"],
    ]);
    expect((await complaints.one("a"))?.steps[0]?.time).to.equal(77);
    expect(await idsOf(complaints)).to.deep.equal(["a", "b", "c"]);
    expect(await idsOf(complaints, "filed")).to.deep.equal(["b", "c"]);
    expect(await idsOf(complaints, "answered")).to.deep.equal(["a"]);
    expect(await idsOf(complaints, "open")).to.deep.equal(["a", "b", "c"]);
    await log.append(DESK, [act("b", "withdrawn"), act("a", "decided", { outcome: "upheld" })]);
    expect(await idsOf(complaints, "open")).to.deep.equal(["c"]);
    const people = [tagOf({ kind: "person", id: `${PERSON.scheme}:${PERSON.id}` })];
    const own = await complaints.list({ scope: { people }, from: 2, limit: 10 });
    expect(own.map(({ id }) => id)).to.deep.equal(["c"]);
    const police = await complaints.list({ scope: { agency: "qn-police" }, from: 0, limit: 1 });
    expect(police.map(({ id }) => id)).to.deep.equal(["a"]);
    expect(await complaints.list({ scope: { people: ["x"] }, from: 0, limit: 10 })).to.deep.equal([]);
  });

  it("knows which events are in open complaints, until the last of those is over", async () => {
    const complaints = register();
    const other = "B".repeat(42) + "A";
    const open = async (): Promise<string[]> => [...(await complaints.inOpen([other, COMPLAINED_OF]))];
    expect(await open()).to.deep.equal([]);
    await log.append(DESK, [act("a", "filed"), act("b", "filed")]);
    expect(await open()).to.deep.equal([COMPLAINED_OF]);
    const filing = (await complaints.one("a"))?.steps[0]?.leaf ?? "";
    expect([...(await complaints.inOpen([filing]))]).to.deep.equal([filing]);
    await log.append(DESK, [act("a", "answered"), act("a", "decided", { outcome: "rejected" })]);
    expect(await open()).to.deep.equal([COMPLAINED_OF]);
    await log.append(DESK, [act("b", "withdrawn")]);
    expect(await open()).to.deep.equal([]);
    expect([...(await (await rebuilt()).inOpen([COMPLAINED_OF]))]).to.deep.equal([]);
  });

  it("takes only the desk's word for who complained, answered or decided", async () => {
    await log.append(DESK, [act("a", "filed")]);
    await log.append("qn-police/r1", [act("a", "withdrawn"), act("b", "filed")]);
    const complaints = register();
    expect((await complaints.one("a"))?.state).to.equal("filed");
    expect(await complaints.one("b")).to.equal(undefined);
  });

  it("holds nobody's number and nobody's words", async () => {
    await log.append(DESK, [act("a", "filed", { text: "my words" })]);
    await register().update();
    const rows = await log.derived.values({ gte: Buffer.of(0x6d), lt: Buffer.of(0x6e), limit: 100 });
    expect(rows).to.not.have.length(0);
    const text = Buffer.concat(rows).toString("latin1");
    expect(text).to.not.contain(PERSON.id).and.not.contain("my words");
  });

  it("takes back what an erased act did, and is the same when it is built anew", async () => {
    const acts = ["filed", "answered", "decided"] as const;
    const left = { filed: undefined, answered: "decided", decided: "answered" } as const;
    for (const gone of acts) {
      const begin = await log.append(
        DESK,
        acts.map((state) => act(`without ${gone}`, state)),
      );
      const complaints = register();
      expect((await complaints.one(`without ${gone}`))?.state).to.equal("decided");
      await erase(begin + acts.indexOf(gone));
      const known = await complaints.one(`without ${gone}`);
      expect(known?.state, gone).to.equal(left[gone]);
      expect(await (await rebuilt()).one(`without ${gone}`), gone).to.deep.equal(known);
    }
    expect(await idsOf(await rebuilt())).to.deep.equal(["without answered", "without decided"]);
  });

  it("forgets an act whose key is gone, in whatever order it learns that", async () => {
    await log.append(DESK, [act("a", "filed")]);
    await log.append(DESK, [act("a", "answered")], { erased: true });
    await log.append(DESK, [act("b", "filed")], { erased: true });
    await log.append(DESK, [act("b", "answered")]);
    const complaints = register();
    expect((await complaints.one("a"))?.state).to.equal("filed");
    expect(await complaints.one("b"), "its filing is gone").to.equal(undefined);
  });
});

import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { fromHex, toBase64, toBase64url } from "../../protocol/bytes.ts";
import { makeEvent, payloadOf } from "../../protocol/event.ts";
import type {
  Facets,
  Mandate,
  OpenedFacets,
  PlainEvent,
  Seal,
  Subject,
} from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { keyId } from "../../protocol/jws.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import type { Recorder } from "../../recorder/index.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { MANDATE, RECORD } from "../../verifier/chain.ts";
import { onBothStores } from "./both-stores.ts";
import {
  type Deployed,
  deployed,
  entitle,
  fetchUntil,
  openDemoRecorder,
  signedSubmission,
  startLedger,
  submit,
} from "./fixture.ts";
import {
  about,
  claimOf,
  fetchStatement,
  type Headers,
  type LoggedEvent,
  tokenNamed,
  verified,
  wholeLog,
} from "./statements.ts";

const SOURCES = ["qn-police/r1", "qn-health/r1", "qn-justice/r1"] as const;
type SourceName = (typeof SOURCES)[number];
/** The two demo citizens, and others who have no token. */
const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const OLD_CARD = { scheme: "vn-cmnd", id: "211000001" } as const;
const PEOPLE: readonly Subject[] = [
  ...[FIRST, SECOND, CHILD, OLD_CARD],
  ...Array.from({ length: 6 }, (_, n) => ({ scheme: "vn-cccd" as const, id: `99919900001${n}` })),
  { scheme: "vn-passport", id: "B1234567" },
  { scheme: "passport", id: "FRA:12AB34567" },
];
const NOBODY = "vn-cccd:999199999999";
const HISTORY = 120;
const time = { occurred: "2026-11-22T08:00:00+07:00" };

const idOf = ({ scheme, id }: Subject): string => `${scheme}:${id}`;

onBothStores("statements of the whole system", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let inspector: Headers;
  let first: Headers;
  let second: Headers;
  let lines = "";
  /** How far the ledger's clock is ahead of the chain's. */
  let aheadMs = 0;
  /** The log's size, as far as this test has recorded: an inspector's looks come on top. */
  let size = 0;
  let log: LoggedEvent[];
  const recorders = new Map<SourceName, Recorder>();

  before(async () => {
    system = await deployed({ store });
    ledger = await startLedger(system, {
      clock: { now: () => Date.now() + aheadMs },
      config: { logLevel: "trace" },
      logTo: { write: (line: string) => void (lines += line) },
    });
    await fetchUntil(`${ledger.url}/ready`);
    for (const source of SOURCES)
      recorders.set(source, await openDemoRecorder(system, ledger.url, { source }));
    inspector = await tokenNamed(system, "inspector");
    first = await tokenNamed(system, "citizen 1");
    second = await tokenNamed(system, "citizen 2");
    const random = seeded(20261122);
    for (let made = 0; made < HISTORY;) {
      const source = pick(SOURCES, random);
      const count = Math.min(HISTORY - made, 1 + Math.floor(random() * 12));
      await record(source, ...Array.from({ length: count }, (_, n) => randomEvent(made + n, random)));
      made += count;
    }
    log = await wholeLog(ledger.url, inspector, size);
  });
  after(async () => {
    for (const recorder of recorders.values()) await recorder.close();
    await ledger.close();
    await system.destroy();
  });

  /** Records plain events, one submission, and returns the log index of the first. */
  async function record(source: SourceName, ...events: PlainEvent[]): Promise<number> {
    const recorder = recorders.get(source);
    if (recorder === undefined) throw new Error("no recorder");
    const recorded = await recorder.recordAll(events);
    await recorder.flush(AbortSignal.timeout(100_000));
    const last = recorded.at(-1)?.seq ?? 0;
    const receipt = await recorder.receiptOf(last);
    if (receipt === undefined) throw new Error("no receipt");
    size = receipt.index + last - receipt.first + 1;
    return size - events.length;
  }

  const statement = async (path: string, headers: Headers): Promise<string> =>
    await fetchStatement(ledger.url + path, headers, size);
  const own = "/v1/statement";

  async function refusalOf(path: string, headers: Headers = inspector): Promise<string> {
    const response = await fetch(ledger.url + path, { headers });
    const { code } = (await response.json()) as { code: string };
    return `${response.status} ${code}`;
  }

  const listed = (key: string): number[] =>
    log.filter(({ keys }) => keys.includes(key)).map(({ index }) => index);

  /** What agencies recorded, without the looks of the inspector who reads along (looks.test.ts). */
  const recordedIn = <T extends { facets: OpenedFacets }>(events: readonly T[]): T[] =>
    events.filter(({ facets: { purpose } }) => !isLook(purpose));

  it("list every event of every person, official and consent of a random history, and nothing else", async () => {
    const ids = new Set(log.flatMap(({ keys }) => keys));
    expect(ids.size).to.be.greaterThan(20);
    for (const key of ids) {
      const [kind = "", id = ""] = key.split(/ (.*)/s);
      const path = kind === "person" ? about(id) : `/v1/statement?kind=${kind}&id=${encodeURIComponent(id)}`;
      const claim = await claimOf(system, await statement(path, inspector));
      const found = recordedIn(claim.lists[0]?.events ?? []);
      expect(
        found.map(({ indexHint }) => indexHint),
        key,
      ).to.deep.equal(listed(key));
      expect(claim.lists, key).to.have.length(1);
      for (const { indexHint: index, facets, leafHash } of found) {
        expect(facets).to.deep.equal(log[index]?.facets);
        expect(leafHash).to.equal(log[index]?.leaf);
      }
    }
  });

  it("prove that nobody used the data of everybody else", async () => {
    for (const id of [NOBODY, "vn-cmnd:999199001", "passport:USA:999199000001"]) {
      const claim = await claimOf(system, await statement(about(id), inspector));
      expect(claim.lists).to.deep.equal([{ kind: "person", id, count: 0, since: 0, events: [] }]);
    }
  });

  it("show a citizen their own list in either spelling, and of other people nothing", async () => {
    const text = await statement(own, first);
    const claim = await claimOf(system, text);
    const events = claim.lists[0]?.events ?? [];
    expect(recordedIn(events).map(({ indexHint }) => indexHint)).to.deep.equal(
      listed(`person ${idOf(FIRST)}`),
    );
    for (const person of PEOPLE.slice(1)) expect(JSON.stringify(claim)).to.not.contain(person.id);
    expect(JSON.stringify(claim)).to.not.contain("officer-");
    const ndjson = await statement(own, { ...first, accept: "application/x-ndjson" });
    const lines = await claimOf(system, ndjson);
    expect(ndjson.split("\n").length).to.equal((lines.lists[0]?.events.length ?? 0) + 3);
    const named = await claimOf(system, await statement(about(idOf(FIRST)), first));
    // Each is of its own moment: looks that inspectors took meanwhile are in the later ones.
    for (const { lists } of [lines, named]) {
      expect(lists.map(({ id }) => id)).to.deep.equal(claim.lists.map(({ id }) => id));
      expect(lists[0]?.events.slice(0, events.length)).to.deep.equal(events);
    }
  });

  it("are refused to whoever has no business with them", async () => {
    expect(await refusalOf(own, {})).to.equal("401 unauthenticated");
    expect(await refusalOf(about(idOf(SECOND)), first)).to.equal("403 no-mandate");
    expect(await refusalOf(about(NOBODY), first), "whether there is such a person").to.equal(
      "403 no-mandate",
    );
    expect(await refusalOf("/v1/statement?kind=consent&id=consent:c-1", first)).to.equal("403 forbidden");
    for (const role of ["operator", "registrar", "qn-police", "officer of qn-police"]) {
      expect(await refusalOf(about(idOf(FIRST)), await tokenNamed(system, role)), role).to.equal(
        "403 forbidden",
      );
    }
  });

  it("go on from an earlier statement with nothing but what is new", async () => {
    // Behind whatever an inspector looked at so far: the earlier statement covers all of that.
    await record("qn-police/r1", access("before", FIRST));
    const earlier = await statement(own, second);
    const count = (await claimOf(system, earlier)).lists[0]?.count ?? 0;
    const added = await record(
      "qn-health/r1",
      access("since-1", SECOND),
      access("since-2", FIRST),
      access("since-3", SECOND),
    );
    const later = await statement(`${own}?since=${count}`, second);
    const claim = await claimOf(system, later, { earlier });
    expect(claim.lists[0]).to.deep.include({ since: count, count: count + 2 });
    expect(claim.lists[0]?.events.map(({ indexHint }) => indexHint)).to.deep.equal([added, added + 2]);
    const alone = await verified(system, later);
    expect(alone.verdict).to.equal("incomplete");
    const others = await verified(system, later, await statement(own, first));
    expect(faultOf(others)).to.contain("continues");
    expect(await refusalOf(`${own}?since=${count + 3}`, second)).to.equal("400 since-beyond");
  });

  it("let a parent see the child as themselves, as long as the mandate is in force", async () => {
    const childs = about(idOf(CHILD));
    const mandate = (id: string, state: Mandate["state"], more: Partial<Mandate> = {}): PlainEvent => ({
      type: "mandate",
      subject: { ...CHILD, role: "child" },
      "subject.2": { ...SECOND, role: "parent" },
      // Without its end it would open nothing; the child is born in 2026.
      mandate: { id, state, basis: "parent", validUntil: "2044-11-01T00:00:00+07:00", ...more },
      time,
    });
    const inAMoment = async (expected: string): Promise<void> => {
      await statement(own, second);
      expect(await refusalOf(childs, second)).to.equal(expected);
    };
    expect(await refusalOf(childs, second)).to.equal("403 no-mandate");
    const at = await record("qn-justice/r1", mandate("m-1", "granted"));
    await statement(own, second);
    const claim = await claimOf(system, await statement(childs, second));
    expect(claim.lists[0]?.events.at(-1)?.facets.subject).to.deep.equal({ ...CHILD, role: "child" });
    expect(await refusalOf(childs, first), "somebody else's child").to.equal("403 no-mandate");
    const event = await (await fetch(`${ledger.url}/v1/events/${at}`, { headers: second })).json();
    expect(event).to.have.nested.property("facets.subject.id", CHILD.id);
    await entitle(system, "qn-justice", RECORD);
    await record("qn-justice/r1", access("anchored after that", CHILD));
    await claimOf(system, await statement(childs, second));
    await entitle(system, "qn-justice", RECORD | MANDATE);

    await record("qn-police/r1", mandate("m-1", "revoked"));
    await statement(own, second);
    expect((await fetch(ledger.url + childs, { headers: second })).status, "another agency's").to.equal(200);
    await record("qn-justice/r1", mandate("m-1", "revoked"));
    await inAMoment("403 no-mandate");
    await record("qn-justice/r1", mandate("m-2", "granted", { validUntil: "2020-01-01T00:00:00Z" }));
    await inAMoment("403 no-mandate");
    await record("qn-justice/r1", mandate("m-3", "granted", { procedures: ["passport"] }));
    await inAMoment("403 no-mandate");
  });

  it("are opened to nobody by an agency that may record, but is not entitled to mandates", async () => {
    for (const basis of ["proxy", "same-person"] as const) {
      const mandate = { id: "m-1", state: "granted", basis } as const;
      const facets = [{ type: "mandate", subject: CHILD, "subject.2": FIRST, mandate, time }] as const;
      // The ledger looks at the type before it looks at the number.
      const body = await signedSubmission(system, { source: "qn-health/r1", first: 1_000_000, facets });
      const response = await submit(ledger.url, body);
      expect(await response.json()).to.include({ status: 403, code: "reserved-type", seq: 1_000_000 });
    }
    const text = await statement(own, first);
    expect(text, "nothing was stored").to.contain(`"horizon":${size},`);
    expect((await claimOf(system, text)).lists).to.have.length(1);
    expect(await refusalOf(about(idOf(CHILD)), first)).to.equal("403 no-mandate");
  });

  it("cover the numbers that a person had before, once a mandate joins them", async () => {
    const ids = async (): Promise<string[]> =>
      (await claimOf(system, await statement(own, first))).lists.map(({ id }) => id);
    expect(await ids()).to.deep.equal([idOf(FIRST)]);
    const joined = (state: Mandate["state"]): PlainEvent => ({
      type: "mandate",
      subject: OLD_CARD,
      "subject.2": FIRST,
      mandate: { id: "cards", state, basis: "same-person" },
      time,
    });
    await record("qn-police/r1", joined("granted"));
    expect(await ids()).to.deep.equal([idOf(FIRST), idOf(OLD_CARD)]);
    const old = await claimOf(system, await statement(about(idOf(OLD_CARD)), first));
    expect(old.lists.map(({ id }) => id)).to.deep.equal([idOf(OLD_CARD), idOf(FIRST)]);
    const whole = JSON.parse(await statement(own, first)) as Tampered;
    expect(whole.lists).to.have.length(2);
    const without = { ...whole, lists: whole.lists.slice(0, 1) };
    expect(faultOf(await verified(system, JSON.stringify(without)))).to.contain("linked");
    await record("qn-police/r1", joined("revoked"));
    const after = await statement(own, first);
    const { lists } = await claimOf(system, after, { mayWarn: "linked" });
    expect(lists.map(({ id }) => id)).to.deep.equal([idOf(FIRST)]);
    const { checks } = await verified(system, after);
    expect(checks.find(({ id }) => id === "linked")?.detail).to.match(/not this person's any more/);
  });

  it("close a sealed event to the person with the order that seals it, until the seal is lifted or ends", async () => {
    const at = await record("qn-health/r1", access("sealed", SECOND), access("sealed too", SECOND));
    const [leaf, other] = await Promise.all([leafAt(at), leafAt(at + 1)]);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const seal = (state: Seal["state"], leaves: string[]): PlainEvent => ({
      type: "seal",
      seal: { id: `s-${leaves.join()}`, state, leaves, authority: "Investigation police", until },
      time,
    });
    const closedOf = async (headers: Headers): Promise<unknown[]> => {
      const path = headers === inspector ? about(idOf(SECOND)) : own;
      const { lists } = await claimOf(system, await statement(path, headers));
      return (lists[0]?.events ?? [])
        .filter(({ indexHint }) => indexHint >= at && indexHint <= at + 1)
        .map(({ closed }) => closed);
    };
    const order = { type: "seal", authority: "Investigation police", until };
    expect(await closedOf(second)).to.deep.equal([null, null]);
    const placed = await record("qn-police/r1", seal("placed", [leaf]), seal("placed", [other]));
    expect(await closedOf(second)).to.deep.equal([order, order]);
    expect(await closedOf(inspector)).to.deep.equal([null, null]);
    const event = async (headers: Headers): Promise<unknown> =>
      await (await fetch(`${ledger.url}/v1/events/${at}`, { headers })).json();
    const closure = { kind: "seal", index: placed, until };
    expect(await event(second)).to.deep.include({ facets: {}, closure });
    expect(await event(await tokenNamed(system, "qn-health")), "who recorded it").to.deep.include({
      facets: {},
      closure,
    });
    expect(await event(first), "who has nothing to do with it").to.deep.include({
      facets: {},
      closure: null,
    });
    expect(await event(inspector)).to.have.nested.property("facets.case", "sealed");
    const evidence = await (await fetchUntil(`${ledger.url}/v1/events/${at}/evidence`)).text();
    expect(evidence.length).to.be.greaterThan(100);
    const ndjson = await statement(own, { ...second, accept: "application/x-ndjson" });
    expect(ndjson.indexOf('{"closure"')).to.be.lessThan(ndjson.indexOf(`"index":${at},`));
    await claimOf(system, ndjson);

    await record("qn-police/r1", seal("lifted", [leaf]));
    expect(await closedOf(second)).to.deep.equal([null, order]);
    aheadMs = 3_600_000;
    expect(await closedOf(second)).to.deep.equal([null, null]);
    aheadMs = 0;
  });

  it("list an erased event with the order that erased it", async () => {
    const at = await record("qn-health/r1", access("erased", FIRST));
    await submitErasure([await leafAt(at)]);
    // Another number was joined to this one, and is no more.
    const claim = await claimOf(system, await statement(own, first), { mayWarn: "linked" });
    const erased = claim.lists[0]?.events.find(({ indexHint }) => indexHint === at);
    expect(erased).to.deep.include({
      facets: {},
      closed: { type: "erasure", authority: "Court", until: null },
    });
    const seen = await claimOf(system, await statement(about(idOf(FIRST)), inspector), { mayWarn: "linked" });
    expect(seen.lists[0]?.events.find(({ indexHint }) => indexHint === at)).to.deep.include({ facets: {} });
  });

  it("fail by name when anything of them is changed", async () => {
    const text = await statement(own, second);
    const others = await statement(own, first);
    await claimOf(system, text);
    for (const [what, change, fault] of TAMPERINGS) {
      const changed = JSON.parse(text) as Tampered;
      change(changed, JSON.parse(others) as Tampered);
      const report = await verified(system, JSON.stringify(changed));
      expect(report.verdict, what).to.equal("invalid");
      expect(report.claim, what).to.equal(null);
      expect(faultOf(report), what).to.contain(fault);
    }
  });

  it("are asked for in one way only, and say what is wrong with another", async () => {
    expect(await refusalOf("/v1/statement")).to.equal("400 bad-request");
    expect(await refusalOf(about("vn-tax:0101010101"))).to.equal("400 subject-scheme");
    for (const id of ["99919900000", "9991990000011", "99919900000a", "999199000001 ", ""]) {
      expect(await refusalOf(about(`vn-cccd:${id}`)), id).to.equal("400 subject-id");
    }
    expect(await refusalOf("/v1/statement?scheme=vn-cccd")).to.equal("400 bad-request");
    expect(await refusalOf("/v1/statement?kind=nobody&id=1")).to.equal("400 bad-request");
    expect(await refusalOf("/v1/statement?kind=official&id=officer-1")).to.equal("400 index-id");
    expect(await refusalOf("/v1/statement?kind=consent&id=c-1")).to.equal("400 index-id");
    for (const since of ["x", "-1", "1.5", "", "1,", "01", "1e3"]) {
      expect(await refusalOf(`${own}?since=${since}`, first), since).to.equal("400 bad-request");
    }
    expect(await refusalOf(`${own}?since=1000000`, first)).to.equal("400 since-beyond");
    expect(await refusalOf(`${own}?since=1,1`, first)).to.equal("400 since-beyond");
    expect(await refusalOf(`${own}?sinse=1`, first)).to.equal("400 bad-request");
    expect(await refusalOf(`${about(idOf(FIRST))}&id=999199000002`)).to.equal("400 bad-request");
  });

  it("are not read when they are of another version, or lines that were cut off", async () => {
    const text = await statement(own, first);
    const newer = await verified(system, text.replace('"version":1', '"version":2'));
    expect(faultOf(newer)).to.contain("format").and.contain("statement-version");
    const ndjson = (await statement(own, { ...first, accept: "application/x-ndjson" })).split("\n");
    for (const kept of [1, 2, ndjson.length - 2]) {
      const cut = await verified(system, `${ndjson.slice(0, kept).join("\n")}\n`);
      expect(faultOf(cut), `${kept} lines`).to.contain("statement-truncated");
    }
    const cut = await verified(system, ndjson.join("\n").slice(0, -20));
    expect(faultOf(cut)).to.contain("statement-truncated");
  });

  it("leave no personal number in the ledger's log lines or metrics", async () => {
    const metrics = await (await fetch(`${ledger.url}/metrics`)).text();
    expect(lines).to.contain("listening");
    for (const { id } of [...PEOPLE, { id: NOBODY.slice(8) }]) {
      expect(lines).to.not.contain(id);
      expect(metrics).to.not.contain(id);
    }
  });

  async function leafAt(index: number): Promise<string> {
    const { leaf } = (await (await fetch(`${ledger.url}/v1/events/${index}`)).json()) as { leaf: string };
    return toBase64url(fromHex(leaf));
  }

  /** By the operator, which the registry entitles to it; its only key is the ledger's own. */
  async function submitErasure(leaves: string[]): Promise<void> {
    const source = parseSource(`${OPERATOR}/ledger`);
    const facets: Facets = { type: "erasure", erasure: { id: "e-1", leaves, authority: "Court" }, time };
    const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
    const { chainId, anchorRegistry: registry, logId } = system.profile;
    const body = makeSubmission({
      log: { chainId, registry, logId },
      ...{ source, first: 1, events: [makeEvent({ source, seq: 1, facets, random })] },
      issuedAt: Math.floor(Date.now() / 1000),
      alg: "EdDSA",
      kid: keyId("EdDSA", ed25519.getPublicKey(system.secrets.ledger)),
      sign: (data) => ed25519.sign(data, system.secrets.ledger),
    });
    const answer = await submit(ledger.url, body);
    expect(answer.status).to.equal(201);
    const { receipts } = (await answer.json()) as { receipts: string[] };
    size = parseReceipt(receipts[0] ?? "").receipt.index + 1;
  }
});

function isLook(purpose: unknown): boolean {
  return isJsonObject(purpose) && String(purpose["procedure"]).startsWith("minhbach:");
}

/** A statement as anybody may edit it. */
interface Tampered {
  log: string;
  horizon: number;
  lists: {
    id: string;
    vrf: string;
    proof: { steps: [number, string][]; leaf: { key: string; commitment: string } };
    entry: { count: number; blinding: string } | null;
    events: { index: number; event: string; closedBy?: number }[];
  }[];
  closures: unknown[];
}

type Tampering = readonly [
  what: string,
  change: (statement: Tampered, others: Tampered) => void,
  fault: string,
];

const TAMPERINGS: readonly Tampering[] = [
  ["an entry removed", (s) => void list(s).events.splice(1, 1), "entry"],
  ["the list cut off", (s) => void list(s).events.pop(), "entry"],
  ["removed with its count", (s) => (list(s).events.pop(), entry(s).count--), "entry"],
  ["an entry of somebody else's added", (s, o) => void list(s).events.push(event(o, -1)), "entry"],
  ["an entry replaced", (s, o) => void list(s).events.splice(0, 1, event(o, 0)), "entry"],
  ["two entries swapped", (s) => swap(s, 0, 1), "entry"],
  ["an entry repeated", (s) => void list(s).events.splice(1, 1, event(s, 0)), "entry"],
  ["an entry numbered after the next", (s) => (event(s, 0).index = event(s, 1).index + 1), "order"],
  ["an entry beyond the horizon", (s) => (event(s, -1).index = s.horizon), "order"],
  ["an entry hidden", (s) => (event(s, 0).event = `${payloadOf(event(s, 0).event)}~`), "entries"],
  ["an entry hidden behind a closure that is not there", (s) => hide(s, 0), "closures"],
  ["said to be empty", (s) => ((list(s).entry = null), (list(s).events = [])), "index"],
  ["somebody else's list", (s, o) => (s.lists = o.lists.map((each) => ({ ...each, id: list(s).id }))), "vrf"],
  ["somebody else's proof", (s, o) => (list(s).proof = list(o).proof), "index"],
  ["a proof with a step left out", (s) => void list(s).proof.steps.shift(), "index"],
  ["another blinding", (s) => (entry(s).blinding = toBase64(new Uint8Array(32))), "entry"],
  ["a horizon that was never anchored", (s) => (s.horizon += 1000), "anchor"],
  ["another log", (s) => (s.log = s.log.replace(/1$/, "2")), "log"],
];

function list(statement: Tampered): Tampered["lists"][number] {
  const [first] = statement.lists;
  if (first === undefined) throw new Error("a statement has a list");
  return first;
}

function entry(statement: Tampered): { count: number; blinding: string } {
  const { entry: found } = list(statement);
  if (found === null) throw new Error("the list has entries");
  return found;
}

function event(statement: Tampered, at: number): { index: number; event: string; closedBy?: number } {
  const found = list(statement).events.at(at);
  if (found === undefined) throw new Error("the list is long enough");
  return found;
}

function swap(statement: Tampered, a: number, b: number): void {
  [event(statement, a).event, event(statement, b).event] = [
    event(statement, b).event,
    event(statement, a).event,
  ];
}

function hide(statement: Tampered, at: number): void {
  Object.assign(event(statement, at), { event: `${payloadOf(event(statement, at).event)}~`, closedBy: 99 });
}

/** The first check that failed, with what it found. */
function faultOf({ checks }: Awaited<ReturnType<typeof verified>>): string {
  const fault = checks.find(({ status }) => status === "failed");
  return fault === undefined ? "nothing failed" : `${fault.id}: ${fault.detail}`;
}

function access(name: string, ...people: readonly Subject[]): PlainEvent {
  const [subject, second, third] = people;
  return {
    type: "access",
    ...(subject && { subject }),
    ...(second && { "subject.2": second }),
    ...(third && { "subject.3": third }),
    exchange: { messageId: name, client: "VN/GOV/qn-police/registry", service: "VN/GOV/qn-justice/births" },
    agent: { id: `officer-${name.length}`, role: "registry officer" },
    data: { action: "R", personalData: ["pd:Name"] },
    purpose: { procedure: "BIRTH_REG", ...(name.length % 2 === 0 ? { consent: `c-${name.length}` } : {}) },
    case: name,
    time,
  };
}

/** Of any kind, about one to three people. */
function randomEvent(n: number, random: () => number): PlainEvent {
  const people = PEOPLE.toSorted(() => random() - 0.5).slice(0, 1 + Math.floor(random() * 3));
  const [subject = FIRST, second] = people;
  const subjects = { subject, ...(second && { "subject.2": second }) };
  const agent = { id: `officer-${Math.floor(random() * 4)}` };
  const common = { case: `case-${n}`, time };
  switch (Math.floor(random() * 7)) {
    case 0:
      return { type: "action", ...subjects, agent, purpose: { procedure: "BIRTH_REG" }, ...common };
    case 1:
      return {
        type: "consent",
        ...subjects,
        consent: { id: `c-${n % 5}`, state: "ConsentGiven" },
        ...common,
      };
    case 2:
      return { type: "complaint", ...subjects, complaint: { id: `k-${n}`, state: "filed" }, ...common };
    case 3:
      // About nobody: taken over from another system's log.
      return {
        type: "access",
        exchange: { messageId: `x-${n}`, client: "qn-police", service: "qn-tax/incomes" },
        handling: { origin: "xroad-opmon" },
        ...common,
      };
    case 4:
      return {
        type: "inspection",
        ...subjects,
        inspection: { id: `i-${n}`, state: "viewed", authority: "Inspectorate" },
        ...common,
      };
    default:
      return access(`access-${n}`, ...people);
  }
}

function pick<T>(values: readonly [T, ...T[]], random: () => number): T {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

/** Numbers from 0 to 1, the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

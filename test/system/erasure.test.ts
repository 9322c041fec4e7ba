import { createCipheriv } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { fromBase64url, toBase64url } from "../../protocol/bytes.ts";
import { auditCommand } from "../../cli/audit.ts";
import { formatAccusation } from "../../protocol/accusation.ts";
import { openFacets, parseShownEvent, payloadLeafHash } from "../../protocol/event.ts";
import { parseEvidence, parseEvidenceFile } from "../../protocol/evidence.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { erasureChecker } from "../../recorder/erasure-check.ts";
import type { Recorder } from "../../recorder/index.ts";
import { auditRecords } from "../../scripts/audit/audit.ts";
import { openState } from "../../scripts/audit/state.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import { verifyAccusation } from "../../verifier/accusation.ts";
import { chainReader, RECORD } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { runCommands } from "../cli/command-line.ts";
import { onBothStores } from "./both-stores.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  type LedgerProcess,
  openDemoRecorder,
  openSystemRecords,
  spawnLedger,
  tokenOf,
} from "./fixture.ts";
import { about, claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const JUSTICE = "qn-justice/r1";
/** The two demo citizens. */
const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
const GROUND = { law: "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15", article: "14" };
const REASON = "Ghi nhầm hồ sơ; người có dữ liệu yêu cầu xóa.";

/** What must be in no file any more: where it was found, and the bytes. */
interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

onBothStores("erasure in the whole system", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: LedgerProcess;
  let police: Recorder;
  let officer: Headers;
  let inspector: Headers;
  /** Of the events 0 to 3. */
  const needles: Needle[][] = [];
  /** What the agency kept elsewhere before the erasure: evidence of its event 0 with everything shown. */
  let kept: string;
  let rootBefore: string;

  const caseNumber = (n: number): string => `HS-2026-${7_000_000 + n}`;

  before(async () => {
    system = await deployed({ store });
    ledger = await spawnLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    // Agencies have tokens once the ledger has read them from the chain.
    officer = await until(
      "the officer has a token",
      async () => await tokenOf(system, "officer", "qn-police"),
    );
    inspector = await tokenOf(system, "inspector");
    police = await openDemoRecorder(system, ledger.url, { erasurePollMs: 100 });
    await recordAll(police, [
      { ...ACCESS, case: caseNumber(0) },
      { ...ACCESS, subject: SECOND, case: caseNumber(1) },
      { ...ACCESS, "subject.2": SECOND, case: caseNumber(2) },
      { ...ACCESS, case: caseNumber(3) },
    ]);
    const justice = await openDemoRecorder(system, ledger.url, { source: JUSTICE });
    await recordAll(justice, [{ ...ACCESS, case: caseNumber(4) }]);
    await justice.close();
    for (let seq = 1; seq <= 4; seq++) kept = await evidenceKept(seq);
    kept = await evidenceKept(1);
    await police.close();
    await ledger.end("SIGTERM");
    await collectNeedles();
    ledger = await spawnLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    await reopenRecorder();
    rootBefore = await indexRoot();
  });
  after(async () => {
    await ledger.end("SIGKILL");
    await police.close();
    await system.destroy();
  });

  async function recordAll(recorder: Recorder, events: readonly object[]): Promise<void> {
    // One after the other, so that each has a submission of its own and lies where LevelDB puts it.
    for (const event of events) {
      await recorder.recordAll([event]);
      await recorder.flush(AbortSignal.timeout(100_000));
    }
  }

  async function reopenRecorder(): Promise<void> {
    await police.close();
    police = await openDemoRecorder(system, ledger.url, { erasurePollMs: 100 });
  }

  async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + 100_000;
    for (;;) {
      const found = await look().catch(() => undefined);
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`it never came that ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function evidenceKept(seq: number): Promise<string> {
    return await until(`the recorder keeps the evidence of ${seq}`, async () => await police.evidenceOf(seq));
  }

  /** The keys, ciphertexts, disclosures and salts of the first events, while no server holds the records. */
  async function collectNeedles(): Promise<void> {
    const records = await openSystemRecords(system);
    for (let index = 0; index < 4; index++) {
      const secrets = await records.eventKey(index);
      const disclosures = (await records.disclosures(index))?.split("~").filter(Boolean) ?? [];
      const found: Needle[] = [{ name: `key ${index}`, bytes: Buffer.from(secrets?.key ?? []) }];
      found.push({ name: `case ${index}`, bytes: Buffer.from(caseNumber(index)) });
      for (const disclosure of disclosures) {
        const plain = Buffer.from(fromBase64url(disclosure));
        const [salt] = JSON.parse(plain.toString()) as [string];
        found.push({ name: `disclosure ${index}`, bytes: Buffer.from(disclosure) });
        found.push({ name: `salt ${index}`, bytes: Buffer.from(salt) });
      }
      needles.push(found);
    }
    await records.close();
    // PostgreSQL may keep what nothing opens any more in dead rows (docs/decisions/0032).
    const sealed = store === "level" ? await sealedOf(4) : [];
    for (const [index, found] of needles.entries())
      if (sealed[index] !== undefined) found.push({ name: `ciphertext ${index}`, bytes: sealed[index] });
    for (const { name, bytes } of needles.flat()) expect(bytes.length, name).to.be.greaterThan(7);
  }

  /** The beginning of each event's sealed disclosures, as it lies on the disk. */
  async function sealedOf(count: number): Promise<Buffer[]> {
    const records = await openSystemRecords(system);
    const sealed: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      const secrets = await records.eventKey(index);
      const cipher = createCipheriv("aes-256-gcm", secrets?.key ?? Buffer.alloc(32), Buffer.alloc(12));
      sealed.push(cipher.update((await records.disclosures(index)) ?? "", "latin1").subarray(0, 24));
    }
    await records.close();
    return sealed;
  }

  /** Names of the needles of these events that are in some file of the system, the recorders' and the chain's included. */
  async function foundOnDisk(events: readonly number[]): Promise<string[]> {
    const wanted = events.flatMap((index) => needles[index] ?? []);
    const found = new Set<string>();
    for (const folder of system.folders)
      for await (const file of filesBelow(folder)) {
        const bytes = await readFile(file).catch(unlessGone);
        for (const { name, bytes: needle } of wanted)
          if (bytes?.includes(needle) === true)
            found.add(`${name} in ${path.relative(system.dataDir, file)}`);
      }
    return [...found].sort();
  }

  async function order(body: object, headers = officer): Promise<Response> {
    return await until("the ledger takes the order", async () => {
      const answer = await fetch(`${ledger.url}/v1/erasures`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ legalBasis: GROUND, reason: REASON, ...body }),
      });
      // The index is being loaded.
      return answer.status === 503 ? undefined : answer;
    });
  }

  async function stateOf(id: string): Promise<Record<string, unknown>> {
    const answer = await fetch(`${ledger.url}/v1/erasures/${id}`, { headers: inspector });
    const { erasures } = (await answer.json()) as { erasures: Record<string, unknown>[] };
    return erasures[0] ?? {};
  }

  async function isDestroyed(id: string): Promise<Record<string, unknown>> {
    return await until(`the erasure ${id} is executed`, async () => {
      const erasure = await stateOf(id);
      return erasure["state"] === "destroyed" ? erasure : undefined;
    });
  }

  async function indexRoot(): Promise<string> {
    return await until("the index of the first five events is anchored", async () => {
      const answer = await fetchUntil(`${ledger.url}/v1/anchors?limit=1000`);
      const { anchors } = (await answer.json()) as { anchors: { indexSize: number; indexRoot: string }[] };
      return anchors.find(({ indexSize }) => indexSize >= 5)?.indexRoot;
    });
  }

  const reader = () => chainReader(jsonRpc(system.chain.url, { fetch, name: "node" }), "node");
  const statementOf = async (headers: Headers, horizon: number): Promise<string> =>
    await fetchStatement(`${ledger.url}/v1/statement`, headers, horizon);

  it("begins with everything on the disk", async () => {
    const found = await foundOnDisk([0, 3]);
    for (const name of ["key 0", ...(store === "level" ? ["ciphertext 0"] : []), "key 3", "disclosure 0"])
      expect(
        found.some((each) => each.startsWith(`${name} in`)),
        name,
      ).to.equal(true);
  });

  it("refuses what an officer may not have erased", async () => {
    const refusals: [object, number, string, Headers?][] = [
      [{ id: "x", events: [4] }, 403, "forbidden"],
      [{ id: "x", events: [99] }, 404, "unknown-event"],
      [{ id: "x", events: [0], reason: "" }, 400, "bad-request"],
      [{ id: "999199000001", events: [0] }, 400, "bad-request"],
      [{ id: "x", events: [0], person: FIRST }, 400, "bad-request"],
      [{ id: "x", events: [0], reason: "số 999199000001" }, 422, "schema-violation"],
      [{ id: "x", events: [0] }, 403, "forbidden", inspector],
    ];
    for (const [body, status, code, headers] of refusals) {
      const answer = await order(body, headers);
      const problem = (await answer.json()) as { code: string; detail: string };
      expect([answer.status, problem.code], JSON.stringify(body)).to.deep.equal([status, code]);
      expect(JSON.stringify(problem)).to.not.contain("999199");
    }
  });

  it("destroys all that an agency recorded about a person, through a kill in the middle, and once only", async () => {
    const answer = await order({ id: "person-1", person: FIRST });
    const ordered = (await answer.json()) as { orders: { index: number }[]; events: number; left: object };
    expect(answer.status, JSON.stringify(ordered)).to.equal(201);
    // What is about somebody else too is left, and what another agency recorded is not even counted.
    expect([ordered.events, ordered.left]).to.deep.equal([
      2,
      { erased: 0, kept: 0, sealed: 0, shared: 1, disputed: 0 },
    ]);
    for (const delay of [0, 150, 400, 700, 900]) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      await ledger.end("SIGKILL");
      ledger = await spawnLedger(system);
    }
    await fetchUntil(`${ledger.url}/ready`);
    expect(await isDestroyed("person-1")).to.deep.include({
      ...{ authority: "qn-police", legalBasis: GROUND, reason: REASON },
      ...{ events: 2, destroyed: 2, kept: 0, sealed: 0 },
    });
    await reopenRecorder();
    await until("the recorder destroyed it too", async () =>
      (await foundOnDisk([0, 3])).length === 0 ? true : undefined,
    );
    expect(await foundOnDisk([0, 3])).to.deep.equal([]);
    const left = (await foundOnDisk([1, 2])).join("\n");
    for (const name of ["key 1", "disclosure 1", "key 2"]) expect(left).to.contain(`${name} in`);
    const again = await order({ id: "person-1", person: FIRST });
    expect(await again.json()).to.deep.include({ orders: [], events: 0, complete: true });
    const other = await order({ id: "person-1", person: FIRST, reason: "another" });
    expect([other.status, await other.json()]).to.have.nested.property("[1].code", "erasure-conflict");
  });

  it("leaves evidence of the erased event that it was recorded, and the agency's own evidence as good as ever", async () => {
    const text = await (await fetch(`${ledger.url}/v1/events/0/evidence`, { headers: inspector })).text();
    const { event } = parseEvidence(text);
    expect(event.disclosures).to.deep.equal([]);
    expect(event.payloadText).to.equal(parseEvidence(kept).event.payloadText);
    for (const each of [text, kept, (await police.evidenceOf(1)) ?? ""])
      expect((await verifyEvidence(each, system.profile, reader())).verdict).to.equal("development");
    expect(parseEvidence((await police.evidenceOf(1)) ?? "").event.disclosures).to.deep.equal([]);
    const seen = (await (await fetch(`${ledger.url}/v1/events/0`)).json()) as Record<string, unknown>;
    expect(seen).to.include({ erased: true });
    expect(seen["closure"]).to.have.property("kind", "erasure");
  });

  it("convinces a recorder by an order of who may erase, and by nothing else", async () => {
    const { orders } = (await stateOf("person-1")) as { orders: { index: number }[] };
    const evidence = async (index: number): Promise<string> =>
      await (await fetch(`${ledger.url}/v1/events/${index}/evidence`, { headers: inspector })).text();
    const order = await evidence(orders[0]?.index ?? 0);
    const leaves = await erasureChecker(reader(), system.profile)(order);
    const event = parseEvidence(kept).event;
    expect(leaves).to.include(toBase64url(payloadLeafHash(event.payloadText)));
    const suspended = { ...reader(), entitlementsAt: () => Promise.resolve(RECORD) };
    expect(await erasureChecker(suspended, system.profile)(order)).to.contain("could not erase");
    expect(await erasureChecker(reader(), system.profile)(kept)).to.equal("it is no erasure");
    const hidden = JSON.parse(order) as { event: string };
    const nothing = JSON.stringify({ ...hidden, event: `${hidden.event.split("~")[0] ?? ""}~` });
    expect(await erasureChecker(reader(), system.profile)(nothing)).to.equal("it is no erasure");
    const forged = JSON.stringify({ ...hidden, event: kept && parseEvidenceFile(kept).event });
    expect(await erasureChecker(reader(), system.profile)(forged)).to.be.a("string");
  });

  it("shows the person that, when and why; and other people's statements as before", async () => {
    const own = await statementOf(await tokenNamed(system, "citizen 1"), 6);
    await claimOf(system, own);
    const { lists, closures } = parseStatement(own);
    const closed = lists[0]?.events
      .filter(({ closedBy }) => closedBy !== undefined)
      .map(({ index }) => index);
    expect(closed).to.deep.equal([0, 3]);
    const { erasure, time } = openFacets(parseShownEvent(closures[0]?.event ?? ""));
    expect(erasure).to.deep.include({ authority: "qn-police", legalBasis: GROUND, reason: REASON });
    expect(time).to.have.property("occurred");
    const others = parseStatement(await statementOf(await tokenNamed(system, "citizen 2"), 6));
    expect(others.lists[0]?.events.map(({ index, closedBy }) => [index, closedBy]).slice(0, 2)).to.deep.equal(
      [
        [1, undefined],
        [2, undefined],
      ],
    );
    expect(others.closures).to.deep.equal([]);
  });

  it("is no omission: whoever holds the event cannot accuse the ledger of having left it out", async () => {
    const own = parseStatement(await statementOf(await tokenNamed(system, "citizen 1"), 6));
    const text = formatAccusation({ evidence: parseEvidenceFile(kept), statement: own });
    const { verdict, checks } = await verifyAccusation(text, system.profile, reader());
    expect(verdict).to.equal("invalid");
    expect(checks.find(({ status }) => status === "failed")?.detail).to.contain(
      "closed by an erasure of qn-police",
    );
  });

  it("holds up before the audit of the records, and the index made anew has the same root", async () => {
    expect(await indexRoot()).to.equal(rootBefore);
    await police.close();
    await ledger.end("SIGTERM");
    await expectAudited();
    for (const name of ["index", "derived"]) await rm(path.join(system.dataDir, name), { recursive: true });
    ledger = await spawnLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    await reopenRecorder();
    // What was destroyed before is found so, and the list of it is made anew.
    await isDestroyed("person-1");
    await claimOf(
      system,
      await fetchStatement(`${ledger.url}${about("vn-cccd:999199000001")}`, inspector, 6),
    );
    expect(await foundOnDisk([0, 3])).to.deep.equal([]);
    const health = (await (await fetch(`${ledger.url}/health`)).json()) as { erasing: unknown };
    expect(health.erasing).to.deep.equal({ waiting: 0, sealed: 0, oldestSeconds: 0 });
    await police.close();
    await ledger.end("SIGTERM");
    await expectAudited();
    ledger = await spawnLedger(system);
    const files = { "trust.json": await readFile(system.profileFile, "utf8") };
    await fetchUntil(`${ledger.url}/ready`);
    const anybody = await runCommands(
      [auditCommand(fetch)],
      ["audit", ledger.url, "--trust", "trust.json"],
      files,
    );
    expect(anybody.out).to.contain("DEVELOPMENT: the log is right");
    await fetchUntil(`${ledger.url}/ready`);
    await reopenRecorder();
  });

  it("lets the ledger's own officer have any agency's events erased, and each officer see what concerns their agency", async () => {
    const operator = await tokenOf(system, "officer", OPERATOR);
    const answer = await order({ id: "ledger-1", events: [1, 4] }, operator);
    const { orders } = (await answer.json()) as { orders: unknown[] };
    expect(answer.status).to.equal(201);
    // One for each agency: none learns which events of another are about the same person.
    expect(orders).to.have.length(2);
    await isDestroyed("ledger-1");
    await until("the recorder destroyed it too", async () =>
      (await foundOnDisk([1])).length === 0 ? true : undefined,
    );
    const ids = async (headers: Headers): Promise<string[]> => {
      const page = await fetch(`${ledger.url}/v1/erasures`, { headers });
      return ((await page.json()) as { erasures: { id: string }[] }).erasures.map(({ id }) => id);
    };
    expect(await ids(officer)).to.deep.equal(["person-1/1", "ledger-1/1"]);
    expect(await ids(await tokenOf(system, "officer", "qn-justice"))).to.deep.equal(["ledger-1/2"]);
    expect(await ids(inspector)).to.deep.equal(["person-1/1", "ledger-1/1", "ledger-1/2"]);
    expect(await ids(await tokenOf(system, "officer", "qn-tax").catch(() => inspector))).to.be.an("array");
  });

  /** The audit with the log's secrets. It reads LevelDB; that of the public comes after it. */
  async function expectAudited(): Promise<void> {
    if (store !== "level") return;
    const state = await openState(undefined, "the tests' log");
    try {
      const { profile, secrets } = system;
      const report = await auditRecords({
        ...{ dataDir: system.dataDir, profile, chain: reader(), state },
        secrets: { pepper: secrets.pepper, vrf: secrets.vrf },
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      const faults = report.checks.filter(({ status }) => status !== "passed" && status !== "warning");
      expect(faults.map(({ id, detail }) => `${id}: ${detail}`)).to.deep.equal([]);
    } finally {
      await state.close();
    }
  }
});

/** Paths of all files below a folder. What is removed while we look is none. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  for (const entry of (await readdir(folder, { withFileTypes: true }).catch(unlessGone)) ?? []) {
    const found = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(found);
    else if (entry.isFile()) yield found;
  }
}

/** @throws any error but that there is no such file */
function unlessGone(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

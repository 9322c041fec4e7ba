import { execFile } from "node:child_process";
import { createCipheriv, randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { Level } from "level";
import pg from "pg";
import { toBase64url } from "../../protocol/bytes.ts";
import { makeEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { keyId } from "../../protocol/jws.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { parseSource } from "../../protocol/source.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import { parseEntryBundle } from "../../protocol/tile.ts";
import { auditRecords } from "../../scripts/audit/audit.ts";
import { AuditInputError } from "../../scripts/audit/error.ts";
import { openState } from "../../scripts/audit/state.ts";
import { hasPostgres } from "../../scripts/postgres.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { systemClock } from "../../server/clock.ts";
import { logKey, registerKey } from "../../server/store/level-keys.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { openPostgresStore } from "../../server/store/postgres-store.ts";
import { transferRecords } from "../../server/store/transfer.ts";
import { originOf } from "../../server/store/transfer-parts.ts";
import type { AuditReport } from "../../verifier/audit/report.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { skipBecause } from "../skip-because.ts";
import { sharedDatabase } from "./shared-postgres.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  POLICE,
  signedSubmission,
  startLedger,
  submit,
  tokenOf,
} from "./fixture.ts";

const JUSTICE = "qn-justice/r1";
const SUBMISSIONS = [
  { source: POLICE, count: 100 },
  { source: JUSTICE, count: 30 },
  { source: POLICE, count: 150 },
  { source: JUSTICE, count: 1 },
];
/** The ledger's own event about an equivocation is the last. */
const SIZE = 283;
/** An entry that an erasure of the operator's names. */
const ERASED = 50;
const ERASURE = 281;
const LAST = 282;

type Rows = Level<Buffer, Buffer>;

describe("npm run audit", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App | undefined;
  let folder: string;
  /** The event at ERASED as it was sent. */
  let erasedEvent: string | undefined;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-audit-"));
    system = await deployed();
    // The second half of an exchange is late after a second: most of them are missing, some came late.
    let ahead = 0;
    const clock = { now: () => systemClock.now() + ahead };
    const running = await startLedger(system, { clock, config: { exchangeGraceSeconds: 1 } });
    ledger = running;
    await fetchUntil(`${running.url}/ready`);
    const next = new Map<string, number>();
    for (const { source, count } of SUBMISSIONS) {
      const first = next.get(source) ?? 1;
      next.set(source, first + count);
      const facets = Array.from({ length: count }, (_, n) => access(source, first + n));
      const body = await signedSubmission(system, { source, first, facets });
      expect((await submit(running.url, body)).status).to.equal(201);
      erasedEvent ??= body.events[ERASED] ?? "";
      ahead += 2000;
      if (first === 1)
        await settled(
          running.url,
          [...next.values()].reduce((sum, each) => sum + each - 1, 0),
        );
    }
    const inspector = await tokenOf(system, "inspector");
    // While the event can be read its finding names the agency, as it would in a ledger that has not executed the order.
    await found(running.url, inspector, `unmatched-exchange:${ERASED}`);
    await submitErasure(system, running.url);
    const other = await signedSubmission(system, {
      source: JUSTICE,
      first: 2,
      facets: [access(JUSTICE, 9999)],
    });
    expect((await submit(running.url, other)).status).to.equal(409);
    await settled(running.url, SIZE);
    await found(running.url, inspector, `equivocation:${LAST}`, "unmatched-exchange:279");
    await erased(running.url);
  });
  after(async () => {
    await ledger?.close();
    await system.destroy();
    await rm(folder, { recursive: true });
  });

  async function audit(
    dataDir: string,
    options: {
      database?: string;
      state?: string;
      signal?: AbortSignal;
      without?: "pepper" | "vrf";
      lie?: Partial<ChainReader>;
    } = {},
  ): Promise<AuditReport> {
    const { profile, secrets, chain } = system;
    const state = await openState(options.state, "the tests' log");
    try {
      return await auditRecords({
        dataDir,
        database: options.database,
        profile,
        chain: {
          ...chainReader(jsonRpc(chain.url, { fetch, name: "the node" }), "the node"),
          ...options.lie,
        },
        secrets: {
          pepper: secrets.pepper,
          vrf: secrets.vrf,
          ...(options.without && { [options.without]: undefined }),
        },
        state,
        signal: options.signal ?? new AbortController().signal,
        onProgress: () => undefined,
      });
    } finally {
      await state.close();
    }
  }

  /** A copy of the records, changed in one of its databases. */
  async function tampered(database: string, change: (rows: Rows) => Promise<void>): Promise<string> {
    const copy = await mkdtemp(path.join(folder, "copy-"));
    for (const name of ["records", "derived", "index"])
      await cp(path.join(system.dataDir, name), path.join(copy, name), { recursive: true });
    const rows: Rows = new Level(path.join(copy, database), {
      keyEncoding: "buffer",
      valueEncoding: "buffer",
    });
    await rows.open();
    await change(rows);
    await rows.close();
    return copy;
  }

  it("says so when the ledger is running", async () => {
    const error: unknown = await audit(system.dataDir).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(AuditInputError);
    expect(String(error)).to.include("is held by the running ledger: stop it");
    await ledger?.close();
    ledger = undefined;
  });

  it("finds nothing wrong with honest records", async () => {
    const report = await audit(system.dataDir);
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report).to.deep.include({ verdict: "development", fault: null });
    expect(report.entries).to.deep.equal({ checked: SIZE, before: 0, of: SIZE });
  });

  it("says what it could not check without the operator's secrets", async () => {
    const open = (report: AuditReport): string[] =>
      report.checks.filter(({ status }) => status === "not-checked").map(({ id }) => id);
    expect(open(await audit(system.dataDir, { without: "pepper" }))).to.deep.equal(["tags"]);
    expect(open(await audit(system.dataDir, { without: "vrf" }))).to.deep.equal([
      "index-keys",
      "index",
      "kept-index",
    ]);
  });

  it("names an event that was ordered erased and was not, when the time for it is over", async () => {
    const text = erasedEvent ?? "";
    const key = Buffer.alloc(32, 7);
    const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
    const sealed = Buffer.concat([
      cipher.update(text.slice(text.indexOf("~") + 1), "latin1"),
      cipher.final(),
    ]);
    const row = ERASED - (ERASED % 16);
    const copy = await tampered("records/log", async (rows) => {
      await at(
        logKey(row, "eventKeys"),
        entryMap(ERASED - row, (tags) => Buffer.concat([key, tags])),
      )(rows);
      const whole = Buffer.concat([sealed, cipher.getAuthTag()]);
      await at(
        logKey(row, "disclosures"),
        entryMap(ERASED - row, () => whole),
      )(rows);
    });
    const inTime = await audit(copy);
    expect(inTime.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    const honest = chainReader(jsonRpc(system.chain.url, { fetch, name: "the node" }), "the node");
    const lie = { blockTime: async (block: number) => (await honest.blockTime(block)) + 25 * 3600 };
    expect((await audit(copy, { lie })).fault).to.deep.include({ check: "executed", index: ERASED });
    expect((await audit(system.dataDir, { lie })).fault).to.equal(null);
  });

  it("names an erasure by an agency that was not entitled to it, and a seed that is another log's", async () => {
    const suspended = await audit(system.dataDir, { lie: { entitlementsAt: () => Promise.resolve(1) } });
    expect(suspended.fault).to.deep.include({ check: "erasures", index: ERASURE });
    const keys = { checkpoint: new Uint8Array(32), receipt: new Uint8Array(32), vrf: new Uint8Array(32) };
    const other = await audit(system.dataDir, { lie: { logKeysAt: () => Promise.resolve(keys) } });
    expect(other.fault).to.deep.include({ check: "index-keys", index: 0 });
  });

  it("finds the same in PostgreSQL while servers go on, and a row that was changed there", async function () {
    if (!hasPostgres) skipBecause(this, "there is no PostgreSQL for this platform");
    const { url: database } = await sharedDatabase();
    const from = await openLevelStore({ path: path.join(system.dataDir, "records"), minFreeBytes: 0 });
    const to = await openPostgresStore({ url: database });
    try {
      const snapshot = await from.snapshot();
      await transferRecords(await originOf(snapshot), to).finally(snapshot.close);
      const report = await audit(system.dataDir, { database });
      expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
      expect(report.entries).to.deep.equal({ checked: SIZE, before: 0, of: SIZE });
      // The folder of no server: what is made from the records is not there to be compared.
      const bare = await audit(folder, { database });
      expect(bare.fault).to.equal(null);
      expect(
        bare.checks.filter(({ status }) => status === "not-checked").map(({ id }) => id),
      ).to.include.members(["tiles", "kept-index"]);
      const changed =
        "UPDATE payloads SET bundle = overlay(bundle PLACING '\\x41'::bytea FROM 40) WHERE start = 100";
      const client = new pg.Client({ connectionString: database });
      await client.connect();
      await client.query(changed).finally(async () => await client.end());
      const { fault } = await audit(system.dataDir, { database });
      expect(fault?.index).to.be.within(100, 116);
      const nowhere: unknown = await audit(folder, { database: `${database}_of_nobody` }).catch(
        (reason: unknown) => reason,
      );
      expect(nowhere).to.be.instanceOf(AuditInputError);
    } finally {
      await from.close();
      await to.close();
    }
  });

  it("runs as a command, and says what is missing", async () => {
    const done = await command("--data", system.dataDir);
    expect(done.out).to.match(/\nDEVELOPMENT: the log is right/);
    expect(done.code).to.equal(0);
    const lost = await command("--data", path.join(folder, "nowhere"));
    expect([lost.code, lost.out]).to.deep.equal([2, ""]);
    expect(lost.err).to.include("name the log's trust profile with --trust");
  });

  for (const [name, { database, change, check, index }] of Object.entries(tamperings())) {
    it(`names ${name}`, async () => {
      const copy = await tampered(database, change);
      const state = path.join(copy, "state");
      const report = await audit(copy, { state });
      expect(report.fault, JSON.stringify(report.checks, undefined, 1)).to.deep.include({ check, index });
      expect(report.verdict).to.equal("invalid");
      // Going on from what was kept comes to the same fault.
      expect((await audit(copy, { state })).fault).to.deep.equal(report.fault);
    });
  }

  it("goes on where it was interrupted, and comes to the same answer", async () => {
    const state = path.join(folder, "state");
    const stopped = new AbortController();
    stopped.abort();
    const before = await audit(system.dataDir, { state, signal: stopped.signal });
    expect(before).to.deep.include({ verdict: "incomplete", fault: null });
    for (let times = 0; times < 2; times++) {
      const report = await audit(system.dataDir, { state });
      expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
      expect(report.verdict).to.equal("development");
    }
  });
});

/** The command in a process of its own. */
async function command(...args: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const script = path.resolve(import.meta.dirname, "../../scripts/audit.ts");
  const program = ["--disable-warning=ExperimentalWarning", script, ...args];
  return await new Promise((resolve) => {
    execFile(process.execPath, program, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
  });
}

/** In the name of the ledger's own source, whose agency may erase. */
async function submitErasure({ profile, secrets }: Deployed, url: string): Promise<void> {
  const bundle = await fetch(`${url}/tile/entries/000`);
  const payload = parseEntryBundle(new Uint8Array(await bundle.arrayBuffer()))[ERASED];
  const source = parseSource(`${OPERATOR}/ledger`);
  const facets: Facets = {
    type: "erasure",
    erasure: {
      id: "e-1",
      leaves: [toBase64url(leafHash(payload ?? new Uint8Array()))],
      authority: "the court of Quảng Nam",
    },
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  const body = makeSubmission({
    log: { chainId: profile.chainId, registry: profile.anchorRegistry, logId: profile.logId },
    ...{ source, first: 1, events: [makeEvent({ source, seq: 1, facets, random })] },
    issuedAt: 1_790_000_000,
    ...{ alg: "EdDSA", kid: keyId("EdDSA", ed25519.getPublicKey(secrets.ledger)) },
    sign: (data) => ed25519.sign(data, secrets.ledger),
  });
  const answer = await submit(url, body);
  expect(answer.status, await answer.text()).to.equal(201);
}

/** Both sides record every exchange up to the 30th; the police about two persons in turn. */
function access(source: string, n: number): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: `9991990000${String((n % 7) + 10)}` },
    exchange: { messageId: `m-${n}`, client: "qn-police", service: "qn-justice/births" },
    "agent.id": `official-${n % 3}`,
    data: { action: "R", personalData: [source === POLICE ? "name" : "address"] },
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
}

/** Waits until an anchor covers so many entries, and their index. */
async function settled(url: string, size: number): Promise<void> {
  const deadline = performance.now() + 100_000;
  for (;;) {
    const answer: unknown = await (await fetch(`${url}/v1/anchors?after=${size - 1}&limit=1000`)).json();
    const anchors: unknown = isJsonObject(answer) ? answer["anchors"] : undefined;
    const last: unknown = Array.isArray(anchors) ? anchors.at(-1) : undefined;
    if (isJsonObject(last) && Number(last["indexSize"]) >= size) return;
    if (performance.now() > deadline)
      throw new Error(`${size} entries were not anchored and indexed in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the ledger has found these. */
async function found(url: string, headers: Record<string, string>, ...ids: readonly string[]): Promise<void> {
  const deadline = performance.now() + 100_000;
  for (;;) {
    const text = await (await fetch(`${url}/v1/findings?limit=1000`, { headers })).text();
    if (ids.every((id) => text.includes(`"${id}"`))) return;
    if (performance.now() > deadline)
      throw new Error(`there is no ${ids.join(" and ")}: ${text.slice(0, 1000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until the event that was ordered erased is. */
async function erased(url: string): Promise<void> {
  const deadline = performance.now() + 100_000;
  for (;;) {
    const event: unknown = await (await fetch(`${url}/v1/events/${ERASED}`)).json();
    if (isJsonObject(event) && event["erased"] === true) return;
    if (performance.now() > deadline) throw new Error("the erasure was not executed in time");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Tampering {
  readonly database: string;
  readonly change: (rows: Rows) => Promise<void>;
  readonly check: string;
  readonly index: number;
}

function tamperings(): Record<string, Tampering> {
  const log = "records/log";
  const register = "records/register";
  return {
    "a changed byte of a payload": {
      database: log,
      change: at(
        logKey(130, "payloads"),
        entryMap(3, (entry) =>
          Buffer.concat([entry.subarray(0, 200), Buffer.from("~"), entry.subarray(201)]),
        ),
      ),
      check: "entries",
      index: 133,
    },
    "a changed byte of a disclosure": {
      database: log,
      change: at(logKey(0, "disclosures"), entryFlip(7, 40)),
      check: "disclosures",
      index: 7,
    },
    "a changed tag": {
      database: log,
      change: at(logKey(100, "eventKeys"), entryFlip(5, 40)),
      check: "tags",
      index: 105,
    },
    "a tag that was dropped": {
      database: log,
      change: at(
        logKey(100, "eventKeys"),
        entryMap(2, (entry) => entry.subarray(0, entry.length - 33)),
      ),
      check: "tags",
      index: 102,
    },
    "a key that is gone without an erasure": {
      database: log,
      change: at(
        logKey(100, "eventKeys"),
        entryMap(4, (entry) => entry.subarray(32)),
      ),
      check: "erasures",
      index: 104,
    },
    "a forged signature of a submission": {
      database: log,
      change: at(logKey(130, "submission"), field(5, otherSignature)),
      check: "signatures",
      index: 130,
    },
    "a receipt of another time": {
      database: log,
      change: at(
        logKey(130, "submission"),
        field(4, (time) => String(Number(time) + 1)),
      ),
      check: "receipts",
      index: 130,
    },
    "a forged receipt": {
      database: log,
      change: at(logKey(100, "submission"), field(6, otherSignature)),
      check: "receipts",
      index: 100,
    },
    "a submission of another source": {
      database: log,
      change: at(
        logKey(100, "submission"),
        field(0, () => POLICE),
      ),
      check: "submissions",
      index: 100,
    },
    "a log that lost its end": {
      database: log,
      change: async (rows) => {
        await rows.clear({ gte: logKey(LAST) });
      },
      check: "records",
      index: LAST,
    },
    "a group that lost its head": {
      database: log,
      change: async (rows) => {
        await rows.del(logKey(LAST, "head"));
      },
      check: "records",
      index: 0,
    },
    "a source with another next number": {
      database: register,
      change: at(registerKey("sources", JUSTICE), (row) => {
        row.writeBigUInt64BE(40n, 0);
        return row;
      }),
      check: "sources",
      index: 280,
    },
    "a number that leads to another submission": {
      database: register,
      change: at(registerKey("sequences", POLICE, 101), (row) => {
        row.writeBigUInt64BE(0n, 0);
        return row;
      }),
      check: "submissions",
      index: 130,
    },
    "an anchor with another root": {
      database: register,
      change: firstAnchor(5, (root) => `00${root.slice(2)}`),
      check: "published-anchors",
      index: 99,
    },
    "an index key that is another's": {
      database: register,
      change: firstIndexKey((row) => {
        row[40] = (row[40] ?? 0) ^ 1;
        return row;
      }),
      check: "index-keys",
      index: 0,
    },
    "a wrong hash in a tile": {
      database: "derived",
      change: at(Buffer.from("7400000000000000", "hex"), flip(32 * 9)),
      check: "tiles",
      index: 9,
    },
    "a leaf that leads nowhere, so that no erasure would find its event": {
      database: "derived",
      change: async (rows) => {
        for await (const [key, place] of rows.iterator({ gte: Buffer.from("l"), lt: Buffer.from("m") }))
          if (place.readUIntBE(0, 6) === 17) await rows.del(key);
      },
      check: "executed",
      index: 17,
    },
    "a wrong node above a tile": {
      database: "derived",
      change: at(Buffer.from("7400000000000000", "hex"), flip(32 * 258)),
      check: "tiles",
      index: 32,
    },
    "a finding that was removed": {
      database: "derived",
      change: findings(async (rows, key) => {
        await rows.del(key);
      }),
      check: "findings",
      index: LAST,
    },
    "a finding about a silent side that was removed": {
      database: "derived",
      change: async (rows) => {
        for await (const [key, value] of rows.iterator({ gte: Buffer.of(0x66), lt: Buffer.of(0x67) }))
          if (value.toString().includes('"unmatched-exchange:60"')) await rows.del(key);
      },
      check: "findings",
      index: 60,
    },
    "a finding that was invented": {
      database: "derived",
      change: findings(async (rows, key, value) => {
        const text = value.toString().replaceAll(String(LAST), "77");
        await rows.put(Buffer.from(key.toString().replace(String(LAST), "77")), Buffer.from(text));
      }),
      check: "findings",
      index: 77,
    },
    "a posting of another event": {
      database: "index",
      change: firstOf(0x70, flip(5)),
      check: "kept-index",
      index: 0,
    },
    "an entry with another count": {
      database: "index",
      change: firstOf(0x65, flip(5)),
      check: "kept-index",
      index: 275,
    },
    "an index with another root": {
      database: "index",
      change: firstOf(0x50, flip(20)),
      check: "kept-index",
      index: LAST,
    },
  };
}

type Change = (row: Buffer) => Buffer;

function at(key: Buffer, change: Change): Tampering["change"] {
  return async (rows) => {
    const [row] = await rows.getMany([key]);
    if (row === undefined) throw new Error(`there is no row ${key.toString("latin1")}`);
    await rows.put(key, change(Buffer.from(row)));
  };
}

function firstOf(prefix: number, change: Change): Tampering["change"] {
  return async (rows) => {
    const [first] = await rows
      .iterator({ gte: Buffer.of(prefix), lt: Buffer.of(prefix + 1), limit: 1 })
      .all();
    if (first === undefined) throw new Error("there is no such row");
    await at(first[0], change)(rows);
  };
}

function firstAnchor(line: number, change: (text: string) => string): Tampering["change"] {
  return firstOf(registerKey("anchors")[0] ?? 0, field(line, change));
}

function firstIndexKey(change: Change): Tampering["change"] {
  return firstOf(registerKey("indexKeys")[0] ?? 0, change);
}

function findings(change: (rows: Rows, key: Buffer, value: Buffer) => Promise<void>): Tampering["change"] {
  return async (rows) => {
    for await (const [key, value] of rows.iterator({ gte: Buffer.of(0x66), lt: Buffer.of(0x67) })) {
      if (value.toString().includes(`equivocation:${LAST}`)) await change(rows, key, value);
    }
  };
}

function flip(place: number): Change {
  return (row) => {
    row[place] = (row[place] ?? 0) ^ 1;
    return row;
  };
}

function entryFlip(entry: number, place: number): Change {
  return entryMap(entry, flip(place));
}

/** Changes one entry of a bundle. */
function entryMap(wanted: number, change: Change): Change {
  return (row) => {
    const parts: Buffer[] = [];
    for (let start = 0, n = 0; start < row.length; n++) {
      const length = row.readUInt16BE(start);
      const entry = row.subarray(start + 2, start + 2 + length);
      const changed = n === wanted ? change(Buffer.from(entry)) : entry;
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(changed.length);
      parts.push(prefix, changed);
      start += 2 + length;
    }
    return Buffer.concat(parts);
  };
}

/** Changes a line of a row of lines. */
function field(line: number, change: (text: string) => string): Change {
  return (row) => {
    const lines = row.toString("latin1").split("\n");
    lines[line] = change(lines[line] ?? "");
    return Buffer.from(lines.join("\n"), "latin1");
  };
}

/** The JWS with a bit of its signature turned. */
function otherSignature(jws: string): string {
  const [header = "", payload = "", signature = ""] = jws.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[9] = (bytes[9] ?? 0) ^ 1;
  return `${header}.${payload}.${bytes.toString("base64url")}`;
}

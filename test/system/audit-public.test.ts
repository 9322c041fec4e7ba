import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { auditCommand } from "../../cli/audit.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { parseEntryBundle, encodeEntryBundle } from "../../protocol/tile.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import type { App } from "../../server/app.ts";
import type { AuditReport } from "../../verifier/audit/report.ts";
import { type Ran, runCommands } from "../cli/command-line.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  POLICE,
  signedSubmission,
  startLedger,
  submit,
} from "./fixture.ts";

const JUSTICE = "qn-justice/r1";
/** Two and a bit tiles of level 0, in submissions of several sizes, so that tiles end inside submissions. */
const SUBMISSIONS = [
  { source: POLICE, count: 100 },
  { source: JUSTICE, count: 3 },
  { source: POLICE, count: 200 },
  { source: POLICE, count: 1 },
  { source: JUSTICE, count: 250 },
  { source: POLICE, count: 7 },
];
const SIZE = 561;

/** What a liar makes of an answer of the ledger's: another body, or none (404). */
type Lie = (path: string, body: Buffer) => Buffer | undefined;

describe("minhbach audit", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-audit-"));
    system = await deployed();
    ledger = await startLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    const next = new Map<string, number>();
    for (const { source, count } of SUBMISSIONS) {
      const first = next.get(source) ?? 1;
      next.set(source, first + count);
      const facets = Array.from({ length: count }, (_, n) => access(`${source} ${first + n}`));
      const body = await signedSubmission(system, { source, first, facets });
      expect((await submit(ledger.url, body)).status).to.equal(201);
      // Anchors of three sizes at least.
      if ([100, 303].includes(first + count - 1)) await anchored(ledger.url, first + count - 1);
    }
    await anchored(ledger.url, SIZE);
  });
  after(async () => {
    await ledger.close();
    await system.destroy();
    await rm(folder, { recursive: true });
  });

  async function audit(url: string, ...args: string[]): Promise<Ran> {
    const files = { "trust.json": await readFile(system.profileFile, "utf8") };
    return await runCommands([auditCommand(fetch)], ["audit", url, "--trust", "trust.json", ...args], files);
  }

  async function reportOf(url: string, ...args: string[]): Promise<{ code: number; report: AuditReport }> {
    const { code, out } = await audit(url, "--json", ...args);
    return { code, report: JSON.parse(out) as AuditReport };
  }

  it("finds nothing wrong with an honest ledger, and says what that is worth", async () => {
    const { code, out, err } = await audit(ledger.url);
    expect(err).to.equal("");
    expect(out).to.include("✓ Every entry belongs to exactly one signed submission\n    561 entries\n");
    expect(out).to.match(/\nDEVELOPMENT: the log is right, but on an embedded chain/);
    expect(out).to.not.match(/^[✗–!]/m);
    expect(code).to.equal(0);
  });

  it("asks again when the ledger asks for time, instead of ending there", async () => {
    const refused: string[] = [];
    const busy: typeof fetch = async (page, request) => {
      const at = new Request(page).url;
      // The first question of the log, and a later one.
      const isOfLog = at === `${ledger.url}/checkpoint` || at.includes("/v1/submissions/");
      if (!isOfLog || refused.includes(at) || refused.length === 2) return await fetch(page, request);
      refused.push(at);
      return new Response("{}", { status: 429, headers: { "retry-after": "1" } });
    };
    const files = { "trust.json": await readFile(system.profileFile, "utf8") };
    const args = ["audit", ledger.url, "--trust", "trust.json"];
    const { code, out } = await runCommands([auditCommand(busy)], args, files);
    expect(out).to.include("DEVELOPMENT");
    expect(code).to.equal(0);
    expect(refused).to.have.length(2);
  });

  it("says that it needs a trust profile, and that the ledger does not answer", async () => {
    expect((await runCommands([auditCommand(fetch)], ["audit", ledger.url])).code).to.equal(3);
    const { code, report } = await reportOf("http://127.0.0.1:1");
    expect([code, report.verdict]).to.deep.equal([3, "incomplete"]);
    expect(report.checks.find(({ id }) => id === "checkpoint")?.detail).to.include("does not answer");
  });

  for (const [name, { lie, check, index }] of Object.entries(lies())) {
    it(`names ${name}`, async () => {
      const liar = await lyingLedger(ledger.url, lie);
      try {
        const { code, report } = await reportOf(liar.url);
        expect(report.fault, JSON.stringify(report.checks, undefined, 1)).to.deep.include({ check, index });
        expect([code, report.verdict]).to.deep.equal([1, "invalid"]);
        expect(report.checks.filter(({ status }) => status === "failed").map(({ id }) => id)).to.deep.equal([
          check,
        ]);
      } finally {
        await liar.close();
      }
    });
  }

  it("names a log that was cut, though its checkpoint is truly signed", async () => {
    const { anchors } = (await (await fetch(`${ledger.url}/v1/anchors`)).json()) as {
      anchors: { size: number; checkpoint: string }[];
    };
    const [early] = anchors;
    const liar = await lyingLedger(ledger.url, (at, body) =>
      at === "/checkpoint" ? Buffer.from(early?.checkpoint ?? "") : body,
    );
    const { code, report } = await reportOf(liar.url);
    await liar.close();
    expect(report.fault).to.deep.include({ check: "anchors", index: early?.size });
    expect(code).to.equal(1);
  });

  it("names a checkpoint that the log did not sign, and a chain that is another", async () => {
    const forged = await lyingLedger(ledger.url, (at, body) =>
      at === "/checkpoint" ? Buffer.from(body.toString().replace(/\n561\n/, "\n560\n")) : body,
    );
    const { code, report } = await reportOf(forged.url);
    await forged.close();
    expect(code).to.equal(1);
    expect(report.checks.find(({ status }) => status === "failed")?.id).to.equal("checkpoint");
    const profile = (await readFile(system.profileFile, "utf8")).replace(
      /"genesisHash":( ?)"0x../,
      '"genesisHash":$1"0x00',
    );
    const ran = await runCommands([auditCommand(fetch)], ["audit", ledger.url, "--trust", "t", "--json"], {
      t: profile,
    });
    expect([ran.code, (JSON.parse(ran.out) as AuditReport).checks[0]?.status]).to.deep.equal([1, "failed"]);
  });

  it("goes on where it was interrupted, and comes to the same answer", async () => {
    const state = path.join(folder, "state.json");
    const outage = await lyingLedger(ledger.url, (at, body) => {
      if (at.startsWith("/v1/submissions/qn-justice/r1/4")) throw new Error("an outage");
      return body;
    });
    const before = await reportOf(outage.url, "--state", state);
    await outage.close();
    expect([before.code, before.report.verdict]).to.deep.equal([3, "incomplete"]);
    expect(before.report.entries).to.deep.equal({ checked: 304, before: 0, of: SIZE });

    const after = await reportOf(ledger.url, "--state", state);
    expect(after.report.entries).to.deep.equal({ checked: SIZE, before: 304, of: SIZE });
    expect([after.code, after.report.verdict]).to.deep.equal([0, "development"]);
    const whole = await reportOf(ledger.url);
    const statuses = ({ checks }: AuditReport): unknown => checks.map(({ id, status }) => [id, status]);
    expect(statuses(after.report)).to.deep.equal(statuses(whole.report));

    // What is wrong behind the interruption is still found, and found again by the next audit.
    const { lie, check, index } = lies()["an entry swapped with the next one"] ?? { lie: () => undefined };
    const liar = await lyingLedger(ledger.url, lie);
    for (const file of [path.join(folder, "other.json"), path.join(folder, "other.json")])
      expect((await reportOf(liar.url, "--state", file)).report.fault).to.deep.include({ check, index });
    await liar.close();
  });

  it("goes on with what came since, and refuses the state of another log", async () => {
    const state = path.join(folder, "grown.json");
    expect((await reportOf(ledger.url, "--state", state)).code).to.equal(0);
    const again = await reportOf(ledger.url, "--state", state);
    expect(again.report.entries).to.deep.equal({ checked: SIZE, before: SIZE, of: SIZE });
    expect(again.code).to.equal(0);
    const text = await readFile(state, "utf8");
    await writeFile(state, text.replace(/"genesis":"0x../, '"genesis":"0x00'));
    const { code, err } = await audit(ledger.url, "--state", state);
    expect(code).to.equal(2);
    expect(err).to.include("holds no audit of this log");
  });
});

function access(messageId: string): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "999199000001" },
    exchange: { messageId, client: "qn-police", service: "qn-justice/births" },
    data: { action: "R", personalData: ["name"] },
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
}

async function anchored(url: string, size: number): Promise<void> {
  const deadline = performance.now() + 100_000;
  for (;;) {
    const answer: unknown = await (await fetch(`${url}/v1/anchors?after=${size - 1}`)).json();
    if (isJsonObject(answer) && Array.isArray(answer["anchors"]) && answer["anchors"].length > 0) return;
    if (performance.now() > deadline) throw new Error("the last entry was not anchored in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Lies by what they are about: what the audit must name. */
function lies(): Record<string, { lie: Lie; check?: string; index?: number }> {
  const json =
    (change: (value: Record<string, unknown>) => void): Lie =>
    (_, body) => {
      const value = JSON.parse(body.toString()) as Record<string, unknown>;
      change(value);
      return Buffer.from(JSON.stringify(value));
    };
  const at =
    (prefix: string, lie: Lie): Lie =>
    (path, body) =>
      path.startsWith(prefix) ? lie(path, body) : body;
  const entries =
    (change: (list: Uint8Array[]) => void): Lie =>
    (_, body) => {
      const list = parseEntryBundle(body);
      change(list);
      return Buffer.from(encodeEntryBundle(list));
    };
  const flipped =
    (place: number): Lie =>
    (_, body) => {
      const changed = Buffer.from(body);
      changed[place] = (changed[place] ?? 0) ^ 1;
      return changed;
    };
  const third = "/v1/submissions/qn-police/r1/101";
  return {
    "an entry with a changed byte": {
      lie: at(
        "/tile/entries/001",
        entries((list) => {
          list[4] = otherDigest(list[4]);
        }),
      ),
      check: "submissions",
      index: 103,
    },
    "an entry swapped with the next one": {
      lie: at(
        "/tile/entries/002",
        entries((list) => {
          [list[44], list[45]] = [list[45] ?? new Uint8Array(), list[44] ?? new Uint8Array()];
        }),
      ),
      check: "submissions",
      index: 556,
    },
    "a bundle that ends early": {
      lie: at(
        "/tile/entries/001",
        entries((list) => {
          list.length = 200;
        }),
      ),
      check: "entries",
      index: 456,
    },
    "an entry that is no event": {
      lie: at(
        "/tile/entries/000",
        entries((list) => {
          list[100] = Buffer.from("bm8");
        }),
      ),
      check: "entries",
      index: 100,
    },
    "an event in no submission": { lie: at(third, () => undefined), check: "submissions", index: 103 },
    "a submission with another index": {
      lie: at(
        third,
        json((value) => {
          value["index"] = 104;
        }),
      ),
      check: "submissions",
      index: 103,
    },
    "a signature that is not the recorder's": {
      lie: at(
        third,
        json((value) => {
          value["jws"] = otherSignature(value["jws"]);
        }),
      ),
      check: "signatures",
      index: 103,
    },
    "a submission of another time than its receipt": {
      lie: at(
        third,
        json((value) => {
          value["time"] = 1;
        }),
      ),
      check: "receipts",
      index: 103,
    },
    "a receipt that the log did not sign": {
      lie: at(
        third,
        json((value) => {
          value["receipt"] = otherSignature(value["receipt"]);
        }),
      ),
      check: "receipts",
      index: 103,
    },
    "a wrong hash in a full tile": { lie: at("/tile/0/001", flipped(32 * 7)), check: "tiles", index: 263 },
    "a wrong hash in the unfinished tile": {
      lie: at("/tile/0/002.p/49", flipped(32 * 48)),
      check: "tiles",
      index: 560,
    },
    "a wrong hash in a tile of a higher level": {
      lie: at("/tile/1/000.p/2", flipped(32)),
      check: "tiles",
      index: 256,
    },
    "a tile that is missing": { lie: at("/tile/0/000", () => undefined), check: "tiles", index: 0 },
    "an anchor with another block": {
      lie: at(
        "/v1/anchors",
        json((value) => {
          const last = anchorsOf(value).at(-1);
          if (last !== undefined) last["block"] = 1;
        }),
      ),
      check: "published-anchors",
      index: 560,
    },
    "an anchor that is left out": {
      lie: at(
        "/v1/anchors",
        json((value) => {
          anchorsOf(value).shift();
        }),
      ),
      check: "published-anchors",
      index: 99,
    },
    "an anchor that the chain does not have": {
      lie: at(
        "/v1/anchors",
        json((value) => {
          const list = anchorsOf(value);
          if (list.length > 0)
            list.push({ ...list.at(-1), number: Number(list.at(-1)?.["number"]) + 1, size: 999 });
        }),
      ),
      check: "published-anchors",
      index: 998,
    },
  };
}

/** The payload with another digest in it, in a right form. */
function otherDigest(payload: Uint8Array | undefined): Uint8Array {
  const text = Buffer.from(Buffer.from(payload ?? []).toString(), "base64url").toString();
  const changed = text.replace(
    /([AEIMQUYcgkosw048])"\],/,
    (_, last: string) => `${last === "A" ? "E" : "A"}"],`,
  );
  expect(changed).to.not.equal(text);
  return Buffer.from(Buffer.from(changed).toString("base64url"));
}

/** The JWS with a bit of its signature turned. */
function otherSignature(jws: unknown): string {
  const [header = "", payload = "", signature = ""] = String(jws).split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[9] = (bytes[9] ?? 0) ^ 1;
  return `${header}.${payload}.${bytes.toString("base64url")}`;
}

function anchorsOf(value: Record<string, unknown>): Record<string, unknown>[] {
  return value["anchors"] as Record<string, unknown>[];
}

/** A ledger that passes on another's answers, changed by a lie; a lie that throws is an outage. */
async function lyingLedger(target: string, lie: Lie): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const honest = await fetch(`${target}${request.url ?? ""}`);
      const body = Buffer.from(await honest.arrayBuffer());
      const told = honest.status === 200 ? lie(request.url ?? "", body) : body;
      response.writeHead(told === undefined ? 404 : honest.status).end(told);
    };
    answer().catch(() => request.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { auditCommand } from "../../cli/audit.ts";
import { toBase64url, toHex } from "../../protocol/bytes.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { makeEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { keyId } from "../../protocol/jws.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { parseSource } from "../../protocol/source.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import { hasPostgres } from "../../scripts/postgres.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { Store } from "../../server/store/store.ts";
import { runCommands } from "../cli/command-line.ts";
import { skipBecause } from "../skip-because.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  ledgerEnv,
  type LedgerProcess,
  openSystemRecords,
  POLICE,
  signedSubmission,
  spawnLedger,
  submit,
} from "./fixture.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** A busy machine is slow, and nothing here is about speed. */
const PATIENCE_MS = 120_000;

describe("a server that leads, stops for a while and wakes late", function () {
  this.timeout(6 * PATIENCE_MS);
  let system: Deployed;
  let records: Store;
  const servers: LedgerProcess[] = [];
  let sent = 0;
  let orders = 0;

  before(async function () {
    if (!hasPostgres) skipBecause(this, "there is no PostgreSQL for this platform");
    system = await deployed({ store: "postgres" });
    for (let at = 0; at < 2; at++) servers.push(await start(at));
    records = await openSystemRecords(system);
  });
  after(async () => {
    for (const server of servers) {
      server.process.kill("SIGCONT");
      await server.end("SIGKILL");
    }
    if (!hasPostgres) return;
    await records.close();
    await system.destroy();
  });

  function settingsOf(at: number): Record<string, string> {
    const { checkpoint, receipt, vrf, ledger, desk, anchorer, pepper } = system.secrets;
    return {
      ...{ DATA_DIR: path.join(system.dataDir, `server-${at}`), TRUST_PROFILE: system.profileFile },
      ...{ CHECKPOINT_KEY: toHex(checkpoint), RECEIPT_KEY: toHex(receipt), ANCHORER_KEY: toHex(anchorer) },
      ...{ VRF_KEY: toHex(vrf), LEDGER_KEY: toHex(ledger), DESK_KEY: toHex(desk), PEPPER: toHex(pepper) },
    };
  }

  async function start(at: number): Promise<LedgerProcess> {
    const server = await spawnLedger(system, settingsOf(at));
    await fetchUntil(`${server.url}/ready`, 200, PATIENCE_MS);
    return server;
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
      await delay(50);
    }
  }

  async function leads({ url }: LedgerProcess): Promise<boolean> {
    return /^minhbach_leader 1$/m.test(await (await fetch(`${url}/metrics`)).text());
  }

  /** The two servers, the one that leads first: mostly the one that was started first. */
  async function leaderFirst(): Promise<[LedgerProcess, LedgerProcess]> {
    const [one, two] = servers;
    if (one === undefined || two === undefined) throw new Error("no servers");
    await until("one of them leads", async () => (await leads(one)) !== (await leads(two)));
    return (await leads(one)) ? [one, two] : [two, one];
  }

  async function anchored({ url }: LedgerProcess): Promise<number> {
    const health = (await (await fetch(`${url}/health`)).json()) as { events: { anchored: number } };
    return health.events.anchored;
  }

  /** Sends events, and waits until all servers given know them anchored. Returns the log index of the first. */
  async function record(by: LedgerProcess, known: readonly LedgerProcess[]): Promise<number> {
    const { size } = await records.head();
    const facets = Array.from({ length: 3 }, (): Facets => {
      const { agent, ...others } = ACCESS;
      return { ...others, "agent.id": agent.id, "agent.role": agent.role };
    });
    const body = await signedSubmission(system, { source: POLICE, first: sent + 1, facets });
    await until("the submission is taken", async () => (await submit(by.url, body)).ok);
    sent += 3;
    for (const server of known)
      await until("it is anchored", async () => (await anchored(server)) >= size + 3);
    return size;
  }

  async function orderErasure(by: LedgerProcess, index: number): Promise<void> {
    const [payload] = await records.payloads(index, index + 1);
    const leaves = [toBase64url(leafHash(payload ?? new Uint8Array()))];
    const source = parseSource(`${OPERATOR}/ledger`);
    const seq = ++orders;
    const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
    const facets: Facets = {
      type: "erasure",
      erasure: { id: `e-${seq}`, leaves, authority: "a court" },
      time: ACCESS.time,
    };
    const { profile, secrets } = system;
    const body = makeSubmission({
      log: { chainId: profile.chainId, registry: profile.anchorRegistry, logId: profile.logId },
      ...{ source, first: seq, events: [makeEvent({ source, seq, facets, random })] },
      issuedAt: 1_790_000_000,
      ...{ alg: "EdDSA", kid: keyId("EdDSA", ed25519.getPublicKey(secrets.ledger)) },
      sign: (data) => ed25519.sign(data, secrets.ledger),
    });
    await until("the order is taken", async () => (await submit(by.url, body)).ok);
  }

  it("is followed by the other, does nothing when it wakes, and leads again when that one dies", async () => {
    const [one, two] = await leaderFirst();
    const early = await record(one, [one, two]);
    await orderErasure(two, early);
    await until("the leader destroyed it", async () => (await records.destroyed([early])).size === 1);

    one.process.kill("SIGSTOP");
    await until("the other leads", async () => await leads(two));
    const meanwhile = await record(two, [two]);
    await orderErasure(two, meanwhile);
    await until("the new leader destroyed it", async () => (await records.destroyed([meanwhile])).size === 1);
    const published = await records.checkpoint();
    const { size: anchoredSize } = (await records.lastAnchor()) ?? { size: 0 };

    one.process.kill("SIGCONT");
    const late = await record(one, [one, two]);
    await until("the one that woke follows", async () => !(await leads(one)) && (await leads(two)));
    expect((await records.checkpoint())?.size).to.be.at.least(published?.size ?? Infinity);
    expect((await records.lastAnchor())?.size).to.be.greaterThan(anchoredSize);
    // What it would still have destroyed is known as destroyed there too.
    for (const { url } of [one, two])
      await until("it shows both as erased", async () => {
        const { erasing } = (await (await fetch(`${url}/health`)).json()) as { erasing: { waiting: number } };
        return erasing.waiting === 0;
      });

    await two.end("SIGKILL");
    await until("the first leads again", async () => await leads(one));
    await record(one, [one]);
    await orderErasure(one, late);
    await until("it destroys again", async () => (await records.destroyed([late])).size === 1);
    const at = servers.indexOf(two);
    servers[at] = await start(at);
  });

  it("takes no third one beside it that has another pepper, and says which", async () => {
    const env = {
      ...{ ...ledgerEnv(system), ...settingsOf(2), PEPPER: "ab".repeat(32) },
      ...{ PATH: process.env["PATH"], LOG_LEVEL: "info" },
    };
    const [code, said] = await new Promise<[number | null, string]>((resolve) => {
      const child = execFile(process.execPath, ["server/main.ts"], { env, cwd: ROOT }, (_, out, error) =>
        resolve([child.exitCode, out + error]),
      );
    });
    expect(code, said).to.be.greaterThan(0);
    expect(said)
      .to.contain("PEPPER is not the one these records were made with")
      .and.not.contain("listening");
  });

  it("leaves one line of checkpoints and anchors, right for whoever audits either server", async () => {
    const { size } = await records.head();
    const anchors = await records.anchorsFrom({ from: 0, limit: 1000 });
    expect(anchors.map(({ number }) => number)).to.deep.equal(anchors.map((_, at) => at));
    const files = { "trust.json": await readFile(system.profileFile, "utf8") };
    for (const server of servers) {
      await until("all is anchored", async () => (await anchored(server)) === size);
      const checkpoint = parseCheckpoint(await (await fetchUntil(`${server.url}/checkpoint`)).text());
      expect(checkpoint.size).to.equal(size);
      const { code, out } = await runCommands(
        [auditCommand(fetch)],
        ["audit", server.url, "--trust", "trust.json"],
        files,
      );
      expect(code, out).to.equal(0);
    }
  });
});

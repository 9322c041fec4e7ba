import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { auditCommand } from "../../cli/audit.ts";
import { fromUtf8, toHex } from "../../protocol/bytes.ts";
import { payloadOf } from "../../protocol/event.ts";
import { frontierRoot } from "../../protocol/frontier.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import type { Recorder } from "../../recorder/index.ts";
import { hasPostgres } from "../../scripts/postgres.ts";
import { runCommands } from "../cli/command-line.ts";
import { skipBecause } from "../skip-because.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  fetchUntilText,
  type LedgerProcess,
  openDemoRecorder,
  openSystemRecords,
} from "./fixture.ts";
import { type Door, openDoor, spawnServer } from "./servers.ts";

const SOURCES = ["qn-police/r1", "qn-health/r1", "qn-justice/r1"] as const;
const SERVERS = 3;
const EVENTS_AT_ONCE = 2;
/** Between two requests of one agency's systems. */
const PAUSE_MS = 40;
/** More than this must be receipted while a server is away. */
const MEANWHILE = 20;
const READY_MS = 120_000;

describe("three servers, restarted one after the other under load", function () {
  this.timeout(600_000);
  let system: Deployed;
  let doors: Door[] = [];
  let recorders: Recorder[] = [];
  const servers: LedgerProcess[] = [];

  before(async function () {
    if (!hasPostgres) skipBecause(this, "there is no PostgreSQL for this platform");
    system = await deployed({ store: "postgres" });
    doors = await Promise.all(Array.from({ length: SERVERS }, openDoor));
    await Promise.all(doors.map(async (_, number) => await start(number)));
    recorders = await Promise.all(
      SOURCES.map(async (source, at) => {
        // Each prefers another server, so that each restart is one recorder's.
        const urls = [...doors.slice(at), ...doors.slice(0, at)].map(({ url }) => url);
        return await openDemoRecorder(system, urls, { source, keep: "everything" });
      }),
    );
  });
  after(async () => {
    await Promise.all(recorders.map(async (recorder) => await recorder.close()));
    for (const door of doors) door.close();
    await Promise.all(servers.map(async (server) => await server.end("SIGKILL")));
    if (hasPostgres) await system.destroy();
  });

  /** @param env what the operator changes with the restart */
  async function start(number: number, env: Record<string, string> = {}): Promise<void> {
    const server = await spawnServer(system, number, env);
    servers[number] = server;
    await fetchUntil(`${server.url}/ready`, 200, READY_MS);
    const door = doors[number];
    if (door !== undefined) door.leadsTo = server.url;
  }

  const receipted = (): number =>
    recorders.reduce((sum, recorder) => sum + recorder.status().receiptedThrough, 0);

  it("take every event once: each is receipted while a server is away, and none fails", async () => {
    let isOver = false;
    const load = Promise.all(
      recorders.map(async (recorder) => {
        while (!isOver) {
          await recorder.recordAll(Array.from({ length: EVENTS_AT_ONCE }, () => ACCESS));
          await delay(PAUSE_MS);
        }
      }),
    );
    try {
      for (const [number, door] of doors.entries()) {
        // It ends in order; whoever comes after that is turned away.
        const ending = servers[number]?.end("SIGTERM");
        door.leadsTo = undefined;
        expect(await ending, `server ${number}`).to.equal(0);
        const before = receipted();
        while (receipted() < before + MEANWHILE) await delay(PAUSE_MS);
        await start(number, { CHECKPOINT_INTERVAL: "70ms", RECEIVE_WORKERS: "2" });
      }
    } finally {
      isOver = true;
      await load;
    }
    for (const recorder of recorders) {
      await recorder.flush(AbortSignal.timeout(120_000));
      const { nextSeq, receiptedThrough, sending } = recorder.status();
      expect(receiptedThrough).to.equal(nextSeq - 1);
      expect(sending).to.deep.include({ state: "sending", tombstones: 0 });
    }
  });

  it("hold what the receipts say, without a gap, and nothing twice", async () => {
    const records = await openSystemRecords(system);
    const { size, frontier } = await records.head();
    const payloads = (await records.payloads(0, size)).map(fromUtf8);
    await records.close();
    expect(size).to.equal(receipted());
    expect(payloads).to.have.length(size);
    expect(toHex(frontierRoot(frontier))).to.equal(
      toHex(rootHash(payloads.map((payload) => leafHash(Buffer.from(payload))))),
    );
    const places = new Set<number>();
    for (const recorder of recorders) {
      const { nextSeq, source } = recorder.status();
      for (let seq = 1; seq < nextSeq; seq++) {
        const receipt = await recorder.receiptOf(seq);
        const index = receipt === undefined ? -1 : receipt.index + seq - receipt.first;
        places.add(index);
        expect(payloads[index], `${source} ${seq}`).to.equal(payloadOf((await recorder.eventOf(seq)) ?? ""));
      }
    }
    expect(places.size).to.equal(size);
  });

  it("pass the audit of the whole log, whichever is asked", async () => {
    const { size } = await openSystemRecords(system).then(async (records) => {
      const head = await records.head();
      await records.close();
      return head;
    });
    const files = { "trust.json": await readFile(system.profileFile, "utf8") };
    for (const { url } of servers) {
      await fetchUntil(`${url}/v1/events/${size - 1}/evidence`, 200, READY_MS);
      await fetchUntilText(`${url}/checkpoint`, `\n${size}\n`);
      const { code, out } = await runCommands(
        [auditCommand(fetch)],
        ["audit", url, "--trust", "trust.json"],
        files,
      );
      expect(code, out).to.equal(0);
    }
  });
});

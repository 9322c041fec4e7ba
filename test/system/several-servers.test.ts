import { randomInt } from "node:crypto";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { auditCommand } from "../../cli/audit.ts";
import { parseSource } from "../../protocol/source.ts";
import { readSigningKey } from "../../recorder/index.ts";
import { type PostgresServer, startPostgres } from "../../scripts/postgres.ts";
import { recorderKeyFile } from "../../scripts/start/agencies.ts";
import { openPostgresStore } from "../../server/store/postgres-store.ts";
import { runCommands } from "../cli/command-line.ts";
import { skipBecause } from "../skip-because.ts";
import { type Deployed, deployed, fetchUntil, fetchUntilText, type LedgerProcess } from "./fixture.ts";
import { spawnServer } from "./servers.ts";
import { expectPromisesKept, PromisedClient } from "./promised-client.ts";
import { readFile } from "node:fs/promises";

/** `npm run soak` asks for more. */
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 25);
const SECONDS_PER_ROUND = 60;
const SERVERS = 3;
/** In these rounds PostgreSQL is killed as well, and started again. */
const DATABASE_ROUNDS = [8, 17];
const LOAD_MS = { min: 100, max: 600 };
const SOURCES = ["qn-police/r1", "qn-health/r1", "qn-justice/r1"].map(parseSource);

describe("three servers of one log on one PostgreSQL", function () {
  this.timeout(ROUNDS * SECONDS_PER_ROUND * 1000);
  let postgres: PostgresServer | undefined;
  let database: string;
  let system: Deployed;
  let clients: PromisedClient[];
  /** By number; undefined while one is being started. */
  const servers: (LedgerProcess | undefined)[] = [];

  before(async function () {
    postgres = await startPostgres();
    if (postgres === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
    database = await postgres.newDatabase();
    system = await deployed();
    clients = await Promise.all(
      SOURCES.map(async (source) => {
        const key = await readSigningKey(recorderKeyFile(path.join(system.dataDir, "keys"), source));
        return new PromisedClient(system, source, key);
      }),
    );
    await Promise.all(Array.from({ length: SERVERS }, async (_, at) => await startServer(at)));
  });
  after(async () => {
    await Promise.all(servers.map(async (server) => await server?.end("SIGKILL")));
    if (postgres === undefined) return;
    await system.destroy();
    await postgres.stop();
  });

  async function startServer(at: number): Promise<void> {
    servers[at] = await spawnServer(system, at, { STORE: database });
  }

  let turn = 0;
  const anyServer = (): string | undefined => {
    const running = servers.filter((server) => server !== undefined);
    return running[turn++ % Math.max(1, running.length)]?.url;
  };

  it(`lose, renumber and duplicate nothing that was acknowledged, in ${ROUNDS} rounds of kills`, async () => {
    let isOver = false;
    const load = Promise.all(clients.map(async (client) => await client.sendUntil(() => isOver, anyServer)));
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await delay(randomInt(LOAD_MS.min, LOAD_MS.max));
        const at = randomInt(SERVERS);
        const killed = servers[at];
        servers[at] = undefined;
        await killed?.end("SIGKILL");
        if (DATABASE_ROUNDS.includes(round)) {
          // A server that is still starting ends when the database does; its supervisor would start it again.
          for (const server of servers) if (server !== undefined) await fetchUntil(`${server.url}/ready`);
          await postgres?.kill();
          await postgres?.restart();
        }
        await startServer(at);
      }
    } finally {
      isOver = true;
      await load;
    }
    const promised = clients.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    expect(promised, "nothing was under load").to.be.greaterThan(ROUNDS * 10);
    const store = await openPostgresStore({ url: database });
    await expectPromisesKept(store, clients, "at the end").finally(store.close);
  });

  it("publish one line of checkpoints, anchor it, and each proves what is anchored", async () => {
    const store = await openPostgresStore({ url: database });
    const { size } = await store.head();
    await store.close();
    for (const server of servers) {
      const url = server?.url ?? expect.fail("a server is not running");
      await fetchUntilText(`${url}/health`, `"anchored":${size}}`);
      await fetchUntilText(`${url}/checkpoint`, `\n${size}\n`);
      await fetchUntil(`${url}/v1/events/${size - 1}/evidence`);
    }
  });

  it("pass the audit of the whole log, whichever is asked", async () => {
    const files = { "trust.json": await readFile(system.profileFile, "utf8") };
    for (const server of servers) {
      const url = server?.url ?? expect.fail("a server is not running");
      const { code, out } = await runCommands(
        [auditCommand(fetch)],
        ["audit", url, "--trust", "trust.json"],
        files,
      );
      expect(code, out).to.equal(0);
    }
  });
});

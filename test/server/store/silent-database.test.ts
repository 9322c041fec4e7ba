import { once } from "node:events";
import net from "node:net";
import { expect } from "chai";
import { postgresSessions } from "../../../server/store/postgres-session.ts";
import { openPostgresStore, type PostgresStore } from "../../../server/store/postgres-store.ts";
import { skipBecause } from "../../skip-because.ts";
import { sharedDatabase } from "../../system/shared-postgres.ts";
import { rejection } from "./conformance.ts";
import { EMPTY, groupAfter, madeSubmission } from "./groups.ts";

/** What the silence costs each question; a busy machine's PostgreSQL answers sooner. */
const ANSWER_MS = 6_000;
const UNAVAILABLE = { code: "store-unavailable" };

describe("store: PostgreSQL whose machine is gone without a word", function () {
  this.timeout(600_000);
  let network: Network;
  let url: string;
  /** On the same database, with the patience that servers have. */
  let patient: PostgresStore;

  before(async function () {
    const shared = await sharedDatabase().catch(() => undefined);
    if (shared === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
    network = await openNetwork(Number(new URL(shared.url).port));
    const through = new URL(shared.url);
    through.port = String(network.port);
    url = through.href;
    // Makes the tables.
    patient = await openPostgresStore({ url: shared.url });
  });
  after(async () => {
    await (patient as PostgresStore | undefined)?.close();
    await (network as Network | undefined)?.close();
  });

  it("is given up after a while in whatever is asked of it, and used again when it is back", async () => {
    const store = await openPostgresStore({ url, answerMs: ANSWER_MS });
    const group = groupAfter(EMPTY, [madeSubmission("qn-police/r1", 1, 2, 0)]);
    await store.campaign();
    await patient.commit(group, 0);

    const asked = Promise.withResolvers<undefined>();
    /** In its turn when the network goes silent. */
    const turn = store.turn(async (_, records) => {
      network.isSilent = true;
      asked.resolve(undefined);
      await records.source(group.submissions[0]?.source ?? expect.fail("no submission"));
    });
    await asked.promise;
    const next = groupAfter(group.head, [madeSubmission("qn-police/r1", 3, 1, 2)]);
    const waiting = [
      turn,
      store.head(),
      store.commit(next, 2),
      store.setBehind(undefined),
      store.payloads(0, 2),
    ];
    for (const each of await Promise.all(waiting.map(rejection))) expect(each).to.include(UNAVAILABLE);

    network.isSilent = false;
    // Connections of before say nothing still; each that is tried once more is replaced.
    while ((await rejection(store.head())) !== undefined);
    while ((await rejection(store.turn(() => Promise.resolve()))) !== undefined);
    for (;;) {
      const error = await rejection(store.commit(next, 2));
      if ((await patient.head()).size === 3) break;
      expect(error).to.include(UNAVAILABLE);
    }
    await store.close();
  });

  it("is not what a question is taken for that waits for others on its connection", async () => {
    const sessions = postgresSessions(url, 1, ANSWER_MS);
    const session = await sessions.begin("BEGIN");
    const slowly = `SELECT pg_sleep(${ANSWER_MS / 4000})`;
    const answers = await Promise.all(Array.from({ length: 5 }, async () => await session.rows(slowly)));
    expect(answers).to.have.length(5);
    await session.end("COMMIT");
    await sessions.close();
  });

  it("holds up no end of a server", async () => {
    const store = await openPostgresStore({ url, answerMs: ANSWER_MS });
    await store.campaign();
    network.isSilent = true;
    const reading = rejection(store.head());
    await store.close();
    expect(await reading).to.include(UNAVAILABLE);
    network.isSilent = false;
  });
});

interface Network {
  readonly port: number;
  /** What comes in meanwhile is lost, as are the connections: nobody is told that they are. */
  isSilent: boolean;
  readonly close: () => Promise<void>;
}

/** Passes everything on to a port of this machine. */
async function openNetwork(target: number): Promise<Network> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const database = net.connect(target, "127.0.0.1");
    let isLost = false;
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (data) => {
        isLost ||= network.isSilent;
        if (!isLost) to.write(data);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        if (!isLost) to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const network: Network = {
    port: address.port,
    isSilent: false,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return network;
}

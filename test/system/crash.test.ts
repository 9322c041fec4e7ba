import { randomInt } from "node:crypto";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { concat, toHex } from "../../protocol/bytes.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import { parseSource } from "../../protocol/source.ts";
import { entriesPath, newTiles, parseEntryBundle, TILE_WIDTH, tilePath } from "../../protocol/tile.ts";
import { readSigningKey } from "../../recorder/index.ts";
import { recorderKeyFile } from "../../scripts/start/agencies.ts";
import { onBothStores } from "./both-stores.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  fetchUntilText,
  openSystemRecords,
  spawnLedger,
  tokenOf,
} from "./fixture.ts";
import { expectPromisesKept, PromisedClient } from "./promised-client.ts";
import { copyRecords, restoreCopy } from "./records-copy.ts";

/** Fewer where a server that was killed is still waited for by the next: several-servers.test.ts has the other rounds. `npm run soak` asks for more. */
const USUAL_ROUNDS = { level: 25, postgres: 10 };
const SOURCES = ["qn-police/r1", "qn-health/r1", "qn-justice/r1"].map(parseSource);
/** The kill comes at most this long after the round's first receipt; in every fourth round, after the load has begun. */
const MAX_LOAD_MS = 300;
const SECONDS_PER_ROUND = 60;

onBothStores("the ledger, killed at random instants under load", function (store) {
  const rounds = Number(process.env["CRASH_ROUNDS"] ?? USUAL_ROUNDS[store]);
  this.timeout(rounds * SECONDS_PER_ROUND * 1000);
  let system: Deployed;
  let clients: PromisedClient[];

  before(async () => {
    system = await deployed({ store });
    clients = await Promise.all(
      SOURCES.map(async (source) => {
        const key = await readSigningKey(recorderKeyFile(path.join(system.dataDir, "keys"), source));
        return new PromisedClient(system, source, key);
      }),
    );
  });
  after(async () => await system.destroy());

  it(`honours every receipt and recomputes clean, in ${rounds} rounds`, async () => {
    for (let round = 0; round < rounds; round++) {
      const ledger = await spawnLedger(system);
      await fetchUntil(`${ledger.url}/ready`);
      const loadMs = randomInt(MAX_LOAD_MS);
      const { promise: firstReceipt, resolve: onReceipt } = Promise.withResolvers<undefined>();
      const load = Promise.all(
        clients.map(async (client) => await client.sendUntilKilled(ledger.url, () => onReceipt(undefined))),
      );
      if (round % 4 !== 3) await Promise.race([firstReceipt, load]);
      await delay(loadMs);
      await ledger.end("SIGKILL");
      await load;
      await checkRecords(`round ${round}, killed after ${loadMs} ms`);
      if (round === 0) await copyRecords(system);
    }
    const promised = clients.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    expect(promised, "nothing was under load").to.be.greaterThan(rounds * 10);
  });

  it("serves the tiles, entries and checkpoint that follow from the records", async () => {
    const payloads = await readPayloads();
    const ledger = await spawnLedger(system);
    try {
      await fetchUntil(`${ledger.url}/ready`);
      const leaves = payloads.map((payload) => leafHash(payload));
      const checkpoint = await publishedAtLeast(ledger.url, leaves.length);
      expect(checkpoint.size).to.equal(leaves.length);
      expect(toHex(checkpoint.root)).to.equal(toHex(rootHash(leaves)));
      for (const tile of newTiles(0, checkpoint.size)) {
        const span = TILE_WIDTH ** tile.level;
        const hashes = Array.from({ length: tile.width }, (_, at) => {
          const begin = (tile.index * TILE_WIDTH + at) * span;
          return rootHash(leaves.slice(begin, begin + span));
        });
        expect(toHex(await get(`${ledger.url}/${tilePath(tile)}`)), tilePath(tile)).to.equal(
          toHex(concat(...hashes)),
        );
        if (tile.level > 0) continue;
        const entries = parseEntryBundle(await get(`${ledger.url}/${entriesPath(tile)}`));
        const begin = tile.index * TILE_WIDTH;
        expect(entries.map(toHex)).to.deep.equal(payloads.slice(begin, begin + tile.width).map(toHex));
      }
      await untilAnchored(ledger.url, checkpoint.size);
    } finally {
      await ledger.end("SIGTERM");
    }
  });

  it("refuses to sequence on a store restored from an older copy", async () => {
    await restoreCopy(system);
    const ledger = await spawnLedger(system);
    try {
      const ready = await fetchUntil(`${ledger.url}/health`, 503);
      await fetchUntilText(`${ledger.url}/health`, "halted");
      await ready.body?.cancel();
      const [client] = clients;
      if (client === undefined) throw new Error("no client");
      await client.sendUntilKilled(ledger.url).then(
        () => expect.fail("the ledger went away"),
        (error: unknown) => expect(String(error)).to.contain("store-behind"),
      );
      // A withdrawal may be missing in it.
      const question = await fetch(`${ledger.url}/access/v1/evaluation`, {
        method: "POST",
        headers: { ...(await tokenOf(system, "agency", "qn-health")), "content-type": "application/json" },
        body: JSON.stringify({
          subject: { type: "agency", id: "qn-health" },
          action: { name: "read" },
          resource: {
            ...{ type: "person", id: "vn-cccd:999199000001" },
            properties: { personalData: ["pd:Name"] },
          },
          context: { procedure: "BUILD_PERMIT" },
        }),
      });
      expect(await question.json()).to.include({ code: "store-behind" });
      // What it has is still there to be read.
      expect((await fetch(`${ledger.url}/checkpoint`)).status).to.equal(200);
    } finally {
      await ledger.end("SIGTERM");
    }
  });

  async function readPayloads(): Promise<Uint8Array[]> {
    const store = await openSystemRecords(system);
    const { size } = await store.head();
    const payloads = await store.payloads(0, size);
    await store.close();
    return payloads;
  }

  async function checkRecords(when: string): Promise<void> {
    const store = await openSystemRecords(system);
    try {
      await expectPromisesKept(store, clients, when);
    } finally {
      await store.close();
    }
  }
});

async function get(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  expect(response.status, url).to.equal(200);
  return new Uint8Array(await response.arrayBuffer());
}

/** The checkpoint as soon as it covers so many events: on PostgreSQL the killed server's lead has to end before another publishes. */
async function publishedAtLeast(url: string, size: number): Promise<ReturnType<typeof parseCheckpoint>> {
  for (;;) {
    const checkpoint = parseCheckpoint(await (await fetch(`${url}/checkpoint`)).text());
    if (checkpoint.size >= size) return checkpoint;
    await delay(20);
  }
}

async function untilAnchored(url: string, size: number): Promise<void> {
  await fetchUntilText(`${url}/health`, `"anchored":${size}}`);
}

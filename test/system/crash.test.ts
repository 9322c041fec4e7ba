import { randomBytes, randomInt } from "node:crypto";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { concat, fromUtf8, toHex, utf8 } from "../../protocol/bytes.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { makeEvent, payloadOf } from "../../protocol/event.ts";
import { frontierRoot } from "../../protocol/frontier.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../protocol/submission.ts";
import { entriesPath, newTiles, parseEntryBundle, TILE_WIDTH, tilePath } from "../../protocol/tile.ts";
import { readSigningKey, type SigningKey } from "../../recorder/index.ts";
import { recorderKeyFile } from "../../scripts/start/agencies.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { type Deployed, deployed, fetchUntil, spawnLedger, tokenOf } from "./fixture.ts";

/** `npm run soak` asks for more. */
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 25);
const SOURCES = ["qn-police/r1", "qn-health/r1", "qn-justice/r1"].map(parseSource);
/** The kill comes at most this long after the round's first receipt; in every fourth round, after the load has begun. */
const MAX_LOAD_MS = 300;
const MAX_EVENTS = 60;
const SECONDS_PER_ROUND = 15;

/** What one source was promised, and what it does not know the fate of. */
class Client {
  readonly source: Source;
  /** Sequence number -> leaf hash (hex) and promised index of every acknowledged event. */
  readonly acknowledged = new Map<number, { readonly leaf: string; readonly index: number }>();
  readonly #system: Deployed;
  readonly #key: SigningKey;
  #next = 1;
  #unanswered: SubmissionBody | undefined;

  constructor(system: Deployed, source: Source, key: SigningKey) {
    [this.#system, this.source, this.#key] = [system, source, key];
  }

  /** Sends one submission after the other, the unanswered one first and unchanged, until the ledger is gone. */
  async sendUntilKilled(url: string, onReceipt: () => void = () => undefined): Promise<void> {
    for (;;) {
      this.#unanswered ??= this.#nextSubmission();
      const response = await post(url, this.#unanswered);
      if (response === undefined) return;
      expect(response.status, response.text).to.be.oneOf([200, 201]);
      const { receipts } = JSON.parse(response.text) as { receipts: string[] };
      this.#accept(this.#unanswered, receipts);
      this.#unanswered = undefined;
      onReceipt();
    }
  }

  #nextSubmission(): SubmissionBody {
    const { anchorRegistry: registry, chainId, logId } = this.#system.profile;
    const first = this.#next;
    const events = Array.from({ length: randomInt(1, MAX_EVENTS) }, (_, at) =>
      makeEvent({
        source: this.source,
        seq: first + at,
        facets: { type: "heartbeat", heartbeat: { waiting: at }, time: { occurred: "2026-11-22T08:00:00Z" } },
        random: (count) => new Uint8Array(randomBytes(count)),
      }),
    );
    const { alg, kid, sign } = this.#key;
    const log = { chainId, registry, logId };
    return makeSubmission({
      log,
      source: this.source,
      first,
      events,
      issuedAt: 1_800_000_000,
      alg,
      kid,
      sign,
    });
  }

  #accept({ events }: SubmissionBody, receipts: readonly string[]): void {
    for (const text of receipts) {
      const { receipt } = parseReceipt(text);
      expect(receipt.src).to.equal(this.source);
      for (let at = 0; at < receipt.count; at++) {
        const event = events[receipt.first + at - this.#next];
        if (event === undefined) throw new Error("a receipt for other events than were sent");
        const leaf = toHex(leafHash(utf8(payloadOf(event))));
        this.acknowledged.set(receipt.first + at, { leaf, index: receipt.index + at });
      }
    }
    this.#next += events.length;
  }
}

describe("the ledger, killed at random instants under load", function () {
  this.timeout(ROUNDS * SECONDS_PER_ROUND * 1000);
  let system: Deployed;
  let clients: Client[];
  const older = (): string => path.join(system.dataDir, "records-of-yesterday");
  const records = (): string => path.join(system.dataDir, "records");

  before(async () => {
    system = await deployed();
    clients = await Promise.all(
      SOURCES.map(async (source) => {
        const key = await readSigningKey(recorderKeyFile(path.join(system.dataDir, "keys"), source));
        return new Client(system, source, key);
      }),
    );
  });
  after(async () => await system.destroy());

  it(`honours every receipt and recomputes clean, in ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
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
      if (round === 0) await cp(records(), older(), { recursive: true });
    }
    const promised = clients.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    expect(promised, "nothing was under load").to.be.greaterThan(ROUNDS * 10);
  });

  it("serves the tiles, entries and checkpoint that follow from the records", async () => {
    const payloads = await readPayloads();
    const ledger = await spawnLedger(system);
    try {
      await fetchUntil(`${ledger.url}/ready`);
      const leaves = payloads.map((payload) => leafHash(payload));
      const checkpoint = parseCheckpoint(await (await fetch(`${ledger.url}/checkpoint`)).text());
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
    await rm(records(), { recursive: true });
    await cp(older(), records(), { recursive: true });
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
    const store = await openLevelStore({ path: records() });
    const { size } = await store.head();
    const payloads = await store.payloads(0, size);
    await store.close();
    return payloads;
  }

  /** Reads the dead ledger's store and holds it against what was promised. */
  async function checkRecords(when: string): Promise<void> {
    const store = await openLevelStore({ path: records() });
    try {
      const head = await store.head();
      const payloads = await store.payloads(0, head.size);
      expect(payloads.length, `${when}: a payload for every index`).to.equal(head.size);
      const leaves = payloads.map((payload) => leafHash(payload));
      expect(toHex(frontierRoot(head.frontier)), `${when}: the frontier`).to.equal(toHex(rootHash(leaves)));
      const next = new Map<Source, number>();
      for (const payload of payloads) {
        const { src, seq } = parsePayload(fromUtf8(payload));
        expect(seq, `${when}: no gap and no duplicate of ${src}`).to.equal(next.get(src) ?? 1);
        next.set(src, seq + 1);
      }
      for (const { source, acknowledged } of clients) {
        for (const [seq, { leaf, index }] of acknowledged) {
          const stored = leaves[index];
          expect(stored && toHex(stored), `${when}: ${source} ${seq} at index ${index}`).to.equal(leaf);
        }
        expect((await store.source(source))?.next ?? 1, when).to.equal(next.get(source) ?? 1);
      }
    } finally {
      await store.close();
    }
  }
});

/** Undefined when the ledger is gone: whether it stored the submission is not known then. */
async function post(
  url: string,
  body: SubmissionBody,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  try {
    const response = await fetch(`${url}/v1/submissions`, { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

async function get(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  expect(response.status, url).to.equal(200);
  return new Uint8Array(await response.arrayBuffer());
}

async function untilAnchored(url: string, size: number): Promise<void> {
  await fetchUntilText(`${url}/health`, `"anchored":${size}}`);
}

/** Asks until the answer's text holds the part. */
async function fetchUntilText(url: string, part: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const text = await (await fetch(url)).text();
    if (text.includes(part)) return;
    if (performance.now() > deadline) throw new Error(`${url} never said ${part}: ${text}`);
    await delay(20);
  }
}

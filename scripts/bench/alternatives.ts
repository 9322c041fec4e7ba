import { createHash } from "node:crypto";
import { Wallet, JsonRpcProvider, hexlify } from "ethers";
import { MerkleTree } from "merkletreejs";
import { quantile } from "./http-load.ts";
import pg from "pg";
import { startPostgres } from "../postgres.ts";

/** What one alternative reached: events per second, and how it was measured. */
export interface AlternativeResult {
  readonly eventsPerSecond: number;
  readonly p99Milliseconds: number;
  readonly events: number;
  readonly note: string;
}

const sha256 = (data: Uint8Array): Buffer => createHash("sha256").update(data).digest();

/** One transaction per event with its hash as calldata (no contract at all: the cheapest form of it), sent as fast as the node takes them. */
export async function oneTransactionPerEvent(rpcUrl: string, count: number): Promise<AlternativeResult> {
  const provider = new JsonRpcProvider(rpcUrl, undefined, {
    staticNetwork: true,
    pollingInterval: 100,
    batchMaxCount: 1,
  });
  try {
    const wallet = Wallet.createRandom();
    const { chainId } = await provider.getNetwork();
    const started = performance.now();
    const latencies = new Float64Array(count);
    let last = "";
    const inFlight = 16;
    for (let first = 0; first < count; first += inFlight) {
      const sent = await Promise.all(
        Array.from({ length: Math.min(inFlight, count - first) }, async (_, offset) => {
          const begun = performance.now();
          const nonce = first + offset;
          const data = hexlify(sha256(Buffer.from(`event ${nonce}`)));
          const signed = await wallet.signTransaction({
            type: 0,
            chainId,
            nonce,
            to: wallet.address,
            data,
            gasLimit: 30_000,
            gasPrice: 0,
          });
          const hash: unknown = await provider.send("eth_sendRawTransaction", [signed]);
          latencies[nonce] = performance.now() - begun;
          return String(hash);
        }),
      );
      last = sent.at(-1) ?? last;
    }
    await provider.waitForTransaction(last, 1, 120_000);
    const seconds = (performance.now() - started) / 1000;
    return {
      eventsPerSecond: count / seconds,
      p99Milliseconds: quantile(latencies, 0.99),
      events: count,
      note: "32 bytes of calldata, 16 in flight, until the last is mined; latency is the node's acceptance, not the block",
    };
  } finally {
    provider.destroy();
  }
}

/** A table whose rows carry the hash of the row before, head row locked, one durable transaction per submission; undefined without PostgreSQL. */
export async function hashChainedTable(
  submissions: readonly (readonly string[])[],
  connections: number,
): Promise<AlternativeResult | undefined> {
  const server = await startPostgres();
  if (server === undefined) return undefined;
  const pool = new pg.Pool({ connectionString: await server.newDatabase(), max: connections });
  // An idle connection that the stopping server closes first is no error of the measurement.
  pool.on("error", () => undefined);
  try {
    await pool.query("CREATE TABLE head (id int PRIMARY KEY, size bigint NOT NULL, hash bytea NOT NULL)");
    await pool.query("CREATE TABLE event (idx bigint PRIMARY KEY, body text NOT NULL, hash bytea NOT NULL)");
    await pool.query("INSERT INTO head VALUES (1, 0, $1)", [Buffer.alloc(32)]);
    const latencies: number[] = [];
    const queue = submissions.values();
    const started = performance.now();
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (const events of queue) {
          const begun = performance.now();
          const client = await pool.connect();
          try {
            await client.query("BEGIN");
            const { rows } = await client.query<{ size: string; hash: Buffer }>(
              "SELECT size, hash FROM head WHERE id = 1 FOR UPDATE",
            );
            const head = rows[0];
            if (head === undefined) throw new Error("the head row is gone");
            let { hash } = head;
            const indexes: string[] = [];
            const hashes: Buffer[] = [];
            for (const [offset, body] of events.entries()) {
              hash = sha256(Buffer.concat([hash, Buffer.from(body, "latin1")]));
              indexes.push(String(BigInt(head.size) + BigInt(offset)));
              hashes.push(hash);
            }
            await client.query(
              "INSERT INTO event SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])",
              [indexes, events, hashes],
            );
            await client.query("UPDATE head SET size = size + $1, hash = $2 WHERE id = 1", [
              events.length,
              hash,
            ]);
            await client.query("COMMIT");
          } finally {
            client.release();
          }
          latencies.push(performance.now() - begun);
        }
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    const events = submissions.reduce((sum, batch) => sum + batch.length, 0);
    return {
      eventsPerSecond: events / seconds,
      p99Milliseconds: quantile(Float64Array.from(latencies), 0.99),
      events,
      note: `PostgreSQL, fsync on, one transaction per submission, ${connections} connections; no signature, schema or disclosure is checked, no HTTP`,
    };
  } finally {
    await pool.end();
    await server.stop();
  }
}

/** A merkletreejs tree built anew for each batch of 100 on top of what is there: seconds per batch grow with the log. */
export function rebuildTreePerBatch(existing: number, batches: number): AlternativeResult {
  const leaves = Array.from({ length: existing }, (_, index) => sha256(Buffer.from(`leaf ${index}`)));
  const latencies: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    for (let index = 0; index < 100; index += 1) leaves.push(sha256(Buffer.from(`leaf ${leaves.length}`)));
    const begun = performance.now();
    new MerkleTree(leaves, sha256).getRoot();
    latencies.push(performance.now() - begun);
  }
  const milliseconds = latencies.reduce((sum, value) => sum + value, 0);
  return {
    eventsPerSecond: (batches * 100) / (milliseconds / 1000),
    p99Milliseconds: quantile(Float64Array.from(latencies), 0.99),
    events: batches * 100,
    note: `root only, on top of ${existing} leaves; nothing is stored or checked`,
  };
}

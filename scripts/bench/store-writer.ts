/**
 * One process that writes to a store, for `stores.ts`: submissions are made first; then it says `ready`, waits for a line on its standard input, writes them and prints one
 * JSON line.
 *
 * Arguments: data folder, log id, operator, name of its sources, submissions in flight, number of submissions, how, and where to: `level` (into the data folder) or
 * `postgres://...`. How: `all` (checked, put in order, receipted, stored), `store` (the same with submissions that were checked before), or `insert`: the rows that
 * the store would write, by plain INSERTs of many rows into tables without anything around them.
 */
import { once } from "node:events";
import path from "node:path";
import pg from "pg";
import { parseLogId } from "../../protocol/log-id.ts";
import type { VerifierPool } from "../../server/receive/pool.ts";
import { bundleRows } from "../../server/store/bundle.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { openPostgresStore } from "../../server/store/postgres-store.ts";
import type { VerifiedSubmission } from "../../server/sequence/verified.ts";
import { quantile } from "./http-load.ts";
import { benchSources, nextSubmission } from "./workload.ts";
import { openWriterPath, verifierPool } from "./writer-path.ts";

const [
  dataDir = "",
  name = "",
  operator = "",
  prefix = "",
  inFlight = "",
  total = "",
  how = "",
  target = "",
] = process.argv.slice(2);
const log = { dataDir, name, operator };
const EVENTS_PER_SUBMISSION = 100;
const sources = benchSources(prefix, Number(inFlight));
/** Before anything is measured: a process that has just started compiles its code. */
const warming = 4 * sources.length;
const submissions = Number(total);
const bodies = Array.from({ length: warming + submissions }, (_, turn) => {
  const source = sources[turn % sources.length];
  if (source === undefined) throw new RangeError("no source");
  const body = nextSubmission(source, parseLogId(name), EVENTS_PER_SUBMISSION);
  return Buffer.from(JSON.stringify(body), "latin1");
});

/** Calls `write` for each submission, those of a source in order, and says how long each took. */
async function timed(write: (turn: number) => Promise<void>): Promise<void> {
  const latencies: number[] = [];
  const writeAll = async (from: number, to: number): Promise<void> => {
    latencies.length = 0;
    await Promise.all(
      sources.map(async (_, lane) => {
        for (let turn = from + lane; turn < to; turn += sources.length) {
          const sent = performance.now();
          await write(turn);
          latencies.push(performance.now() - sent);
        }
      }),
    );
  };
  await writeAll(0, warming);
  process.stdout.write("ready\n");
  await once(process.stdin, "data");
  const begun = Date.now();
  await writeAll(warming, warming + submissions);
  const ended = Date.now();
  const p99Milliseconds = quantile(Float64Array.from(latencies), 0.99);
  console.log(JSON.stringify({ begun, ended, events: submissions * EVENTS_PER_SUBMISSION, p99Milliseconds }));
}

async function throughStore(isChecked: boolean): Promise<void> {
  const store =
    target === "level"
      ? await openLevelStore({ path: path.join(dataDir, `records-${prefix}${how}`) })
      : await openPostgresStore({ url: target });
  const { pool, sequencer, close } = await openWriterPath(log, store, sources);
  const checked = isChecked ? await checkedBodies(pool) : [];
  await timed(async (turn) => {
    await sequencer.submit(checked[turn] ?? (await pool.verify(bodies[turn] ?? Buffer.alloc(0))));
  });
  await close();
  await store.close();
}

async function checkedBodies(pool: VerifierPool): Promise<VerifiedSubmission[]> {
  const checked: VerifiedSubmission[] = [];
  for (const body of bodies) checked.push(await pool.verify(body));
  return checked;
}

async function byPlainInserts(): Promise<void> {
  const pool = verifierPool(log, sources);
  const prepared = (await checkedBodies(pool)).map((each, turn) =>
    rowsOf(each, turn * EVENTS_PER_SUBMISSION),
  );
  await pool.close();
  const database = new pg.Pool({ connectionString: target, max: sources.length });
  await timed(async (turn) => {
    const client = await database.connect();
    await client.query("BEGIN");
    for (const { sql, values } of prepared[turn] ?? []) await client.query(sql, values);
    await client.query("COMMIT");
    client.release();
  });
  await database.end();
}

interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

/** The statements of one submission: one for each table, with all its rows. */
function rowsOf(submission: VerifiedSubmission, index: number): Statement[] {
  const bundles = (["payloads", "sealed", "keys"] as const).map((kind) => {
    const rows = [...bundleRows(submission[kind], index)];
    const places = rows.map((_, row) => `($${2 * row + 1}, $${2 * row + 2})`).join(", ");
    return {
      sql: `INSERT INTO plain_${kind} VALUES ${places}`,
      values: rows.flatMap(([start, bytes]) => [start, Buffer.from(bytes)]),
    };
  });
  const { source, first, count, jws } = submission;
  return [
    ...bundles,
    {
      sql: "INSERT INTO plain_submissions VALUES ($1, $2, $3, $4, $5, $6, $7)",
      // Its receipt is as long as that of the ledger, in which there is one text more.
      values: [index, source, first, count, submission.iat, jws, `${jws}receipt`],
    },
  ];
}

if (how === "insert") await byPlainInserts();
else await throughStore(how === "store");
process.exit(0);

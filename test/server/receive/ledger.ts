import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import { Registry } from "prom-client";
import { formatLogId } from "../../../protocol/log-id.ts";
import type { SubmissionBody } from "../../../protocol/submission.ts";
import type { KeyDirectory } from "../../../server/receive/keys.ts";
import type { ReceiveLimits } from "../../../server/receive/limits.ts";
import { receiveMetrics } from "../../../server/receive/metrics.ts";
import { createVerifierPool, type VerifierPool } from "../../../server/receive/pool.ts";
import { postSubmission } from "../../../server/receive/routes.ts";
import { sequenceMetrics } from "../../../server/sequence/metrics.ts";
import { createSequencer } from "../../../server/sequence/sequencer.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { LOG, NOW_SECONDS, testKey, testRecorder } from "./recorder.ts";

export const ledgerRecorder = testRecorder("minhbach/ledger");
const receiptKey = testKey();

/** Receiving, sequencing and storing behind a real HTTP server on a random port. */
export interface ReceivingLedger {
  readonly port: number;
  readonly store: Store;
  readonly pool: VerifierPool;
  readonly registry: Registry;
  /** What was logged, as pino writes it. */
  readonly logged: Record<string, unknown>[];
  readonly post: (body: SubmissionBody | string) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Readonly<Record<string, unknown>>;
}

export async function receivingLedger(
  keys: KeyDirectory,
  options: { limits?: Partial<ReceiveLimits>; wrapStore?: (store: Store) => Store; threads?: number } = {},
): Promise<ReceivingLedger> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-receive-"));
  const store = await openLevelStore({ path: folder });
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line) => void logged.push(parsed(line)) });
  const clock = { now: () => NOW_SECONDS * 1000 };
  const registry = new Registry();
  const settings = { log: formatLogId(LOG), operator: "minhbach", pepper: new Uint8Array(32).fill(5) };
  const pool = createVerifierPool({ settings, keys, clock, log, threads: options.threads ?? 1 });
  const sequencer = createSequencer({
    store: options.wrapStore?.(store) ?? store,
    clock,
    terms: {
      log: LOG,
      signer: receiptKey,
      anchorPromiseSeconds: 600,
      indexPromiseSeconds: 86_400,
      isIndexing: () => true,
    },
    receiptKeys: () => [receiptKey],
    own: { source: ledgerRecorder.source, signer: ledgerRecorder, verify: pool.verify },
    metrics: sequenceMetrics(registry),
    log,
    limits: { reorderMs: 0 },
  });
  sequencer.open();
  const { limits = {} } = options;
  const server = createServer(
    postSubmission({ pool, sequencer, clock, log, metrics: receiveMetrics(registry), limits }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { port } = address;
  return {
    port,
    store,
    pool,
    registry,
    logged,
    post: async (body) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const response = await fetch(`http://127.0.0.1:${port}/v1/submissions`, { method: "POST", body: text });
      return { status: response.status, headers: response.headers, json: parsed(await response.text()) };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await sequencer.close();
      await pool.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

function parsed(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

import { pino } from "pino";
import { Registry } from "prom-client";
import { parseLogId } from "../../protocol/log-id.ts";
import { parseSource } from "../../protocol/source.ts";
import { createVerifierPool, type VerifierPool } from "../../server/receive/pool.ts";
import { loadSecrets, type Secrets } from "../../server/secrets.ts";
import { sequenceMetrics } from "../../server/sequence/metrics.ts";
import { createSequencer, type Sequencer } from "../../server/sequence/sequencer.ts";
import { signerOf } from "../../server/signers.ts";
import type { Store } from "../../server/store/store.ts";
import type { BenchSource } from "./workload.ts";

/** The log whose ledger is measured. */
export interface WriterLog {
  readonly dataDir: string;
  /** As `formatLogId` writes it. */
  readonly name: string;
  readonly operator: string;
}

/** What a submission passes through on its way into the records, without HTTP. */
export interface WriterPath {
  readonly pool: VerifierPool;
  readonly sequencer: Sequencer;
  readonly close: () => Promise<void>;
}

const silent = pino({ level: "fatal" });
const clock = { now: () => Date.now() };

/** Verifying threads for submissions of these sources. */
export function verifierPool(log: WriterLog, sources: readonly BenchSource[]): VerifierPool {
  const secrets = secretsOf(log);
  return createVerifierPool({
    settings: { log: log.name, operator: log.operator, pepper: secrets.pepper },
    keys: {
      keys: () =>
        sources.map(({ source, kid, publicKey }) => ({
          source,
          kid,
          alg: "EdDSA",
          key: publicKey,
          fromSeq: 1,
          toSeq: Number.POSITIVE_INFINITY,
          revoked: false,
          entitlements: 1,
        })),
      refresh: () => Promise.resolve(),
      onChange: () => () => undefined,
    },
    clock,
    log: silent,
    threads: 2,
  });
}

/** The path into this store, open for submissions of these sources, whose numbers go on from what the store has. */
export async function openWriterPath(
  log: WriterLog,
  store: Store,
  sources: readonly BenchSource[],
): Promise<WriterPath> {
  const secrets = secretsOf(log);
  const pool = verifierPool(log, sources);
  const sequencer = createSequencer({
    store,
    clock,
    terms: {
      log: parseLogId(log.name),
      signer: signerOf(secrets.receipt),
      anchorPromiseSeconds: 600,
      indexPromiseSeconds: 86_400,
      isIndexing: () => true,
    },
    receiptKeys: () => [],
    own: {
      source: parseSource(`${log.operator}/ledger`),
      signer: signerOf(secrets.ledger),
      verify: (body) => pool.verify(body),
    },
    metrics: sequenceMetrics(new Registry()),
    log: silent,
  });
  sequencer.open();
  for (const source of sources) source.next = (await store.source(source.source))?.next ?? 1;
  return {
    pool,
    sequencer,
    close: async () => {
      await sequencer.close();
      await pool.close();
    },
  };
}

function secretsOf({ dataDir }: WriterLog): Secrets {
  return loadSecrets({ dataDir, environment: "embedded" }, {});
}

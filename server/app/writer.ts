import type { Registry } from "prom-client";
import type { RecordingParts } from "../catalogue/recording.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import { receiveMetrics } from "../receive/metrics.ts";
import { createVerifierPool } from "../receive/pool.ts";
import { postSubmission } from "../receive/routes.ts";
import { sequenceMetrics } from "../sequence/metrics.ts";
import { createSequencer, type Sequencer } from "../sequence/sequencer.ts";
import { ed25519Signer } from "../signers.ts";
import type { Chain } from "./chain.ts";
import type { AboutLog, AppOptions, Closing } from "./parts.ts";
import type { Records } from "./records.ts";

interface WriterParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly chain: Pick<Chain, "keys" | "logKeys">;
  readonly registry: Registry;
  readonly closing: Closing;
}

/** Everything a submission passes through until its receipt. */
export function openWriter(
  { config, secrets, clock, log }: AppOptions,
  { about, records, chain: { keys, logKeys }, registry, closing }: WriterParts,
): { readonly sequencer: Sequencer; readonly postSubmission: ReturnType<typeof postSubmission> } {
  const settings = { log: about.name, operator: config.operator, pepper: secrets.pepper };
  const pool = createVerifierPool({ settings, keys, clock, log, threads: config.receiveWorkers });
  closing.push(() => pool.close());
  const { anchorPromiseSeconds, indexPromiseSeconds } = config;
  const sequencer = createSequencer({
    store: records.store,
    clock,
    terms: {
      log: about.id,
      signer: ed25519Signer(secrets.receipt),
      anchorPromiseSeconds,
      indexPromiseSeconds,
      isIndexing: () => records.index.status().failingSeconds * 1000 <= config.indexPatienceMs,
    },
    receiptKeys: logKeys.receiptKeys,
    own: {
      source: about.ownSource,
      signer: ed25519Signer(secrets.ledger),
      verify: (body) => pool.verify(body),
    },
    metrics: sequenceMetrics(registry),
    log,
  });
  closing.push(() => sequencer.close());
  const limits = { eventsPerSecond: config.sourceEventsPerSecond };
  const metrics = receiveMetrics(registry);
  return { sequencer, postSubmission: postSubmission({ pool, sequencer, clock, metrics, log, limits }) };
}

export function recordingOf(
  sequencer: Sequencer,
  keys: KeyDirectory,
  { ownSource }: AboutLog,
): RecordingParts {
  return {
    mayRecord: () =>
      sequencer.state().kind === "open" && keys.keys().some(({ source }) => source === ownSource),
    record: sequencer.record,
  };
}

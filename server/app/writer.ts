import type { Registry } from "prom-client";
import type { Desk } from "../desk/desk.ts";
import type { RecordingParts } from "../catalogue/recording.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import { receiveMetrics } from "../receive/metrics.ts";
import { createVerifierPool } from "../receive/pool.ts";
import { postSubmission } from "../receive/routes.ts";
import { sequenceMetrics } from "../sequence/metrics.ts";
import { createSequencer, type Sequencer } from "../sequence/sequencer.ts";
import { signerOf } from "../signers.ts";
import type { Chain } from "./chain.ts";
import { openDesk } from "./desk.ts";
import type { AboutLog, AppOptions, Closing } from "./parts.ts";
import type { Records } from "./records.ts";

interface WriterParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly chain: Pick<Chain, "keys" | "logKeys">;
  readonly registry: Registry;
  readonly closing: Closing;
}

export interface Writer {
  readonly sequencer: Sequencer;
  readonly desk: Desk;
  readonly postSubmission: ReturnType<typeof postSubmission>;
}

/** Everything a submission passes through until its receipt. */
export function openWriter(
  options: AppOptions,
  { about, records, chain, registry, closing }: WriterParts,
): Writer {
  const { config, secrets, clock, log } = options;
  const { keys, logKeys } = chain;
  const settings = { log: about.name, operator: config.operator, pepper: secrets.pepper };
  const pool = createVerifierPool({ settings, keys, clock, log, threads: config.receiveWorkers });
  closing.push(() => pool.close());
  const { anchorPromiseSeconds, indexPromiseSeconds } = config;
  const sequencer = createSequencer({
    store: records.store,
    clock,
    terms: {
      log: about.id,
      signer: signerOf(secrets.receipt),
      anchorPromiseSeconds,
      indexPromiseSeconds,
      isIndexing: () => records.index.status().failingSeconds * 1000 <= config.indexPatienceMs,
    },
    receiptKeys: logKeys.receiptKeys,
    own: {
      source: about.ownSource,
      signer: signerOf(secrets.ledger),
      verify: (body) => pool.verify(body),
    },
    metrics: sequenceMetrics(registry),
    log,
  });
  closing.push(() => sequencer.close());
  const desk = openDesk(options, { about, records, chain, pool, sequencer, closing });
  const limits = { eventsPerSecond: config.sourceEventsPerSecond };
  const metrics = receiveMetrics(registry);
  const post = postSubmission({ pool, sequencer, clock, metrics, log, limits });
  return { sequencer, desk, postSubmission: post };
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

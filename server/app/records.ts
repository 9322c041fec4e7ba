import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { toHex } from "../../protocol/bytes.ts";
import { indexSizesInUse } from "../anchor/checkpoints.ts";
import { blindingSecret } from "../index/entries.ts";
import { createLogIndex, type LogIndex } from "../index/log-index.ts";
import { type IndexSecrets, requireOwnSecrets } from "../index/own-secrets.ts";
import { vrfPool } from "../index/vrf-pool.ts";
import { javascriptVrf } from "../index/vrf.ts";
import { checkpointSigner, type SignCheckpoint } from "../integrate/checkpoint-signer.ts";
import { type DerivedDatabase, openDerived } from "../integrate/derived.ts";
import { type Integrator, makeIntegrator } from "../integrate/integrator.ts";
import { levelTileStore } from "../integrate/tile-store.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { LedgerKeys } from "../secrets.ts";
import { signerOf } from "../signers.ts";
import { openLevelStore } from "../store/level-store.ts";
import { type Expiring, expiringInMemory } from "../store/expiring.ts";
import { openPostgresStore } from "../store/postgres-store.ts";
import type { Store } from "../store/store.ts";
import { requireWholeRecords } from "../store/transfer.ts";
import type { AboutLog, AppOptions, Closing } from "./parts.ts";

export interface Records {
  readonly store: Store;
  /** What ends by itself, for all servers of the log. */
  readonly expiring: Expiring;
  readonly derived: DerivedDatabase;
  readonly integrator: Integrator;
  readonly index: LogIndex;
  readonly signCheckpoint: SignCheckpoint;
}

/** The records, and what follows them by itself. */
export async function openRecords(options: AppOptions, about: AboutLog, closing: Closing): Promise<Records> {
  const { config, secrets, clock, log } = options;
  const onListenerError = (error: unknown): void =>
    log.error({ err: error }, "a part that follows the log failed");
  const { database: url } = options;
  const shared =
    url === undefined
      ? undefined
      : await openPostgresStore({ url, onListenerError, connections: config.databaseConnections });
  const store =
    shared ?? (await openLevelStore({ path: path.join(config.dataDir, "records"), onListenerError }));
  const expiring = shared?.expiring(clock) ?? expiringInMemory(clock);
  closing.push(store.close);
  await requireWholeRecords(store);
  const derived = await openDerived(path.join(config.dataDir, "derived"), about.name);
  closing.push(derived.close);
  await requireOwnSecrets(store, indexSecrets(secrets), { mayBindAnew: shared === undefined });
  // Not before: who has the wrong keys leads nobody.
  await store.campaign();
  const signCheckpoint = checkpointSigner(about.id, signerOf(secrets.checkpoint));
  const integrator = makeIntegrator({
    store,
    tiles: levelTileStore(derived),
    signCheckpoint,
    intervalMs: config.checkpointIntervalMs,
    clock,
    onError: (error) => log.error({ err: error }, "integrating failed and is tried again"),
  });
  closing.push(integrator.close);
  const index = makeIndex(options, { about, store, integrator, closing });
  return { store, expiring, derived, integrator, index, signCheckpoint };
}

function indexSecrets({ vrf: seed, pepper }: LedgerKeys): IndexSecrets {
  const vrf = javascriptVrf(seed);
  return {
    vrfKey: ed25519.getPublicKey(seed),
    pepper,
    vrf: { output: (id) => Promise.resolve(vrf.output(id)) },
    tagOf: indexTags(pepper),
  };
}

function makeIndex(
  { config, secrets, clock, log }: AppOptions,
  parts: { about: AboutLog; store: Store; integrator: Integrator; closing: Closing },
): LogIndex {
  const { about, store, integrator, closing } = parts;
  const vrf = vrfPool(secrets.vrf, config.vrfWorkers);
  const vrfKey = toHex(ed25519.getPublicKey(secrets.vrf));
  const index = createLogIndex({
    store,
    integrator,
    thread: {
      path: path.join(config.dataDir, "index"),
      identity: `${about.name} ${vrfKey}`,
      blindingSecret: blindingSecret(secrets.vrf),
    },
    vrf,
    tagOf: indexTags(secrets.pepper),
    sizesInUse: async () => await indexSizesInUse(store),
    clock,
    log,
  });
  // Together: an index that waits for the VRF would hold up the end.
  closing.push(async () => {
    await Promise.all([index.close(), vrf.close()]);
  });
  return index;
}

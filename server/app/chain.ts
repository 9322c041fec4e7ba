import type { Registry } from "prom-client";
import { agencyReader } from "../anchor/agency-registry.ts";
import { anchorAccount } from "../anchor/anchor-transaction.ts";
import { type Anchorer, createAnchorer } from "../anchor/anchorer.ts";
import { type ChainClient, chainClient } from "../anchor/chain-client.ts";
import { chainNodes } from "../anchor/chain-nodes.ts";
import { checkpointsOf } from "../anchor/checkpoints.ts";
import type { Rpc } from "../anchor/json-rpc.ts";
import { followKeys, type KeyFollower } from "../anchor/key-directory.ts";
import { type LogKeyWatch, watchLogKeys } from "../anchor/log-keys.ts";
import { anchorMetrics } from "../anchor/metrics.ts";
import { logPublicKeys } from "../secrets.ts";
import { accountKeyOf } from "../signers.ts";
import type { Sequencer } from "../sequence/sequencer.ts";
import type { AppOptions } from "./parts.ts";
import type { Records } from "./records.ts";

export interface Chain {
  readonly rpc: Rpc;
  /** Looks whether the node in use keeps up with the others. */
  readonly compareNodes: () => Promise<void>;
  /** See `ChainNodes.useNewest`. */
  readonly useNewestNode: () => Promise<void>;
  readonly client: ChainClient;
  readonly keys: KeyFollower;
  readonly logKeys: LogKeyWatch;
}

export function connectChain({ config, secrets, profile, log }: AppOptions): Chain {
  const { rpc, compare, useNewest } = chainNodes({
    urls: config.rpcUrls,
    identity: profile,
    onFailover: (node, reason) => log.warn({ node, reason }, "a node of the chain is of no use at present"),
  });
  const client = chainClient({ rpc, anchorRegistry: profile.anchorRegistry, logId: profile.logId });
  const agencies = agencyReader(rpc, profile.agencyRegistry, profile);
  const logKeys = watchLogKeys(client, logPublicKeys(secrets));
  return {
    rpc,
    compareNodes: compare,
    useNewestNode: useNewest,
    client,
    keys: followKeys({ chain: client, agencies, log }),
    logKeys,
  };
}

export function makeAnchorer(
  { config, profile, secrets, clock, log }: AppOptions,
  parts: { records: Records; chain: Chain; sequencer: Sequencer; registry: Registry },
): Anchorer {
  const { records, chain, sequencer, registry } = parts;
  return createAnchorer({
    store: records.store,
    chain: chain.client,
    rpc: chain.rpc,
    chainId: profile.chainId,
    anchorRegistry: profile.anchorRegistry,
    logId: profile.logId,
    account: anchorAccount(accountKeyOf(secrets.anchorer)),
    checkpoints: checkpointsOf({
      integrator: records.integrator,
      index: records.index,
      sign: records.signCheckpoint,
      clock,
      indexPatienceMs: config.indexPatienceMs,
    }),
    clock,
    log,
    metrics: anchorMetrics(registry),
    finalityDepth: profile.finalityDepth,
    keys: chain.logKeys,
    chooseNode: chain.useNewestNode,
    onAgreement: () => {
      sequencer.open();
      // Not before: keys made by another VRF key than the log's would be stored for ever.
      records.index.start();
    },
    onWrongKeys: (reason) => sequencer.suspend(reason),
    halt: (reason) => sequencer.halt(reason),
  });
}

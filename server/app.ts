import { once } from "node:events";
import type { RequestListener } from "node:http";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { toHex } from "../protocol/bytes.ts";
import { formatLogId, type LogId } from "../protocol/log-id.ts";
import { parseSource, type Source, splitSource } from "../protocol/source.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";
import { agencyReader } from "./anchor/agency-registry.ts";
import { anchorAccount } from "./anchor/anchor-transaction.ts";
import type { AnchorStatus } from "./anchor/anchor-status.ts";
import { type Anchorer, createAnchorer } from "./anchor/anchorer.ts";
import { type ChainClient, chainClient } from "./anchor/chain-client.ts";
import { checkpointsOf, indexSizesInUse } from "./anchor/checkpoints.ts";
import { chainRpc, type Rpc } from "./anchor/json-rpc.ts";
import { followKeys, type KeyFollower } from "./anchor/key-directory.ts";
import { type LogKeyWatch, watchLogKeys } from "./anchor/log-keys.ts";
import { anchorMetrics } from "./anchor/metrics.ts";
import { type Poll, startPoll } from "./anchor/poll.ts";
import { rpcRoutes } from "./anchor/rpc-proxy.ts";
import { catalogueHistory } from "./catalogue/history.ts";
import { loadCatalogue } from "./catalogue/load.ts";
import { catalogueRecording, type RecordingParts, requireNewOrCurrent } from "./catalogue/recording.ts";
import { catalogueRoutes } from "./catalogue/routes.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { closureRegister } from "./disclose/closure-register.ts";
import { representation } from "./disclose/representation.ts";
import { showing } from "./disclose/showing.ts";
import { boundedServer, httpEdge, SUBMISSION_ROUTE } from "./edge.ts";
import { type Findings, findingsRegister } from "./findings/register.ts";
import { findingsRoutes } from "./findings/routes.ts";
import { healthRoutes } from "./health.ts";
import { developmentTokens } from "./identity/dev-tokens.ts";
import { permit, rolesFor } from "./identity/permissions.ts";
import { type Authenticator, bearerTokens } from "./identity/tokens.ts";
import { blindingSecret } from "./index/entries.ts";
import { createLogIndex, type LogIndex } from "./index/log-index.ts";
import { type IndexSecrets, requireOwnSecrets } from "./index/own-secrets.ts";
import { javascriptVrf } from "./index/vrf.ts";
import { indexMetrics } from "./index/metrics.ts";
import { vrfPool } from "./index/vrf-pool.ts";
import { checkpointSigner } from "./integrate/checkpoint-signer.ts";
import { type SourceRecords, sourceRecords } from "./inspect/heard.ts";
import { reconciliation } from "./inspect/reconciliation.ts";
import { sourceRoutes } from "./inspect/routes.ts";
import { type DerivedDatabase, openDerived } from "./integrate/derived.ts";
import { type Integrator, makeIntegrator } from "./integrate/integrator.ts";
import { followLog } from "./integrate/log-follower.ts";
import { logRoutes } from "./integrate/routes.ts";
import { levelTileStore } from "./integrate/tile-store.ts";
import { httpMetrics, metricsRoutes, processMetrics } from "./metrics.ts";
import { openApiRoutes } from "./openapi/routes.ts";
import { makeProver } from "./prove/evidence.ts";
import { proofRoutes } from "./prove/routes.ts";
import { statementMaker } from "./prove/statement.ts";
import { statementSlots } from "./prove/statement-slots.ts";
import { statementRoutes } from "./prove/statement-routes.ts";
import { ByteBudget } from "./receive/body.ts";
import type { KeyDirectory } from "./receive/keys.ts";
import { indexTags } from "./receive/index-tags.ts";
import { receiveMetrics } from "./receive/metrics.ts";
import { createVerifierPool } from "./receive/pool.ts";
import { postSubmission } from "./receive/routes.ts";
import type { Route } from "./route.ts";
import { logPublicKeys, type Secrets } from "./secrets.ts";
import { sequenceMetrics } from "./sequence/metrics.ts";
import { sequenceRoutes } from "./sequence/routes.ts";
import { createSequencer, type Sequencer } from "./sequence/sequencer.ts";
import { ed25519Signer } from "./signers.ts";
import { openLevelStore } from "./store/level-store.ts";
import type { Store } from "./store/store.ts";

export interface AppOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Where the log is on the chain: the same file its verifiers use. */
  readonly profile: TrustProfile;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A running ledger. */
export interface App {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** What it answers to. */
  readonly routes: readonly Pick<Route, "name" | "method" | "path">[];
  /** Ends in order: what was accepted is answered, what was begun is finished. */
  close: () => Promise<void>;
}

/** Bodies of all requests but submissions, which have a budget of their own: sixty full lists of receipts. */
const SMALL_BODIES_BYTES = 32 * 1024 * 1024;
/** What is still open then has had its answer, or never will. */
const CLOSE_TIMEOUT_MS = 5_000;
/** Readers look themselves; this only keeps what they have to read short. */
const CLOSURES_INTERVAL_MS = 1_000;
/** The public counts are as old as this; an inspector who asks waits for what is newest. */
const FINDINGS_INTERVAL_MS = 10_000;

/**
 * Puts the stages together and starts them: the only place where they meet. It listens at once, and is ready (`/ready`) when the tiles
 * have caught up with the records and the chain was found to agree with them.
 * @throws what keeps it from starting: CatalogueError, LedgerError `store-unavailable`, TokenFileError, the error of `listen`.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const closing: Closing = [];
  const close = async (): Promise<void> => {
    // The last one started first: whoever needs another part ends before it.
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const about = logOf(options);
    const registry = new Registry();
    const { catalogueDir } = options.config;
    const catalogue = catalogueDir === undefined ? undefined : await loadCatalogue(catalogueDir);
    const records = await openRecords(options, about, closing);
    const catalogues = catalogueHistory(records.store, about.ownSource);
    if (catalogue !== undefined) await requireNewOrCurrent(catalogue, catalogues);
    const chain = connectChain(options);
    const writer = openWriter(options, { about, records, chain, registry, closing });
    const anchorer = makeAnchorer(options, { records, chain, sequencer: writer.sequencer, registry });
    const sources = sourceRecords(records.derived);
    const findings = makeFindings(options, { about, records, keys: chain.keys, sources });
    closing.push(findings.close);
    processMetrics(registry, () => records.integrator.checkpoint()?.size ?? 0);
    indexMetrics(registry, () => records.index.status());
    const health = healthRoutes({
      store: records.store,
      sequencing: () => writer.sequencer.state(),
      anchoring: () => anchorer.status(),
      checkpoint: records.integrator.checkpoint,
      indexing: () => records.index.status(),
      anchorPromiseSeconds: options.config.anchorPromiseSeconds,
      indexPromiseSeconds: options.config.indexPromiseSeconds,
      indexPatienceSeconds: options.config.indexPatienceMs / 1000,
      clock: options.clock,
      log: about.name,
    });
    const read = reading(options, {
      ...{ about, records },
      anchoring: () => anchorer.status(),
    });
    const routes = [
      ...sequenceRoutes(writer.sequencer),
      ...read.routes,
      ...rpcRoutes({ ...options.profile, rpc: chain.rpc }),
      ...catalogueRoutes(catalogues),
      ...findingsRoutes(findings),
      ...sourceRoutes({ store: records.store, sources, findings, clock: options.clock }),
      ...health,
      ...metricsRoutes(registry),
      ...(await openApiRoutes()),
    ];
    const edge = httpEdge({
      postSubmission: writer.postSubmission,
      bodies: new ByteBudget(SMALL_BODIES_BYTES),
      routes,
      callerOf: callersOf(options, chain.keys),
      permissionOf: (name) => {
        const roles = rolesFor(name);
        return (caller) => permit(caller, roles);
      },
      metrics: httpMetrics(registry),
      log: options.log,
    });
    const url = await listen(edge, options.config, closing);
    options.log.info({ url, log: about.name }, "listening");

    await records.integrator.start();
    const poll = poller(options.log, closing);
    const { chainPollMs } = options.config;
    poll("reading the recorder keys", chainPollMs, () => chain.keys.poll());
    poll("reading seals and erasures", CLOSURES_INTERVAL_MS, read.update);
    poll("deriving findings", FINDINGS_INTERVAL_MS, findings.update);
    if (catalogue !== undefined) {
      const record = catalogueRecording(catalogue, recordingOf(writer.sequencer, chain.keys, about));
      poll("recording the catalogue", chainPollMs, record);
    }
    const anchoring = poll("anchoring", chainPollMs, () => anchorer.tick());
    records.integrator.onCheckpoint(anchoring.wake);
    records.index.onVersion(anchoring.wake);
    return { url, routes: [SUBMISSION_ROUTE, ...routes], close };
  } catch (error) {
    await close();
    throw error;
  }
}

function recordingOf(sequencer: Sequencer, keys: KeyDirectory, { ownSource }: AboutLog): RecordingParts {
  return {
    mayRecord: () =>
      sequencer.state().kind === "open" && keys.keys().some(({ source }) => source === ownSource),
    record: sequencer.record,
  };
}

/** What ends each part, in the order they were started. */
type Closing = (() => Promise<void>)[];

/** Which log this is, in the forms the stages need. */
interface AboutLog {
  readonly id: LogId;
  readonly name: string;
  readonly ownSource: Source;
}

function logOf({ config, profile }: AppOptions): AboutLog {
  const id = { chainId: profile.chainId, registry: profile.anchorRegistry, logId: profile.logId };
  return { id, name: formatLogId(id), ownSource: parseSource(`${config.operator}/ledger`) };
}

interface Records {
  readonly store: Store;
  readonly derived: DerivedDatabase;
  readonly integrator: Integrator;
  readonly index: LogIndex;
  readonly signCheckpoint: (size: number, root: Uint8Array) => string;
}

/** The records, and what follows them by itself. */
async function openRecords(options: AppOptions, about: AboutLog, closing: Closing): Promise<Records> {
  const { config, secrets, clock, log } = options;
  const store = await openLevelStore({
    path: path.join(config.dataDir, "records"),
    onListenerError: (error) => log.error({ err: error }, "a part that follows the log failed"),
  });
  closing.push(store.close);
  const derived = await openDerived(path.join(config.dataDir, "derived"), about.name);
  closing.push(derived.close);
  await requireOwnSecrets(store, indexSecrets(secrets), { mayBindAnew: true });
  const signCheckpoint = checkpointSigner(about.id, secrets.checkpoint);
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
  return { store, derived, integrator, index, signCheckpoint };
}

function indexSecrets({ vrf: seed, pepper }: Secrets): IndexSecrets {
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

interface Chain {
  readonly rpc: Rpc;
  readonly client: ChainClient;
  readonly keys: KeyFollower;
  readonly logKeys: LogKeyWatch;
}

function connectChain({ config, secrets, profile, log }: AppOptions): Chain {
  const rpc = chainRpc({
    urls: config.rpcUrls,
    identity: profile,
    onFailover: (node, reason) => log.warn({ node, reason }, "a node of the chain does not answer"),
  });
  const client = chainClient({ rpc, anchorRegistry: profile.anchorRegistry, logId: profile.logId });
  const agencies = agencyReader(rpc, profile.agencyRegistry);
  const logKeys = watchLogKeys(client, logPublicKeys(secrets));
  return { rpc, client, keys: followKeys({ chain: client, agencies, log }), logKeys };
}

interface WriterParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly chain: Pick<Chain, "keys" | "logKeys">;
  readonly registry: Registry;
  readonly closing: Closing;
}

/** Everything a submission passes through until its receipt. */
function openWriter(
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

function makeAnchorer(
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
    account: anchorAccount(secrets.anchorer),
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
    onAgreement: () => {
      sequencer.open();
      // Not before: keys made by another VRF key than the log's would be stored for ever.
      records.index.start();
    },
    onWrongKeys: (reason) => sequencer.suspend(reason),
    halt: (reason) => sequencer.halt(reason),
  });
}

/** What the records say about who keeps to the rules. */
function makeFindings(
  { config, clock }: AppOptions,
  parts: { about: AboutLog; records: Records; keys: KeyDirectory; sources: SourceRecords },
): Findings {
  const { about, records, keys, sources } = parts;
  return findingsRegister({
    store: records.store,
    db: records.derived,
    reconciliation: reconciliation(records.derived),
    sources,
    keys,
    ownSource: about.ownSource,
    // They record what happens here, and nothing when nothing does.
    exempt: [about.ownSource, parseSource(`${config.operator}/desk`)],
    graceSeconds: config.exchangeGraceSeconds,
    silenceSeconds: config.silenceLimitSeconds,
    clock,
  });
}

interface Reading {
  readonly routes: readonly Route[];
  /** Follows the log's seals and erasures. */
  readonly update: () => Promise<void>;
}

/** The log, its events, their evidence, and people's statements. */
function reading({ clock, log, secrets }: AppOptions, { about, records, anchoring }: ReadingParts): Reading {
  const { store, derived, integrator, index } = records;
  const follow = followLog({ store, db: derived, log });
  const closures = closureRegister({ follow, db: derived, clock, log });
  const tagOf = indexTags(secrets.pepper);
  const represented = representation({ index, readEvents: store.events, closures, tagOf, clock });
  const leafIndex = async (leafHash: Uint8Array) => await integrator.tree().leafIndex(leafHash);
  const shown = showing({ closures, representation: represented, leafIndex, log });
  const prover = makeProver({ store, tree: integrator.tree, show: shown.showTo, anchoring });
  const makeStatement = statementMaker({
    ...{ store, index, representation: represented, showing: shown, prover },
    log: about.id,
  });
  return {
    routes: [
      ...logRoutes({ integrator, store }),
      ...proofRoutes({ prover, store }),
      ...statementRoutes({ makeStatement, representation: represented, takeSlot: statementSlots() }),
    ],
    update: closures.update,
  };
}

interface ReadingParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly anchoring: () => AnchorStatus;
}

/** On the embedded chain, development tokens, one for each agency as agencies appear; elsewhere everybody is the public. */
function callersOf({ config }: AppOptions, keys: KeyDirectory): Authenticator["callerOf"] {
  if (config.environment !== "embedded") return bearerTokens([]).callerOf;
  const file = path.join(config.dataDir, "dev-tokens.json");
  const tokens = (): Authenticator => {
    const agencies = new Set(keys.keys().map(({ source }) => splitSource(source).agency));
    return bearerTokens(
      developmentTokens(file, { environment: config.environment, agencies: [...agencies] }),
    );
  };
  let authenticator = tokens();
  keys.onChange(() => (authenticator = tokens()));
  return async (shown) => await authenticator.callerOf(shown);
}

function poller(log: Logger, closing: Closing) {
  return (subject: string, intervalMs: number, run: () => Promise<void>): Poll => {
    const poll = startPoll({ run, intervalMs, log, subject });
    closing.push(poll.close);
    return poll;
  };
}

/** Listens and returns the URL. Closing lets the requests under way have their answers. */
async function listen(
  edge: RequestListener,
  { host, port }: Pick<Config, "host" | "port">,
  closing: Closing,
): Promise<string> {
  const server = boundedServer(edge);
  server.listen(port, host);
  await once(server, "listening");
  closing.push(async () => {
    const closed = once(server, "close");
    server.close();
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(force);
  });
  const address = server.address();
  const boundPort = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}`;
}

import { Registry } from "prom-client";
import { rpcRoutes } from "./anchor/rpc-proxy.ts";
import { backups } from "./app/backups.ts";
import { callersOf } from "./app/callers.ts";
import { complaining } from "./app/complaints.ts";
import { connectChain, makeAnchorer } from "./app/chain.ts";
import { consenting } from "./app/consents.ts";
import { deciding } from "./app/deciding.ts";
import { erasing } from "./app/erasing.ts";
import { makeFindings } from "./app/findings.ts";
import { judging } from "./app/judging.ts";
import { inspecting } from "./app/inspecting.ts";
import { listen, poller } from "./app/listening.ts";
import { type AppOptions, type Closing, logOf } from "./app/parts.ts";
import { portal } from "./app/portal.ts";
import { reading } from "./app/reading.ts";
import { openRecords } from "./app/records.ts";
import { RISKS_INTERVAL_MS, storeRisks } from "./app/store-risks.ts";
import { openWriter, recordingOf } from "./app/writer.ts";
import { catalogueHistory } from "./catalogue/history.ts";
import { loadCatalogue } from "./catalogue/load.ts";
import { catalogueRecording, requireNewOrCurrent } from "./catalogue/recording.ts";
import { catalogueRoutes } from "./catalogue/routes.ts";
import { ERASURE_PROMISE_SECONDS } from "./disclose/closures.ts";
import { httpEdge, SUBMISSION_ROUTE } from "./edge.ts";
import { type HealthParts, healthRoutes, readyMetric } from "./health.ts";
import { DPOP_ALGORITHMS } from "./identity/dpop.ts";
import { permit, rolesFor } from "./identity/permissions.ts";
import { indexMetrics } from "./index/metrics.ts";
import { sourceRecords } from "./inspect/heard.ts";
import { sourceRoutes } from "./inspect/routes.ts";
import { httpMetrics, metricsRoutes, processMetrics } from "./metrics.ts";
import { openApiRoutes } from "./openapi/routes.ts";
import { ByteBudget } from "./receive/body.ts";
import type { Route } from "./route.ts";
import { sequenceRoutes } from "./sequence/routes.ts";

export type { AppOptions } from "./app/parts.ts";
export { isSettingFault } from "./app/start-fault.ts";

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
/** Readers look themselves; this only keeps what they have to read short. */
const CLOSURES_INTERVAL_MS = 1_000;
/** How old an answer about a new event may be; whoever asks about findings waits for what is newest. */
const JUDGING_INTERVAL_MS = 1_000;
/** A submission looks itself; this is for whoever answers without one. */
const BEHIND_INTERVAL_MS = 1_000;
/** A node that fell behind is left after two looks. */
const NODES_INTERVAL_MS = 2_000;
/** The public counts are as old as this; an inspector who asks waits for what is newest. */
const FINDINGS_INTERVAL_MS = 10_000;
/** Deadlines are of hours and days. */
const QUEUES_INTERVAL_MS = 30_000;

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
    // What another server found, or this one before it was started again.
    await writer.sequencer.look();
    const anchorer = makeAnchorer(options, { records, chain, sequencer: writer.sequencer, registry });
    const sources = sourceRecords(records.derived);
    const findings = makeFindings(options, { about, records, keys: chain.keys, sources });
    closing.push(findings.close);
    processMetrics(registry, options.config.dataDir, () => records.integrator.checkpoint()?.size ?? 0);
    indexMetrics(registry, () => records.index.status());
    const read = reading(options, {
      ...{ about, records, desk: writer.desk },
      anchoring: () => anchorer.status(),
    });
    let listening = "";
    const baseUrl = (): string => options.config.publicUrl ?? listening;
    const decide = deciding(options, {
      ...{ about, records, read, history: catalogues, baseUrl },
      sequencer: writer.sequencer,
    });
    const judge = judging(options, {
      ...{ about, records, read, history: catalogues, findings },
      ...{ consents: decide.consents, objections: decide.objections },
      ...{ logKeys: chain.logKeys, desk: writer.desk, registry, closing },
      sequencing: () => writer.sequencer.state(),
    });
    const complaints = complaining(options, { records, desk: writer.desk, read, catalogues });
    const erase = erasing(options, {
      ...{ about, records, desk: writer.desk, keys: chain.keys, registry },
      ...{ follow: read.follow, closures: read.closures, representation: read.representation },
      ...{ complaints: complaints.complaints, judging: judge },
      readers: [judge.size],
      anchoring: () => anchorer.status(),
    });
    const consents = consenting(options, {
      ...{ about, records, read, baseUrl, desk: writer.desk },
      ...{ register: decide.consents, objections: decide.objections, catalogues: decide.catalogues },
    });
    const inspect = inspecting(options, {
      ...{ about, records, read, catalogues, complaints, registry, closing },
      ...{ desk: writer.desk, keys: chain.keys, board: judge.board, erasures: erase.erasures },
    });
    const health: HealthParts = {
      store: records.store,
      sequencing: () => writer.sequencer.state(),
      areKeysRead: () => chain.keys.isRead(),
      anchoring: () => anchorer.status(),
      checkpoint: records.integrator.checkpoint,
      indexing: () => records.index.status(),
      searching: inspect.status,
      judged: judge.size,
      erasing: erase.status,
      anchorPromiseSeconds: options.config.anchorPromiseSeconds,
      indexPromiseSeconds: options.config.indexPromiseSeconds,
      erasurePromiseSeconds: ERASURE_PROMISE_SECONDS,
      indexPatienceSeconds: options.config.indexPatienceMs / 1000,
      clock: options.clock,
      log: about.name,
    };
    readyMetric(registry, health);
    const { expiring } = records;
    const proofs = options.database === undefined ? undefined : expiring;
    const callers = callersOf({ ...options, proofs }, chain.keys);
    const pages = await portal({ ...options, expiring, secret: options.secrets.pepper }, callers);
    const routes = [
      ...sequenceRoutes(writer.sequencer),
      ...read.routes,
      ...complaints.routes,
      ...inspect.routes,
      ...erase.routes,
      ...consents.routes,
      ...decide.routes,
      ...rpcRoutes({ ...options.profile, rpc: chain.rpc }),
      ...catalogueRoutes(catalogues),
      ...judge.routes,
      ...sourceRoutes({ store: records.store, sources, findings, clock: options.clock }),
      ...(await backups(options, { about, records })),
      ...healthRoutes(health),
      ...metricsRoutes(registry),
      ...(await openApiRoutes()),
      ...pages.routes,
    ];
    const edge = httpEdge({
      postSubmission: writer.postSubmission,
      bodies: new ByteBudget(SMALL_BODIES_BYTES),
      routes,
      ...{ callerOf: pages.callerOf, forgetSession: pages.forgetSession },
      ...{ beside: callers.beside, dpopAlgorithms: DPOP_ALGORITHMS.join(" ") },
      permissionOf: (name) => {
        const roles = rolesFor(name);
        return (caller) => permit(caller, roles);
      },
      metrics: httpMetrics(registry),
      log: options.log,
    });
    const url = await listen(edge, options.config, closing);
    callers.listensAt(url);
    listening = url;
    options.log.info({ url, log: about.name }, "listening");

    await records.integrator.start();
    inspect.start();
    const poll = poller(options.log, closing);
    const lookAtStore = storeRisks(records.store, { registry, log: options.log });
    poll("looking at how the database is set up", RISKS_INTERVAL_MS, lookAtStore);
    const { chainPollMs } = options.config;
    if (options.config.rpcUrls.length > 1)
      poll("comparing the chain's nodes", NODES_INTERVAL_MS, chain.compareNodes);
    poll("reading the recorder keys", chainPollMs, () => chain.keys.poll());
    poll("looking whether the records are behind", BEHIND_INTERVAL_MS, writer.sequencer.look);
    poll("reading seals and erasures", CLOSURES_INTERVAL_MS, read.update);
    poll("reading consents and objections", CLOSURES_INTERVAL_MS, decide.update);
    poll("destroying what was erased", CLOSURES_INTERVAL_MS, erase.run);
    poll("reading complaints and the list of seals", CLOSURES_INTERVAL_MS, complaints.update);
    poll("reading the results of inspections", CLOSURES_INTERVAL_MS, inspect.update);
    poll("deriving findings", FINDINGS_INTERVAL_MS, findings.update);
    poll("counting what waits in the queues", QUEUES_INTERVAL_MS, inspect.countQueues);
    poll("judging accesses and actions", JUDGING_INTERVAL_MS, judge.update);
    if (catalogue !== undefined) {
      const record = catalogueRecording(catalogue, recordingOf(writer.sequencer, chain.keys, about));
      poll("recording the catalogue", chainPollMs, record);
    }
    const anchoring = poll("anchoring", chainPollMs, () => anchorer.tick());
    // The first to end, since under load they never come to the end of the log by themselves.
    closing.push(judge.close, findings.close);
    records.integrator.onCheckpoint(anchoring.wake);
    records.index.onVersion(anchoring.wake);
    return { url, routes: [SUBMISSION_ROUTE, ...routes], close };
  } catch (error) {
    await close();
    throw error;
  }
}

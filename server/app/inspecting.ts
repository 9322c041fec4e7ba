import path from "node:path";
import { createHash } from "node:crypto";
import type { Registry } from "prom-client";
import { toHex } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { splitSource } from "../../protocol/source.ts";
import type { CatalogueHistory } from "../catalogue/history.ts";
import type { Desk } from "../desk/desk.ts";
import { peopleIn } from "../findings/acts.ts";
import { FINDING_KINDS } from "../findings/finding.ts";
import { bundleRoutes } from "../inspect/bundle-routes.ts";
import { bundleMaker } from "../inspect/bundles.ts";
import { queueMetrics, searchMetrics } from "../inspect/metrics.ts";
import { resultRegister } from "../inspect/result-register.ts";
import { resultRoutes } from "../inspect/result-routes.ts";
import { sampleResults } from "../inspect/results.ts";
import { queueRoutes } from "../inspect/queue-routes.ts";
import { complaintQueues, erasureQueue, findingQueues, workQueues } from "../inspect/queues.ts";
import { sampleRoutes } from "../inspect/sample-routes.ts";
import { samples } from "../inspect/samples.ts";
import { eventSearch } from "../inspect/search/event-search.ts";
import type { TermStorage } from "../inspect/search/filter.ts";
import { searchRoutes } from "../inspect/search/routes.ts";
import { createSearchIndex, type SearchStatus } from "../inspect/search/search-index.ts";
import { officialTerm, searchKey, termHasher } from "../inspect/search/terms.ts";
import { statisticsRoutes } from "../inspect/statistics-routes.ts";
import { statistics } from "../inspect/statistics.ts";
import { statementSlots } from "../prove/statement-slots.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { Route } from "../route.ts";
import type { Complaining } from "./complaints.ts";
import type { Erasing } from "./erasing.ts";
import type { Judging } from "./judging.ts";
import type { AboutLog, AppOptions, Closing } from "./parts.ts";
import type { Reading } from "./reading.ts";
import type { Records } from "./records.ts";

interface InspectingParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly read: Pick<Reading, "follow" | "closures" | "representation" | "showing" | "prover">;
  readonly desk: Desk;
  readonly keys: Pick<KeyDirectory, "keys">;
  readonly catalogues: CatalogueHistory;
  readonly board: Judging["board"];
  readonly complaints: Pick<Complaining, "complaints" | "dueAt">;
  readonly erasures: Erasing["erasures"];
  readonly registry: Registry;
  readonly closing: Closing;
}

export interface Inspecting {
  readonly routes: readonly Route[];
  /** Begins to follow the log; receiving never waits for it. */
  readonly start: () => void;
  readonly status: () => SearchStatus;
  /** Follows what inspectors say of what they looked at. */
  readonly update: () => Promise<void>;
  /** Counts what waits in the queues, for the metrics. */
  readonly countQueues: () => Promise<void>;
}

/** What inspectors look through the log with, and what the public learns from counts. */
export function inspecting(options: AppOptions, parts: InspectingParts): Inspecting {
  const { secrets, profile, clock } = options;
  const { about, records, read, desk, keys, catalogues, board, complaints, erasures } = parts;
  const { store, index } = records;
  const { representation, showing, prover } = read;
  const search = makeSearch(options, parts);
  const terms = termStorage(secrets.pepper);
  const { chainId, genesisHash, anchorRegistry, agencyRegistry } = profile;
  const timeOf = async (place: number): Promise<number | undefined> =>
    (await store.submissionOfIndex(place))?.time;
  const searchEvents = eventSearch({ search, terms, store, showing, findings: board });
  const makeBundle = bundleMaker({
    ...{ desk, store, showing, prover, search, terms, index, representation, clock },
    ...{ findings: board, log: about.id, chain: { chainId, genesisHash, anchorRegistry, agencyRegistry } },
  });
  const results = resultRegister({ follow: read.follow, db: records.derived, store, desk: about.deskSource });
  const drawing = samples({ desk, store, prover, search, terms });
  const counted = statistics({
    ...{ search, findings: board, results, hashOf: terms.hashOf },
    agencies: () => [...new Set(keys.keys().map(({ source }) => splitSource(source).agency))],
    procedures: async () => await proceduresIn(catalogues),
  });
  const queues = workQueues([
    ...findingQueues(board),
    ...complaintQueues(complaints),
    erasureQueue({ erasures, timeOf }),
  ]);
  return {
    routes: [
      ...searchRoutes({
        ...{ searchEvents, desk, findingKinds: FINDING_KINDS },
        findingStates: ["open", "settled", "explained", "confirmed", "dismissed"],
      }),
      ...queueRoutes(queues),
      ...statisticsRoutes(counted, clock),
      ...sampleRoutes(drawing),
      ...resultRoutes(
        sampleResults({
          ...{ desk, store, samples: drawing, register: results },
          peopleIn: async (event) => await peopleIn(event, read.closures),
        }),
      ),
      ...bundleRoutes(makeBundle, statementSlots(BUNDLES_AT_ONCE)),
    ],
    start: search.start,
    status: search.status,
    update: results.update,
    countQueues: queueMetrics(parts.registry, { queues, clock }),
  };
}

/** A bundle takes a processor for seconds. */
const BUNDLES_AT_ONCE = { total: 4, perCaller: 1 };

function makeSearch(
  { config, secrets, clock, log }: AppOptions,
  { about, records, registry, closing }: InspectingParts,
) {
  const key = searchKey(secrets.pepper);
  // Terms hashed under another pepper are of no use; the key itself is not written down.
  const fingerprint = createHash("sha256").update("minhbach/search/key").update(key).digest();
  const search = createSearchIndex({
    store: records.store,
    thread: {
      path: path.join(config.dataDir, "search"),
      identity: `${about.name} ${toHex(fingerprint)}`,
      key,
    },
    clock,
    log,
  });
  closing.push(search.close);
  searchMetrics(registry, search.status);
  return search;
}

function termStorage(pepper: Uint8Array): TermStorage {
  const tagOf = indexTags(pepper);
  return {
    hashOf: termHasher(searchKey(pepper)),
    officialOf: (id) => officialTerm(Buffer.from(tagOf({ kind: "official", id }), "latin1")),
  };
}

/** The procedures that any recorded catalogue knows: what is in none of them is not named in public. */
async function proceduresIn(catalogues: CatalogueHistory): Promise<readonly string[]> {
  const codes = new Set<string>();
  for (const version of await catalogues.versions()) {
    const file: unknown = JSON.parse(Buffer.from(await catalogues.file(version)).toString("utf8"));
    const procedures = isJsonObject(file) ? file["procedures"] : undefined;
    for (const procedure of Array.isArray(procedures) ? (procedures as unknown[]) : []) {
      const code = isJsonObject(procedure) ? procedure["code"] : undefined;
      if (typeof code === "string") codes.add(code);
    }
  }
  return [...codes];
}

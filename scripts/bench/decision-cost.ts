/**
 * What a decision costs, as a process of its own. Arguments: number of persons, number of them who have a consent. The consents are recorded by the normal
 * path (checked, sequenced, stored, read by the register); people without one leave no trace to look for, so their number only makes the questions
 * random. Prints one JSON line with what it costs in process and the port at which it answers the same over HTTP, until its input ends.
 */
import { once } from "node:events";
import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { Registry } from "prom-client";
import { utf8 } from "../../protocol/bytes.ts";
import type { DecisionQuestion } from "../../protocol/decision.ts";
import { makeEvent } from "../../protocol/event.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { parseCatalogue } from "../../protocol/procedures.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import { loadCatalogue } from "../../server/catalogue/load.ts";
import { systemClock } from "../../server/clock.ts";
import { consentRegister } from "../../server/decide/consents.ts";
import { decisions } from "../../server/decide/decisions.ts";
import { decisionRoutes } from "../../server/decide/routes.ts";
import { closureRegister } from "../../server/disclose/closure-register.ts";
import { boundedServer, httpEdge } from "../../server/edge.ts";
import { openDerived } from "../../server/integrate/derived.ts";
import { followLog } from "../../server/integrate/log-follower.ts";
import { httpMetrics } from "../../server/metrics.ts";
import { ByteBudget } from "../../server/receive/body.ts";
import { indexTags } from "../../server/receive/index-tags.ts";
import { createVerifierPool } from "../../server/receive/pool.ts";
import { sequenceMetrics } from "../../server/sequence/metrics.ts";
import { createSequencer } from "../../server/sequence/sequencer.ts";
import { ed25519Signer } from "../../server/signers.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { quantile } from "./http-load.ts";
import { DECISION_AGENCY, decisionPerson } from "./decisions.ts";
import { benchSources } from "./workload.ts";

const [persons = 0, consenting = 0] = process.argv.slice(2).map(Number);
const QUESTIONS = 20_000;
const WARM_UP = 2_000;
const PER_SUBMISSION = 1000;

const [desk] = benchSources("desk", 1);
if (desk === undefined) throw new RangeError("there is no desk");
const log = { chainId: 31_337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
const clock = systemClock;
const silent = pino({ level: "fatal" });
const pepper = new Uint8Array(randomBytes(32));
const receipt = ed25519Signer(new Uint8Array(randomBytes(32)));
const folder = await mkdtemp(path.join(tmpdir(), "minhbach-decisions-"));
const store = await openLevelStore({ path: path.join(folder, "records") });
const derived = await openDerived(path.join(folder, "derived"), "bench");

await recordConsents();
const follow = followLog({ store, db: derived, log: silent });
const closures = closureRegister({ follow, db: derived, clock, log: silent });
const consents = consentRegister({
  ...{ follow, closures, store, db: derived, tagOf: indexTags(pepper), rules: { desk: desk.source } },
});
const begun = performance.now();
await closures.update();
await consents.update();
const readSeconds = (performance.now() - begun) / 1000;
const { file } = await loadCatalogue(path.join(import.meta.dirname, "../../catalogue"));
const catalogue = parseCatalogue(file);
const { decide } = decisions({
  ...{ consents, clock, log, signer: receipt, requireOpen: () => undefined },
  catalogues: { inForceAt: () => Promise.resolve(catalogue) },
  // No machine asks here.
  objects: () => Promise.resolve(false),
});

/** Half of those asked about have a consent; the others are anybody. */
function question(turn: number): DecisionQuestion {
  const number = turn % 2 === 0 ? randomInt(consenting) : randomInt(persons);
  return {
    ...{ agency: DECISION_AGENCY, action: "read", procedure: "BUILD_PERMIT" },
    subject: { scheme: "vn-cccd", id: decisionPerson(number) },
    personalData: ["pd:Name", "pd:PhysicalAddress"],
  };
}

let permits = 0;
const latencies = new Float64Array(QUESTIONS);
for (let turn = -WARM_UP; turn < QUESTIONS; turn++) {
  const asked = performance.now();
  const { decision } = await decide(question(turn));
  if (turn < 0) continue;
  latencies[turn] = performance.now() - asked;
  if (decision.decision) permits += 1;
}

const edge = httpEdge({
  postSubmission: (_request, response) => response.end(),
  bodies: new ByteBudget(1024 * 1024),
  routes: decisionRoutes({ decisions: { decide }, baseUrl: () => "" }),
  callerOf: () =>
    Promise.resolve({
      ...({ role: "agency", name: DECISION_AGENCY, agency: DECISION_AGENCY } as const),
      signOn: { issuer: "bench", subject: "bench", expires: 0, tokenDigest: "" },
    }),
  dpopAlgorithms: "",
  beside: undefined,
  permissionOf: () => () => undefined,
  metrics: httpMetrics(new Registry()),
  log: silent,
});
const server = boundedServer(edge);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
console.log(
  JSON.stringify({
    p50Milliseconds: quantile(latencies, 0.5),
    p95Milliseconds: quantile(latencies, 0.95),
    permitted: permits / QUESTIONS,
    readSeconds,
    port: typeof address === "object" ? address?.port : 0,
  }),
);
process.stdin.resume();
await once(process.stdin, "end");
server.closeAllConnections();
server.close();
await derived.close();
await store.close();
await rm(folder, { recursive: true });

/** One consent of each of the first persons, recorded by the desk. */
async function recordConsents(): Promise<void> {
  if (desk === undefined) return;
  const pool = createVerifierPool({
    settings: { log: formatLogId(log), operator: "bench", pepper },
    keys: {
      keys: () => [
        {
          ...{ source: desk.source, kid: desk.kid, alg: "EdDSA", key: desk.publicKey },
          ...{ fromSeq: 1, toSeq: Number.POSITIVE_INFINITY, revoked: false, entitlements: 1 },
        },
      ],
      refresh: () => Promise.resolve(),
      onChange: () => () => undefined,
    },
    ...{ clock, log: silent, threads: 2 },
  });
  const sequencer = createSequencer({
    ...{ store, clock, log: silent, receiptKeys: () => [], metrics: sequenceMetrics(new Registry()) },
    terms: {
      ...{ log, signer: receipt, anchorPromiseSeconds: 600, indexPromiseSeconds: 600 },
      isIndexing: () => true,
    },
    own: { source: desk.source, signer: receipt, verify: (body) => pool.verify(body) },
  });
  sequencer.open();
  for (let first = 0; first < consenting; first += PER_SUBMISSION) {
    const count = Math.min(PER_SUBMISSION, consenting - first);
    const events = Array.from({ length: count }, (_, at) => consentEvent(first + at));
    const submission = makeSubmission({
      ...{ log, source: desk.source, first: first + 1, events, issuedAt: Math.floor(clock.now() / 1000) },
      ...{ alg: "EdDSA", kid: desk.kid, sign: desk.sign },
    });
    await sequencer.submit(await pool.verify(utf8(JSON.stringify(submission))));
  }
  await sequencer.close();
  await pool.close();
}

function consentEvent(number: number): string {
  if (desk === undefined) return "";
  return makeEvent({
    source: desk.source,
    seq: number + 1,
    facets: {
      type: "consent",
      subject: { scheme: "vn-cccd", id: decisionPerson(number) },
      consent: {
        ...{
          id: `consent-${number}`,
          state: "ConsentGiven",
          indicatedBy: "DataSubject",
          controller: "qn-construction",
        },
        ...{ procedures: ["BUILD_PERMIT"], recipients: [DECISION_AGENCY], method: "button", language: "vi" },
        ...{ personalData: ["pd:Name", "pd:PhysicalAddress"], notice: "n-1", catalogue: "1" },
        validUntil: "2100-01-01T00:00:00Z",
      },
      time: { occurred: "2026-11-22T08:00:00+07:00" },
    },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
}

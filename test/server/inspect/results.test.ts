import { expect } from "chai";
import type { Facets } from "../../../protocol/facet-values.ts";
import { GRANTED } from "../../../protocol/grant.ts";
import { type ResultOutcome, resultRegister } from "../../../server/inspect/result-register.ts";
import { sampleResults } from "../../../server/inspect/results.ts";
import type { DrawnSample } from "../../../server/inspect/samples.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { deskRecorder, testDesk } from "../desk/ledger.ts";
import { INSPECTOR } from "../callers.ts";
import { type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const SAMPLE = 1;
const time = { occurred: "2026-11-30T08:00:00+07:00" };
const GRANT: Facets = {
  type: "action",
  subject: { scheme: "vn-cccd", id: "999199000001" },
  purpose: { procedure: "DRIVER_LIC" },
  outcome: { code: "success", detail: GRANTED },
  time,
};
/** It drew the log's one event. */
const DRAWN: DrawnSample = {
  ...{ index: SAMPLE, leafHash: new Uint8Array(32), range: { from: 0, to: 1, count: 1 }, indexes: [0] },
  ...{ seed: { block: 1, blockHash: "0x", transaction: "0x" }, evidence: undefined },
};

describe("recording the results of a sample", () => {
  let log: RecordedLog;
  beforeEach(async () => {
    log = await recordedLog();
    await log.append("qn-police/r1", [GRANT]);
  });
  afterEach(async () => {
    await log.close();
  });

  it("records one of several results whose inspectors have all read the same last one, and refuses the others", async () => {
    const register = resultRegister({
      ...{ follow: followLog({ store: log.store, db: log.derived, log: createLog({ logLevel: "silent" }) }) },
      ...{ db: log.derived, store: log.store, desk: deskRecorder.source },
    });
    const said: readonly ResultOutcome[] = ["in-order", "not-in-order", "in-order", "not-in-order"];
    const everybody = Promise.withResolvers<undefined>();
    let reading = 0;
    const results = sampleResults({
      desk: testDesk(log.store).desk,
      store: log.store,
      samples: {
        drawn: () => Promise.resolve(DRAWN),
        granted: () => Promise.resolve([0]),
      },
      register: {
        counts: register.counts,
        ofSample: async (sample, leaves) => {
          const found = await register.ofSample(sample, leaves);
          if (++reading === said.length) everybody.resolve(undefined);
          await everybody.promise;
          return found;
        },
      },
      peopleIn: () => Promise.resolve({}),
    });
    const ends = await Promise.allSettled(
      said.map(async (outcome) => await results.record(INSPECTOR, SAMPLE, { event: 0, outcome })),
    );
    const refused = ends.filter((end) => end.status === "rejected");
    expect(
      refused.map(({ reason }: { reason: unknown }) => (reason as { code: unknown }).code),
    ).to.deep.equal(Array(said.length - 1).fill("result-exists"));
    expect((await log.store.head()).size).to.equal(2);
    const { results: recorded } = await results.ofSample(INSPECTOR, SAMPLE);
    const outcome = said[ends.findIndex(({ status }) => status === "fulfilled")];
    expect(recorded.map(({ time: _, ...result }) => result)).to.deep.equal([{ event: 0, outcome, index: 1 }]);
  });
});

import { expect } from "chai";
import type { SubmissionBody } from "../../../protocol/submission.ts";
import { MANDATE, RECORD } from "../../../server/receive/keys.ts";
import { receivingLedger, type ReceivingLedger } from "./ledger.ts";
import { mandateFacets, testDirectory, testRecorder } from "./recorder.ts";

describe("receive: mandates", function () {
  this.timeout(600_000);
  const civil = testRecorder("qn-justice/r1");
  const recordsOnly = civil.listed({ entitlements: RECORD });
  const entitled = civil.listed({ entitlements: RECORD | MANDATE });
  const directory = testDirectory([recordsOnly]);
  let ledger: ReceivingLedger;

  before(async () => {
    ledger = await receivingLedger(directory);
  });

  after(async () => await ledger.close());

  const mandate = (seq: number, state: "granted" | "revoked"): SubmissionBody =>
    civil.submission(seq, [civil.event(seq, mandateFacets(state))]);

  it("are taken from an agency that was entitled to them a moment ago", async () => {
    directory.onRefresh([entitled]);
    expect((await ledger.post(mandate(1, "granted"))).status).to.equal(201);
  });

  it("are refused once the entitlement is gone, and what was recorded before stays", async () => {
    directory.set([recordsOnly]);
    directory.onRefresh([recordsOnly]);
    for (const state of ["granted", "revoked"] as const) {
      const { json } = await ledger.post(mandate(2, state));
      expect(json).to.include({ status: 403, code: "reserved-type", seq: 2 });
      expect(json["detail"]).to.include("the type mandate, which is for agencies");
    }
    expect((await ledger.store.head()).size).to.equal(1);
    expect((await ledger.post(civil.submission(2, [civil.event(2)]))).status, "an access").to.equal(201);
  });
});

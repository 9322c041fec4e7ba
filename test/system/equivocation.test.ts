import { expect } from "chai";
import { openFacets, parseShownEvent } from "../../protocol/event.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { onBothStores } from "./both-stores.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  POLICE,
  signedSubmission,
  startLedger,
  submit,
  tokenOf,
} from "./fixture.ts";

const access = (messageId: string): Facets => ({
  type: "access",
  subject: { scheme: "vn-cccd", id: "999199000001" },
  exchange: { messageId, client: "qn-police", service: "qn-justice/births" },
  data: { action: "R", personalData: ["name"] },
  time: { occurred: "2026-11-22T08:00:00Z" },
});

onBothStores("a source that signs two events under one number", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;

  before(async () => {
    system = await deployed({ store });
    ledger = await startLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
  });
  after(async () => {
    await ledger.close();
    await system.destroy();
  });

  it("is refused, and convicted by evidence that anybody can verify", async () => {
    const first = await signedSubmission(system, {
      source: POLICE,
      first: 1,
      facets: [access("a"), access("b")],
    });
    expect((await submit(ledger.url, first)).status).to.equal(201);
    const second = await signedSubmission(system, {
      source: POLICE,
      first: 2,
      facets: [access("something else")],
    });
    for (let times = 0; times < 2; times++) {
      const refused = await submit(ledger.url, second);
      expect(refused.status).to.equal(409);
      expect(await refused.json()).to.include({ code: "equivocation", seq: 2 });
    }

    const inspector = { headers: await tokenOf(system, "inspector") };
    const listed = (await (await fetch(`${ledger.url}/v1/findings`, inspector)).json()) as {
      findings: unknown[];
    };
    expect(listed.findings).to.have.length(1);
    const [finding] = listed.findings;
    expect(finding).to.deep.include({
      id: "equivocation:2",
      kind: "equivocation",
      source: POLICE,
      state: "open",
      evidence: { seq: 2, storedIndex: 1, recordedIndex: 2 },
    });

    // It is about no person, so the public sees the proof as well.
    const evidence = await (await fetchUntil(`${ledger.url}/v1/events/2/evidence`)).text();
    const chain = chainReader(jsonRpc(system.chain.url, { fetch, name: "node" }), "node");
    const { verdict, claim } = await verifyEvidence(evidence, system.profile, chain);
    expect([verdict, claim?.source, claim?.seq]).to.deep.equal(["development", `${OPERATOR}/ledger`, 1]);
    const proof = openFacets(parseEvidence(evidence).event).equivocation;
    if (!isJsonObject(proof)) throw new Error("the evidence does not open the equivocation");
    expect(proof).to.include({ source: POLICE, seq: 2, storedIndex: 1, jws: second.jws });
    expect(proof["payload"]).to.equal(parseShownEvent(second.events[0] ?? "").payloadText);
  });
});

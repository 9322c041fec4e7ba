import { expect } from "chai";
import { PUBLIC } from "../../../server/identity/caller.ts";
import { type ProofRoutesOptions, proofRoutes } from "../../../server/prove/routes.ts";
import { access, type RecordedLog, recordedLog } from "./recorded-log.ts";

const NO_PROVER: ProofRoutesOptions["prover"] = {
  eventAt: () => expect.fail("no event is asked for"),
  evidenceAt: () => expect.fail("no evidence is asked for"),
  evidenceShown: () => expect.fail("no evidence is asked for"),
  indexOfLeaf: () => expect.fail("no leaf is asked for"),
};

describe("server/prove/routes", () => {
  let log: RecordedLog;

  beforeEach(async () => {
    log = await recordedLog();
  });
  afterEach(async () => {
    await log.close();
  });

  async function anchorsOf(query: Record<string, string>): Promise<unknown> {
    const route = proofRoutes({ prover: NO_PROVER, store: log.store }).find(
      ({ name }) => name === "getAnchors",
    );
    const answer = await route?.handle(
      {
        ...{ path: "/v1/anchors", parameter: () => "", query: (name) => query[name] },
        ...{ queryNames: Object.keys(query), accept: "", header: () => undefined, body: new Uint8Array() },
      },
      PUBLIC,
    );
    return answer !== undefined && "json" in answer ? answer.json : undefined;
  }

  it("pages through the anchors by their numbers, also when several have one size", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    await log.anchor(1);
    for (const indexSize of [0, 1, 2]) await log.anchor(2, { indexSize });
    const seen: unknown[] = [];
    let from: string | undefined = "0";
    while (from !== undefined) {
      const page: unknown = await anchorsOf({ limit: "1", from });
      expect(page).to.have.property("anchors").with.length.at.most(1);
      seen.push(page);
      from = typeof page === "object" && page !== null && "next" in page ? String(page.next) : undefined;
    }
    expect(seen).to.have.length(5);
    expect(seen[2]).to.have.nested.property("anchors[0].number", 2);
    expect(seen[3]).to.have.nested.property("anchors[0].indexSize", 2);
    expect(await anchorsOf({ after: "1" })).to.have.nested.property("anchors[0].number", 1);
  });
});

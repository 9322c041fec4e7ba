import { expect } from "chai";
import { objecting } from "../../../proactive/agency/objecting.ts";
import { type AskDecision, UndecidedError } from "../../../proactive/exchange/decision-point.ts";
import { LEADS } from "../../../proactive/noticing/notice.ts";
import { RULES } from "../../../proactive/rules/rules.ts";
import { evaluate } from "../../../protocol/decision.ts";
import { type Catalogue, parseCatalogue } from "../../../protocol/procedures.ts";
import { loadCatalogue } from "../../../server/catalogue/load.ts";
import { CATALOGUE } from "../../server/catalogue/folder.ts";

const SUBJECT = "999199000001";

describe("proactive/agency: whether a person objects", () => {
  let catalogue: Catalogue;
  before(async () => {
    catalogue = parseCatalogue((await loadCatalogue(CATALOGUE)).file);
  });

  /** The ledger's decision point, for the agency that leads the procedure. */
  const ledger =
    (objects: boolean): AskDecision =>
    (question) => {
      const agency = LEADS[question.procedure] ?? "";
      const verdict = evaluate({ ...question, agency, action: "read" }, catalogue, [], 0, { objects });
      const answer = { jws: "a.b.c", reason: verdict.reason };
      return Promise.resolve(
        verdict.permit ? { ...answer, permits: true, obligations: [] } : { ...answer, permits: false },
      );
    };

  for (const { procedure } of RULES) {
    it(`is known for ${procedure}, by what its lead may ask at all`, async () => {
      expect(await objecting(ledger(true))(procedure, SUBJECT)).to.equal(true);
      expect(await objecting(ledger(false))(procedure, SUBJECT)).to.equal(false);
    });
  }

  it("is not known while the ledger does not decide", async () => {
    const ask: AskDecision = () => Promise.reject(new UndecidedError("not now"));
    const error: unknown = await objecting(ask)("PASSPORT", SUBJECT).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(UndecidedError);
  });

  it("is not asked about nobody, nor about what no rule serves", async () => {
    const ask: AskDecision = () => Promise.reject(new Error("asked"));
    expect(await objecting(ask)("PASSPORT", "nobody")).to.equal(false);
    expect(await objecting(ask)("FISHING", SUBJECT)).to.equal(false);
  });
});

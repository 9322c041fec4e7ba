import { readFileSync } from "node:fs";
import { expect } from "chai";
import { renewTables } from "../../scripts/spec-tables.ts";
import { ACCUSATION_CHECKS } from "../../verifier/accusation.ts";
import { BREACH_CHECKS } from "../../verifier/breach.ts";
import { BUNDLE_CHECKS } from "../../verifier/bundle.ts";
import { EVIDENCE_CHECKS } from "../../verifier/evidence.ts";
import { GATHERED_CHECKS } from "../../verifier/gathered.ts";
import { RECEIPT_PROMISE_CHECKS } from "../../verifier/receipt-promises.ts";
import { STATEMENT_CHECKS } from "../../verifier/statement.ts";

const SPEC = readFileSync(new URL("../../docs/SPEC.md", import.meta.url), "utf8");

describe("docs/SPEC.md", () => {
  it("holds the tables of facets, visibility and schemes that the code has", () => {
    expect(SPEC).to.equal(renewTables(SPEC));
  });

  it("would be renewed where a table differs", () => {
    const stale = SPEC.replace("| `heartbeat` | `type`", "| `heartbeat` | `nothing`");
    expect(stale).to.not.equal(SPEC);
    expect(renewTables(stale)).to.equal(SPEC);
  });

  for (const [marker, kind, checks] of [
    ["checks", "evidence", EVIDENCE_CHECKS],
    ["statement-checks", "statements", STATEMENT_CHECKS],
    ["gathered-checks", "gathered statements", GATHERED_CHECKS],
    ["receipt-checks", "receipts", RECEIPT_PROMISE_CHECKS],
    ["breach-checks", "breaches", BREACH_CHECKS],
    ["bundle-checks", "evidence bundles", BUNDLE_CHECKS],
    ["accusation-checks", "accusations", ACCUSATION_CHECKS],
  ] as const) {
    it(`lists the checks of ${kind} by their ids, in the verifier's order`, () => {
      const [, list = ""] =
        new RegExp(`<!-- ${marker}:begin -->([^]*?)<!-- ${marker}:end -->`).exec(SPEC) ?? [];
      const ids = [...list.matchAll(/^\d+\. \*\*([a-z-]+)\*\*:/gm)].map(([, id]) => id);
      expect(ids).to.deep.equal(Object.keys(checks));
    });
  }
});

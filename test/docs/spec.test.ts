import { readFileSync } from "node:fs";
import { expect } from "chai";
import { renewTables } from "../../scripts/spec-tables.ts";
import { EVIDENCE_CHECKS } from "../../verifier/evidence.ts";

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

  it("lists the checks of evidence by their ids, in the verifier's order", () => {
    const [, list = ""] = /<!-- checks:begin -->([\s\S]*)<!-- checks:end -->/.exec(SPEC) ?? [];
    const ids = [...list.matchAll(/^\d+\. \*\*([a-z-]+)\*\*:/gm)].map(([, id]) => id);
    expect(ids).to.deep.equal(Object.keys(EVIDENCE_CHECKS));
  });
});

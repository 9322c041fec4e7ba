import { readFileSync } from "node:fs";
import { expect } from "chai";
import { renewTables } from "../../scripts/spec-tables.ts";

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
});

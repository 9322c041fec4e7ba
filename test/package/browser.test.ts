import path from "node:path";
import { expect } from "chai";
import { formatStatement, formatStatementLines } from "../../protocol/statement.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { ANNA, ANNAS_OLD, statementWorld } from "../verifier/statement-world.ts";
import { PROFILE, smallLedger } from "../verifier/world.ts";
import { type Bundle, bundleForBrowser, Page } from "./browser.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PROFILE_FILE = JSON.stringify({ type: "minhbach/trust-profile", version: 1, ...PROFILE });
const ledger = smallLedger();

describe("protocol and verifier in a browser", () => {
  let bundle: Bundle;
  let page: Page;

  before(async () => {
    bundle = await bundleForBrowser(ROOT, "./protocol/index.ts", "./verifier/index.ts");
    page = new Page(bundle);
  });

  it("hash with what a browser has", () => {
    expect(bundle.inputs).to.include("protocol/sha256.ts");
    expect(bundle.inputs).to.not.include("protocol/sha256.node.ts");
    expect(
      bundle.inputs.filter((file) => !/^(protocol|verifier|node_modules\/@noble|<stdin>)/.test(file)),
    ).to.deep.equal([]);
    // RFC 6962: the hashes of an empty leaf and of an empty tree.
    expect(page.text("page.emptyLeaf()")).to.equal(
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    );
    expect(page.text("page.emptyRoot()")).to.equal(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it("run where there is no Node", () => {
    for (const name of ["process", "Buffer", "require", "module", "global", "fetch"]) {
      expect(page.text(`typeof ${name}`), name).to.equal("undefined");
    }
  });

  it("find the same as in Node", async () => {
    for (const index of [1, 3, 6]) {
      const report = await page.verify(ledger.text(index), PROFILE_FILE, nodeOf(ledger.state()));
      expect(report.verdict).to.equal("valid");
      expect(report.claim?.index).to.equal(index);
    }
  });

  it("find in a statement what Node finds", async () => {
    const world = statementWorld();
    const statement = world.statement([ANNA, ANNAS_OLD]);
    for (const text of [formatStatement(statement), formatStatementLines(statement)]) {
      const report = await page.verifyStatement(text, PROFILE_FILE, nodeOf(world.state()));
      expect(report.verdict).to.equal("valid");
      expect(report.claim?.lists.map(({ count }) => count)).to.deep.equal([7, 2]);
    }
    const cut = {
      ...statement,
      lists: statement.lists.map((list) => ({ ...list, events: list.events.slice(1) })),
    };
    const report = await page.verifyStatement(formatStatement(cut), PROFILE_FILE, nodeOf(world.state()));
    expect(report.verdict).to.equal("invalid");
  });

  it("refuse a forgery", async () => {
    const forged = JSON.stringify({ ...ledger.evidence(1), event: ledger.evidence(2).event });
    const report = await page.verify(forged, PROFILE_FILE, nodeOf(ledger.state()));
    expect(report.verdict).to.equal("invalid");
    expect(report.claim).to.equal(null);
  });
});

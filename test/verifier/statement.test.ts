import { expect } from "chai";
import { formatStatement, formatStatementLines, type Statement } from "../../protocol/statement.ts";
import { chainReader } from "../../verifier/chain.ts";
import { STATEMENT_CHECKS, type StatementReport, verifyStatement } from "../../verifier/statement.ts";
import { nodeOf } from "./chain-state.ts";
import { ANNA, ANNAS_OLD, BINH, CONSENT, NOBODY, OFFICIAL, statementWorld } from "./statement-world.ts";
import { PROFILE } from "./world.ts";

const world = statementWorld();
const IDS = [[ANNA, ANNAS_OLD], [BINH], [CONSENT], [OFFICIAL], [NOBODY], ["consent:none"]];

describe("verifyStatement", () => {
  for (const ids of IDS) {
    it(`finds an honest statement valid: ${ids.join(", ")}`, async () => {
      const statement = world.statement(ids);
      for (const text of [formatStatement(statement), formatStatementLines(statement)]) {
        const report = await verify(text);
        expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
        expect(report.verdict).to.equal("valid");
      }
    });
  }
});

function verify(input: string | Uint8Array | Statement): Promise<StatementReport> {
  const text = typeof input === "object" && "lists" in input ? formatStatement(input) : input;
  return verifyStatement(text, PROFILE, chainReader(nodeOf(world.state()), "the node"));
}
void STATEMENT_CHECKS;

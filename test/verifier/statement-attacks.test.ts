import { expect } from "chai";
import type { Disclosure } from "../../protocol/disclosure.ts";
import { parseShownEvent, showEvent } from "../../protocol/event.ts";
import { formatStatement, type Statement } from "../../protocol/statement.ts";
import { chainReader } from "../../verifier/chain.ts";
import { type StatementReport, verifyStatement } from "../../verifier/statement.ts";
import { nodeOf } from "./chain-state.ts";
import { ANNA, ANNAS_OLD, BINH, OFFICIAL, statementWorld } from "./statement-world.ts";
import { PROFILE } from "./world.ts";

const world = statementWorld();
/** Where the mandate stands that joins Anna's two numbers. */
const MANDATE = 3;

function verify(statement: Statement): Promise<StatementReport> {
  return verifyStatement(formatStatement(statement), PROFILE, chainReader(nodeOf(world.state()), "the node"));
}

/** The statement as somebody shows it who keeps parts of entries to themselves. */
function showing(
  ids: readonly string[],
  keep: (disclosure: Disclosure, index: number) => boolean,
  shown = world,
): Statement {
  const statement = shown.statement(ids);
  const lists = statement.lists.map((list) => ({
    ...list,
    events: list.events.map((entry) => ({
      ...entry,
      event: showEvent(parseShownEvent(entry.event), (each) => keep(each, entry.index)),
    })),
  }));
  return { ...statement, lists };
}

function outcome({ checks }: StatementReport, id: string): string {
  const found = checks.find((check) => check.id === id);
  return `${found?.status ?? ""}: ${found?.detail ?? ""}`;
}

describe("whoever hides a part of what a statement may show", () => {
  it("cannot keep the list of a joined number back", async () => {
    const mute = showing([ANNA], ({ name }, index) => index !== MANDATE || !["mandate"].includes(name));
    expect(outcome(await verify(mute), "linked")).to.equal(
      "failed: entry 3 (log index 3) does not show whether it joins another number",
    );
    const nameless = showing([ANNA], ({ name }, index) => index !== MANDATE || name.startsWith("subject"));
    expect(outcome(await verify(nameless), "linked")).to.match(/^failed: entry 3 .* does not show whether/);
    const open = await verify(showing([ANNA], () => true));
    expect(outcome(open, "linked")).to.match(/^(?:failed|warning): /);
    const whole = await verify(showing([ANNA, ANNAS_OLD], () => true));
    expect(outcome(whole, "linked")).to.match(/^passed: /);
  });

  it("need not show a number that is joined no more, once the mandate is revoked or may have been by an erased entry", async () => {
    const revoked = statementWorld({ revoked: "m-1" });
    const statement = showing([ANNAS_OLD], ({ name }) => name !== "subject.2", revoked);
    const state = revoked.state();
    const report = await verifyStatement(
      formatStatement(statement),
      PROFILE,
      chainReader(nodeOf(state), "the node"),
    );
    expect(report.verdict).to.equal("valid");
    expect(outcome(report, "linked")).to.match(/^warning: .* not this person's any more/);
    const erased = await verify(
      showing([ANNA], ({ name }, index) => index !== MANDATE || name !== "subject"),
    );
    expect(outcome(erased, "linked")).to.match(/^warning: .* unless an erased entry ended that/);
  });

  it("cannot list an event whose person it does not show, nor an official's without the exchange", async () => {
    const faceless = await verify(showing([BINH], ({ name }) => !name.startsWith("subject")));
    expect(outcome(faceless, "entries")).to.match(/^failed: entry 1 .* does not show why it is in this list/);
    const roaming = await verify(showing([OFFICIAL], ({ name }) => name !== "exchange"));
    expect(outcome(roaming, "entries")).to.match(/^failed: entry 1 .* does not show why it is in this list/);
  });
});

import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import { type FindingsBoard, findingsBoard } from "../../../server/findings/board.ts";
import { hiddenCursors } from "../../../server/findings/cursors.ts";
import { cursorOf, type UseFinding } from "../../../server/findings/finding.ts";

const SECRET = new Uint8Array(32).fill(1);

function finding(index: number, agency: string): UseFinding {
  return {
    ...{ id: `consent-withdrawn:${index}`, kind: "consent-withdrawn", agency, state: "open", since: 1000 },
    evidence: { index, leaf: "A".repeat(43), catalogue: "1" },
  };
}

function boardOf(all: readonly UseFinding[]): FindingsBoard {
  return findingsBoard({
    findings: {
      list: async () => await Promise.resolve({ findings: [], asOf: 1, size: 9 }),
      find: async () => await Promise.resolve(undefined),
    },
    uses: {
      list: async ({ after = "", limit }) =>
        await Promise.resolve(all.filter((each) => cursorOf(each) > after).slice(0, limit)),
      at: async () => await Promise.resolve([]),
      upToDate: async () => await Promise.resolve(9),
    },
    states: {
      caughtUp: async () => await Promise.resolve(9),
      stepsOf: async (found) => await Promise.resolve(found.map(() => [])),
    },
    cursorsOf: () => [],
    cursors: hiddenCursors(SECRET),
    timeOf: async () => await Promise.resolve(undefined),
  });
}

describe("server/findings/board", () => {
  const all = ["qn-police", "qn-justice", "qn-justice", "qn-police", "qn-justice"].map((agency, index) =>
    finding(index, agency),
  );
  const board = boardOf(all);

  it("pages through one agency's findings without telling of another's", async () => {
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await board.list({ agency: "qn-police", limit: 1, ...(after !== undefined && { after }) });
      seen.push(...page.findings.map(({ id }) => id));
      after = page.next;
      if (after === undefined) break;
      expect(after).to.match(/^[0-9a-f]+$/);
      for (const { id } of all) {
        expect(after).not.to.include(id);
        expect(Buffer.from(after, "hex").toString("latin1")).not.to.include(id);
      }
    }
    expect(seen).to.deep.equal(["consent-withdrawn:0", "consent-withdrawn:3"]);
  });

  it("pages through all of them by their places", async () => {
    const page = await board.list({ limit: 2 });
    expect(page.next).to.equal("000000001000:consent-withdrawn:1");
    const rest = await board.list({ limit: 9, after: page.next ?? "" });
    expect(rest.findings.map(({ id }) => id)).to.deep.equal(all.slice(2).map(({ id }) => id));
    expect(rest.next).to.equal(undefined);
  });

  it("goes on from no place that it did not name", async () => {
    const other = hiddenCursors(new Uint8Array(32)).hide("000000001000:consent-withdrawn:1");
    const asked = [
      { agency: "qn-police", after: "000000001000:consent-withdrawn:1" },
      { agency: "qn-police", after: other },
      { agency: "qn-police", after: "" },
      { agency: "qn-police", after: "00" },
      { after: hiddenCursors(SECRET).hide("000000001000:consent-withdrawn:1") },
    ];
    for (const query of asked) {
      const error: unknown = await board.list({ limit: 1, ...query }).catch((reason: unknown) => reason);
      expect(error instanceof LedgerError && error.code, query.after).to.equal("bad-request");
    }
  });
});

import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { deadlinesIn } from "../../../protocol/deadlines.ts";
import { deadlinesAt, type DueState, dueOf } from "../../../server/desk/complaint-deadlines.ts";
import type { ComplaintRecord } from "../../../server/desk/complaints.ts";

const catalogue: unknown = JSON.parse(
  await readFile(new URL("../../../catalogue/catalogue.json", import.meta.url), "utf8"),
);
const seconds = (text: string): number => Date.parse(`${text}+07:00`) / 1000;
type Step = readonly [state: ComplaintRecord["state"], day: string];

function complaint(...steps: readonly Step[]): ComplaintRecord {
  const [last] = steps.slice(-1);
  return {
    ...{ id: "c", agency: "qn-police", complainedOf: "A".repeat(43), people: [] },
    state: last?.[0] ?? "filed",
    steps: steps.map(([state, day], index) => ({ state, index, time: seconds(day), leaf: "" })),
  };
}

describe("server/desk/complaint-deadlines", () => {
  // Filed on a Monday: the answer is due when Wednesday is over, the decision when the 30th day is.
  const filed: Step = ["filed", "2026-11-23T09:00:00"];
  const cases: readonly (readonly [
    what: string,
    steps: readonly Step[],
    now: string,
    answer: DueState,
    decision: DueState,
  ])[] = [
    ["nobody did anything yet", [filed], "2026-11-25T23:59:59", "pending", "pending"],
    ["the second working day is over", [filed], "2026-11-26T00:00:00", "overdue", "pending"],
    [
      "answered in time",
      [filed, ["answered", "2026-11-25T23:59:59"]],
      "2026-12-20T00:00:00",
      "met",
      "pending",
    ],
    [
      "answered too late",
      [filed, ["answered", "2026-11-26T00:00:00"]],
      "2026-12-20T00:00:00",
      "late",
      "pending",
    ],
    ["the thirty days are over", [filed], "2026-12-24T00:00:00", "overdue", "overdue"],
    [
      "decided at last, without an answer",
      [filed, ["decided", "2027-01-10T00:00:00"]],
      "2027-02-01T00:00:00",
      "overdue",
      "late",
    ],
    [
      "withdrawn before anything was due",
      [filed, ["withdrawn", "2026-11-24T00:00:00"]],
      "2027-02-01T00:00:00",
      "lapsed",
      "lapsed",
    ],
  ];
  for (const [what, steps, now, answer, decision] of cases) {
    it(`${what}: the answer is ${answer}, the decision ${decision}`, () => {
      const deadlines = deadlinesIn(catalogue);
      if (deadlines === undefined) throw new Error("no deadlines");
      const due = dueOf(complaint(...steps), deadlines, seconds(now));
      expect([due.answer.state, due.decision.state]).to.deep.equal([answer, decision]);
      expect(due.remedy).to.not.have.property("state");
    });
  }

  it("takes the catalogue that was in force at the filing, else the first; a change of the law reaches no older complaint", async () => {
    const versions = [
      { version: "1", digest: "one", index: 5, time: 0 },
      { version: "2", digest: "two", index: 9, time: 0 },
    ];
    const days: Record<string, number> = { one: 2, two: 7 };
    const at = deadlinesAt({
      versions: () => Promise.resolve(versions),
      file: ({ digest }) => {
        const changed = structuredClone(catalogue) as {
          deadlines: { complaint: { answer: { days: number } } };
        };
        changed.deadlines.complaint.answer.days = days[digest] ?? 0;
        return Promise.resolve(utf8(JSON.stringify(changed)));
      },
    });
    const found: (number | undefined)[] = [];
    for (const index of [0, 6, 9, 10]) found.push((await at(index))?.complaint.answer.days);
    expect(found).to.deep.equal([2, 2, 2, 7]);
  });

  it("has none without a catalogue", async () => {
    const at = deadlinesAt({
      versions: () => Promise.resolve([]),
      file: () => Promise.reject(new Error("none")),
    });
    expect(await at(1)).to.equal(undefined);
  });
});

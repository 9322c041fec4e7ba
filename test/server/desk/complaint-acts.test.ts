import { expect } from "chai";
import type { PersonId } from "../../../server/identity/caller.ts";
import { complaintActs } from "../../../server/desk/complaint-acts.ts";
import type { DeskAct, RecordedAct } from "../../../server/desk/desk.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { citizen } from "../callers.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const CHILD = { scheme: "vn-cccd", id: "999199000001" } as const;
const PARENT = citizen({ scheme: "vn-cccd", id: "999199000002" });

describe("server/desk/complaint-acts", () => {
  let log: RecordedLog;
  beforeEach(async () => {
    log = await recordedLog();
  });
  afterEach(async () => {
    await log.close();
  });

  it("files nothing for somebody whose mandate ended while the complaint waited for its turn", async () => {
    await log.append("qn-police/r1", [{ ...access("m-1"), subject: CHILD }]);
    let isOver = false;
    const recorded: DeskAct[] = [];
    const own = (): Promise<readonly PersonId[]> =>
      Promise.resolve(isOver ? [PARENT.subject] : [PARENT.subject, CHILD]);
    const acts = complaintActs({
      desk: {
        record: async (act): Promise<RecordedAct> => {
          isOver = true;
          await act.check?.();
          recorded.push(act);
          return { index: 1, seq: 1, leafHash: "", time: 0 };
        },
      },
      complaints: { one: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
      representation: {
        ownOf: own,
        numbersOf: () => Promise.resolve([PARENT.subject]),
        mayActFor: async (_holder, person) => (await own()).includes(person),
      },
      closures: { closuresOf: (leaves) => Promise.resolve(leaves.map(() => undefined)) },
      ...{ store: log.store, tagOf: indexTags(PEPPER) },
    });
    const refused: unknown = await acts
      .file(PARENT, { index: 0, text: "?", agency: undefined })
      .catch((error: unknown) => error);
    expect(refused).to.have.property("code", "unknown-event");
    expect(recorded).to.deep.equal([]);
  });
});

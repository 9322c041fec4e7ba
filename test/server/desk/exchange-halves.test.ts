import { expect } from "chai";
import { parseEvent } from "../../../protocol/event.ts";
import { fromUtf8 } from "../../../protocol/bytes.ts";
import { halvesFinder, type MayBeHalf } from "../../../server/desk/exchange-halves.ts";
import { access, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

describe("server/desk/exchange-halves", () => {
  let log: RecordedLog;

  beforeEach(async () => {
    log = await recordedLog();
    await log.append("qn-police/r1", [access("a"), access("b")]);
    await log.append("qn-justice/r1", [access("b"), access("a")]);
  });
  afterEach(async () => {
    await log.close();
  });

  async function halfAt(index: number): Promise<MayBeHalf> {
    const [event] = await log.store.events([index]);
    if (event?.disclosures === undefined) throw new Error("the log lacks the event");
    return {
      ...{ index, tags: event.tags },
      event: parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`),
    };
  }

  /** An index of so many events, in which every list is all of them. */
  function finder(size: number, lists: string[] = []) {
    const postings = Array.from({ length: size }, (_, index) => ({ index, leafHash: new Uint8Array(32) }));
    return halvesFinder({
      store: log.store,
      index: {
        newest: () => ({ size, root: new Uint8Array(32) }),
        keyOf: async (_kind, id) => {
          lists.push(id);
          return await Promise.resolve({ key: new Uint8Array(32), vrf: undefined });
        },
        postings: async (_key, from, to) => await Promise.resolve(postings.slice(from, to)),
      },
    });
  }

  it("finds the other records of each exchange, whether they are indexed yet or not", async () => {
    const both = [await halfAt(0), await halfAt(1)];
    for (const size of [0, 2, 3, 4]) {
      const found = await finder(size)(both);
      expect(found, `${size} indexed`).to.deep.equal([
        { isHalf: true, others: [3] },
        { isHalf: true, others: [2] },
      ]);
    }
  });

  it("reads each person's list once", async () => {
    const lists: string[] = [];
    await finder(4, lists)([await halfAt(0), await halfAt(1), await halfAt(2)]);
    expect(lists).to.have.length(new Set(lists).size);
  });
});

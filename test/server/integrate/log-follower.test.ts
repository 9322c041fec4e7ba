import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { emptyFrontier } from "../../../protocol/frontier.ts";
import { type DerivedDatabase, openDerived } from "../../../server/integrate/derived.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";

describe("server/integrate/log-follower", () => {
  let folder: string;
  let db: DerivedDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-follower-"));
    db = await openDerived(path.join(folder, "derived"), "a log");
  });
  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true });
  });

  it("comes to an end under load, with all that was there when it was asked", async () => {
    let size = 10;
    let reads = 0;
    const store = {
      head: () => Promise.resolve({ size, frontier: emptyFrontier(), commits: 1 }),
      indexTags: (from: number, to: number) => {
        if (++reads > 10) throw new Error("it reads on and on");
        const there = Math.min(to, size) - from;
        // Whenever it looks, somebody recorded more meanwhile.
        size += 10;
        return Promise.resolve(Array.from({ length: there }, () => new Uint8Array(0)));
      },
      events: () => Promise.resolve([]),
    };
    const follower = followLog({ store, db, log: createLog({ logLevel: "silent" }) })({
      ...{ subject: "a test", tables: [0xf1], progressTable: 0xf0, tagKinds: [1] },
      rowsAfter: () => Promise.resolve([]),
    });
    const asked = size;
    expect(await follower.caughtUp()).to.be.at.least(asked);
    expect(reads).to.equal(1);
    await follower.update();
    expect(reads).to.equal(2);
  });
});

import { expect } from "chai";
import type { AnchorStatus } from "../../server/anchor/anchor-status.ts";
import type { EraserStatus } from "../../server/disclose/eraser.ts";
import type { SearchStatus } from "../../server/inspect/search/search-index.ts";
import { type HealthParts, healthRoutes } from "../../server/health.ts";
import { PUBLIC } from "../../server/identity/caller.ts";
import type { IndexStatus } from "../../server/index/log-index.ts";
import type { Answer } from "../../server/route.ts";

const REQUEST = {
  path: "",
  parameter: () => "",
  query: () => undefined,
  queryNames: [],
  accept: "",
  header: () => undefined,
  body: new Uint8Array(),
};
const WELL: AnchorStatus = {
  ...{
    condition: "agrees",
    problem: undefined,
    finalSize: 3,
    pendingSize: 4,
    missingAnchors: 0,
    otherIndexAt: undefined,
    lagSeconds: 0,
  },
};

const INDEXED: IndexStatus = {
  ...{ isLoaded: true, size: 3, lagEvents: 1, lagSeconds: 2, failingSeconds: 0, keys: 7 },
  ...{ versions: 1, nodes: 13, memoryBytes: 1, vrfs: 7 },
};

const SEARCHED: SearchStatus = {
  ...{ isLoaded: true, size: 4, lagEvents: 1, lagSeconds: 1.4, memoryBytes: 1, cpuMs: 1 },
};

const NOTHING_TO_ERASE: EraserStatus = { waiting: 0, sealed: 1, oldestSeconds: 0, destroyed: 3 };

describe("server/health", () => {
  function parts(changes: Partial<HealthParts> = {}): HealthParts {
    return {
      store: {
        head: () => Promise.resolve({ size: 5, commits: 1, frontier: { size: 5, nodes: [] } }),
        lastAnchor: () => Promise.resolve(undefined),
      },
      sequencing: () => ({ kind: "open" }),
      areKeysRead: () => true,
      anchoring: () => WELL,
      checkpoint: () => ({ size: 4, root: new Uint8Array(32), note: "" }),
      indexing: () => INDEXED,
      searching: () => SEARCHED,
      judged: () => Promise.resolve(2),
      erasing: () => NOTHING_TO_ERASE,
      anchorPromiseSeconds: 600,
      erasurePromiseSeconds: 86_400,
      indexPromiseSeconds: 86_400,
      indexPatienceSeconds: 10,
      clock: { now: () => 2_000_000 },
      log: "1:0x00:1",
      ...changes,
    };
  }

  async function ask(path: string, changes?: Partial<HealthParts>): Promise<Answer & { json?: unknown }> {
    const route = healthRoutes(parts(changes)).find((candidate) => candidate.path === path);
    if (route === undefined) throw new Error(`no route ${path}`);
    return await route.handle(REQUEST, PUBLIC);
  }

  it("is ready when it sequences, publishes and anchors in time", async () => {
    expect(await ask("/ready")).to.deep.equal({ status: 200, json: { status: "ready", problems: [] } });
  });

  const troubles: Record<string, Partial<HealthParts>> = {
    "catching up": { checkpoint: () => undefined },
    "no agency is known": { areKeysRead: () => false },
    "not read": { sequencing: () => ({ kind: "starting" }) },
    "the reason": { sequencing: () => ({ kind: "halted", reason: "the reason" }) },
    "another receipt key": { sequencing: () => ({ kind: "suspended", reason: "another receipt key" }) },
    overdue: { anchoring: () => ({ ...WELL, lagSeconds: 601 }) },
    "Erasing is overdue": { erasing: () => ({ ...NOTHING_TO_ERASE, waiting: 2, oldestSeconds: 86_401 }) },
    "promise none": { indexing: () => ({ ...INDEXED, failingSeconds: 11 }) },
    "another index root of the first 3 events": { anchoring: () => ({ ...WELL, otherIndexAt: 3 }) },
    Indexing: { indexing: () => ({ ...INDEXED, lagSeconds: 86_401 }) },
  };
  for (const [word, changes] of Object.entries(troubles)) {
    it(`is not ready, and says why: ${word}`, async () => {
      const { status, json } = await ask("/ready", changes);
      expect(status).to.equal(503);
      expect(json).to.have.nested.property("problems[0]").that.contains(word);
      expect((await ask("/health", changes)).status).to.equal(503);
    });
  }

  it("stays ready and alive through an outage of the chain, as long as no promise is broken", async () => {
    const outage = { anchoring: () => ({ ...WELL, problem: "Chain: gone.", lagSeconds: 600 }) };
    expect((await ask("/ready", outage)).status).to.equal(200);
    expect((await ask("/health", outage)).json).to.deep.include({
      chain: { reachable: false, problem: "Chain: gone." },
    });
    const halted = { sequencing: () => ({ kind: "halted", reason: "x" }) as const };
    expect(await ask("/live", halted)).to.deep.equal({ json: { status: "live" } });
  });

  it("shows how far the log has come, and how old its last anchor is", async () => {
    const store = {
      ...parts().store,
      lastAnchor: () =>
        Promise.resolve({
          ...{
            number: 0,
            size: 3,
            indexSize: 0,
            block: 7,
            time: 1990,
            checkpoint: "",
            blockHash: "",
            transaction: "",
          },
          ...{ root: new Uint8Array(32), indexRoot: new Uint8Array(32) },
        }),
    };
    expect((await ask("/health", { store })).json).to.deep.equal({
      status: "ready",
      problems: [],
      log: "1:0x00:1",
      sequencing: "open",
      events: { recorded: 5, published: 4, indexed: 3, judged: 2, searchable: 4, pending: 4, anchored: 3 },
      index: { loaded: true, keys: 7, lagSeconds: 2 },
      search: { loaded: true, lagSeconds: 1 },
      anchoring: {
        condition: "agrees",
        lagSeconds: 0,
        missingAnchors: 0,
        lastAnchor: { size: 3, block: 7, time: 1990, ageSeconds: 10 },
      },
      erasing: { waiting: 0, sealed: 1, oldestSeconds: 0 },
      chain: { reachable: true },
    });
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type PostgresServer, startPostgres } from "../../../scripts/postgres.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { TransferError } from "../../../server/store/transfer-error.ts";
import { type Origin, originOf, type Part } from "../../../server/store/transfer-parts.ts";
import { compareRecords, requireWholeRecords, transferRecords } from "../../../server/store/transfer.ts";
import { skipBecause } from "../../skip-because.ts";
import { rejection } from "./conformance.ts";
import { addAnchor, addEvents, fillRichly, indexKey } from "./rich-records.ts";

type Opener = () => Promise<Store>;

describe("server/store/transfer", function () {
  this.timeout(600_000);
  let server: PostgresServer | undefined;
  let folder: string;
  const opened: Store[] = [];

  before(async () => {
    server = await startPostgres();
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-transfer-"));
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  let places = 0;
  /** A place for records, which may be opened again after it was closed. */
  async function place(kind: "LevelDB" | "PostgreSQL"): Promise<Opener> {
    const directory = path.join(folder, `${++places}`);
    const url = kind === "PostgreSQL" ? await server?.newDatabase() : undefined;
    return async () => {
      const store =
        url === undefined
          ? await openLevelStore({ path: directory, minFreeBytes: 0 })
          : await openPostgresStore({ url });
      opened.push(store);
      return store;
    };
  }

  for (const [from, to] of [
    ["LevelDB", "PostgreSQL"],
    ["PostgreSQL", "LevelDB"],
    ["LevelDB", "LevelDB"],
  ] as const) {
    describe(`from ${from} to ${to}`, () => {
      let source: Store;
      let target: Store;
      let openTarget: Opener;

      beforeEach(async function () {
        if (server === undefined && (from === "PostgreSQL" || to === "PostgreSQL"))
          skipBecause(this, "there is no PostgreSQL for this platform");
        source = await (await place(from))();
        await fillRichly(source);
        openTarget = await place(to);
        target = await openTarget();
      });

      it("brings over everything, which is found again in every way that a server looks", async () => {
        const origin = await originOf(source);
        const count = await transferRecords(origin, target);
        const { size } = await source.head();
        expect(count).to.deep.include({ events: size, submissions: 7, eventsWithoutKey: 4, attachments: 2 });
        expect(count).to.deep.include({ anchors: 3, bindings: 2 });
        await target.close();
        const copy = await openTarget();
        await requireWholeRecords(copy);
        expect(await copy.head()).to.deep.equal(await source.head());
        const indexes = Array.from({ length: size }, (_, index) => index);
        expect(await copy.events(indexes)).to.deep.equal(await source.events(indexes));
        for (const index of indexes) {
          expect(await copy.submissionOfIndex(index)).to.deep.equal(await source.submissionOfIndex(index));
          expect(plain(await copy.eventKey(index))).to.deep.equal(plain(await source.eventKey(index)));
          expect(plain(await copy.attachment(index))).to.deep.equal(plain(await source.attachment(index)));
        }
        for (const [n, index] of [
          [1, 4],
          [2, 59],
        ] as const)
          expect(await copy.attachmentIndex(new Uint8Array(32).fill(n))).to.equal(index);
        expect(await copy.sources({ limit: 9 })).to.deep.equal(await source.sources({ limit: 9 }));
        const pages = { after: 0, limit: 9 };
        expect(await copy.anchors(pages)).to.deep.equal(await source.anchors(pages));
        expect(plain(await copy.anchorIntent())).to.deep.equal(plain(await source.anchorIntent()));
        const keys = (await copy.indexKeys({ from: 0, limit: 99 })).map(({ tag }) => tag[0]);
        expect([...new Set(keys)]).to.deep.equal([1, 2, 3, 4]);
      });

      it("goes on where it was killed, at any place, and no ledger starts before it is whole", async () => {
        const origin = await originOf(source);
        const all = await countParts(origin);
        // A new database costs more than a new folder.
        for (let parts = 1; parts < all; parts += to === "PostgreSQL" ? 7 : 2) {
          const open = await place(to);
          const half = await open();
          expect(await rejection(transferRecords(brokenAfter(origin, parts), half))).to.be.instanceOf(Killed);
          await half.close();
          const again = await open();
          expect(await rejection(requireWholeRecords(again))).to.include({ code: "store-unavailable" });
          await transferRecords(origin, again);
          await requireWholeRecords(again);
          await again.close();
        }
      });

      it("notices a byte that was changed on the way, wherever", async () => {
        const origin = await originOf(source);
        const kinds = new Map<string, number>();
        let at = -1;
        for await (const part of origin.parts()) {
          at++;
          const seen = (kinds.get(part.kind) ?? 0) + 1;
          kinds.set(part.kind, seen);
          if (seen > (to === "PostgreSQL" ? 1 : 2)) continue;
          for (const change of CHANGES[part.kind].slice(0, to === "PostgreSQL" ? 1 : 9)) {
            const half = await (await place(to))();
            const error = await rejection(transferRecords(changedAt(origin, at, change), half));
            expect(error, `${part.kind} ${change.toString()}`).to.be.instanceOf(TransferError);
            expect(await rejection(requireWholeRecords(half))).to.include({ code: "store-unavailable" });
            await half.close();
          }
        }
        expect([...kinds.keys()].sort()).to.deep.equal(Object.keys(CHANGES).sort());
      });

      it("writes into no records that are there, and into none that somebody leads", async () => {
        const origin = await originOf(source);
        await addEvents(target, [{ source: "qn-police/r1", count: 1 }]);
        expect(await rejection(transferRecords(origin, target))).to.include({ code: "not-empty" });
        await requireWholeRecords(target);
        const bound = await (await place(to))();
        await bound.bind("pepper", Uint8Array.of(1));
        expect(await rejection(transferRecords(origin, bound))).to.include({ code: "not-empty" });
        if (to !== "PostgreSQL") return;
        const open = await place(to);
        const [leading, late] = [await open(), await open()];
        // As a leader on another machine, which no load here keeps from renewing its lease.
        const elsewhere: Store = { ...late, leads: () => false };
        expect(await rejection(transferRecords(origin, elsewhere))).to.include({ code: "in-use" });
        await requireWholeRecords(leading);
      });

      it("sees what the target has more, less or otherwise", async () => {
        const origin = await originOf(source);
        await transferRecords(origin, target);
        await compareRecords(origin, target);
        await target.addIndexKeys([indexKey(9)]);
        expect(await rejection(compareRecords(origin, target))).to.include({ code: "differs" });
        if (to === "PostgreSQL") return;
        const other = await (await place(to))();
        await transferRecords(origin, other);
        await other.eraseKeys([5]);
        expect(await rejection(compareRecords(origin, other))).to.include({ code: "differs" });
        const third = await (await place(to))();
        await transferRecords(origin, third);
        await addAnchor(third, 3, 50);
        expect(await rejection(compareRecords(origin, third))).to.include({ code: "differs" });
      });
    });
  }
});

async function countParts({ parts }: Origin): Promise<number> {
  const iterator = parts()[Symbol.asyncIterator]();
  let count = 0;
  while ((await iterator.next()).done !== true) count++;
  return count;
}

class Killed extends Error {}

/** Ends in the middle, as a process that is killed does: what was written is there, nothing else happens. */
function brokenAfter({ head, parts }: Origin, count: number): Origin {
  return {
    head,
    parts: async function* (from) {
      let given = 0;
      for await (const part of parts(from)) {
        if (given++ === count) throw new Killed();
        yield part;
      }
    },
  };
}

/** Changes a part the first time that the origin is read. */
function changedAt({ head, parts }: Origin, at: number, change: (part: Part) => Part): Origin {
  let reads = 0;
  return {
    head,
    parts: async function* (from) {
      const isFirst = reads++ === 0;
      let given = 0;
      for await (const part of parts(from)) yield isFirst && given++ === at ? change(part) : part;
    },
  };
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

/** With another letter in its signature. */
function otherwise(jws: string): string {
  const at = jws.length - 20;
  return jws.slice(0, at) + (jws[at] === "A" ? "B" : "A") + jws.slice(at + 1);
}

/** By kind of part, what may happen to it. */
const CHANGES: Record<Part["kind"], readonly ((part: Part) => Part)[]> = {
  binding: [(part) => (part.kind === "binding" ? { ...part, value: Uint8Array.of(1) } : part)],
  submission: [
    (part) => inSubmission(part, ({ payloads }) => ({ payloads: flipped(payloads, 20) })),
    (part) => inSubmission(part, ({ sealed }) => ({ sealed: flipped(sealed, 20) })),
    (part) => inSubmission(part, ({ keys }) => ({ keys: flipped(keys, 10) })),
    (part) => inSubmission(part, ({ jws }) => ({ jws: otherwise(jws) })),
    (part) => inSubmission(part, ({ receipt }) => ({ receipt: otherwise(receipt) })),
    (part) => inSubmission(part, ({ time }) => ({ time: time + 1 })),
  ],
  anchor: [
    (part) =>
      part.kind === "anchor" ? { ...part, anchor: { ...part.anchor, block: part.anchor.block + 1 } } : part,
    (part) =>
      part.kind === "anchor"
        ? { ...part, anchor: { ...part.anchor, root: flipped(part.anchor.root, 3) } }
        : part,
  ],
  "index-key": [
    (part) =>
      part.kind === "index-key"
        ? { ...part, row: { tag: part.row.tag, key: flipped(part.row.key, 0) } }
        : part,
  ],
  "anchor-intent": [
    (part) => (part.kind === "anchor-intent" ? { ...part, intent: flipped(part.intent, 0) } : part),
  ],
};

type Moved = Extract<Part, { kind: "submission" }>["submission"];

function inSubmission(part: Part, change: (submission: Moved) => Partial<Moved>): Part {
  return part.kind === "submission"
    ? { ...part, submission: { ...part.submission, ...change(part.submission) } }
    : part;
}

/** Without the difference between kinds of byte arrays. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Mandate } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import {
  type ReadEvents,
  representation,
  type Representation,
} from "../../../server/disclose/representation.ts";
import { showing, type Showing } from "../../../server/disclose/showing.ts";
import { LedgerError } from "../../../server/errors.ts";
import type { PersonId } from "../../../server/identity/caller.ts";
import type { IndexReader } from "../../../server/index/reader.ts";
import { createLog } from "../../../server/log.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { citizen } from "../callers.ts";
import { memoryIndex, type MemoryIndex } from "../prove/memory-index.ts";
import { keptLooks } from "../desk/kept-looks.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const PARENT = { scheme: "vn-cccd", id: "999199000001" } as const;
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const [AS_PARENT, AS_CHILD] = [citizen(PARENT), citizen(CHILD)];
const UNTIL = "2027-01-01T00:00:00Z";
const time = { occurred: "2026-11-22T08:00:00Z" };

describe("server/disclose/representation", () => {
  let log: RecordedLog;
  let index: MemoryIndex;

  beforeEach(async () => {
    log = await recordedLog();
    index = memoryIndex(
      log,
      [PARENT, CHILD].map(({ scheme, id }) => ["person", `${scheme}:${id}`]),
    );
  });
  afterEach(async () => {
    await log.close();
  });

  function parts(changes: { index?: Partial<IndexReader>; readEvents?: ReadEvents } = {}): {
    readonly represented: Representation;
    readonly shown: Showing;
  } {
    const clock = { now: () => Date.parse("2026-11-22T00:00:00Z") };
    const logger = createLog({ logLevel: "silent" });
    const closures = closureRegister({
      follow: followLog({ store: log.store, db: log.derived, log: logger }),
      ...{ db: log.derived, clock, log: logger },
    });
    const represented = representation({
      index: { ...index, ...changes.index },
      readEvents: changes.readEvents ?? log.store.events,
      closures,
      tagOf: indexTags(PEPPER),
      clock,
    });
    const leafIndex = async (leaf: Uint8Array): Promise<number | undefined> =>
      await log.tree().leafIndex(leaf);
    const { recordLook } = keptLooks();
    const shown = showing({ closures, representation: represented, leafIndex, recordLook, log: logger });
    return { represented, shown };
  }

  async function mandate(changes: Partial<Mandate> = {}): Promise<number> {
    const granted = { id: "m", state: "granted", basis: "parent", ...changes } as const;
    return await log.append("qn-justice/r1", [
      { type: "mandate", subject: CHILD, "subject.2": PARENT, mandate: granted, time },
    ]);
  }

  async function leafOf(place: number): Promise<string> {
    const [payload = new Uint8Array()] = await log.store.payloads(place, place + 1);
    return toBase64url(leafHash(payload));
  }

  async function seal(place: number): Promise<void> {
    const leaves = [await leafOf(place)];
    const order = { id: "s", state: "placed", leaves, authority: "court", until: UNTIL } as const;
    await log.append("qn-police/r1", [{ type: "seal", seal: order, time }]);
  }

  async function erase(place: number): Promise<void> {
    const erasure = { id: "e", leaves: [await leafOf(place)], authority: "court" };
    await log.append("qn-operator/r1", [{ type: "erasure", erasure, time }]);
  }

  const ids = (people: readonly PersonId[]): string[] => people.map(({ id }) => id);

  it("hides no mandate by a seal from whoever it lets others in to, so nobody is let in unseen", async () => {
    const place = await mandate();
    await seal(place);
    await index.build();
    const { represented, shown } = parts();
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id, CHILD.id]);
    const [event] = await log.store.events([place]);
    if (event === undefined) throw new Error("no event");
    const seen = await shown.showTo(AS_CHILD, "event", { ...event, index: place });
    expect(seen.closure).to.equal(undefined);
    expect(parseShown(seen.text)).to.include.members(["type", "mandate"]);
  });

  it("lets nobody in by a mandate that was ordered to be erased, also when it was read before", async () => {
    const place = await mandate();
    await index.build();
    const { represented, shown } = parts();
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id, CHILD.id]);
    await erase(place);
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id]);
    expect(ids(await parts().represented.ownOf(AS_PARENT)), "read afterwards").to.deep.equal([PARENT.id]);
    const [event] = await log.store.events([place]);
    if (event === undefined) throw new Error("no event");
    const seen = await shown.showTo(AS_CHILD, "event", { ...event, index: place });
    expect(seen).to.have.nested.property("closure.kind", "erasure");
  });

  it("brings no mandate back by erasing its revocation, neither of another's list nor of another number", async () => {
    for (const basis of ["parent", "same-person"] as const) {
      await mandate({ id: basis, basis });
      const revoked = await mandate({ id: basis, basis, state: "revoked" });
      await erase(revoked);
    }
    await index.build();
    const { represented } = parts();
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id]);
    expect(ids(await represented.numbersOf(CHILD))).to.deep.equal([CHILD.id]);
  });

  it("reads a list once, however many ask for it at once, and goes on where a reading failed", async () => {
    await log.append(
      "qn-police/r1",
      Array.from({ length: 600 }, (_, n) => access(`${n}`)),
    );
    await index.build();
    const read: number[] = [];
    let failing = true;
    const { represented } = parts({
      readEvents: async (indexes) => {
        if (failing && indexes[0] === 500) throw new Error("the disk failed");
        read.push(...indexes);
        return await log.store.events(indexes);
      },
    });
    const refused = await Promise.allSettled([1, 2, 3].map(async () => await represented.numbersOf(PARENT)));
    expect(refused.map(({ status }) => status)).to.deep.equal(["rejected", "rejected", "rejected"]);
    failing = false;
    await Promise.all([1, 2, 3].map(async () => await represented.numbersOf(PARENT)));
    expect(read).to.deep.equal(Array.from({ length: 600 }, (_, n) => n));
  });

  it("shows citizens what is about their own number while nobody knows yet for whom they act", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await index.build();
    const starting = async (): Promise<never> =>
      await Promise.reject(new LedgerError("starting", "The index is being loaded; try again."));
    const { shown } = parts({ index: { postings: starting } });
    expect(await shown.viewerOf(AS_PARENT, "event")).to.deep.include({ caller: AS_PARENT, own: [PARENT] });
    const [event] = await log.store.events([0]);
    if (event === undefined) throw new Error("no event");
    expect(parseShown((await shown.showTo(AS_PARENT, "event", { ...event, index: 0 })).text)).to.include(
      "subject",
    );
    const broken = parts({ index: { postings: () => Promise.reject(new Error("damaged")) } });
    const error = await broken.shown.viewerOf(AS_PARENT, "event").catch((thrown: unknown) => thrown);
    expect(String(error)).to.contain("damaged");
  });
});

/** The names of the facets in an event. */
function parseShown(text: string): string[] {
  return text
    .split("~")
    .slice(1, -1)
    .map((part) => String((JSON.parse(Buffer.from(part, "base64url").toString()) as unknown[])[1]));
}

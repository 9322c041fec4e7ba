import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets, Mandate } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import { type MandateRegister, mandateRegister } from "../../../server/disclose/mandate-register.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import {
  type PersonMandates,
  representation,
  type Representation,
} from "../../../server/disclose/representation.ts";
import { showing, type Showing } from "../../../server/disclose/showing.ts";
import { LedgerError } from "../../../server/errors.ts";
import type { PersonId } from "../../../server/identity/caller.ts";
import { createLog } from "../../../server/log.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import type { Store } from "../../../server/store/store.ts";
import { citizen } from "../callers.ts";
import { memoryIndex, type MemoryIndex } from "../prove/memory-index.ts";
import { keptLooks } from "../desk/kept-looks.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const PARENT = { scheme: "vn-cccd", id: "999199000001" } as const;
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const STRANGER = { scheme: "vn-cccd", id: "999199000017" } as const;
const OTHER_STRANGER = { scheme: "vn-cccd", id: "999199000018" } as const;
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

  function parts(changes: { mandates?: Partial<MandateRegister>; readEvents?: Store["events"] } = {}): {
    readonly represented: Representation;
    readonly shown: Showing;
  } {
    const clock = { now: () => Date.parse("2026-11-22T00:00:00Z") };
    const logger = createLog({ logLevel: "silent" });
    const db = log.derived;
    const follow = followLog({ store: log.store, db, log: logger });
    const closures = closureRegister({ follow, db, clock, log: logger });
    const represented = representation({
      index,
      mandates: { ...mandateRegister({ follow, db }), ...changes.mandates },
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
    // A parent's mandate opens nothing without its end.
    const parents = { basis: "parent", validUntil: "2044-11-01T00:00:00+07:00" } as const;
    const granted = { id: "m", state: "granted", ...parents, ...changes } as const;
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

  it("shows both sides the mandates in force, those for some procedures too, and none that ended", async () => {
    await mandate();
    await mandate({ id: "passport", procedures: ["PASSPORT"] });
    await mandate({ id: "later", validFrom: "2027-01-01T00:00:00Z" });
    await mandate({ id: "over", validUntil: "2026-11-21T00:00:00Z" });
    await mandate({ id: "endless", validUntil: "2099-01-01T00:00:00Z" });
    await mandate({ id: "revoked" });
    await mandate({ id: "revoked", state: "revoked" });
    const { represented } = parts();
    const shown = ({ held, given }: PersonMandates): unknown => [
      held.map(({ id }) => id),
      given.map(({ id }) => id),
    ];
    expect(shown(await represented.mandatesOf(PARENT))).to.deep.equal([["m", "passport", "endless"], []]);
    expect(shown(await represented.mandatesOf(CHILD))).to.deep.equal([[], ["m", "passport", "endless"]]);
    expect(shown(await represented.mandatesOf({ ...PARENT, id: "999199000099" }))).to.deep.equal([[], []]);
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

  it("opens no event but the mandates of the people it is asked about, and knows what is not indexed yet", async () => {
    const mandates = [await mandate()];
    await log.append(
      "qn-police/r1",
      Array.from({ length: 300 }, (_, n) => ({ ...access(`${n}`), "subject.2": CHILD })),
    );
    await log.append("qn-justice/r1", [
      {
        type: "mandate",
        subject: STRANGER,
        "subject.2": OTHER_STRANGER,
        mandate: { id: "other", state: "granted", basis: "parent" },
        time,
      },
    ]);
    mandates.push(await mandate({ id: "n", basis: "same-person" }));
    const read: number[] = [];
    const { represented } = parts({
      readEvents: async (indexes) => {
        read.push(...indexes);
        return await log.store.events(indexes);
      },
    });
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id, CHILD.id]);
    expect(new Set(read)).to.deep.equal(new Set(mandates));
    read.length = 0;
    expect(await represented.numbersOf(CHILD, { below: mandates[1] ?? 0 })).to.deep.equal([CHILD]);
    expect(await represented.numbersOf(CHILD, { below: (mandates[1] ?? 0) + 1 })).to.deep.equal([
      CHILD,
      PARENT,
    ]);
  });

  it("forgets no erased revocation, also when its key is destroyed", async () => {
    await mandate();
    const revoked = await mandate({ state: "revoked" });
    await erase(revoked);
    await log.store.eraseKeys([revoked]);
    const { represented } = parts();
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id]);
  });

  it("ends no mandate by the erasure of another event of both", async () => {
    await mandate();
    const both = await log.append("qn-police/r1", [{ ...access("both"), "subject.2": CHILD }]);
    await erase(both);
    await log.store.eraseKeys([both]);
    const { represented } = parts();
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id, CHILD.id]);
  });

  it("finds all mandates of somebody who has very many, in the order of the log", async () => {
    const one = (id: string, state: "granted" | "revoked"): Facets => ({
      type: "mandate",
      subject: CHILD,
      "subject.2": PARENT,
      mandate: { id, state, basis: "parent" },
      time,
    });
    for (const state of ["granted", "revoked"] as const) {
      await log.append(
        "qn-justice/r1",
        Array.from({ length: 520 }, (_, n) => one(`${n}`, state)),
      );
    }
    const { represented } = parts();
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id]);
    await mandate({ id: "3" });
    expect(ids(await represented.ownOf(AS_PARENT))).to.deep.equal([PARENT.id, CHILD.id]);
  });

  it("shows citizens what is about their own number while nobody knows yet for whom they act", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await index.build();
    const starting = async (): Promise<never> =>
      await Promise.reject(new LedgerError("starting", "The log is being read; try again."));
    const { shown } = parts({ mandates: { placesOf: starting } });
    expect(await shown.viewerOf(AS_PARENT, "event")).to.deep.include({ caller: AS_PARENT, own: [PARENT] });
    const [event] = await log.store.events([0]);
    if (event === undefined) throw new Error("no event");
    expect(parseShown((await shown.showTo(AS_PARENT, "event", { ...event, index: 0 })).text)).to.include(
      "subject",
    );
    const broken = parts({ mandates: { placesOf: () => Promise.reject(new Error("damaged")) } });
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

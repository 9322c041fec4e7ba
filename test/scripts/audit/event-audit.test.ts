import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import {
  EventAudit,
  followErasures,
  requireErasable,
  requireExplained,
  type Unexplained,
} from "../../../scripts/audit/event-audit.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../../server/prove/recorded-log.ts";

const time = { occurred: "2026-11-22T08:00:00Z" };
const DESK = parseSource("minhbach/desk");

describe("scripts/audit/event-audit", () => {
  let log: RecordedLog;

  beforeEach(async () => {
    log = await recordedLog();
  });
  afterEach(async () => {
    await log.close();
  });

  async function erase(...indexes: number[]): Promise<Facets> {
    const leaves = await Promise.all(
      indexes.map(async (index) => {
        const [payload = new Uint8Array()] = await log.store.payloads(index, index + 1);
        return toBase64url(leafHash(payload));
      }),
    );
    return { type: "erasure", erasure: { id: "e", leaves, authority: "minhbach" }, time };
  }

  /** What the audit of all events finds about erasures. */
  async function verdict(): Promise<unknown> {
    const { size } = await log.store.head();
    const unexplained: Unexplained = new Map();
    try {
      for (const event of await new EventAudit(log.store, PEPPER).read(0, size)) {
        requireErasable(event, DESK);
        followErasures(unexplained, event);
      }
      requireExplained(unexplained);
      return "nothing";
    } catch (error) {
      return error instanceof Error && "index" in error ? error.index : error;
    }
  }

  it("finds an erased event that no later erasure names", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")], { erased: true });
    expect(await verdict()).to.equal(0);
    await log.append(DESK, [await erase(0)]);
    expect(await verdict()).to.equal(1);
    await log.append(DESK, [await erase(1)]);
    expect(await verdict()).to.equal("nothing");
  });

  it("finds an order or a look that was erased, whoever ordered it", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const order = await log.append(DESK, [await erase(0)], { erased: true });
    await log.append(DESK, [await erase(order)]);
    expect(await verdict()).to.equal(order);
  });

  it("finds a decision about a finding that was erased", async () => {
    const inspection = { id: "i", state: "decided", authority: "inspectorate" } as const;
    const act = await log.append(DESK, [{ type: "inspection", inspection, time }], { erased: true });
    await log.append(DESK, [await erase(act)]);
    expect(await verdict()).to.equal(act);
  });

  it("finds a look into the ledger that was erased, and no act of the desk or access of others", async () => {
    const complaint = { id: "c", state: "filed", leaf: "A".repeat(43), agency: "qn-police" } as const;
    const subject = { scheme: "vn-cccd", id: "999199000001" } as const;
    await log.append(DESK, [{ type: "complaint", subject, complaint, time }], { erased: true });
    await log.append("qn-police/desk", [access("a")], { erased: true });
    await log.append(DESK, [await erase(0, 1)]);
    expect(await verdict()).to.equal("nothing");
    const look = await log.append(DESK, [access("look")], { erased: true });
    await log.append(DESK, [await erase(look)]);
    expect(await verdict()).to.equal(look);
  });
});

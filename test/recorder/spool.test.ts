import { expect } from "chai";
import { openSpoolDisk, type SpoolDisk } from "../../recorder/spool-disk.ts";
import path from "node:path";
import { accessEvent, eventually, flushed, premises, SOURCE, type Premises } from "./fixture.ts";

/** A disk that fails one write, counted over all its openings: either nothing of it is kept, or all. Like LevelDB it refuses every further write until opened anew. */
function faultyDisk(directory: string, failing: number, outcome: "kept" | "lost") {
  const counted = { writes: 0 };
  const open = async (): Promise<SpoolDisk> => {
    const disk = await openSpoolDisk(directory);
    let isBroken = false;
    return {
      ...disk,
      write: async (operations) => {
        if (isBroken) throw new Error("broken until reopened");
        const isFailing = counted.writes++ === failing;
        if (!isFailing || outcome === "kept") await disk.write(operations);
        if (isFailing) {
          isBroken = true;
          throw new Error("no space left on device");
        }
      },
    };
  };
  return { open, counted };
}

describe("spool", () => {
  let here: Premises;
  beforeEach(async () => {
    here = await premises();
  });
  afterEach(() => here.close());

  const ids = Array.from({ length: 12 }, (_, at) => `m-${at}`);

  /** Records, with every trouble a recorder meets on the way, sending again what was not acknowledged. */
  async function run(openDisk: () => Promise<SpoolDisk>): Promise<Map<string, number>> {
    let answers = 0;
    here.ledger.faultOf = () => (answers++ % 3 === 1 ? "cut-after" : undefined);
    here.ledger.refusalOf = ({ payload, type }) =>
      payload.seq === 5 && type !== "tombstone" ? "schema-violation" : undefined;
    const recorder = await here.open({ parts: { openDisk }, batchEvents: 4 });
    const acknowledged = new Map<string, number>();
    for (const id of ids) {
      await eventually(async () => {
        const recorded = await recorder
          .record(accessEvent(id), { idempotencyKey: id })
          .catch(() => undefined);
        if (recorded !== undefined) acknowledged.set(id, recorded.seq);
        return recorded !== undefined;
      }, `${id} is acknowledged`);
    }
    await flushed(recorder);
    await recorder.close();
    return acknowledged;
  }

  function expectExactlyOnce(acknowledged: Map<string, number>): void {
    const events = here.ledger.eventsOf(SOURCE);
    expect(events).to.have.length(ids.length);
    for (const [id, seq] of acknowledged) {
      if (seq === 5) expect(events[4]?.type).to.equal("tombstone");
      else expect(events[seq - 1]?.exchange).to.deep.equal(accessEvent(id).exchange);
    }
    expect([...acknowledged.values()].sort((a, b) => a - b)).to.deep.equal(ids.map((_, at) => at + 1));
  }

  it("knows that everything is delivered when the write of the last receipt failed and was kept", async () => {
    for (let failing = 1; failing <= 7; failing++) {
      const { open } = faultyDisk(path.join(here.directory, "spool"), failing, "kept");
      const recorder = await here.open({ parts: { openDisk: open } });
      await eventually(
        () =>
          recorder.record(accessEvent("m-1"), { idempotencyKey: "m-1" }).then(
            () => true,
            () => false,
          ),
        "the event is acknowledged",
      );
      await flushed(recorder);
      expect(recorder.status().sending.state, `write ${failing} failed`).to.equal("sending");
      await here.close();
      here = await premises();
    }
  });

  for (const outcome of ["kept", "lost"] as const) {
    it(`survives the failure of every single write in turn, ${outcome}`, async function () {
      this.timeout(600_000);
      for (let failing = 1; ; failing++) {
        const { open, counted } = faultyDisk(path.join(here.directory, "spool"), failing, outcome);
        expectExactlyOnce(await run(open));
        if (counted.writes <= failing) {
          expect(failing).to.be.greaterThan(20);
          return;
        }
        await here.close();
        here = await premises();
      }
    });
  }

  it("counts its backlog the same before and after a restart, tombstones included", async () => {
    await run(() => openSpoolDisk(path.join(here.directory, "spool")));
    const recorder = await here.open();
    expect(recorder.status()).to.include({ backlogEvents: 0, backlogBytes: 0 });
  });

  it("is refused to another source and to another log", async () => {
    await (await here.open()).close();
    const other = await here.open({ source: "qn-police/r2" }).catch((thrown: unknown) => thrown);
    expect(other).to.include({ code: "wrong-spool" });
    const log = await here
      .open({ trust: { ...here.ledger.trust, logId: 2 } })
      .catch((thrown: unknown) => thrown);
    expect(log).to.include({ code: "wrong-spool" });
  });

  it("is held by one recorder at a time", async () => {
    await here.open();
    expect(await here.open().catch((thrown: unknown) => thrown)).to.include({ code: "spool-failed" });
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import type { Notice } from "../../../proactive/noticing/notice.ts";
import { type NoticeOutbox, openNoticeOutbox } from "../../../proactive/noticing/outbox.ts";

function notice(number: number, procedure = "BIRTH_REG"): Notice {
  const key = `99901.GCS.${String(number).padStart(5, "0")}.26`;
  return { procedure, occasion: { key, subject: key, on: "2026-11-22", known: {} } };
}

describe("proactive/noticing: the outbox", () => {
  let directory: string;
  let outbox: NoticeOutbox | undefined;
  let now: number;
  let sent: Notice[];
  /** What happens when a notice is sent. */
  let send: (notice: Notice) => Promise<void>;
  let failures: string[];

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-outbox-"));
    now = 1_000_000;
    sent = [];
    failures = [];
    send = () => Promise.resolve();
  });
  afterEach(async () => {
    await outbox?.close();
    outbox = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function opened(folder = "one"): Promise<NoticeOutbox> {
    await outbox?.close();
    outbox = await openNoticeOutbox({
      directory: path.join(directory, folder),
      send: async (each) => {
        sent.push(each);
        await send(each);
      },
      ...{ now: () => now, onFailure: (lead) => failures.push(lead) },
    });
    return outbox;
  }

  it("sends each notice once, however often it is put and whenever it is opened again", async () => {
    let box = await opened();
    await box.put([notice(1), notice(2)], "2026-11-23");
    await box.put([notice(2), notice(2), notice(3)], "2026-11-24");
    expect(box.waiting()).to.equal(3);
    expect(await box.sendDue()).to.equal(undefined);
    await box.put([notice(1)]);
    box = await opened();
    await box.put([notice(3), notice(4)]);
    expect(await box.sendDue()).to.equal(undefined);
    expect(sent).to.deep.equal([1, 2, 3, 4].map((each) => notice(each)));
    expect(box.scannedUntil()).to.equal("2026-11-24");
  });

  it("puts notices that are put at once one after the other", async () => {
    const box = await opened();
    await Promise.all(Array.from({ length: 10 }, async () => await box.put([notice(1)])));
    await box.sendDue();
    expect(sent.length).to.equal(1);
  });

  it("says how far the scan came only when the notices of it are kept", async () => {
    let box = await opened();
    expect(box.scannedUntil()).to.equal(undefined);
    await box.put([], "2026-11-23");
    box = await opened();
    expect(box.scannedUntil()).to.equal("2026-11-23");
    await box.put([notice(1)], "2026-11-24");
    expect(box.scannedUntil()).to.equal("2026-11-24");
    box = await opened();
    expect([box.scannedUntil(), box.waiting()]).to.deep.equal(["2026-11-24", 1]);
  });

  it("leaves a lead that takes nothing alone for longer and longer, and no other for it", async () => {
    const box = await opened();
    send = ({ procedure }) =>
      procedure === "SCHOOL_ADM" ? Promise.resolve() : Promise.reject(new Error("down"));
    await box.put([notice(1), notice(2), notice(3, "SCHOOL_ADM")]);
    let due = await box.sendDue();
    expect(sent).to.deep.equal([notice(1), notice(3, "SCHOOL_ADM")]);
    expect(failures).to.deep.equal(["qn-justice"]);
    expect(due).to.equal(now + 10_000);
    await box.sendDue();
    expect(sent.length).to.equal(2);
    const pauses: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      now = due ?? expect.fail("nothing is due");
      due = await box.sendDue();
      pauses.push((due ?? 0) - now);
    }
    expect(pauses.slice(0, 3)).to.deep.equal([20_000, 40_000, 80_000]);
    expect(pauses.at(-1)).to.equal(3_600_000);
    send = () => Promise.resolve();
    now = due ?? 0;
    expect(await box.sendDue()).to.equal(undefined);
    expect(box.waiting()).to.equal(0);
  });

  it("holds up no other notice by one that its lead never takes", async () => {
    const box = await opened();
    send = ({ occasion }) =>
      occasion.key === notice(1).occasion.key ? Promise.reject(new Error("no")) : Promise.resolve();
    await box.put([notice(1), notice(2), notice(3)]);
    now = (await box.sendDue()) ?? expect.fail("nothing is due");
    await box.sendDue();
    expect(box.waiting()).to.equal(1);
  });

  it("is sending once, whoever asks for it meanwhile", async () => {
    const box = await opened();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    send = async () => {
      await promise;
    };
    await box.put([notice(1)]);
    const both = Promise.all([box.sendDue(), box.sendDue()]);
    resolve(undefined);
    await both;
    expect(sent.length).to.equal(1);
  });

  it("whatever fails and whenever it dies: all arrive, and what was taken is not sent again", async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ put: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }) }),
        fc.record({ fails: fc.array(fc.boolean(), { maxLength: 4 }) }),
        fc.constant("reopen" as const),
      ),
      { maxLength: 12 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const folder = `run-${++run}`;
        let box = await opened(folder);
        const taken: string[] = [];
        const put = new Set<string>();
        let fails: boolean[] = [];
        send = async ({ occasion }) => {
          await Promise.resolve();
          if (fails.shift() === true) throw new Error("down");
          taken.push(occasion.key);
        };
        for (const step of all) {
          now += 3_600_000;
          if (step === "reopen") box = await opened(folder);
          else if ("put" in step) {
            await box.put(step.put.map((each) => notice(each)));
            for (const each of step.put) put.add(notice(each).occasion.key);
          } else {
            fails = [...step.fails];
            await box.sendDue();
          }
        }
        fails = [];
        now += 3_600_000;
        expect(await box.sendDue()).to.equal(undefined);
        expect([...taken].sort()).to.deep.equal([...put].sort());
      }),
      { numRuns: 30 },
    );
  });
});

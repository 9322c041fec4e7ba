import { expect } from "chai";
import fc from "fast-check";
import { verifyJws } from "../../../protocol/jws.ts";
import { parseSignOn } from "../../../protocol/sign-on.ts";
import { LedgerError } from "../../../server/errors.ts";
import { INSPECTOR } from "../callers.ts";
import { LOG, NOW_SECONDS } from "../receive/recorder.ts";
import { expectWholeLog, withFolder } from "../sequence/ledger.ts";
import { type Fault, faultyStore } from "../store/faulty-store.ts";
import { consentsIn, deskRecorder, giving, recordedAt, testDesk } from "./ledger.ts";

const SAME_TIME = 5;

describe("server/desk/recording", () => {
  it("records an act with its time and the sign-on of who did it, durably, and says where", async () => {
    await withFolder(async (open) => {
      const store = await open();
      const { desk } = testDesk(store);
      await desk.record(giving("c-0"));
      const recorded = await desk.record(giving("c-1"));
      expect(recorded).to.include({ index: 1, seq: 2, time: NOW_SECONDS });
      const { signOn, time, consent } = await recordedAt(store, recorded.index);
      expect(consent).to.deep.equal({ id: "c-1", state: "ConsentGiven" });
      expect(time).to.deep.equal({ occurred: new Date(NOW_SECONDS * 1000).toISOString() });
      const parsed = parseSignOn(String(signOn));
      expect(verifyJws(parsed.jws, deskRecorder), "the desk's signature").to.equal(true);
      expect(parsed.signOn).to.deep.include({ log: LOG, src: "minhbach/desk", seq: 2, role: "citizen" });
      await store.close();
      const reopened = await open();
      expect(await consentsIn(reopened)).to.deep.equal(["c-0", "c-1"]);
      await reopened.close();
    });
  });

  it("puts what waits together into one submission, and an act with a check alone, all in the order of the calls", async () => {
    await withDesk(async ({ desk, store, submissions }) => {
      const check = async (): Promise<void> => await Promise.resolve();
      const acts = [giving("1"), giving("2"), giving("3", { check }), giving("4"), giving("5")];
      const recorded = await Promise.all(acts.map(async (act) => await desk.record(act)));
      expect(recorded.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3, 4]);
      expect(await consentsIn(store)).to.deep.equal(["1", "2", "3", "4", "5"]);
      expect(submissions).to.deep.equal([2, 1, 2]);
    });
  });

  it("records nothing of an act that its check refuses, and goes on", async () => {
    await withDesk(async ({ desk, store }) => {
      const refuse = async (): Promise<void> => await Promise.reject(new LedgerError("not-found", "No."));
      expect(await codeOf(desk.record(giving("1", { check: refuse })))).to.equal("not-found");
      await desk.record(giving("2"));
      expect(await consentsIn(store)).to.deep.equal(["2"]);
    });
  });

  it("lets one of several win that exclude each other: each check sees what was recorded before", async () => {
    await withDesk(async ({ desk, store }) => {
      const check = async (): Promise<void> => {
        if ((await store.head()).size > 0) throw new LedgerError("forbidden", "Given already.");
      };
      const outcomes = await Promise.allSettled(
        Array.from({ length: SAME_TIME }, async (_, n) => await desk.record(giving(`${n}`, { check }))),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal([
        "fulfilled",
        ...Array<string>(SAME_TIME - 1).fill("rejected"),
      ]);
      expect(await consentsIn(store)).to.deep.equal(["0"]);
    });
  });

  it("checks again when another process recorded first, and accuses nobody of it", async () => {
    await withFolder(async (open) => {
      const store = await open();
      const other = testDesk(store);
      let interfering = true;
      // The same sequencer, as two processes share a store.
      const { desk } = testDesk(store, ({ prepare }) => ({
        submit: other.sequencer.submitOwn,
        prepare: async (first, facets) => {
          const prepared = await prepare(first, facets);
          if (interfering) await other.desk.record(giving("theirs"));
          interfering = false;
          return prepared;
        },
      }));
      let checks = 0;
      const check = async (): Promise<void> => {
        checks++;
        await Promise.resolve();
      };
      const recorded = await desk.record(giving("ours", { check }));
      expect(recorded).to.include({ seq: 2, index: 1 });
      expect(checks).to.equal(2);
      // No equivocation of the desk is recorded: what never left the house contradicts nothing.
      expect(await consentsIn(store)).to.deep.equal(["theirs", "ours"]);
      interfering = true;
      const refuseIfTheirs = async (): Promise<void> => {
        if ((await consentsIn(store)).length > 2) throw new LedgerError("forbidden", "Theirs was first.");
      };
      expect(await codeOf(desk.record(giving("late", { check: refuseIfTheirs })))).to.equal("forbidden");
      await store.close();
    });
  });

  for (const fault of ["kept", "lost"] as const) {
    it(`settles what became of a write that failed and was ${fault}: the act is recorded once, and its caller told`, async () => {
      await withDesk(
        async ({ desk, store }) => {
          await desk.record(giving("1"));
          const recorded = await desk.record(giving("2"));
          await desk.record(giving("3"));
          expect(recorded).to.include({ index: 1, seq: 2 });
          expect(await consentsIn(store)).to.deep.equal(["1", "2", "3"]);
        },
        (before) => (before === 1 ? fault : undefined),
      );
    });
  }

  it("tells the caller when the store does not recover, and goes on from what it holds when it does", async () => {
    await withDesk(
      async ({ desk, store }) => {
        await desk.record(giving("1"));
        expect(await codeOf(desk.record(giving("2")))).to.equal("store-unavailable");
        expect(await desk.record(giving("3"))).to.include({ seq: 2 });
        expect(await consentsIn(store)).to.deep.equal(["1", "3"]);
      },
      (before) => (before >= 1 && before <= 3 ? "lost" : undefined),
    );
  });

  it("refuses the one act that can form no event, and records those that waited with it", async () => {
    await withDesk(async ({ desk, store }) => {
      const bad = giving("999199000001");
      const leaky = { ...bad, facets: { ...bad.facets, explanation: { en: "about 999199000001" } } };
      const outcomes = await Promise.allSettled(
        [giving("1"), leaky, giving("3")].map(async (act) => await desk.record(act)),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
      expect(await codeOf(desk.record(leaky))).to.equal("schema-violation");
      expect(await consentsIn(store)).to.deep.equal(["1", "3"]);
    });
  });

  it("says so when the chain does not entitle it to an order", async () => {
    await withDesk(async ({ desk }) => {
      const leaves = ["A".repeat(43)];
      const seal = {
        id: "s",
        state: "placed",
        leaves,
        authority: "a",
        until: "2027-01-01T00:00:00Z",
      } as const;
      const order = { by: INSPECTOR, facets: { type: "seal", seal } } as const;
      expect(await codeOf(desk.record(order))).to.equal("desk-not-entitled");
    });
  });

  it("records nothing before it may, nothing more than it can hold, and nothing after the end", async () => {
    await withFolder(async (open) => {
      const store = await open();
      let isOpen = false;
      const { desk } = testDesk(store, () => ({
        limits: { maxWaiting: 2 },
        requireOpen: () => {
          if (!isOpen) throw new LedgerError("starting", "Not yet.");
        },
      }));
      expect(await codeOf(desk.record(giving("1")))).to.equal("starting");
      isOpen = true;
      const codes = await Promise.all([2, 3, 4].map(async (n) => await codeOf(desk.record(giving(`${n}`)))));
      expect(codes).to.deep.equal([undefined, undefined, "overloaded"]);
      await desk.close();
      expect(await codeOf(desk.record(giving("5")))).to.equal("store-unavailable");
      await store.close();
    });
  });

  it("lets nobody who asks too much at once keep others waiting, and counts no looks", async () => {
    await withFolder(async (open) => {
      const store = await open();
      const { desk } = testDesk(store, () => ({ limits: { maxOfOneCaller: 2 } }));
      const check = async (): Promise<void> => await Promise.resolve();
      const other = giving("other", { check, by: INSPECTOR });
      const acts = [..."abc"].map((id) => giving(id, { check }));
      const looks = [..."defg"].map((id) => giving(id));
      const codes = await Promise.all(
        [...acts, other, ...looks].map(async (act) => await codeOf(desk.record(act))),
      );
      expect(codes).to.deep.equal([
        undefined,
        undefined,
        "rate-limited",
        ...Array<undefined>(5).fill(undefined),
      ]);
      expect(await codeOf(desk.record(giving("h", { check }))), "when they are answered").to.equal(undefined);
      await desk.close();
      await store.close();
    });
  });

  it("never lets two acts win that exclude each other, nor loses one it confirmed, whatever fails", async function () {
    this.timeout(600_000);
    const names = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 10 });
    const faults = fc.array(fc.constantFrom<(Fault | undefined)[]>(undefined, undefined, "kept", "lost"), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(names, faults, async (acts, plan) => {
        await withDesk(
          async ({ desk, store }) => {
            const tries = acts.map(async (name) => {
              const check = async (): Promise<void> => {
                if ((await consentsIn(store)).includes(`${name}`))
                  throw new LedgerError("forbidden", "Given already.");
              };
              const recorded = await desk.record(giving(`${name}`, { check }));
              return { name, recorded };
            });
            const outcomes = await Promise.allSettled(tries);
            const held = await consentsIn(store);
            expect(new Set(held).size, "recorded once each").to.equal(held.length);
            for (const outcome of outcomes) {
              if (outcome.status === "fulfilled")
                expect(held[outcome.value.recorded.index]).to.equal(`${outcome.value.name}`);
            }
            await expectWholeLog(store);
          },
          (before) => plan[before],
        );
      }),
      { numRuns: 25 },
    );
  });
});

type Desked = ReturnType<typeof testDesk> & { readonly submissions: number[] };

async function withDesk(
  use: (desk: Desked) => Promise<void>,
  fault?: (before: number) => Fault | undefined,
): Promise<void> {
  await withFolder(async (open) => {
    const store = await open();
    const submissions: number[] = [];
    const made = testDesk(fault === undefined ? store : faultyStore(store, fault), ({ submit }) => ({
      submit: async (submission) => {
        submissions.push(submission.count);
        return await submit(submission);
      },
    }));
    await use({ ...made, submissions });
    await made.desk.close();
    await store.close();
  });
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
}

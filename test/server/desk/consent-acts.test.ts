import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { type ConsentRecord, MAX_CONSENT_ACTS, permitsAt } from "../../../protocol/consent.ts";
import type { Catalogue, Procedure } from "../../../protocol/procedures.ts";
import { type ConsentRegister, consentRegister } from "../../../server/decide/consents.ts";
import { type ConsentActs, consentActs, type Giving } from "../../../server/desk/consent-acts.ts";
import { consentParties } from "../../../server/desk/consent-parties.ts";
import { LedgerError } from "../../../server/errors.ts";
import { openDerived } from "../../../server/integrate/derived.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { citizen, INSPECTOR, SIGN_ON } from "../callers.ts";
import { NOW_SECONDS } from "../receive/recorder.ts";
import { withFolder } from "../sequence/ledger.ts";
import { type Fault, faultyStore } from "../store/faulty-store.ts";
import { deskRecorder, testDesk } from "./ledger.ts";

const AN = { scheme: "vn-cccd", id: "999199000001" } as const;
const ANH = citizen(AN);
/** Whom Anh represents. */
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const AGENCY = { role: "agency", name: "qn-build", agency: "qn-build", signOn: SIGN_ON } as const;
const both = { vi: "…", en: "…" };
const PERMIT: Procedure = {
  ...{ code: "PERMIT", name: both, purpose: both, retention: both, appeal: both },
  ...{ kinds: ["bundle"], leadAgencies: ["construction"], automation: "preparation", legalBasis: [] },
  releases: [
    { provider: "construction", receivers: ["utility"], personalData: ["pd:Home"], consentNeeded: true },
  ],
};
const CATALOGUE: Catalogue = {
  ...{ version: "1", digest: "" },
  members: new Map([
    ["qn-water", ["utility"]],
    ["qn-build", ["construction"]],
  ]),
  agencies: new Set(["construction", "utility"]),
  categories: new Set(["pd:Home"]),
  procedures: new Map([["PERMIT", PERMIT]]),
};
const TERMS = {
  ...{ procedure: "PERMIT", recipients: ["qn-water"], personalData: ["pd:Home"], controller: "qn-build" },
};
const NOTICE = { notice: "n-1", language: "vi", catalogue: "1" } as const;
const UNTIL = new Date((NOW_SECONDS + 86_400) * 1000).toISOString();
const GIVING: Giving = { state: "ConsentGiven", terms: TERMS, validUntil: UNTIL, ...NOTICE };

interface World {
  readonly acts: ConsentActs;
  readonly consents: ConsentRegister;
  /** The same acts by a register that answers otherwise. */
  readonly actsBy: (changed: Partial<ConsentRegister>) => ConsentActs;
}

/** Acts on a store of its own, whose writes fail when `fault` says so. */
async function withActs(
  use: (world: World) => Promise<void>,
  fault: (before: number) => Fault | undefined = () => undefined,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-consents-"));
  const db = await openDerived(path.join(folder, "derived"), "log");
  try {
    await withFolder(async (open) => {
      const store = await open();
      const { desk } = testDesk(faultyStore(store, fault));
      const log = createLog({ logLevel: "silent" });
      const consents = consentRegister({
        ...{ db, store, follow: followLog({ store, db, log }) },
        closures: { closuresOf: (leaves) => Promise.resolve(leaves.map(() => undefined)) },
        tagOf: indexTags(new Uint8Array(32).fill(1)),
        rules: { desk: deskRecorder.source },
      });
      const mandatesOf = (): Promise<{ held: []; given: [] }> => Promise.resolve({ held: [], given: [] });
      const representation = {
        numbersOf: () => Promise.resolve([ANH.subject]),
        ownOf: () => Promise.resolve([ANH.subject, CHILD]),
        mandatesOf,
      };
      const actsBy = (changed: Partial<ConsentRegister>): ConsentActs => {
        const known = { ...consents, ...changed };
        return consentActs({
          ...{ desk, consents: known, clock: { now: () => NOW_SECONDS * 1000 } },
          parties: consentParties({ representation, consents: known }),
          catalogue: () => Promise.resolve(CATALOGUE),
        });
      };
      await use({ acts: actsBy({}), consents, actsBy });
      await desk.close();
      await store.close();
    });
  } finally {
    await db.close();
    await rm(folder, { recursive: true });
  }
}

const isIn = async (consents: ConsentRegister, id: string): Promise<ConsentRecord> => {
  const record = await consents.one(ANH.subject, id);
  if (record === undefined) throw new Error("no such consent");
  return record;
};

describe("server/desk/consent-acts", () => {
  for (const fault of ["kept", "lost"] as const) {
    it(`withdraws once, and says so, when the write is ${fault} and fails`, async () => {
      await withActs(
        async ({ acts, consents }) => {
          const { id } = await acts.give(ANH, GIVING);
          const withdrawn = await acts.withdraw(ANH, id);
          expect(withdrawn.state).to.equal("ConsentWithdrawn");
          expect(await acts.withdraw(ANH, id)).to.deep.equal(withdrawn);
          expect((await isIn(consents, id)).steps).to.have.length(2);
        },
        (before) => (before === 1 ? fault : undefined),
      );
    });
  }

  it("does not say that a consent is withdrawn while the store fails; asked again, it is", async () => {
    await withActs(
      async ({ acts, consents }) => {
        const { id } = await acts.give(ANH, GIVING);
        const failed = await acts.withdraw(ANH, id).catch((error: unknown) => error);
        expect(failed).to.be.instanceOf(LedgerError).with.property("code", "store-unavailable");
        expect((await acts.withdraw(ANH, id)).state).to.equal("ConsentWithdrawn");
        expect((await isIn(consents, id)).steps).to.have.length(2);
      },
      (before) => (before >= 1 && before <= 3 ? "lost" : undefined),
    );
  });

  it("answers a request, renews what is in force, and asks for nothing that is", async () => {
    await withActs(async ({ acts }) => {
      const { id } = await acts.request(AGENCY, { person: ANH.subject, terms: TERMS, ...NOTICE });
      const { terms: _, ...untold } = GIVING;
      expect((await acts.give(ANH, { ...untold, id })).state).to.equal("ConsentGiven");
      const renewed = await acts.give(ANH, { ...untold, id, state: "RenewedConsentGiven" });
      expect(renewed.terms).to.deep.include({ procedures: ["PERMIT"], recipients: ["qn-water"] });
      const again = acts.request(AGENCY, { person: ANH.subject, terms: TERMS, ...NOTICE });
      expect(await again.catch((error: unknown) => error)).to.have.property("code", "consent-exists");
    });
  });

  it("finds the consent of an id invalid, whatever became of another person's with the same id", async () => {
    await withActs(async ({ acts, consents, actsBy }) => {
      const given = await acts.give(ANH, GIVING);
      const gone = { ...given, person: { scheme: "vn-cccd", id: "999199000002" }, erased: true } as const;
      const inspecting = actsBy({ byId: () => Promise.resolve([gone, given]) });
      const found = await inspecting.invalidate(INSPECTOR, given.id, { en: "Not informed." });
      expect(found.map(({ state }) => state)).to.deep.equal(["ConsentInvalidated"]);
      expect((await isIn(consents, given.id)).state).to.equal("ConsentInvalidated");
    });
  });

  it("withdraws what is in force, whatever an agency said of another person under the same id", async () => {
    await withActs(async ({ acts, consents, actsBy }) => {
      // As an agency's recorder may write it about the guardian.
      for (const state of ["ConsentRequested", "ConsentRevoked", undefined] as const) {
        const given = await acts.give(ANH, { ...GIVING, person: CHILD });
        const claimed = { ...given, person: AN, state, steps: [] };
        const { withdraw } = actsBy({
          one: async (person, id) =>
            person.id === ANH.subject.id ? claimed : await consents.one(person, id),
        });
        const withdrawn = await withdraw(ANH, given.id);
        expect(withdrawn).to.deep.include({ person: CHILD, state: "ConsentWithdrawn" });
        expect((await withdraw(ANH, given.id)).state, "asked again").to.equal("ConsentWithdrawn");
        expect((await consents.one(CHILD, given.id))?.steps).to.have.length(2);
      }
    });
  });

  it("records no renewal that readers would not keep, and still the withdrawal", async () => {
    await withActs(async ({ acts, consents }) => {
      const { id } = await acts.give(ANH, GIVING);
      const renew = async (): Promise<ConsentRecord> =>
        await acts.give(ANH, { ...GIVING, id, state: "RenewedConsentGiven" });
      for (let times = 1; times < MAX_CONSENT_ACTS; times++) await renew();
      expect(await renew().catch((error: unknown) => error)).to.have.property("code", "consent-state");
      expect((await isIn(consents, id)).steps).to.have.length(MAX_CONSENT_ACTS);
      expect((await acts.withdraw(ANH, id)).state).to.equal("ConsentWithdrawn");
    });
  });

  it("takes no second consent for the same that is to follow on one in force, nor one before it", async () => {
    await withActs(async ({ acts }) => {
      const at = (hours: number): string => new Date((NOW_SECONDS + hours * 3600) * 1000).toISOString();
      const code = async (giving: Partial<Giving>): Promise<unknown> =>
        await acts.give(ANH, { ...GIVING, ...giving }).then(
          () => "given",
          (error: unknown) => (error instanceof LedgerError ? error.code : error),
        );
      expect(await code({ validFrom: at(2), validUntil: at(4) })).to.equal("given");
      // One withdrawal in the third hour would leave the other one in force.
      expect(await code({ validUntil: at(3) })).to.equal("consent-exists");
      expect(await code({ validFrom: at(3), validUntil: at(5) })).to.equal("consent-exists");
      expect(await code({ validUntil: at(2) })).to.equal("given");
      expect(await code({ validFrom: at(4), validUntil: at(5) })).to.equal("given");
    });
  });

  it("never leaves two consents for the same in force, nor one that was ended, whatever is tried at once and fails", async function () {
    this.timeout(600_000);
    const tried = fc.constantFrom("give", "withdraw", "revoke", "invalidate", "renew", "request", "refuse");
    const rounds = fc.array(fc.array(tried, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    const faults = fc.array(
      fc.constantFrom<(Fault | undefined)[]>(undefined, undefined, undefined, "kept", "lost"),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(rounds, faults, async (plan, failing) => {
        await withActs(
          async ({ acts, consents }) => {
            const ended = new Set<string>();
            for (const round of plan) {
              const known = (await consents.ofPerson(ANH.subject, { limit: 50 })).records;
              const id = known.find((each) => permitsAt(each, NOW_SECONDS))?.id ?? known.at(-1)?.id ?? "none";
              const outcomes = await Promise.allSettled(
                round.map(async (what) => await attempt(acts, what, id)),
              );
              for (const [at, outcome] of outcomes.entries()) {
                const isEnd = ["withdraw", "revoke", "invalidate", "refuse"].includes(round[at] ?? "");
                if (outcome.status === "fulfilled" && isEnd) ended.add(id);
                if (outcome.status === "rejected") expect(outcome.reason).to.be.instanceOf(LedgerError);
              }
            }
            const { records } = await consents.ofPerson(ANH.subject, { limit: 100 });
            const permitting = records.filter((each) => permitsAt(each, NOW_SECONDS));
            expect(permitting.length, "for the same terms").to.be.at.most(1);
            for (const { id } of permitting) expect(ended.has(id), "ended, and in force").to.equal(false);
            for (const { steps } of records)
              expect(
                steps.every(({ counts }) => counts),
                "nothing is recorded that does not count",
              ).to.equal(true);
          },
          (before) => failing[before],
        );
      }),
      { numRuns: 20 },
    );
  });
});

async function attempt(acts: ConsentActs, what: string, id: string): Promise<unknown> {
  switch (what) {
    case "withdraw":
      return await acts.withdraw(ANH, id);
    case "revoke":
      return await acts.revoke(AGENCY, id);
    case "invalidate":
      return await acts.invalidate(INSPECTOR, id, { en: "Not informed." });
    case "renew": {
      const { terms: _, ...untold } = GIVING;
      return await acts.give(ANH, { ...untold, id, state: "RenewedConsentGiven" });
    }
    case "request":
      return await acts.request(AGENCY, { person: ANH.subject, terms: TERMS, ...NOTICE });
    case "refuse":
      return await acts.decline(ANH, { state: "ConsentRefused", id });
    default:
      return await acts.give(ANH, GIVING);
  }
}

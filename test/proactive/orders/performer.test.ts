import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { StepOrder } from "../../../proactive/orders/order.ts";
import { openOrderStore, type OrderStore } from "../../../proactive/orders/order-store.ts";
import { NotNowError } from "../../../proactive/orders/performer.ts";
import { Died, PerformingAgency } from "./agency.ts";

const OWNER = "999199000001";
const LEAD = "qn-construction";
const WATER: StepOrder = {
  ...{ key: "BUILD_PERMIT-1/water", procedure: "BUILD_PERMIT", step: "water" },
  ...{ caseId: "BUILD_PERMIT-1", subject: OWNER },
};
const PLACE: StepOrder = {
  ...{ key: "SCHOOL_ADM-1/school", procedure: "SCHOOL_ADM", step: "school" },
  ...{ caseId: "SCHOOL_ADM-1", subject: OWNER },
};
const SITE = { "pd:Name": "Nguyễn Thị An", "pd:PhysicalAddress": "Thôn 3, xã Tam Ngọc" };

describe("proactive/orders/performer", () => {
  let directory: string;
  let store: OrderStore;
  let water: PerformingAgency;
  let education: PerformingAgency;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-orders-"));
    store = await openOrderStore(directory);
    water = new PerformingAgency("water");
    water.answer = SITE;
    education = new PerformingAgency("education");
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  it("reads what the plan names under the order's name, enters it and records what it did", async () => {
    expect(await water.run(store).perform(WATER, LEAD)).to.equal("done");
    expect(water.reads).to.deep.equal([
      {
        ...{ register: "construction", categories: ["pd:Name", "pd:PhysicalAddress"], subject: OWNER },
        ...{ procedure: "BUILD_PERMIT", caseId: "BUILD_PERMIT-1", messageId: WATER.key },
      },
    ]);
    expect(water.held.get(OWNER)).to.deep.equal(SITE);
    const [action, ...others] = water.recorded;
    expect(others).to.deep.equal([]);
    expect(action).to.deep.include({
      ...{ type: "action", subject: { scheme: "vn-cccd", id: OWNER }, case: "BUILD_PERMIT-1" },
      purpose: { procedure: "BUILD_PERMIT", consent: "consent-1" },
      data: { action: "U", personalData: ["pd:Name", "pd:PhysicalAddress"] },
      outcome: { code: "success", detail: "step: water" },
    });
    expect(action).not.to.have.property("exchange");
  });

  it("does the same order once, also after a restart; another agency's of the same name is another one", async () => {
    const running = water.run(store);
    const answers = await Promise.all([1, 2, 3].map(async () => await running.perform(WATER, LEAD)));
    expect(answers).to.deep.equal(["done", "done", "done"]);
    await store.close();
    store = await openOrderStore(directory);
    const since = { "pd:Name": "Nguyễn Thị Ân", "pd:PhysicalAddress": "Thôn 4, xã Tam Ngọc" };
    water.held.set(OWNER, since);
    expect(await water.run(store).perform(WATER, LEAD)).to.equal("done");
    expect(water.held.get(OWNER), "what was corrected since stays").to.deep.equal(since);
    expect([water.reads.length, water.recorded.length]).to.deep.equal([1, 1]);
    await water.run(store).perform(WATER, "qn-other");
    expect([water.reads.length, water.recorded.length]).to.deep.equal([2, 2]);
  });

  it("refuses what it may not read, for good, and says so on the ledger", async () => {
    water.answer = { refused: "consent-withdrawn" };
    const refusal = { refused: "consent-withdrawn" };
    expect(await water.run(store).perform(WATER, LEAD)).to.deep.equal(refusal);
    water.answer = SITE;
    expect(await water.run(store).perform(WATER, LEAD), "the same order").to.deep.equal(refusal);
    expect(water.held.size).to.equal(0);
    expect(water.recorded.map(({ outcome, data }) => [outcome, data])).to.deep.equal([
      [{ code: "refused", detail: "step: water: consent-withdrawn" }, undefined],
    ]);
    const again = { ...WATER, key: `${WATER.key}/2` };
    expect(await water.run(store).perform(again, LEAD), "another order").to.equal("done");
  });

  it("says nothing while what it needs cannot be read, and keeps nothing of it", async () => {
    water.answer = "down";
    const failed = await water
      .run(store)
      .perform(WATER, LEAD)
      .catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(NotNowError);
    expect(water.recorded).to.deep.equal([]);
    water.answer = SITE;
    expect(await water.run(store).perform(WATER, LEAD)).to.equal("done");
  });

  it("does no step of another register, and none that no procedure has", async () => {
    const { perform, undo } = water.run(store);
    const unknown = { refused: "unknown-step" };
    expect(await perform({ ...WATER, step: "electricity" }, LEAD)).to.deep.equal(unknown);
    expect(await perform({ ...WATER, procedure: "constructor" }, LEAD)).to.deep.equal(unknown);
    expect(await undo({ ...WATER, step: "electricity" }, LEAD)).to.deep.equal(unknown);
    expect(await undo(WATER, LEAD)).to.deep.equal({ refused: "no-undo" });
    expect(await perform({ ...WATER, subject: "nobody" }, LEAD)).to.deep.equal({ refused: "unknown-person" });
  });

  it("puts back what the register held before, once", async () => {
    education.held.set(OWNER, { "pd:EducationQualification": "before", "pd:Name": "An" });
    const { perform, undo } = education.run(store);
    await perform(PLACE, "qn-education");
    expect(education.held.get(OWNER)).to.have.nested.property("pd:EducationQualification.place", "kept");
    expect(await undo(PLACE, "qn-education")).to.equal("done");
    expect(await undo(PLACE, "qn-education")).to.equal("done");
    expect(education.held.get(OWNER)).to.deep.equal({
      "pd:EducationQualification": "before",
      "pd:Name": "An",
    });
    expect(education.recorded.map(({ outcome }) => outcome?.detail)).to.deep.equal([
      ...["step: school", "step undone: school"],
    ]);
    expect(await perform(PLACE, "qn-education"), "late").to.deep.equal({ refused: "undone" });
  });

  it("takes no other order by the same name, and nobody else's register is changed by an undo", async () => {
    const agency = education.run(store);
    const [child, other] = [OWNER, "999199000002"];
    education.held.set(child, { "pd:EducationQualification": "before" });
    await agency.perform(PLACE, LEAD);
    const held = structuredClone(education.held);
    expect(await agency.undo({ ...PLACE, subject: other }, LEAD)).to.deep.equal({ refused: "another-order" });
    expect(await agency.perform({ ...PLACE, subject: other }, LEAD)).to.deep.equal({
      refused: "another-order",
    });
    expect(education.held).to.deep.equal(held);
  });

  it("refuses an order that comes after its undo", async () => {
    const { perform, undo } = education.run(store);
    const [undone, performed] = await Promise.all([
      undo(PLACE, "qn-education"),
      perform(PLACE, "qn-education"),
    ]);
    expect([undone, performed]).to.deep.equal(["done", { refused: "undone" }]);
    expect([education.held.size, education.recorded.length]).to.deep.equal([0, 0]);
  });

  for (const dies of ["before", "after"] as const)
    it(`killed ${dies} anything it does, it has done it once when it is asked again`, async () => {
      for (let dieAt = 1, survived = false; !survived; dieAt++) {
        const agency = new PerformingAgency("education");
        const order = { ...PLACE, key: `${dies}-${dieAt}` };
        agency.held.set(OWNER, { "pd:EducationQualification": "before" });
        Object.assign(agency, { dieAt, dies });
        survived = await withRestarts(async () => {
          await agency.run(store).perform(order, "qn-education");
          await agency.run(store).undo(order, "qn-education");
        });
        const label = `${dies} ${dieAt}`;
        expect(agency.held.get(OWNER), label).to.deep.equal({ "pd:EducationQualification": "before" });
        expect(
          agency.recorded.map(({ outcome }) => outcome?.detail),
          label,
        ).to.deep.equal([...["step: school", "step undone: school"]]);
        expect(dieAt).to.be.below(20);
      }
    });

  it("changes nothing that it has not recorded, wherever it dies", async () => {
    for (let dieAt = 1, hasDied = true; hasDied; dieAt++) {
      const agency = new PerformingAgency("education");
      const order = { ...PLACE, key: `recorded-${dieAt}` };
      Object.assign(agency, { dieAt, dies: "after" });
      hasDied = await agency
        .run(store)
        .perform(order, "qn-education")
        .then(() => false)
        .catch((error: unknown) => error instanceof Died);
      expect(agency.recorded.length, `${dieAt}`).to.be.at.least(agency.held.size);
      expect(dieAt).to.be.below(20);
    }
  });

  for (const dies of ["before", "after"] as const)
    it(`killed ${dies} anything while it refuses, it has refused once when it is asked again`, async () => {
      for (let dieAt = 1, survived = false; !survived; dieAt++) {
        const agency = new PerformingAgency("water");
        agency.answer = { refused: "consent-missing" };
        Object.assign(agency, { dieAt, dies });
        const order = { ...WATER, key: `${dies}-${dieAt}` };
        survived = await withRestarts(async () => {
          expect(await agency.run(store).perform(order, LEAD)).to.deep.equal({ refused: "consent-missing" });
        });
        expect(agency.recorded.length, `${dies} ${dieAt}`).to.equal(1);
        expect(agency.held.size).to.equal(0);
        expect(dieAt).to.be.below(20);
      }
    });
});

/** Does the work until nobody dies in it; whether nobody did the first time. */
async function withRestarts(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    await work();
    return false;
  }
}

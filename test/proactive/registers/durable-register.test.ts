import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import fc from "fast-check";
import { addDays, type Day } from "../../../proactive/population/calendar.ts";
import { population } from "../../../proactive/population/population.ts";
import { book, type Change } from "../../../proactive/registers/book.ts";
import type { RegisterCode } from "../../../proactive/registers/configurations.ts";
import { type DurableRegister, openRegister } from "../../../proactive/registers/durable-register.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { registerOn } from "../../../proactive/registers/register.ts";
import { TOLD } from "./told.ts";

const AS_OF = TOLD.asOf;
const PEOPLE = population({ ...TOLD, persons: 3000, days: 92 });
const SOCIETY = society(PEOPLE, AS_OF);
const [SOMEBODY = ""] = PEOPLE.persons.map(({ id }) => id);

describe("proactive/registers: a register that lasts", () => {
  let directory: string;
  let open: DurableRegister | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-register-"));
  });
  afterEach(async () => {
    await open?.close();
    open = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function opened(code: RegisterCode, run = 0): Promise<DurableRegister> {
    await open?.close();
    open = await openRegister(code, {
      directory: path.join(directory, `run-${run}`),
      society: SOCIETY,
      documents: PEOPLE.documents,
    });
    return open;
  }

  it("holds after any telling and reopening what it held before, and heard every day once", async () => {
    const born = PEOPLE.timeline.filter((each) => each.kind === "birth");
    const dead = PEOPLE.timeline.filter((each) => each.kind === "death");
    let run = 0;
    const days = fc.array(fc.integer({ min: 1, max: 92 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(days, async (ends) => {
        const before = await opened("health", ++run);
        for (const end of ends) await before.hear(PEOPLE.timeline, addDays(AS_OF, end));
        const until = before.heardUntil() ?? "";
        const facts = (held: DurableRegister): unknown => ({
          newcomers: born.map(({ notice }) => held.read(notice, ["pd:Name", "pd:Parent"])),
          gone: dead.map(({ person }) => held.read(person, ["pd:LifeHistory"])),
          births: held.happened("birth", AS_OF, "2028-01-01"),
          deaths: held.happened("death", AS_OF, "2028-01-01"),
          until: held.heardUntil(),
        });
        expect(before.happened("death", AS_OF, "2028-01-01")).to.deep.equal(
          dead.filter(({ on }) => on < until),
        );
        const said = facts(before);
        expect(facts(await opened("health", run))).to.deep.equal(said);
      }),
      { numRuns: 8 },
    );
  });

  it("holds corrections and new entries after reopening", async () => {
    const before = await opened("civil-status");
    const notice = "99901.GCS.00077.26";
    await before.enter(notice, { "pd:Name": "Nguyễn Thị Bé", "pd:BirthDate": "2026-11-23" });
    await before.correct(notice, "pd:BirthDate", "2026-11-24");
    await before.correct(SOMEBODY, "pd:Name", "Nguyễn Văn Mới");
    const after = await opened("civil-status");
    expect(after.read(notice, ["pd:Name", "pd:BirthDate"])).to.deep.equal({
      ...{ "pd:Name": "Nguyễn Thị Bé", "pd:BirthDate": "2026-11-24" },
    });
    expect(after.bornIn(2026)).to.include(notice);
    expect(after.read(SOMEBODY, ["pd:Name"])).to.deep.equal({ "pd:Name": "Nguyễn Văn Mới" });
    expect(after.read("99901.GCS.00078.26", ["pd:Name"])).to.equal(undefined);
  });

  it("is opened for the people and the register that it was made for, and for no others", async () => {
    const before = await opened("population");
    await before.correct(SOMEBODY, "pd:Name", "Nguyễn Văn Mới");
    await before.close();
    open = undefined;
    const others = population({ ...TOLD, seed: 4 });
    const folder = path.join(directory, "run-0");
    for (const [code, people] of [
      ["population", others],
      ["civil-status", PEOPLE],
    ] as const) {
      const place = { directory: folder, society: society(people, AS_OF), documents: people.documents };
      const error = await openRegister(code, place).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(RangeError);
      expect(String(error)).to.include("a folder of its own");
    }
    const after = await opened("population");
    expect(after.read(SOMEBODY, ["pd:Name"])).to.deep.equal({ "pd:Name": "Nguyễn Văn Mới" });
  });

  it("says nothing that is not kept yet, and goes on after a write that failed", async () => {
    const kept: Change[] = [];
    let fails = true;
    const held = registerOn(book("population", SOCIETY, PEOPLE.documents), async (change) => {
      await Promise.resolve();
      if (fails) throw new Error("the disk is full");
      kept.push(change);
    });
    const before = held.read(SOMEBODY, ["pd:Name"]);
    const failed = await held.correct(SOMEBODY, "pd:Name", "Nguyễn Văn Mới").catch(String);
    expect(failed).to.include("the disk is full");
    expect(held.read(SOMEBODY, ["pd:Name"])).to.deep.equal(before);
    fails = false;
    const correction = held.correct(SOMEBODY, "pd:Name", "Nguyễn Văn Mới");
    expect(held.read(SOMEBODY, ["pd:Name"])).to.deep.equal(before);
    await correction;
    expect(held.read(SOMEBODY, ["pd:Name"])).to.deep.equal({ "pd:Name": "Nguyễn Văn Mới" });
    expect(kept.length).to.equal(1);
  });

  it("keeps changes in the order in which they count, however many are made at once", async () => {
    const before = await opened("population");
    const names = Array.from({ length: 30 }, (_, at) => `Nguyễn Văn ${at}`);
    await Promise.all(names.map(async (name) => await before.correct(SOMEBODY, "pd:Name", name)));
    expect(before.read(SOMEBODY, ["pd:Name"])).to.deep.equal({ "pd:Name": names.at(-1) });
    expect((await opened("population")).read(SOMEBODY, ["pd:Name"])).to.deep.equal({
      "pd:Name": names.at(-1),
    });
  });

  it("loses nothing that it said it kept when its process is killed", async () => {
    const program = path.join(import.meta.dirname, "telling.ts");
    let last = 0;
    for (const lines of [29, 11, 3]) {
      const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
      const output = createInterface({ input: child.stdout });
      let seen = 0;
      for await (const line of output) {
        last = Number(line);
        if (++seen === lines) child.kill("SIGKILL");
      }
      if (child.signalCode === null) await once(child, "exit");
      const told = (await openedFor("population"))["pd:Residency"];
      expect(Number(/^Nhà số (\d+)$/.exec(String(told))?.[1])).to.be.within(last, last + 1);
    }
  });

  async function openedFor(code: RegisterCode): Promise<Record<string, unknown>> {
    const people = population(TOLD);
    const held = await openRegister(code, {
      ...{ directory, society: society(people, AS_OF), documents: people.documents },
    });
    const facts = held.read(people.persons[0]?.id ?? "", ["pd:Residency"]) ?? {};
    await held.close();
    return facts;
  }
});

describe("proactive/registers: what a register shows to who looks for occasions", () => {
  const END: Day = "2027-03-01";

  function held(code: RegisterCode): ReturnType<typeof registerOn> {
    return registerOn(book(code, SOCIETY, PEOPLE.documents), () => Promise.resolve());
  }

  it("a document that is issued anew ends on its new day alone", async () => {
    const police = held("population");
    const licence = police.ending(AS_OF, END).find(({ kind }) => kind === "driving-licence");
    if (licence === undefined) throw new Error("no licence ends");
    await police.correct(licence.holder, "pd:VehicleLicense", { ...licence, expires: "2037-01-05" });
    expect(police.ending(AS_OF, END)).to.not.deep.include(licence);
    expect(police.ending("2037-01-05", "2037-01-06").map(({ number }) => number)).to.include(licence.number);
  });

  it("a document of somebody else, or none of its own issue, replaces nothing", async () => {
    const police = held("population");
    const [licence] = police.ending(AS_OF, END);
    if (licence === undefined) throw new Error("nothing ends");
    const before = police.ending(AS_OF, END);
    await police.correct(SOMEBODY, "pd:Passport", {
      ...licence,
      expires: AS_OF,
      holder: "999199000001",
    });
    await police.correct(SOMEBODY, "pd:Passport", { ...licence, kind: "tour-guide", holder: SOMEBODY });
    expect(police.ending(AS_OF, END)).to.deep.equal(before);
  });

  it("each hears only what is told to it", async () => {
    const listeners = { birth: "health", death: "health", "building-permit": "construction" } as const;
    for (const code of ["population", "health", "construction", "business", "civil-status"] as const) {
      const each = held(code);
      await each.hear(PEOPLE.timeline, END);
      for (const [kind, listener] of Object.entries(listeners) as [keyof typeof listeners, string][])
        expect(each.happened(kind, AS_OF, END).length > 0, `${code} of ${kind}`).to.equal(code === listener);
    }
  });

  it("a second notice of one child is no other birth; a twin is", async () => {
    const health = held("health");
    const birth = PEOPLE.timeline.find((each) => each.kind === "birth");
    if (birth === undefined) throw new Error("nobody is born");
    const again = { ...birth, notice: "99901.GCS.00001.26" };
    const twin = {
      ...birth,
      notice: "99901.GCS.00002.26",
      child: { ...birth.child, name: "Nguyễn Thị Hai" },
    };
    await health.hear([birth, again, twin], END);
    expect(health.happened("birth", AS_OF, END)).to.deep.equal([birth, twin]);
    expect(health.read(again.notice, [])).to.equal(undefined);
  });

  it("a new guardian takes the old one's place, and the parents stay who they are", async () => {
    const civil = held("civil-status");
    const child = PEOPLE.persons.find(({ guardian }) => guardian !== undefined);
    if (child === undefined) throw new Error("there are no children");
    const change = { kind: "guardian-change", on: AS_OF, child: child.id, guardian: SOMEBODY } as const;
    await civil.hear([change], END);
    expect(civil.read(child.id, ["pd:Parent"])).to.deep.equal({
      "pd:Parent": { mother: child.mother ?? null, father: child.father ?? null, guardian: SOMEBODY },
    });
  });

  it("who died is gone where that is known, and does not come back by moving", async () => {
    const [health, police] = [held("health"), held("population")];
    await health.hear([{ kind: "death", on: AS_OF, notice: "99901.BT.00001.26", person: SOMEBODY }], END);
    expect([health.knowsGone(SOMEBODY), police.knowsGone(SOMEBODY)]).to.deep.equal([true, false]);
    expect(health.read(SOMEBODY, ["pd:LifeHistory"])?.["pd:LifeHistory"]).to.include({ died: AS_OF });
    await police.correct(SOMEBODY, "pd:Residency", null);
    const move = {
      kind: "move",
      on: AS_OF,
      household: "HH-1",
      members: [SOMEBODY],
      knownTo: "population",
    } as const;
    await police.hear([{ ...move, to: { commune: "hoi-an", line: "Nhà số 1" } }], END);
    expect(police.knowsGone(SOMEBODY)).to.equal(true);
    expect(police.read(SOMEBODY, ["pd:OfficialID", "pd:Residency"])).to.deep.equal({
      ...{ "pd:OfficialID": null, "pd:Residency": null },
    });
  });

  it("children are those of a year by its own dates, and households those at the line by its own scores", async () => {
    const police = held("population");
    const born = PEOPLE.persons.filter((each) => each.born.startsWith("2020")).map(({ id }) => id);
    expect(police.bornIn(2020)).to.have.members(born);
    const [child = ""] = born;
    await police.correct(child, "pd:BirthDate", "2019-12-31");
    expect(police.bornIn(2020)).to.have.members(born.slice(1));
    expect(police.bornIn(2019)).to.include(child);
    expect(held("tax").bornIn(2020)).to.deep.equal([]);

    const social = held("social");
    const poor = PEOPLE.households.filter(({ review }) => review.b1 <= 140);
    expect(social.reviewedUpTo(140)).to.deep.equal(
      poor.map(({ code, members, review }) => ({ code, head: members[0], b1: review.b1 })),
    );
    const better = poor[0]?.members[0] ?? "";
    await social.correct(better, "pd:SocialStatus", { b1: 141, b2: 20 });
    expect(social.reviewedUpTo(140).length).to.equal(poor.length - 1);
    expect(held("tax").reviewedUpTo(140)).to.deep.equal([]);
  });
});

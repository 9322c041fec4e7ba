import { once } from "node:events";
import { expect } from "chai";
import type { SignedOn } from "../../../server/identity/caller.ts";
import { credentialsOf } from "../../../server/portal/bound-credentials.ts";
import { type Grant, openSessions, type SessionLimits } from "../../../server/portal/sessions.ts";
import { type Expiring, expiringInMemory } from "../../../server/store/expiring.ts";
import { INSPECTOR, SIGN_ON } from "../callers.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-11-22T04:00:00Z");

describe("server/portal/sessions", () => {
  let now: number;
  let kept: Expiring;
  beforeEach(() => {
    now = START;
    kept = expiringInMemory({ now: () => now });
  });

  function opened(limits?: SessionLimits) {
    const clock = { now: () => now };
    return openSessions({
      ...{ kept, credentialsOf: credentialsOf(clock), clock, idleMs: 15 * MINUTE, maxMs: 60 * MINUTE },
      ...{ watchMs: 5, ...(limits && { limits }) },
    });
  }

  function of(subject: string, expires = 4_102_444_800): { caller: SignedOn; grant: Grant } {
    return {
      caller: { ...INSPECTOR, signOn: { ...SIGN_ON, subject, expires } },
      grant: { token: subject },
    };
  }

  it("each has an id of 256 random bits, and is found by it alone", async () => {
    const sessions = opened();
    const ids: string[] = [];
    for (let n = 0; n < 8; n++) ids.push((await sessions.begin(of("a"))).id);
    expect(new Set(ids).size).to.equal(8);
    for (const id of ids) expect(Buffer.from(id, "base64url")).to.have.length(32);
    expect((await sessions.find(ids[3] ?? "", true))?.caller.signOn.subject).to.equal("a");
    for (const id of ["", "x", `${ids[3]}=`, ids[3]?.toLowerCase() ?? ""])
      expect(await sessions.find(id, true)).to.equal(undefined);
  });

  it("ends when nobody used it, at the latest time, or with its token", async () => {
    const sessions = opened();
    const { id } = await sessions.begin(of("a"));
    now += 14 * MINUTE;
    expect((await sessions.find(id, false))?.idleEnds, "looking alone does not move its end").to.equal(
      now + MINUTE,
    );
    now += MINUTE;
    expect(await sessions.find(id, true), "looking alone does not keep it").to.equal(undefined);

    const { id: used } = await sessions.begin(of("b"));
    for (let minutes = 0; minutes < 59; minutes++) {
      now += MINUTE;
      const { idleEnds, ends } = (await sessions.find(used, true)) ?? {};
      expect(idleEnds, `${minutes}`).to.equal(Math.min(now + 15 * MINUTE, ends ?? 0));
    }
    now += MINUTE;
    expect(await sessions.find(used, true), "an hour is the most").to.equal(undefined);

    const short = await sessions.begin(of("c", now / 1000 + 60));
    expect(short.session.ends).to.equal(now + MINUTE);
    now += MINUTE;
    expect(await sessions.find(short.id, true), "the token is over").to.equal(undefined);
  });

  it("ended, it is over for whoever still holds it", async () => {
    const sessions = opened();
    const { id, session } = await sessions.begin(of("a"));
    const { over } = session.watch();
    await sessions.end("unknown");
    expect(over.aborted).to.equal(false);
    await sessions.end(id);
    expect(over.aborted).to.equal(true);
    expect(await sessions.find(id, true)).to.equal(undefined);
  });

  it("a person's further browsers push out the one used longest ago, and nobody else's", async () => {
    const sessions = opened({ total: 100, perPerson: 2 });
    const begin = async (subject: string): Promise<string> => (await sessions.begin(of(subject))).id;
    const [other, first, second] = [await begin("b"), await begin("a"), await begin("a")];
    now += MINUTE;
    await sessions.find(first, true);
    const third = await begin("a");
    const found = await Promise.all(
      [other, first, second, third].map(async (id) => await sessions.find(id, false)),
    );
    expect(found.map((session) => session !== undefined)).to.deep.equal([true, true, false, true]);
  });

  it("there are never more than the limit, and the one used longest ago makes room", async () => {
    const sessions = opened({ total: 3, perPerson: 3 });
    const ids: string[] = [];
    for (const subject of ["a", "b", "c", "d"]) {
      now += MINUTE;
      if (subject === "d") await sessions.find(ids[0] ?? "", true);
      ids.push((await sessions.begin(of(subject))).id);
    }
    const found = await Promise.all(ids.map(async (id) => await sessions.find(id, false)));
    expect(found.map((session) => session !== undefined)).to.deep.equal([true, false, true, true]);
  });

  it("is found by another server that keeps them at the same place, and ended there it is over here", async () => {
    const [one, two] = [opened(), opened()];
    const { id, session } = await one.begin(of("a"));
    const watch = session.watch();
    expect((await two.find(id, true))?.caller).to.deep.equal(session.caller);
    expect(await (await two.find(id, false))?.credentialsFor({ method: "GET", url: "x" })).to.deep.equal({
      authorization: "Bearer a",
    });
    const over = once(watch.over, "abort");
    await two.end(id);
    await over;
    expect(await one.find(id, true)).to.equal(undefined);
    watch.release();
  });

  it("tells whoever reads where it is kept neither an id, nor a token, nor a name", async () => {
    const entries: unknown[] = [];
    const { add } = kept;
    kept = {
      ...kept,
      add: async (entry) => {
        entries.push({ ...entry, owner: undefined, value: Buffer.from(entry.value).toString("latin1") });
        return await add(entry);
      },
    };
    const signedOn = of("the-token");
    const { id } = await opened().begin({ ...signedOn, caller: { ...signedOn.caller, name: "the-name" } });
    const text = JSON.stringify(entries);
    for (const secret of [id, "the-token", "the-name"]) expect(text).to.not.include(secret);
    expect(await opened().find(id, true)).to.not.equal(undefined);
  });
});

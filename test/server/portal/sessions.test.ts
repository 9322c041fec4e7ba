import { expect } from "chai";
import { openSessions, type Session, type SessionLimits } from "../../../server/portal/sessions.ts";
import { INSPECTOR, SIGN_ON } from "../callers.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-11-22T04:00:00Z");

describe("server/portal/sessions", () => {
  let now: number;
  beforeEach(() => (now = START));

  function opened(limits?: SessionLimits) {
    const options = { clock: { now: () => now }, idleMs: 15 * MINUTE, maxMs: 60 * MINUTE };
    return openSessions(limits === undefined ? options : { ...options, limits });
  }

  function of(subject: string, expires = 4_102_444_800): Pick<Session, "caller" | "credentialsFor"> {
    return {
      caller: { ...INSPECTOR, signOn: { ...SIGN_ON, subject, expires } },
      credentialsFor: () => Promise.resolve({ authorization: `Bearer ${subject}` }),
    };
  }

  it("each has an id of 256 random bits, and is found by it alone", () => {
    const sessions = opened();
    const ids = Array.from({ length: 8 }, () => sessions.begin(of("a")).id);
    expect(new Set(ids).size).to.equal(8);
    for (const id of ids) expect(Buffer.from(id, "base64url")).to.have.length(32);
    expect(sessions.find(ids[3] ?? "", true)?.caller.signOn.subject).to.equal("a");
    for (const id of ["", "x", `${ids[3]}=`, ids[3]?.toLowerCase() ?? ""])
      expect(sessions.find(id, true)).to.equal(undefined);
  });

  it("ends when nobody used it, at the latest time, or with its token", () => {
    const sessions = opened();
    const { id } = sessions.begin(of("a"));
    now += 14 * MINUTE;
    expect(sessions.find(id, false)).to.not.equal(undefined);
    now += MINUTE;
    expect(sessions.find(id, true), "looking alone does not keep it").to.equal(undefined);

    const used = sessions.begin(of("b")).id;
    for (let minutes = 0; minutes < 59; minutes++) {
      now += MINUTE;
      expect(sessions.find(used, true), `${minutes}`).to.not.equal(undefined);
    }
    now += MINUTE;
    expect(sessions.find(used, true), "an hour is the most").to.equal(undefined);

    const short = sessions.begin(of("c", now / 1000 + 60));
    expect(short.session.ends).to.equal(now + MINUTE);
    now += MINUTE;
    expect(sessions.find(short.id, true), "the token is over").to.equal(undefined);
  });

  it("ended, it is over for whoever still holds it", () => {
    const sessions = opened();
    const { id, session } = sessions.begin(of("a"));
    sessions.end(id);
    sessions.end("unknown");
    expect(session.over.aborted).to.equal(true);
    expect(sessions.find(id, true)).to.equal(undefined);
  });

  it("a person's further browsers push out the one used longest ago, and nobody else's", () => {
    const sessions = opened({ total: 100, perPerson: 2 });
    const other = sessions.begin(of("b")).id;
    const [first, second] = [sessions.begin(of("a")).id, sessions.begin(of("a")).id];
    sessions.find(first, true);
    const third = sessions.begin(of("a")).id;
    expect([other, first, second, third].map((id) => sessions.find(id, false) !== undefined)).to.deep.equal([
      ...[true, true, false, true],
    ]);
  });

  it("there are never more than the limit, and the one used longest ago makes room", () => {
    const sessions = opened({ total: 3, perPerson: 3 });
    const ids = ["a", "b", "c"].map((subject) => sessions.begin(of(subject)).id);
    sessions.find(ids[0] ?? "", true);
    ids.push(sessions.begin(of("d")).id);
    expect(ids.map((id) => sessions.find(id, false) !== undefined)).to.deep.equal([true, false, true, true]);
  });
});

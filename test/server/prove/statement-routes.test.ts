import { expect } from "chai";
import type { Caller, PersonId } from "../../../server/identity/caller.ts";
import { statementRoutes } from "../../../server/prove/statement-routes.ts";
import { statementSlots } from "../../../server/prove/statement-slots.ts";
import type { StatementRequest } from "../../../server/prove/statement.ts";
import type { Answer, RouteRequest } from "../../../server/route.ts";
import { citizen, INSPECTOR, officer } from "../callers.ts";

const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const CITIZEN = citizen(PERSON);

describe("server/prove/statement-routes", () => {
  let asked: Omit<StatementRequest, "caller"> | undefined;
  let failure: Error | undefined;
  const [get, post] = statementRoutes({
    makeStatement: ({ subject, since }) => {
      asked = { subject, since };
      if (failure !== undefined) throw failure;
      const head = {
        log: { chainId: 1, registry: `0x${"ab".repeat(20)}`, logId: 1 },
        horizon: 1,
        anchor: { block: 1, transaction: `0x${"00".repeat(32)}` },
        lists: [],
      };
      return Promise.resolve({ head, parts: (async function* () {})() });
    },
    representation: { ownOf: async (caller) => await Promise.resolve(ownOf(caller)) },
    takeSlot: statementSlots({ total: 1, perCaller: 1 }),
  });

  beforeEach(() => {
    asked = undefined;
    failure = undefined;
  });

  function request(body: string, query = ""): RouteRequest {
    const parameters = new URLSearchParams(query);
    return {
      path: "/v1/statement",
      parameter: () => "",
      query: (name) => parameters.get(name) ?? undefined,
      queryNames: [...parameters.keys()],
      accept: "",
      header: () => undefined,
      body: Buffer.from(body),
    };
  }

  async function answer(body: string, caller: Caller = INSPECTOR, query?: string): Promise<Answer> {
    if (post === undefined) throw new Error("no route");
    return await post.handle(request(body, query), caller);
  }

  async function taken(made: Answer): Promise<void> {
    if (!("chunks" in made)) throw new Error("no stream");
    for await (const chunk of made.chunks) expect(chunk).to.be.a("string");
  }

  async function codeOf(work: Promise<unknown>): Promise<unknown> {
    return await work.then(
      () => undefined,
      (error: unknown) => (error as { code?: unknown }).code,
    );
  }

  it("takes from a body what it takes from the URL", async () => {
    const person = { kind: "person", person: PERSON };
    await taken(await answer(JSON.stringify({ ...PERSON, since: [12, 3] })));
    const inBody = asked;
    expect(inBody).to.deep.equal({ subject: person, since: [12, 3] });
    if (get === undefined) throw new Error("no route");
    await taken(await get.handle(request("", "scheme=vn-cccd&id=999199000001&since=12,3"), INSPECTOR));
    expect(asked).to.deep.equal(inBody);
    await taken(await answer("{}", CITIZEN));
    expect(asked).to.deep.equal({ subject: person, since: [] });
    await taken(await answer(`{"kind":"consent","id":"consent:c-1"}`));
    expect(asked).to.deep.equal({ subject: { kind: "consent", id: "consent:c-1" }, since: [] });
  });

  it("gives officers the lists of their own agency's officials, and nobody else's", async () => {
    const police = officer("qn-police");
    for (const id of ["agent:qn-police/officer-17", "agent:VN%2FGOV%2Fqn-police%2Fregistry/officer-17"]) {
      await taken(await answer(JSON.stringify({ kind: "official", id }), police));
      expect(asked?.subject).to.deep.equal({ kind: "official", id });
    }
    asked = undefined;
    for (const body of [
      { kind: "official", id: "agent:qn-justice/officer-17" },
      { kind: "official", id: "agent:VN%2FGOV%2Fqn-justice%2Fqn-police/officer-17" },
      { kind: "official", id: "agent:VN%2FCOM%2Fqn-police%2Fregistry/officer-17" },
      { kind: "consent", id: "consent:c-1" },
      PERSON,
      {},
    ])
      expect(await codeOf(answer(JSON.stringify(body), police)), JSON.stringify(body)).to.equal("forbidden");
    expect(asked).to.equal(undefined);
  });

  it("refuses a body that says something else, something twice, or too much", async () => {
    const seventeen = JSON.stringify({ since: Array(17).fill(0) });
    for (const body of [
      ...["[]", "null", `"x"`, `{"name":1}`, `{"kind":1}`, `{"kind":"person","id":7}`, `{"scheme":null}`],
      ...[
        `{"since":"1"}`,
        `{"since":[-1]}`,
        `{"since":[1.5]}`,
        `{"since":["1"]}`,
        `{"since":[1e99]}`,
        seventeen,
      ],
    ])
      expect(await codeOf(answer(body, CITIZEN)), body).to.equal("bad-request");
    for (const body of ["", "{", `{"id":"1","id":"2"}`, `{"since":[[[1]]]}`])
      expect(await codeOf(answer(body, CITIZEN)), body).to.match(/json/);
    expect(await codeOf(answer("{}", CITIZEN, "since=1"))).to.equal("bad-request");
    expect(await codeOf(answer(`{"scheme":"vn-cccd","id":"999199000002"}`, CITIZEN))).to.equal("no-mandate");
    expect(asked).to.equal(undefined);
  });

  it("holds a place until the answer is taken, broken off, or failed", async () => {
    const made = await answer("{}", CITIZEN);
    expect(await codeOf(answer("{}", CITIZEN))).to.equal("overloaded");
    await taken(made);
    const left = await answer("{}", CITIZEN);
    if (!("chunks" in left)) throw new Error("no stream");
    const chunks = left.chunks[Symbol.asyncIterator]();
    await chunks.next();
    expect(await codeOf(answer("{}", CITIZEN))).to.equal("overloaded");
    await chunks.return?.();
    failure = new Error("damaged");
    expect(await codeOf(answer("{}", CITIZEN))).to.equal(undefined);
    failure = undefined;
    await taken(await answer("{}", CITIZEN));
  });
});

function ownOf(caller: Caller): readonly PersonId[] {
  return caller.role === "citizen" ? [caller.subject] : [];
}

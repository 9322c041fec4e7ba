import { expect } from "chai";
import type { Facets } from "../../../protocol/facet-values.ts";
import { exchangeHalf } from "../../../protocol/exchange.ts";
import { parseSource } from "../../../protocol/source.ts";
import { makeEvent, parseEvent } from "../../../protocol/event.ts";
import type { Desk, DeskAct } from "../../../server/desk/desk.ts";
import { lookRecorder } from "../../../server/desk/looks.ts";
import { LedgerError } from "../../../server/errors.ts";
import type { Caller } from "../../../server/identity/caller.ts";
import { facetCheck } from "../../../server/receive/facet-check.ts";
import { agency, citizen, INSPECTOR, officer, OPERATOR, REGISTRAR } from "../callers.ts";

const source = parseSource("qn-operator/desk");
const RECORDED = { index: 1, seq: 1, leafHash: "A".repeat(43), time: 0 };

function person(number: number): { scheme: "vn-cccd"; id: string } {
  return { scheme: "vn-cccd", id: String(999_199_000_000 + number) };
}

describe("server/desk/looks", () => {
  let acts: DeskAct[];
  const desk: Pick<Desk, "source" | "record"> = {
    source,
    record: async (act) => {
      acts.push(act);
      return await Promise.resolve(RECORDED);
    },
  };
  const look = lookRecorder(desk);

  beforeEach(() => {
    acts = [];
  });

  const subjects = ({ facets }: DeskAct): string[] =>
    Object.entries(facets).flatMap(([name, value]) =>
      name.startsWith("subject") ? [(value as { id: string }).id] : [],
    );

  it("records who looked at whom, with which part of the ledger, as an access that is whole in itself", async () => {
    await look(INSPECTOR, { people: [person(1)], what: "evidence", indexes: [17] });
    const [act] = acts;
    const facets: Facets = { ...act?.facets, type: "access", time: { occurred: "2026-11-22T08:00:00Z" } };
    const random = (bytes: number): Uint8Array => new Uint8Array(bytes).map(() => Math.random() * 256);
    facetCheck()(parseEvent(makeEvent({ source, seq: 1, facets, random })));
    expect(exchangeHalf(source, facets), "a half that nobody could match").to.be.undefined;
    expect(act?.by).to.equal(INSPECTOR);
    const { exchange, ...rest } = act?.facets ?? {};
    expect(exchange).to.include({ client: "qn-operator/desk", service: "qn-operator/evidence" });
    expect(rest).to.deep.equal({
      type: "access",
      subject: person(1),
      "agent.id": "i",
      "agent.role": "inspector of qn-inspectorate",
      data: { action: "R", personalData: ["minhbach:LedgerRecord"] },
      purpose: { procedure: "minhbach:inspection", description: "event 17" },
    });
  });

  it("names each person once, eight an event", async () => {
    const people = Array.from({ length: 20 }, (_, at) => person(at % 17));
    await look(INSPECTOR, { people, what: "statement" });
    expect(acts.map((act) => subjects(act).length)).to.deep.equal([8, 8, 1]);
    expect(new Set(acts.flatMap(subjects)).size).to.equal(17);
    const ids = acts.map(({ facets }) => facets.exchange?.messageId);
    expect(new Set(ids).size, "message ids").to.equal(3);
  });

  it("asks for all of a look at once, so that the desk submits them together", async () => {
    const asked: DeskAct[] = [];
    const gate = Promise.withResolvers<undefined>();
    const slow = lookRecorder({
      source,
      record: async (act) => {
        asked.push(act);
        await gate.promise;
        return RECORDED;
      },
    });
    let done = false;
    const people = Array.from({ length: 9 }, (_, at) => person(at));
    const looking = slow(INSPECTOR, { people, what: "statement" }).then(() => (done = true));
    await Promise.resolve();
    expect(asked).to.have.length(2);
    expect(done, "before it is durable").to.be.false;
    gate.resolve(undefined);
    await looking;
  });

  it("watches inspectors, officers and the operator, and nobody else", async () => {
    const callers: Caller[] = [
      ...[INSPECTOR, officer("qn-police"), OPERATOR, REGISTRAR],
      ...[agency("qn-police"), citizen(person(1)), { role: "public" } as const],
    ];
    for (const caller of callers) await look(caller, { people: [person(2)], what: "event" });
    expect(acts.map(({ by, facets }) => [by.role, facets.purpose?.procedure])).to.deep.equal([
      ["inspector", "minhbach:inspection"],
      ["officer", "minhbach:data-protection"],
      ["operator", "minhbach:operation"],
    ]);
    expect(acts[1]?.facets["agent.role"]).to.equal("data-protection officer of qn-police");
  });

  it("records nothing where nobody is shown", async () => {
    await look(INSPECTOR, { people: [], what: "event" });
    expect(acts).to.be.empty;
  });

  it("lets nothing be shown that it could not record", async () => {
    const broken = lookRecorder({
      source,
      record: async () => {
        await Promise.resolve();
        throw new LedgerError("disk-full", "The disk is full.");
      },
    });
    const refused = await broken(INSPECTOR, { people: [person(1)], what: "event" }).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(LedgerError).with.property("code", "look-not-recorded");
    expect((refused as LedgerError).message).to.not.match(/[0-9]{9}/);
  });

  it("fits the indexes of a long look into its description", async () => {
    const indexes = Array.from({ length: 300 }, (_, at) => 2 ** 47 + at);
    await look(INSPECTOR, { people: [person(1)], what: "bundle", indexes });
    expect(acts[0]?.facets.purpose?.description)
      .to.have.length.below(500)
      .and.to.match(/ and 280 more$/);
  });
});

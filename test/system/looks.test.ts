import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import { WATCHED_ROLES } from "../../protocol/visibility.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { call } from "./api.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";
import { about, claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
const PEOPLE = [FIRST, SECOND];
/** Nobody whom this test is about. */
const THIRD = { scheme: "vn-cccd", id: "999199000017" } as const;

/** The watched callers, by the name of their development token and by how their looks say who they are. */
const WATCHED: Readonly<Record<(typeof WATCHED_ROLES)[number], readonly [name: string, role: string]>> = {
  inspector: ["inspector", "inspector of qn-inspectorate"],
  officer: ["officer of qn-police", "data-protection officer of qn-police"],
  operator: ["operator", "operator of the ledger"],
};

/** Routes that must have shown somebody to each, or the test did not ask as it should. */
const EVENT_ROUTES = ["getEvent", "getEvidence", "getEvidenceByLeaf", "getComplaint"];
const SHOWING: Readonly<Record<(typeof WATCHED_ROLES)[number], string[]>> = {
  inspector: [...EVENT_ROUTES, "getStatement", "postStatement", "postSearch", "postBundle"],
  officer: EVENT_ROUTES,
  operator: [],
};

interface Asked {
  /** The route's. */
  readonly name: string;
  readonly url: string;
  readonly body?: object;
}

describe("watching the watchers", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let police: Recorder;
  /** Events that agencies and people recorded before anybody looked. */
  let size: number;
  let complaint: string;
  /** Leaf hash of an event about both people. */
  let leaf: string;
  const tokens = new Map<string, Headers>();

  before(async () => {
    system = await deployed();
    ledger = await startLedger(system, { config: { catalogueDir: CATALOGUE } });
    await fetchUntil(`${ledger.url}/ready`);
    await fetchUntil(`${ledger.url}/v1/catalogue`);
    police = await openDemoRecorder(system, ledger.url);
    for (const name of [
      "inspector",
      "officer of qn-police",
      "operator",
      "citizen 1",
      "citizen 2",
      "qn-police",
    ])
      tokens.set(name, await tokenNamed(system, name));
    await police.recordAll([
      access("first", { subject: FIRST }),
      access("second", { subject: SECOND }),
      access("both", { subject: FIRST, "subject.2": SECOND }),
      { type: "consent", subject: FIRST, consent: { id: "c-1", state: "ConsentGiven" }, time: ACCESS.time },
    ]);
    await police.flush(AbortSignal.timeout(100_000));
    const receipt = await police.receiptOf(4);
    const last = (receipt?.index ?? 0) + 4 - (receipt?.first ?? 0);
    const filed = await call(`${ledger.url}/v1/complaints`, tokenOf("citizen 1"), {
      index: last,
      text: "Why?",
    });
    complaint = (filed.json["complaint"] as { id: string }).id;
    size = Number(filed.json["recorded"]) + 1;
    await fetchUntil(`${ledger.url}/v1/events/${size - 1}/evidence`);
    await statementOf("citizen 1", size);
    ({ leaf } = (await call(`${ledger.url}/v1/events/${size - 3}`, {})).json as { leaf: string });
  });
  after(async () => {
    await police.close();
    await ledger.close();
    await system.destroy();
  });

  function access(messageId: string, people: Partial<PlainEvent>): PlainEvent {
    return { ...ACCESS, ...people, exchange: { ...ACCESS.exchange, messageId } };
  }

  function tokenOf(name: string): Headers {
    const token = tokens.get(name);
    if (token === undefined) throw new Error(`no token of ${name}`);
    return token;
  }

  const statementOf = async (name: string, horizon: number): Promise<string> =>
    await fetchStatement(`${ledger.url}/v1/statement`, tokenOf(name), horizon);

  /** The log's size now: that of a receipt of something new. */
  async function sizeNow(): Promise<number> {
    const { seq } = await police.record(access("marker", { subject: THIRD }));
    await police.flush(AbortSignal.timeout(100_000));
    const receipt = await police.receiptOf(seq);
    return (receipt?.index ?? 0) + seq - (receipt?.first ?? 0) + 1;
  }

  /** Whom the looks of a caller name among the events `from .. to - 1`: each citizen sees their own, and leaves no trace. */
  async function namedBetween(from: number, to: number, role: string): Promise<string[]> {
    const named = new Set<string>();
    for (let index = from; index < to; index++) {
      for (const [at, { id }] of PEOPLE.entries()) {
        const { json } = await call(`${ledger.url}/v1/events/${index}`, tokenOf(`citizen ${at + 1}`));
        if ((json["facets"] as Record<string, unknown>)["agent.role"] === role) named.add(id);
      }
    }
    return [...named];
  }

  /** Everything that may be asked for, as plausibly as without knowing the route: paths with every place filled, bodies that name somebody. */
  function asked(): Asked[] {
    const bodies = [
      ...[
        { indexes: Array.from({ length: size }, (_, index) => index) },
        { person: FIRST, from: 0, to: 2 ** 40 },
      ],
      ...PEOPLE.flatMap((person) => [person, { person }, { subject: person }]),
      ...[{}, { kind: "official", id: "agent:VN%2FGOV%2Fqn-police%2Fregistry/officer-17" }],
      ...[{ kind: "consent", id: "consent:c-1" }, { limit: 100 }],
    ];
    const indexes = Array.from({ length: size }, (_, index) => String(index));
    return ledger.routes.flatMap((route): Asked[] => {
      const { name } = route;
      const fillers = route.path.includes(":index") ? indexes : [complaint];
      const urls = fillers.map(
        (filler) => ledger.url + route.path.replace(/[{}]/g, "").replace(/[:*]\w+/g, filler),
      );
      if (route.method === "post") return urls.flatMap((url) => bodies.map((body) => ({ name, url, body })));
      const queries = [...PEOPLE.map(({ scheme, id }) => `?scheme=${scheme}&id=${id}`), `?leaf=${leaf}`];
      return urls.flatMap((url) => ["", ...queries].map((query) => ({ name, url: url + query })));
    });
  }

  for (const role of WATCHED_ROLES) {
    const [name, saidToBe] = WATCHED[role];
    it(`records every answer that shows somebody to the ${role}, on every route, for that very person`, async () => {
      const headers = { ...tokenOf(name), "content-type": "application/json" };
      const shown = new Set<string>();
      for (const { name: route, url, body } of asked()) {
        const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
        const answer = async (): Promise<string[]> =>
          peopleIn(await (await fetch(url, { ...init, headers })).text());
        if ((await answer()).length === 0) continue;
        // Once more, with nothing else going on.
        const before = await sizeNow();
        const people = await answer();
        const named = await namedBetween(before, await sizeNow(), saidToBe);
        // What everybody gets is no look: an example in a description, one's own words sent back.
        const known = peopleIn(await (await fetch(url, init)).text());
        for (const id of people.filter((each) => !known.includes(each))) {
          expect(named, `${url.slice(ledger.url.length)} ${JSON.stringify(body)}`).to.include(id);
          shown.add(route);
        }
      }
      expect([...shown]).to.include.members(SHOWING[role]);
      if (role === "operator") expect([...shown]).to.deep.equal([]);
    });
  }

  it("says in the person's statement who looked in which role, at what and why, without the name; the inspectors' own list has it", async () => {
    const [event] = [size - 2];
    await call(`${ledger.url}/v1/events/${event}`, tokenOf("inspector"));
    const horizon = await sizeNow();
    const { lists } = await claimOf(system, await statementOf("citizen 1", horizon));
    const look = lists[0]?.events.findLast(({ facets }) => facets["agent.role"] === WATCHED.inspector[1]);
    expect(look?.facets.exchange).to.include({ client: "qn-operator/desk", service: "qn-operator/event" });
    expect(look?.facets.purpose).to.deep.equal({
      ...{ procedure: "minhbach:inspection", description: `event ${event}` },
    });
    expect(look?.facets).to.not.have.property("agent.id");
    expect(look?.facets).to.not.have.property("signOn");

    const official = `agent:${encodeURIComponent("qn-operator/desk")}/inspector`;
    const path = `${ledger.url}/v1/statement?kind=official&id=${encodeURIComponent(official)}`;
    const own = await claimOf(system, await fetchStatement(path, tokenOf("inspector"), horizon));
    const indexes = own.lists[0]?.events.map(({ indexHint }) => indexHint);
    expect(indexes).to.include(look?.indexHint);
    expect(own.lists[0]?.events.every(({ facets }) => facets["agent.id"] === "inspector")).to.be.true;
  });

  it("records one look a read, also of a look", async () => {
    const before = await sizeNow();
    await call(`${ledger.url}/v1/events/${size - 2}`, tokenOf("inspector"));
    expect(await sizeNow()).to.equal(before + 2);
    // The one that was just recorded.
    await call(`${ledger.url}/v1/events/${before}`, tokenOf("inspector"));
    expect(await sizeNow()).to.equal(before + 4);
  });

  it("records nothing where nobody is shown, nor what people see of their own and agencies of what they recorded", async () => {
    const before = await sizeNow();
    await call(`${ledger.url}/v1/events/0`, tokenOf("inspector"));
    await call(`${ledger.url}/v1/complaints`, tokenOf("inspector"));
    for (const name of ["citizen 1", "qn-police"])
      await call(`${ledger.url}/v1/events/${size - 2}`, tokenOf(name));
    await call(`${ledger.url}/v1/events/${size - 2}`, {});
    expect(await sizeNow()).to.equal(before + 1);
  });

  it("shows nobody to an inspector while it cannot record that, and goes on for everybody else", async () => {
    const stranger = { ...system, secrets: { ...system.secrets, desk: new Uint8Array(randomBytes(32)) } };
    await ledger.close();
    // The chain does not know this desk's key.
    ledger = await startLedger(stranger, { config: { catalogueDir: CATALOGUE } });
    await fetchUntil(`${ledger.url}/ready`);
    await statementOf("citizen 1", size);
    for (const where of [
      ...[`/v1/events/${size - 2}`, `/v1/events/${size - 2}/evidence`, `/v1/complaints/${complaint}`],
      ...[about(`${FIRST.scheme}:${FIRST.id}`), about("vn-cccd:999199999999")],
    ]) {
      const { status, json } = await call(ledger.url + where, tokenOf("inspector"));
      expect([status, json["code"]], where).to.deep.equal([503, "look-not-recorded"]);
      expect(JSON.stringify(json)).to.not.match(/[0-9]{12}/);
    }
    expect((await call(`${ledger.url}/v1/events/0`, tokenOf("inspector"))).status, "nobody in it").to.equal(
      200,
    );
  });
});

function peopleIn(text: string): string[] {
  const everything = opened(text);
  return PEOPLE.map(({ id }) => id).filter((id) => everything.includes(id));
}

/** A text with everything that can be read in it: disclosures and tokens are base64url of JSON. */
function opened(text: string): string {
  const parts = (text.match(/[A-Za-z0-9_-]{16,}/g) ?? []).flatMap((part) => {
    try {
      return [fromUtf8(fromBase64url(part))];
    } catch (error) {
      if (error instanceof FormatError) return [];
      throw error;
    }
  });
  return [text, ...parts].join("\n");
}

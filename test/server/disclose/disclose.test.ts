import { randomBytes } from "node:crypto";
import { expect } from "chai";
import {
  makeEvent,
  type ParsedEvent,
  parseEvent,
  parseShownEvent,
  showEvent,
} from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import { ROLES } from "../../../protocol/visibility.ts";
import { eventAsSeenBy } from "../../../server/disclose/disclose.ts";
import { type Caller, PUBLIC } from "../../../server/identity/caller.ts";
import { agency, citizen, INSPECTOR, officer, OPERATOR, REGISTRAR } from "../callers.ts";

const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const MOTHER = { scheme: "vn-cccd", id: "999199000001" } as const;

const access: Facets = {
  type: "access",
  subject: { ...CHILD, role: "child" },
  "subject.2": { ...MOTHER, role: "parent" },
  exchange: { messageId: "m1", client: "VN/GOV/qn-justice/civil", service: "qn-health/births" },
  "agent.id": "nguyen.a",
  "agent.role": "registrar of births",
  data: { action: "R", personalData: ["birth notice"] },
  purpose: { procedure: "birth-registration" },
  decision: "a.b.c",
  time: { occurred: "2026-11-22T08:00:00+07:00" },
};
const heartbeat: Facets = {
  type: "heartbeat",
  heartbeat: { waiting: 3 },
  time: { occurred: "2026-11-22T08:00:00+07:00" },
};

function event(facets: Facets, source = "qn-hospital/r1"): ParsedEvent {
  return parseEvent(
    makeEvent({
      source: parseSource(source),
      seq: 1,
      facets,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
    }),
  );
}

/** Names of the facets the caller is shown, sorted. */
function shown(caller: Caller, parsed: ParsedEvent): string[] {
  const own = caller.role === "citizen" ? [caller.subject] : [];
  const text = showEvent(eventAsSeenBy({ caller, own }, parsed), () => true);
  const again = parseShownEvent(text);
  expect(again.payloadText).to.equal(parsed.payloadText);
  return again.disclosures.map(({ name }) => name).sort();
}

const AS_CITIZEN = ["agent.role", "data", "exchange", "purpose", "time", "type"];
const AS_PARTY = [...AS_CITIZEN, "decision", "subject", "subject.2"].sort();

describe("server/disclose", () => {
  const accessed = event(access);

  it("shows the public nothing of an event about people, not even its type", () => {
    expect(eventAsSeenBy({ caller: PUBLIC, own: [] }, accessed).disclosures).to.deep.equal([]);
  });

  it("shows a person their own event, and of the people in it only themselves", () => {
    expect(shown(citizen(MOTHER), accessed)).to.deep.equal([...AS_CITIZEN, "subject.2"].sort());
    expect(shown(citizen(CHILD), accessed)).to.deep.equal([...AS_CITIZEN, "subject"].sort());
  });

  it("shows a person nothing of other people's events", () => {
    expect(shown(citizen({ scheme: "vn-cccd", id: "999199000002" }), accessed)).to.deep.equal([]);
    // The same number in another scheme is another person.
    expect(shown(citizen({ scheme: "vn-cmnd", id: MOTHER.id }), accessed)).to.deep.equal([]);
  });

  it("shows an inspector decoys where only they prove that an official acted without an exchange", () => {
    const time = { occurred: "2026-11-22T08:00:00+07:00" };
    const action: Facets = { type: "action", subject: CHILD, purpose: { procedure: "p" }, time };
    const acted = event({ ...action, "agent.id": "nguyen.a" });
    expect(shown(INSPECTOR, acted)).to.have.length(acted.payload.sd.length);
    const exchange = { messageId: "m1", client: "qn-justice", service: "births" };
    for (const other of [event(action), event({ ...action, "agent.id": "nguyen.a", exchange })]) {
      expect(shown(INSPECTOR, other)).to.not.include("decoy");
    }
    // Who does not see all of it learns nothing from the rest.
    for (const caller of [citizen(MOTHER), agency("qn-hospital"), PUBLIC]) {
      expect(shown(caller, acted)).to.not.include("decoy");
    }
  });

  it("takes no other facet that looks like a person for one", () => {
    const trap = event({
      ...access,
      "subject.2": { scheme: "vn-cccd", id: "999199000009" },
      rule: { id: "r", version: "1", inputs: { scheme: MOTHER.scheme, id: MOTHER.id } },
    });
    expect(shown(citizen(MOTHER), trap)).to.deep.equal([]);
  });

  for (const code of ["qn-hospital", "qn-justice", "qn-health"]) {
    it(`shows ${code}, a party, what it knows anyway; the official's name to its officer alone`, () => {
      expect(shown(agency(code), accessed)).to.deep.equal(AS_PARTY);
      expect(shown(officer(code), accessed)).to.deep.equal([...AS_PARTY, "agent.id"].sort());
    });
  }

  for (const code of ["qn-police", "civil", "births", "VN", "GOV", "VN/GOV/qn-justice/civil", ""]) {
    it(`shows nothing to "${code}", which is no party`, () => {
      expect(shown(agency(code), accessed)).to.deep.equal([]);
      expect(shown(officer(code), accessed)).to.deep.equal([]);
    });
  }

  it("takes no member of another X-Road class for the agency of that code", () => {
    const exchange = { messageId: "m1", client: "VN/COM/qn-justice/civil", service: "qn-health/births" };
    const companys = event({ ...access, exchange });
    expect(shown(agency("qn-justice"), companys)).to.deep.equal([]);
    expect(shown(agency("qn-health"), companys)).to.deep.equal(AS_PARTY);
  });

  it("shows whom a complaint is about the complaint, and the operator's systems nothing of what the desk recorded", () => {
    const complaint = { id: "c", state: "filed", agency: "qn-police", text: "Why?" } as const;
    const time = { occurred: "2026-11-22T08:00:00+07:00" };
    const filed = event({ type: "complaint", subject: MOTHER, complaint, time }, "qn-operator/desk");
    const client = "qn-operator/desk";
    const exchange = { messageId: "m", client, service: "qn-operator/event" };
    const look = event({ ...access, exchange, "agent.id": "i" }, "qn-operator/desk");
    expect(shown(agency("qn-police"), filed)).to.deep.equal(["complaint", "subject", "time", "type"]);
    expect(shown(agency("qn-health"), filed)).to.deep.equal([]);
    for (const recorded of [filed, look]) expect(shown(agency("qn-operator"), recorded)).to.deep.equal([]);
    // The ledger's own officer supervises it, and is watched.
    expect(shown(officer("qn-operator"), look)).to.include("agent.id");
  });

  it("shows the inspector everything but decoys", () => {
    expect(shown(INSPECTOR, accessed)).to.deep.equal(Object.keys(access).sort());
  });

  it("shows those who run the machine nothing about people", () => {
    expect(shown(OPERATOR, accessed)).to.deep.equal([]);
    expect(shown(REGISTRAR, accessed)).to.deep.equal([]);
  });

  it("shows everybody what the machine says about itself", () => {
    const beat = event(heartbeat);
    const callers: Record<(typeof ROLES)[number], Caller> = {
      public: PUBLIC,
      citizen: citizen(MOTHER),
      agency: agency("qn-police"),
      officer: officer("qn-police"),
      inspector: INSPECTOR,
      operator: OPERATOR,
      registrar: REGISTRAR,
    };
    for (const role of ROLES)
      expect(shown(callers[role], beat), role).to.deep.equal(["heartbeat", "time", "type"]);
  });
});

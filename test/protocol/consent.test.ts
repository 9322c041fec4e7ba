import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import {
  type ConsentAct,
  consentActIn,
  consentAfter,
  type ConsentFault,
  type ConsentState,
  CONSENT_TRANSITIONS,
  consentStateAt,
  isEndingState,
  isFinalState,
  isPermittingState,
  permitsAt,
} from "../../protocol/consent.ts";
import { makeEvent, parseEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { parseSource } from "../../protocol/source.ts";
import {
  act,
  type ActChanges,
  AN,
  BINH,
  CONSTRUCTION,
  consentOf,
  DESK,
  noon,
  RULES,
  STRANGER,
} from "./consent-world.ts";

const NOW = noon("12-01");
const STATES = Object.keys(CONSENT_TRANSITIONS).filter((state) => state !== "none") as ConsentState[];
const ENDS = STATES.filter(isEndingState);

/** The acts by a word each: `desk:Given` is ConsentGiven by the desk. */
function story(text: string): ConsentAct[] {
  const sources = { desk: DESK, construction: CONSTRUCTION, stranger: STRANGER } as const;
  return text.split(/,?\s+/).map((word) => {
    const [who = "", what = ""] = word.split(":");
    const state = what === "Renewed" ? "RenewedConsentGiven" : (`Consent${what}` as ConsentState);
    return act(state, {
      source: sources[who as keyof typeof sources],
      ...(what === "Requested" && { consent: { controller: "qn-construction" } }),
    });
  });
}

/** What happened, in which state the consent is then, whether it permits, and what was wrong with the last act. */
const LIVES: readonly (readonly [string, ConsentState | undefined, boolean, ConsentFault?])[] = [
  // The way it is meant to go
  ["desk:Given", "ConsentGiven", true],
  ["construction:Requested", "ConsentRequested", false],
  ["construction:Requested desk:Given", "ConsentGiven", true],
  ["desk:Requested desk:RequestDeferred", "ConsentRequestDeferred", false],
  ["desk:Requested desk:RequestDeferred desk:Requested desk:Given", "ConsentGiven", true],
  ["desk:Given desk:Renewed", "RenewedConsentGiven", true],
  ["desk:Given desk:Expired desk:Renewed", "RenewedConsentGiven", true],
  ["desk:Given desk:Renewed desk:Renewed", "RenewedConsentGiven", true],
  // Ends
  ["desk:Requested desk:Refused", "ConsentRefused", false],
  ["desk:Given desk:Withdrawn", "ConsentWithdrawn", false],
  ["desk:Given construction:Withdrawn", "ConsentWithdrawn", false],
  ["desk:Given construction:Revoked", "ConsentRevoked", false],
  ["desk:Given construction:Expired", "ConsentExpired", false],
  ["desk:Given desk:Invalidated", "ConsentInvalidated", false],
  ["desk:Given desk:Withdrawn desk:Invalidated", "ConsentInvalidated", false],
  // An end counts whoever recorded it, and says who could hardly know
  ["desk:Given stranger:Withdrawn", "ConsentWithdrawn", false, "not-by-the-controller"],
  ["desk:Given stranger:Expired", "ConsentExpired", false, "not-by-the-controller"],
  ["stranger:Refused", "ConsentRefused", false, "not-by-the-controller"],
  // What is over is over
  ["desk:Given desk:Withdrawn desk:Given", "ConsentWithdrawn", false, "out-of-order"],
  ["desk:Given desk:Withdrawn desk:Renewed", "ConsentWithdrawn", false, "out-of-order"],
  ["desk:Given desk:Revoked desk:Renewed", "ConsentRevoked", false, "out-of-order"],
  ["desk:Refused desk:Given", "ConsentRefused", false, "out-of-order"],
  ["desk:Withdrawn desk:Given", "ConsentWithdrawn", false, "out-of-order"],
  ["desk:Given desk:Expired desk:Withdrawn desk:Renewed", "ConsentWithdrawn", false, "out-of-order"],
  ["desk:Given desk:Expired desk:Given", "ConsentExpired", false, "out-of-order"],
  // What does not follow
  ["desk:Given desk:Given", "ConsentGiven", true, "out-of-order"],
  ["desk:Given construction:Requested", "ConsentGiven", true, "out-of-order"],
  ["desk:RequestDeferred", undefined, false, "out-of-order"],
  ["desk:Renewed", undefined, false, "out-of-order"],
  ["desk:Requested desk:Expired desk:Renewed", "ConsentExpired", false, "out-of-order"],
  // Nobody but the desk gives
  ["construction:Given", undefined, false, "not-by-the-desk"],
  ["stranger:Given", undefined, false, "not-by-the-desk"],
  ["construction:Requested construction:Given", "ConsentRequested", false, "not-by-the-desk"],
  ["desk:Given desk:Expired construction:Renewed", "ConsentExpired", false, "not-by-the-desk"],
  ["stranger:Requested", undefined, false, "not-by-the-controller"],
  ["stranger:Given desk:Given", "ConsentGiven", true],
];

/** How a giving may be flawed. */
const FLAWS: readonly (readonly [string, ActChanges, ConsentFault])[] = [
  ["said by the controller", { consent: { indicatedBy: "DataController" } }, "not-by-the-person"],
  ["said by an authority", { consent: { indicatedBy: "Authority" } }, "not-by-the-person"],
  ["for several procedures", { consent: { procedures: ["BUILD_PERMIT", "PASSPORT"] } }, "bundled"],
  ["for no procedure", { consent: { procedures: [] } }, "incomplete"],
  ["for nobody", { consent: { recipients: [] } }, "incomplete"],
  ["for nothing", { consent: { personalData: [] } }, "incomplete"],
  ["until a day that no month has", { consent: { validUntil: "2026-13-01T00:00:00Z" } }, "incomplete"],
  [
    "that ends when it begins",
    { consent: { validFrom: "2026-12-01T00:00:00Z", validUntil: "2026-12-01T00:00:00Z" } },
    "incomplete",
  ],
  ["of two people", { people: [AN, BINH] }, "whose"],
  ["by a guardian who is not named", { consent: { indicatedBy: "Guardian" } }, "whose"],
  [
    "by a guardian who is named as something else",
    { people: [AN, { ...BINH, role: "spouse" }], consent: { indicatedBy: "Guardian" } },
    "whose",
  ],
  [
    "by two guardians",
    {
      people: [AN, { ...BINH, role: "parent" }, { ...BINH, role: "guardian" }],
      consent: { indicatedBy: "Guardian" },
    },
    "whose",
  ],
];

describe("protocol/consent", () => {
  for (const [text, state, permits, fault] of LIVES) {
    it(`${text} -> ${state ?? "nothing"}${permits ? ", permits" : ""}${fault ? ` (${fault})` : ""}`, () => {
      const record = consentOf(story(text));
      expect(record?.state).to.equal(state);
      expect(record !== undefined && permitsAt(record, NOW)).to.equal(permits);
      expect(record?.steps.at(-1)?.fault).to.equal(fault);
      expect(record?.steps).to.have.length(story(text).length);
    });
  }

  for (const [subject, changes, fault] of FLAWS) {
    it(`takes no consent ${subject}, and shows why`, () => {
      const record = consentOf([act("ConsentGiven", changes)]);
      expect(record?.state).to.equal(undefined);
      expect(record?.steps[0]).to.include({ counts: false, fault });
    });
  }

  it("takes a child's consent by the guardian who is named with them", () => {
    const people = [AN, { ...BINH, role: "guardian" }];
    const given = act("ConsentGiven", { people, consent: { indicatedBy: "Guardian" } });
    expect(consentOf([given])?.state).to.equal("ConsentGiven");
    expect(consentOf([given], { person: BINH, id: "c-1" })).to.equal(undefined);
  });

  it("has all the states of the Data Privacy Vocabulary and permits in those that it calls valid", () => {
    const rows = readFileSync(new URL("samples/dpv-consent_status.csv", import.meta.url), "utf8")
      .split("\n")
      .filter(
        (row) => row.includes("#ConsentStatusValidForProcessing") || row.includes("#ConsentStatusInvalidFor"),
      )
      .map((row) => row.split('","'))
      .filter(([, , , , , , , broader]) => broader?.includes("ForProcessing") === true);
    const known = rows.map(([term = "", , , , , , , broader = ""]) => ({
      state: term.slice(1),
      valid: broader.endsWith("ConsentStatusValidForProcessing"),
    }));
    // Of a consent whose state nobody knows the log has nothing to say.
    expect(known.filter(({ state }) => state !== "ConsentUnknown").map(({ state }) => state)).to.have.members(
      STATES,
    );
    for (const { state, valid } of known)
      expect(isPermittingState(state as ConsentState), state).to.equal(valid);
  });

  it("gives a reason for every step that may follow, and lets nothing but an invalidation follow on a final end", () => {
    for (const [from, steps] of Object.entries(CONSENT_TRANSITIONS)) {
      for (const [to, reason] of Object.entries(steps)) {
        expect(reason, `${from} ${to}`).to.match(/^[a-z].{10,}/);
        if (isFinalState(from as ConsentState)) expect(to).to.equal("ConsentInvalidated");
      }
    }
  });

  it("permits from the first second of its time to the last, and has expired at the next", () => {
    const record = consentOf([
      act("ConsentGiven", {
        consent: { validFrom: "2026-12-01T00:00:00Z", validUntil: "2026-12-02T00:00:00Z" },
      }),
    ]);
    const [from, until] = [
      Date.parse("2026-12-01T00:00:00Z") / 1000,
      Date.parse("2026-12-02T00:00:00Z") / 1000,
    ];
    const at = (now: number): unknown => record && [permitsAt(record, now), consentStateAt(record, now)];
    expect(at(from - 1)).to.deep.equal([false, "ConsentGiven"]);
    expect(at(from)).to.deep.equal([true, "ConsentGiven"]);
    expect(at(until - 1)).to.deep.equal([true, "ConsentGiven"]);
    expect(at(until)).to.deep.equal([false, "ConsentExpired"]);
  });

  it("counts a fraction of a second against the permission", () => {
    const record = consentOf([
      act("ConsentGiven", {
        consent: { validFrom: "2026-12-01T00:00:00.5Z", validUntil: "2026-12-02T00:00:00.5Z" },
      }),
    ]);
    const [from, until] = [
      Date.parse("2026-12-01T00:00:00Z") / 1000,
      Date.parse("2026-12-02T00:00:00Z") / 1000,
    ];
    expect(record && [from, from + 1, until - 1, until].map((now) => permitsAt(record, now))).to.deep.equal([
      false,
      true,
      true,
      false,
    ]);
  });

  it("lets a renewal prolong, and never widen", () => {
    const renewed = (consent: ActChanges["consent"]): unknown => {
      const record = consentOf([
        act("ConsentGiven"),
        act("RenewedConsentGiven", { consent: { ...consent } }),
      ]);
      return record?.steps[1]?.fault ?? record?.terms?.validUntil;
    };
    expect(renewed({ validUntil: "2028-01-01T00:00:00Z" })).to.equal("2028-01-01T00:00:00Z");
    expect(renewed({ personalData: ["pd:Name"] })).to.equal("2027-01-01T00:00:00+07:00");
    expect(renewed({ personalData: ["pd:Name", "pd:Income"] })).to.equal("widened");
    expect(renewed({ recipients: ["qn-water", "qn-health"] })).to.equal("widened");
    expect(renewed({ procedures: ["PASSPORT"] })).to.equal("widened");
    expect(renewed({ controller: "qn-health" })).to.equal("widened");
  });

  it("permits nothing any more once one of its acts was erased", () => {
    const of = { person: AN, id: "c-1" };
    const given = consentOf([act("ConsentGiven")]);
    const erased = consentAfter(given, { kind: "erased", index: 1 }, { of, rules: RULES });
    expect(permitsAt(erased, NOW)).to.equal(false);
    const renewed = consentAfter(erased, act("RenewedConsentGiven", { index: 2 }), { of, rules: RULES });
    expect(permitsAt(renewed, NOW)).to.equal(false);
  });

  it("keeps the consents of different people and different ids apart, and ends that of everybody whom an end names", () => {
    const given = act("ConsentGiven");
    const ofBinh = act("ConsentWithdrawn", { people: [BINH] });
    const another = act("ConsentWithdrawn", { consent: { id: "c-2" } });
    expect(consentOf([given, ofBinh, another])?.state).to.equal("ConsentGiven");
    expect(consentOf([given, act("ConsentWithdrawn", { people: [BINH, AN] })])?.state).to.equal(
      "ConsentWithdrawn",
    );
  });

  it("reads an act from an event", () => {
    const facets: Facets = {
      type: "consent",
      ...{ subject: AN, "subject.2": { ...BINH, role: "guardian" as const } },
      ...{ consent: act("ConsentGiven").consent, time: { occurred: "2026-11-22T08:00:00+07:00" } },
    };
    const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
    const event = parseEvent(makeEvent({ source: DESK, seq: 1, facets, random }));
    expect(consentActIn(event, 7)).to.deep.equal(
      act("ConsentGiven", { index: 7, people: [AN, { ...BINH, role: "guardian" }] }),
    );
    const heartbeat: Facets = {
      type: "heartbeat",
      heartbeat: {},
      time: { occurred: "2026-11-22T08:00:00Z" },
    };
    expect(
      consentActIn(parseEvent(makeEvent({ source: DESK, seq: 1, facets: heartbeat, random })), 7),
    ).to.equal(undefined);
  });

  describe("whatever happens", () => {
    const anySource = fc.constantFrom(DESK, CONSTRUCTION, STRANGER, parseSource("qn-operator/ledger"));
    const anyAct = fc
      .record({
        state: fc.constantFrom(...STATES),
        source: anySource,
        indicatedBy: fc.constantFrom("DataSubject", "Guardian", "DataController", "Authority", undefined),
        bundled: fc.boolean(),
        people: fc.constantFrom([AN], [AN, BINH], [AN, { ...BINH, role: "guardian" }]),
      })
      .map(({ state, source, indicatedBy, bundled, people }) =>
        act(state, {
          ...{ source, people },
          consent: {
            ...(indicatedBy && { indicatedBy }),
            ...(bundled && { procedures: ["BUILD_PERMIT", "PASSPORT"] }),
          },
        }),
      );

    it("nothing permits after an end, until something is given under a new id", () => {
      const anyEnd = fc
        .tuple(fc.constantFrom(...ENDS.filter(isFinalState)), anySource)
        .map(([state, source]) => act(state, { source }));
      fc.assert(
        fc.property(
          fc.array(anyAct, { maxLength: 8 }),
          anyEnd,
          fc.array(anyAct, { maxLength: 8 }),
          (before, end, after) => {
            const record = consentOf([...before, end, ...after]);
            expect(record && permitsAt(record, NOW)).to.equal(false);
            const anew = consentOf(
              [...before, end, ...after, act("ConsentGiven", { consent: { id: "c-2" } })],
              {
                person: AN,
                id: "c-2",
              },
            );
            expect(anew && permitsAt(anew, NOW)).to.equal(true);
          },
        ),
        { numRuns: 1000 },
      );
    });

    it("nothing that agencies record, in any order, adds up to a permission", () => {
      const notByDesk = anyAct.filter(({ source }) => source !== DESK);
      fc.assert(
        fc.property(fc.array(notByDesk, { maxLength: 12 }), (forged) => {
          const record = consentOf(forged);
          expect(record === undefined || !permitsAt(record, NOW)).to.equal(true);
        }),
        { numRuns: 1000 },
      );
    });

    it("nothing that agencies record makes a permission of what the desk recorded without them, or wider", () => {
      fc.assert(
        fc.property(fc.array(anyAct, { maxLength: 12 }), (acts) => {
          const all = consentOf(acts);
          if (all === undefined || !permitsAt(all, NOW)) return;
          const counted = all.steps.filter(
            ({ counts, act: { consent } }) => counts && isPermittingState(consent.state),
          );
          expect(counted.every(({ act: { source } }) => source === DESK)).to.equal(true);
          expect(all.terms?.procedures).to.deep.equal(["BUILD_PERMIT"]);
        }),
        { numRuns: 1000 },
      );
    });

    it("every step is kept, and those that count are a way through the table", () => {
      fc.assert(
        fc.property(fc.array(anyAct, { maxLength: 12 }), (acts) => {
          let from: ConsentState | "none" = "none";
          const steps = consentOf(acts)?.steps ?? [];
          expect(steps).to.have.length(acts.length);
          for (const { act: each, counts, fault } of steps) {
            if (!counts) expect(fault).not.to.equal(undefined);
            else {
              expect(CONSENT_TRANSITIONS[from][each.consent.state]).to.be.a("string");
              from = each.consent.state;
            }
          }
        }),
      );
    });
  });
});

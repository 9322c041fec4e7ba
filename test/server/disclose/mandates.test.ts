import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { makeEvent, parseEvent } from "../../../protocol/event.ts";
import type { Mandate, Subject } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import {
  joinedNumbers,
  mandateIn,
  type MandateRecord,
  representedBy,
} from "../../../server/disclose/mandates.ts";

const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const MOTHER = { scheme: "vn-cccd", id: "999199000001" } as const;
const OTHER = { scheme: "vn-cccd", id: "999199000002" } as const;
/** A parent's mandate lasts as long as the childhood, so it says until when. */
const PARENTS = { basis: "parent", validUntil: "2044-11-01T00:00:00+07:00" } as const;
const NOW = Date.parse("2026-11-22T00:00:00Z");

interface Made {
  readonly state?: Mandate["state"];
  readonly source?: string;
  readonly subject?: Subject;
  readonly holder?: Subject;
  readonly index?: number;
  readonly mandate?: Partial<Mandate>;
}

function record({ state = "granted", mandate = {}, ...made }: Made = {}): MandateRecord {
  return recordOf({ ...made, mandate: { id: "m-1", state, ...PARENTS, ...mandate } });
}

function recordOf({
  source = "qn-justice/r1",
  subject = CHILD,
  holder = MOTHER,
  index = 0,
  mandate,
}: Omit<Made, "state" | "mandate"> & { readonly mandate: Mandate }): MandateRecord {
  const event = makeEvent({
    source: parseSource(source),
    seq: 1,
    facets: {
      type: "mandate",
      subject,
      "subject.2": holder,
      mandate,
      time: { occurred: "2026-11-22T08:00:00Z" },
    },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
  const made = mandateIn(parseEvent(event), { index, people: [subject.id, holder.id] });
  if (made === undefined) throw new Error("this is a mandate");
  return made;
}

const represented = (...records: MandateRecord[]): unknown => representedBy(MOTHER, records, NOW);

describe("server/disclose/mandates", () => {
  it("lets whoever was granted a mandate act, until it is revoked, and again when it is granted anew", () => {
    expect(represented(record())).to.deep.equal([CHILD]);
    expect(represented(record(), record({ state: "revoked" }))).to.deep.equal([]);
    expect(represented(record({ state: "revoked" }), record())).to.deep.equal([CHILD]);
  });

  it("never works the other way round, nor for anybody else", () => {
    expect(representedBy({ ...CHILD }, [record()], NOW)).to.deep.equal([]);
    expect(representedBy({ ...OTHER }, [record()], NOW)).to.deep.equal([]);
  });

  it("begins and ends by its own dates, and never where a date is none", () => {
    const dated = (mandate: Partial<Mandate>): unknown => represented(record({ mandate }));
    expect(dated({ validFrom: "2026-11-22T00:00:00Z", validUntil: "2026-11-22T00:00:01Z" })).to.deep.equal([
      CHILD,
    ]);
    expect(dated({ validFrom: "2026-11-22T00:00:01Z" })).to.deep.equal([]);
    expect(dated({ validUntil: "2026-11-22T07:00:00+07:00" })).to.deep.equal([]);
    expect(dated({ validUntil: "2026-13-22T07:00:00+07:00" })).to.deep.equal([]);
    expect(dated({ validFrom: "2026-13-22T07:00:00+07:00" })).to.deep.equal([]);
  });

  for (const basis of ["parent", "guardian", undefined] as const) {
    describe(`on the basis ${basis ?? "that nobody wrote down"}`, () => {
      const until = (validUntil: string | undefined, now: string, subject: Subject = CHILD): unknown => {
        const dates = validUntil === undefined ? {} : { validUntil };
        const made = recordOf({
          subject,
          mandate: { id: "m", state: "granted", ...(basis && { basis }), ...dates },
        });
        return representedBy(MOTHER, [made], Date.parse(now));
      };

      it("opens nothing without saying until when", () => {
        expect(until(undefined, "2026-11-22T00:00:00Z")).to.deep.equal([]);
      });

      it("ends by itself with the year in which the child turns 18, whatever it says", () => {
        const later = "2100-01-01T00:00:00Z";
        expect(until(later, "2044-12-31T23:59:59+07:00")).to.deep.equal([CHILD]);
        expect(until(later, "2045-01-01T00:00:00+07:00")).to.deep.equal([]);
        const schoolchild = { scheme: "vn-cccd", id: "051316000001" } as const;
        expect(until(later, "2034-12-31T23:59:59+07:00", schoolchild)).to.deep.equal([schoolchild]);
        expect(until(later, "2035-01-01T00:00:00+07:00", schoolchild)).to.deep.equal([]);
      });

      it("ends when it says where the number does not tell the age", () => {
        const foreign = { scheme: "passport", id: "FRA:12AB34567" } as const;
        expect(until("2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", foreign)).to.deep.equal([foreign]);
        expect(until("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", foreign)).to.deep.equal([]);
      });
    });
  }

  for (const basis of ["proxy", "court"] as const) {
    it(`is not ended by age on the basis ${basis}: it is an adult's`, () => {
      const adult = record({ subject: OTHER, mandate: { basis } });
      expect(represented(adult)).to.deep.equal([OTHER]);
      const unlimited = recordOf({ subject: OTHER, mandate: { id: "m", state: "granted", basis } });
      expect(represented(unlimited)).to.deep.equal([OTHER]);
    });
  }

  it("opens no list when it is for some procedures only", () => {
    expect(represented(record({ mandate: { procedures: ["passport"] } }))).to.deep.equal([]);
  });

  it("is ended by the agency that recorded it alone, since ids are its own", () => {
    const revoked = record({ state: "revoked", source: "qn-police/r1" });
    expect(represented(record(), revoked)).to.deep.equal([CHILD]);
  });

  it("ends with an erased event of both, which may have ended it, until it is recorded again", () => {
    const erased: MandateRecord = { kind: "erased", index: 3, people: [MOTHER.id, CHILD.id] };
    const elsewhere: MandateRecord = { kind: "erased", index: 3, people: [MOTHER.id, OTHER.id] };
    expect(represented(record(), erased)).to.deep.equal([]);
    expect(represented(record(), elsewhere)).to.deep.equal([CHILD]);
    expect(represented(record(), erased, record({ mandate: { id: "m-2" } }))).to.deep.equal([CHILD]);
  });

  it("joins the numbers of one person, in both directions and whatever the dates, until it is revoked", () => {
    const same = { basis: "same-person", validUntil: "2020-01-01T00:00:00Z" } as const;
    const joined = record({ mandate: same, index: 4 });
    expect(joinedNumbers([joined], 5)).to.deep.equal([CHILD, MOTHER]);
    expect(joinedNumbers([joined], 4), "beyond the horizon").to.deep.equal([]);
    expect(joinedNumbers([joined, record({ mandate: same, state: "revoked", index: 5 })], 6)).to.deep.equal(
      [],
    );
    expect(represented(joined), "nobody acts for themselves").to.deep.equal([]);
  });
});

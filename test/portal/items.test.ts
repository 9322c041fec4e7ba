import { expect } from "chai";
import type { UseAnswer } from "../../portal/api/uses.ts";
import { ASKED_ABOUT, askedAbout, sayable, unknownWhy } from "../../portal/pages/data/asked-about.ts";
import { EVERYTHING, filtered, grouped, isNarrow, yearAtAGlance } from "../../portal/pages/data/filter.ts";
import { isByBothSides, type Item, itemsOf } from "../../portal/pages/data/items.ts";
import type { Entry } from "../../portal/verify/entries.ts";

let made = 0;

/** An entry as the worker reads it from a statement. */
function entry(index: number, agency: string, more: Partial<Entry> = {}): Entry {
  const leaf = String(++made).padStart(64, "0");
  return { leaf, index, agency, source: `${agency}/r1`, seq: index + 1, facets: {}, ...more };
}

/** One record of an access of justice to what the police has. */
function half(
  index: number,
  agency: string,
  messageId: string,
  occurred = "2026-05-04T08:00:00+07:00",
): Entry {
  return entry(index, agency, {
    facets: {
      type: "access",
      exchange: { messageId, client: "qn-justice", service: "qn-police/residents" },
      data: { action: "R", personalData: ["pd:Name"] },
      purpose: { procedure: "BIRTH_REG" },
      time: { occurred },
    },
  });
}

const only = (items: readonly Item[]): Item => {
  expect(items).to.have.length(1);
  const [item] = items;
  if (item === undefined) throw new Error("no item");
  return item;
};

const KNOWN = { textOf: () => "Sở Tư pháp Đăng ký khai sinh", answers: new Map<number, UseAnswer>() };

describe("items of a statement", () => {
  it("are one for the two records of an exchange, in whichever order they came; who used the data stands first", () => {
    for (const agencies of [
      ["qn-justice", "qn-police"],
      ["qn-police", "qn-justice"],
    ]) {
      const item = only(itemsOf(agencies.map((agency, at) => half(at, agency, "m-1"))));
      expect(item).to.include({ kind: "use", agency: "qn-justice", provider: "qn-police" });
      expect(item.entries.map(({ agency }) => agency)).to.deep.equal(["qn-justice", "qn-police"]);
      expect(isByBothSides(item)).to.equal(true);
    }
  });

  it("are one each where the message, a side or the service is another, or the same one is recorded three times", () => {
    expect(itemsOf([half(0, "qn-justice", "m-1"), half(1, "qn-police", "m-2")])).to.have.length(2);
    expect(isByBothSides(only(itemsOf([half(0, "qn-police", "m-1")])))).to.equal(false);
    const three = itemsOf([half(0, "qn-justice", "m"), half(1, "qn-police", "m"), half(2, "qn-police", "m")]);
    expect(three.flatMap(({ entries }) => entries)).to.have.length(3);
  });

  it("leave no entry out, and come newest first", () => {
    const entries = [
      half(0, "qn-justice", "a", "2026-01-01T00:00:00Z"),
      entry(1, "qn-police", { closure: { kind: "seal", authority: "court", until: "2027-01-01T00:00:00Z" } }),
      half(2, "qn-police", "a", "2026-01-01T00:00:00Z"),
      entry(3, "qn-police", { facets: { type: "action", time: { occurred: "2026-03-01T00:00:00Z" } } }),
      entry(4, "qn-police", { closure: { kind: "erasure", authority: "qn-operator" } }),
      entry(5, "qn-operator", { facets: { type: "heartbeat" } }),
    ];
    const items = itemsOf(entries);
    expect(items.flatMap((item) => item.entries.map(({ index }) => index)).sort()).to.deep.equal([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(items.map(({ kind }) => kind).sort()).to.deep.equal(["act", "erased", "other", "sealed", "use"]);
    expect(items.map(({ when }) => when)).to.deep.equal(items.map(({ when }) => when).sort((a, b) => b - a));
  });

  it("that are closed stand where the log has them, and say that the time is not theirs", () => {
    const sealed = entry(1, "qn-police", { closure: { kind: "seal", authority: "court" } });
    const item = itemsOf([half(0, "qn-justice", "a", "2026-01-01T00:00:00Z"), sealed]).find(
      ({ kind }) => kind === "sealed",
    );
    expect(item).to.include({ when: Date.UTC(2026, 0, 1) / 1000, isAbout: true });
  });

  it("show that somebody looked into the ledger itself as that", () => {
    const look = entry(0, "qn-operator", {
      facets: {
        type: "access",
        exchange: { messageId: "1", client: "qn-operator/desk", service: "qn-operator/statement" },
        purpose: { procedure: "minhbach:inspection" },
      },
    });
    expect(only(itemsOf([look]))).to.include({ kind: "look", agency: "qn-operator" });
  });
});

describe("what is shown of the items", () => {
  const items = itemsOf([
    half(0, "qn-justice", "a", "2025-05-04T08:00:00+07:00"),
    half(1, "qn-justice", "b", "2026-05-04T08:00:00+07:00"),
    half(2, "qn-justice", "c", "2026-05-05T08:00:00+07:00"),
    entry(3, "qn-police", { facets: { type: "consent", time: { occurred: "2026-06-01T08:00:00+07:00" } } }),
  ]);

  it("is everything at first, and what the filter leaves", () => {
    expect(isNarrow(EVERYTHING)).to.equal(false);
    expect(filtered(items, EVERYTHING, KNOWN)).to.deep.equal(items);
    const left = (changes: object): number => filtered(items, { ...EVERYTHING, ...changes }, KNOWN).length;
    expect(left({ kind: "use" })).to.equal(3);
    expect(left({ agency: "qn-police" })).to.equal(1);
    expect(left({ procedure: "BIRTH_REG" })).to.equal(3);
    expect(left({ year: 2025 })).to.equal(1);
    expect(left({ onlyFindings: true })).to.equal(0);
  });

  it("is found by words without accents, all of them", () => {
    const found = (words: string): number => filtered(items, { ...EVERYTHING, words }, KNOWN).length;
    expect(found("tu phap dang ky")).to.equal(4);
    expect(found("TƯ PHÁP")).to.equal(4);
    expect(found("tu phap ho chieu")).to.equal(0);
  });

  it("are those with a finding, whichever half it is about", () => {
    const answers = new Map<number, UseAnswer>([[1, { index: 1, answer: "finding", findings: [] }]]);
    const left = filtered(items, { ...EVERYTHING, onlyFindings: true }, { ...KNOWN, answers });
    expect(left.map(({ entries }) => entries[0].index)).to.deep.equal([1]);
  });

  it("stands under headings without losing an item", () => {
    const groups = grouped(items, ({ agency }) => agency);
    expect(groups.flatMap(([, group]) => group)).to.have.members([...items]);
    expect(groups.map(([heading]) => heading)).to.deep.equal(["qn-police", "qn-justice"]);
  });

  it("is counted by month in the year at a glance; consents are no uses", () => {
    const { rows, most } = yearAtAGlance(items, 2026);
    expect(rows).to.have.length(1);
    expect(rows[0]).to.deep.include({ agency: "qn-justice", sum: 2 });
    expect(rows[0]?.months[4]).to.equal(2);
    expect(most).to.equal(2);
    expect(yearAtAGlance([], 2026)).to.deep.equal({ year: 2026, rows: [], most: 0 });
  });
});

describe("what is said of entries with a problem", () => {
  const some = { onlyFindings: true };

  it("is nothing while the answers are on their way, nor where none is left and some are not known", () => {
    expect(sayable(0, some, { isPending: true, isUnknown: false })).to.equal("waiting");
    expect(sayable(0, some, { isPending: false, isUnknown: true })).to.equal("nothing");
    expect(sayable(0, some, { isPending: false, isUnknown: false })).to.equal("list");
    expect(sayable(2, some, { isPending: false, isUnknown: true })).to.equal("list");
    expect(sayable(0, EVERYTHING, { isPending: true, isUnknown: true })).to.equal("list");
  });

  it("names why some are not known: the question failed, or only the newest were asked about", () => {
    const entries = Array.from({ length: ASKED_ABOUT + 1 }, (_, at) => entry(at, "qn-police"));
    expect(unknownWhy(entries.slice(1), { hasFailed: false })).to.equal(undefined);
    expect(unknownWhy(entries.slice(1), { hasFailed: true })).to.equal("failed");
    expect(unknownWhy(entries, { hasFailed: false })).to.equal("not-asked");
    expect(askedAbout(entries)).to.have.length(ASKED_ABOUT).and.to.not.include(0);
  });
});

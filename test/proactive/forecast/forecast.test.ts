import { expect } from "chai";
import fc from "fast-check";
import { type CountRow, rounded } from "../../../proactive/forecast/counts.ts";
import { CONFIDENCE } from "../../../proactive/forecast/estimate.ts";
import { forecast } from "../../../proactive/forecast/forecast.ts";
import { monthOf } from "../../../proactive/forecast/month.ts";
import { seasonal } from "../../../proactive/forecast/seasonal.ts";
import { random } from "../../../proactive/population/random.ts";

const BEGIN = monthOf("2026-12") ?? expect.fail("no month");

/** A Poisson count (Knuth), from a seeded generator. */
function poisson(draw: ReturnType<typeof random>, mean: number): number {
  const limit = Math.exp(-mean);
  let [count, product] = [-1, 1];
  do {
    product *= draw.integer(1, 1_000_000) / 1_000_000;
    count++;
  } while (product > limit);
  return count;
}

function row(
  counted: CountRow["counted"],
  month: number,
  count: number,
  changed: Partial<CountRow> = {},
): CountRow[] {
  const procedure = counted === "born" ? "" : "DRIVER_LIC";
  return count === 0
    ? []
    : [{ counted, commune: "hoi-an", procedure, month, count: rounded(count), ...changed }];
}

/** Six years of Poisson births with a season and a trend, in forty communes. */
function births(seed: number, { season = 0.4, yearly = 0.05, mean = 20 } = {}): CountRow[] {
  const draw = random(seed, "forecast test");
  return Array.from({ length: 40 }, (_, commune) =>
    Array.from({ length: 72 }, (_month, at) => {
      const level = mean * (1 + (yearly * at) / 12) * (1 + season * Math.sin((Math.PI * at) / 6));
      return row("born", BEGIN - 72 + at, poisson(draw, level), { commune: `c-${commune}` });
    }).flat(),
  ).flat();
}

describe("forecasts of demand", () => {
  it("are better than looking at last year, and their intervals hold what they promise, on months held back", () => {
    for (const [name, options] of Object.entries({
      "season and trend": {},
      "neither of them": { season: 0, yearly: 0 },
      "few births": { mean: 4 },
      "many births": { mean: 120 },
    })) {
      const { errors } = forecast(births(7, options), { from: BEGIN, months: 12, heldBack: 12 });
      expect(errors, name).to.have.length(1);
      const [error] = errors;
      expect(error, name).to.deep.include({ procedure: "", basis: "seasonal", compared: 480 });
      expect(error?.meanAbsoluteError, name).to.be.below(0.95 * (error?.naiveError ?? 0));
      expect(error?.coverage, name).to.be.within(CONFIDENCE - 0.1, CONFIDENCE + 0.12);
    }
  });

  it("follow a season and a clear trend, and draw out no trend that may be chance", () => {
    const values = Array.from({ length: 60 }, (_, at) => (20 + at / 2) * (at % 12 === 7 ? 3 : 1));
    const model = seasonal({ from: BEGIN - 60, values }) ?? expect.fail("no model");
    expect(model(BEGIN + 7).expected).to.be.within(145, 175);
    expect(model(BEGIN + 8).expected).to.be.within(48, 60);
    // A line through chance would lead far away in ten years: chance is taken for a trend about once in twenty times.
    const draw = random(5, "chance");
    const far = Array.from({ length: 40 }, () => {
      const chance = Array.from({ length: 60 }, () => poisson(draw, 30));
      return seasonal({ from: BEGIN - 60, values: chance })?.(BEGIN + 120).expected ?? 0;
    });
    expect(far.filter((expected) => expected < 24 || expected > 37).length).to.be.at.most(6);
    const flat = seasonal({ from: BEGIN - 30, values: Array.from({ length: 30 }, (_, at) => 10 + (at % 2)) });
    expect(flat?.(BEGIN + 100).expected).to.be.within(9, 12);
  });

  it("leave room for chance, however regular the past was", () => {
    const values = Array.from({ length: 36 }, () => 20);
    const { low, high } = seasonal({ from: BEGIN - 36, values })?.(BEGIN) ?? expect.fail("no model");
    // A Poisson count of 20 lies between 14 and 26 four times of five.
    expect(low).to.be.at.most(14);
    expect(high).to.be.at.least(26);
  });

  it("are never below nothing, always within their interval, and finite, whatever was counted", () => {
    const values = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 60 }), (past, ahead) => {
        const made = seasonal({ from: BEGIN - past.length, values: past })?.(BEGIN + ahead);
        if (made === undefined) return expect.fail("there is a past");
        const { expected, low, high } = made;
        expect([expected, low, high].every(Number.isFinite)).to.be.true;
        expect(low).to.be.at.least(0).and.at.most(expected);
        expect(high).to.be.at.least(expected);
      }),
    );
    expect(seasonal({ from: BEGIN, values: [] })).to.equal(undefined);
  });

  it("know what is due but for the rounding, where nothing is known of how many come", () => {
    const rows = [...row("due", BEGIN, 17), ...row("due", BEGIN + 2, 3)];
    const made = forecast(rows, { from: BEGIN, months: 4, heldBack: 12 });
    const kind = { commune: "hoi-an", procedure: "DRIVER_LIC", basis: "due" };
    expect(made).to.deep.equal({
      errors: [],
      // What is due after the last count is not known.
      rows: [
        { ...kind, month: BEGIN, expected: 17, low: 15, high: 19 },
        { ...kind, month: BEGIN + 2, expected: 2.5, low: 1, high: 4 },
      ],
    });
  });

  it("learn from the past how many of those that are due come", () => {
    const draw = random(3, "due");
    const rows = Array.from({ length: 36 }, (_, at) => {
      const due = draw.integer(20, 80);
      const month = BEGIN - 24 + at;
      return [
        ...row("due", month, due),
        ...(month < BEGIN ? row("served", month, poisson(draw, 0.7 * due)) : []),
      ];
    }).flat();
    const { rows: made, errors } = forecast(rows, { from: BEGIN, months: 12, heldBack: 12 });
    expect(made).to.have.length(12);
    for (const { month, expected, low, high } of made) {
      const count = rows.find((each) => each.counted === "due" && each.month === month)?.count;
      expect(expected / Number(count)).to.be.within(0.6, 0.85);
      expect(low).to.be.below(expected);
      expect(high).to.be.above(expected);
    }
    const [error] = errors;
    expect(error).to.deep.include({ procedure: "DRIVER_LIC", basis: "due", compared: 12 });
    expect(error?.meanAbsoluteError).to.be.below(0.5 * (error?.naiveError ?? 0));
    expect(error?.coverage).to.be.at.least(0.6);
  });

  it("see nothing of the months that they forecast", () => {
    const past = births(1);
    const options = { from: BEGIN, months: 12, heldBack: 12 };
    const future = row("born", BEGIN + 1, 5000, { commune: "c-1" });
    expect(forecast([...past, ...future], options)).to.deep.equal(forecast(past, options));
    const { errors } = forecast(past, { ...options, from: BEGIN - 12 });
    const earlier = past.filter(({ month }) => month < BEGIN - 12);
    expect(errors).to.deep.equal(forecast(earlier, { ...options, from: BEGIN - 12 }).errors);
  });
});

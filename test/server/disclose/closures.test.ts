import { expect } from "chai";
import {
  afterOrder,
  closureAt,
  type LeafOrders,
  NO_ORDERS,
  type Order,
} from "../../../server/disclose/closures.ts";

const NOW = Date.parse("2026-11-22T00:00:00Z");
const seal = (index: number, changes: Partial<Order> = {}): Order => ({
  ...{ index, agency: "qn-police", id: "s-1", leaves: [], act: "seal", until: "2027-01-01T00:00:00Z" },
  ...changes,
});
const after = (...orders: Order[]): LeafOrders => orders.reduce(afterOrder, NO_ORDERS);
const closing = (...orders: Order[]): unknown => closureAt(after(...orders), NOW)?.index;

describe("server/disclose/closures", () => {
  it("closes nothing by itself", () => {
    expect(closureAt(NO_ORDERS, NOW)).to.equal(undefined);
  });

  it("closes until the seal's end and not at it", () => {
    expect(closureAt(after(seal(3)), NOW)).to.deep.equal({
      kind: "seal",
      index: 3,
      until: "2027-01-01T00:00:00Z",
    });
    expect(closing(seal(3, { until: "2026-11-22T07:00:00+07:00" }))).to.equal(undefined);
    expect(closing(seal(3, { until: "2026-11-22T07:00:00.001+07:00" }))).to.equal(3);
    expect(closing(seal(3, { until: "2027-13-01T00:00:00Z" })), "no such month").to.equal(undefined);
  });

  it("opens again when the agency that placed the seal lifts it, and nobody else", () => {
    expect(closing(seal(3), seal(4, { act: "lift" }))).to.equal(undefined);
    expect(closing(seal(3), seal(4, { act: "lift", agency: "qn-health" }))).to.equal(3);
    expect(closing(seal(3), seal(4, { act: "lift", id: "s-2" }))).to.equal(3);
    expect(closing(seal(3), seal(4, { act: "lift" }), seal(5))).to.equal(5);
  });

  it("takes the last placing of a seal, be it longer or shorter", () => {
    expect(closing(seal(3), seal(4, { until: "2026-11-21T00:00:00Z" }))).to.equal(undefined);
    expect(closing(seal(3), seal(4, { until: "2028-01-01T00:00:00Z" }))).to.equal(4);
  });

  it("names the seal that ends last where several close", () => {
    expect(closing(seal(3, { until: "2028-01-01T00:00:00Z" }), seal(4, { id: "s-2" }))).to.equal(3);
  });

  it("is erased for ever, by the first erasure, whatever is sealed", () => {
    const erasure = (index: number): Order => seal(index, { act: "erase", until: "" });
    const orders = after(seal(3), erasure(4), erasure(5), seal(6, { act: "lift" }));
    expect(closureAt(orders, Infinity)).to.deep.equal({ kind: "erasure", index: 4 });
  });
});

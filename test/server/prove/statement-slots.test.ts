import { expect } from "chai";
import { statementSlots } from "../../../server/prove/statement-slots.ts";
import { INSPECTOR } from "../callers.ts";

const [first, second] = [
  { ...INSPECTOR, name: "a" },
  { ...INSPECTOR, name: "b" },
];

describe("server/prove/statement-slots", () => {
  it("has a few places for each caller, and says when to come back", () => {
    const take = statementSlots({ total: 9, perCaller: 2 });
    const giveBack = take(first);
    take(first);
    expect(() => take(first))
      .to.throw()
      .that.includes({ code: "overloaded", retryAfterSeconds: 1 });
    take(second);
    giveBack();
    giveBack();
    take(first);
    expect(() => take(first), "given back once, whatever is called twice").to.throw();
  });

  it("has a number of places for all together", () => {
    const take = statementSlots({ total: 2, perCaller: 2 });
    take(first);
    const giveBack = take(second);
    expect(() => take(first))
      .to.throw()
      .that.includes({ code: "overloaded" });
    giveBack();
    take(first);
  });
});

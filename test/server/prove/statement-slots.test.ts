import { expect } from "chai";
import type { Caller } from "../../../server/identity/caller.ts";
import { statementSlots } from "../../../server/prove/statement-slots.ts";

const [first, second] = ["a", "b"].map((name): Caller => ({ role: "inspector", name })) as [Caller, Caller];

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

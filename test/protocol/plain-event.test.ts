import { expect } from "chai";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import { facetsOfPlainEvent } from "../../protocol/plain-event.ts";
import { expectCode } from "./expect-code.ts";
import { FACETS } from "./samples.ts";

const { "agent.id": id = "", "agent.role": role = "", exchange, ...rest } = FACETS.access;
if (exchange === undefined) throw new Error("the sample is an exchange");

describe("plain event", () => {
  it("becomes facets: the agent in two, because different people see them", () => {
    expect(facetsOfPlainEvent({ ...rest, exchange, agent: { id, role } })).to.deep.equal(FACETS.access);
  });

  it("takes X-Road's user id for the official, and out of the exchange", () => {
    const plain: PlainEvent = {
      ...rest,
      exchange: { ...exchange, userId: "EE37701010101" },
      agent: { role },
    };
    expect(facetsOfPlainEvent(plain)).to.deep.equal({ ...FACETS.access, "agent.id": "EE37701010101" });
    const twice: PlainEvent = { ...rest, exchange: { ...exchange, userId: id }, agent: { id, role } };
    expect(facetsOfPlainEvent(twice)).to.deep.equal(FACETS.access);
  });

  it("is refused when it names two officials", () => {
    const plain: PlainEvent = { ...rest, exchange: { ...exchange, userId: "another" }, agent: { id } };
    expectCode("facet-repeated", () => facetsOfPlainEvent(plain));
  });

  it("may have neither exchange nor agent", () => {
    expect(facetsOfPlainEvent(FACETS.heartbeat)).to.deep.equal(FACETS.heartbeat);
    expect(facetsOfPlainEvent({ ...FACETS.heartbeat, agent: {} })).to.deep.equal(FACETS.heartbeat);
  });
});

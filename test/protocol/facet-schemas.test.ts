import Ajv from "ajv";
import { expect } from "chai";
import { FACETS_SCHEMAS, PLAIN_EVENT_SCHEMAS } from "../../protocol/facet-schemas.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { EVENT_TYPES, type EventType, FACETS_OF_TYPE } from "../../protocol/facets.ts";
import { FACETS } from "./samples.ts";

const ajv = new Ajv.default({ strict: true, allErrors: false });
const validators = new Map(EVENT_TYPES.map((type) => [type, ajv.compile(FACETS_SCHEMAS[type])]));
const plainValidators = new Map(EVENT_TYPES.map((type) => [type, ajv.compile(PLAIN_EVENT_SCHEMAS[type])]));

const accepts = (facets: unknown, type: EventType = "access") => validators.get(type)?.(facets) === true;
const access = FACETS.access;
const withFacet = (name: string, value: unknown, base: Facets = access) => ({ ...base, [name]: value });

/** Every object schema inside a schema; conditions only add to one of them. */
function* objectSchemas(schema: unknown): Generator<object> {
  if (typeof schema !== "object" || schema === null) return;
  if ("type" in schema && schema.type === "object") yield schema;
  for (const [keyword, part] of Object.entries(schema)) if (keyword !== "if") yield* objectSchemas(part);
}

/** Every string schema inside a schema. */
function* stringSchemas(schema: unknown): Generator<object> {
  if (typeof schema !== "object" || schema === null) return;
  if ("type" in schema && schema.type === "string") yield schema;
  for (const part of Object.values(schema)) yield* stringSchemas(part);
}

describe("facet schemas", () => {
  it("are strict: every object is closed, every string bounded by a length or an anchored pattern", () => {
    for (const schemas of [FACETS_SCHEMAS, PLAIN_EVENT_SCHEMAS]) {
      for (const schema of objectSchemas(schemas)) {
        expect(schema).to.have.property("additionalProperties").that.does.not.equal(true);
      }
      for (const schema of stringSchemas(schemas)) {
        expect(schema)
          .to.have.property("pattern")
          .that.matches(/^\^.*\$$/);
      }
    }
  });

  for (const type of EVENT_TYPES) {
    it(`accept the sample of ${type}, and no longer when any required facet is gone`, () => {
      const sample = FACETS[type];
      expect(accepts(sample, type), JSON.stringify(validators.get(type)?.errors)).to.be.true;
      for (const name of FACETS_OF_TYPE[type].required) {
        const { [name]: _, ...rest } = sample;
        expect(accepts(rest, type), name).to.be.false;
      }
      expect(accepts(withFacet("unknown", 1, sample), type)).to.be.false;
      for (const other of EVENT_TYPES) expect(accepts(sample, other)).to.equal(other === type);
    });
  }

  it("refuse an unknown member in every facet", () => {
    for (const type of EVENT_TYPES) {
      for (const [name, value] of Object.entries(FACETS[type])) {
        if (typeof value !== "object") continue;
        expect(accepts(withFacet(name, { ...value, unknown: 1 }, FACETS[type]), type), `${type}.${name}`).to
          .be.false;
      }
    }
  });

  const bad: readonly (readonly [string, string, unknown])[] = [
    ["a subject with another scheme's id", "subject", { scheme: "vn-cccd", id: "C1234567" }],
    ["a subject with an unknown scheme", "subject", { scheme: "phone", id: "0912345678" }],
    ["a subject with a name", "subject", { scheme: "vn-cccd", id: "001099012345", name: "An" }],
    ["a subject with an unknown role", "subject", { scheme: "vn-cccd", id: "001099012345", role: "king" }],
    ["an id with spaces", "subject", { scheme: "vn-cccd", id: "001 099 012345" }],
    ["a Vietnamese passport as a foreign one", "subject", { scheme: "passport", id: "VNM:C1234567" }],
    ["the official inside the exchange", "exchange", { ...access.exchange, userId: "EE37701010101" }],
    ["an empty message id", "exchange", { ...access.exchange, messageId: "" }],
    ["a message id without end", "exchange", { ...access.exchange, messageId: "x".repeat(257) }],
    ["an unknown action", "data", { action: "X", personalData: ["identity"] }],
    ["no categories", "data", { action: "R", personalData: [] }],
    ["a repeated category", "data", { action: "R", personalData: ["a", "a"] }],
    ["a category that is a value", "data", { action: "R", personalData: ["CCCD 001099012345"] }],
    ["a personal number in an explanation", "explanation", { vi: "Tra cứu số 001099012345 theo yêu cầu" }],
    ["a personal number in an outcome", "outcome", { code: "failure", detail: "no record of 001099012345." }],
    [
      "a personal number in a rule's input",
      "rule",
      { id: "r", version: "1", inputs: { who: "001099012345" } },
    ],
    ["a nested rule input", "rule", { id: "r", version: "1", inputs: { a: { b: 1 } } }],
    [
      "a rule input named __proto__",
      "rule",
      { id: "r", version: "1", inputs: Object.fromEntries([["__proto__", 1]]) },
    ],
    ["an empty explanation", "explanation", {}],
    ["an invisible turn of direction", "agent.role", "clerk\u202Ekrelc"],
    ["a control character", "case", "H17\u0000"],
    ["a newline in one line", "agent.role", "clerk\nroot"],
    ["a time without an offset", "time", { occurred: "2026-11-22T08:00:00" }],
    ["a time with a month 13", "time", { occurred: "2026-13-22T08:00:00Z" }],
    ["a date alone", "time", { occurred: "2026-11-22" }],
    ["a decision that is no JWS", "decision", "yes"],
    ["an emergency that is a word", "handling", { emergency: "true" }],
  ];
  for (const [reason, name, value] of bad) {
    it(`refuse ${reason}`, () => {
      expect(accepts(withFacet(name, value))).to.be.false;
    });
  }

  const good: readonly (readonly [string, string, unknown])[] = [
    [
      "numbers of other lengths in text",
      "outcome",
      { code: "success", detail: "13 digits 1234567890123, 10 0912345678" },
    ],
    ["twelve digits as a case number, which is no text", "case", "202611220001"],
    ["paragraphs in an explanation", "explanation", { vi: "Một.\nHai." }],
    ["a leap second and nanoseconds", "time", { occurred: "2026-12-31T23:59:60.123456789+07:00" }],
    ["an access without a purpose, so that it can be found", "purpose", undefined],
    ["an access without an official", "agent.id", undefined],
  ];
  for (const [reason, name, value] of good) {
    it(`accept ${reason}`, () => {
      const facets: Record<string, unknown> = withFacet(name, value);
      if (value === undefined) Reflect.deleteProperty(facets, name);
      expect(accepts(facets)).to.be.true;
    });
  }

  it("ask of an access whose data passed, unless it says which other system's log it comes from", () => {
    const { subject: _, data: __, ...imported } = access;
    expect(accepts(imported)).to.be.false;
    expect(accepts({ ...imported, subject: access.subject })).to.be.false;
    expect(accepts({ ...imported, handling: { emergency: true } })).to.be.false;
    expect(accepts({ ...imported, handling: { origin: "xroad-opmon" } })).to.be.true;
    expect(plainValidators.get("access")?.(imported)).to.be.false;
  });

  it("describe the plain event with its one agent and X-Road's user id", () => {
    const { "agent.id": id, "agent.role": role, ...rest } = access;
    const plain = { ...rest, agent: { id, role } };
    const acceptsPlain = (value: unknown) => plainValidators.get("access")?.(value) === true;
    expect(acceptsPlain(plain)).to.be.true;
    expect(acceptsPlain({ ...rest, exchange: { ...rest.exchange, userId: "EE37701010101" } })).to.be.true;
    expect(acceptsPlain(access)).to.be.false;
    expect(acceptsPlain({ ...plain, agent: {} })).to.be.false;
    expect(acceptsPlain({ ...plain, agent: { id, name: "x" } })).to.be.false;
    for (const type of EVENT_TYPES) {
      const properties = PLAIN_EVENT_SCHEMAS[type].properties;
      expect(properties, type).not.to.have.any.keys("agent.id", "agent.role");
    }
  });
});

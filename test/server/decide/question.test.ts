import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { LedgerError } from "../../../server/errors.ts";
import { bodyObject, parseBatch, parseQuestion } from "../../../server/decide/question.ts";

/**
 * The examples of the OpenID AuthZEN Authorization API 1.0, sections 6.1.1 and 7.1 (openid/authzen, non-normative). They are about users and documents, which this
 * decision point knows nothing of; their shapes are the same.
 */
const ALICE = { type: "user", id: "alice@acmecorp.com" };
const AT = { time: "2024-05-31T15:22-07:00" };
const document = (id: string): object => ({ type: "document", id });
const DOCUMENTS = ["boxcarring.md", "subject-search.md", "resource-search.md"];

const itemsOf = (body: object): readonly unknown[] | undefined =>
  parseBatch(bodyObject(utf8(JSON.stringify(body))))?.items;

describe("server/decide/question", () => {
  it("reads the published example without defaults as it is", () => {
    const evaluations = DOCUMENTS.map((id) => ({
      ...{ subject: ALICE, action: { name: "can_read" }, resource: document(id), context: AT },
    }));
    expect(itemsOf({ evaluations })).to.deep.equal(evaluations);
  });

  it("gives the items of the published examples the defaults of their request, and lets them say otherwise", () => {
    const all = DOCUMENTS.map((id, at) => ({
      ...{ subject: ALICE, action: { name: at === 2 ? "can_edit" : "can_read" } },
      ...{ resource: document(id), context: AT },
    }));
    const evaluations = [
      { resource: document("boxcarring.md") },
      { resource: document("subject-search.md") },
      { action: { name: "can_edit" }, resource: document("resource-search.md") },
    ];
    expect(itemsOf({ subject: ALICE, context: AT, action: { name: "can_read" }, evaluations })).to.deep.equal(
      all,
    );
  });

  it("takes the published semantics, all when none is named", () => {
    const evaluations = [{ resource: document("1") }];
    const semanticOf = (options?: object): string | undefined =>
      parseBatch({ evaluations, ...(options && { options }) })?.semantic;
    expect(semanticOf()).to.equal("execute_all");
    expect(semanticOf({ another_option: "value" })).to.equal("execute_all");
    for (const semantic of ["execute_all", "deny_on_first_deny", "permit_on_first_permit"])
      expect(semanticOf({ evaluations_semantic: semantic })).to.equal(semantic);
  });

  it("says what it would need instead of a user and a document", () => {
    const example = { subject: ALICE, action: { name: "can_read" }, resource: document("1"), context: AT };
    expect(() => parseQuestion(example))
      .to.throw(LedgerError, /"type":"agency"/)
      .with.property("code", "bad-question");
    const agency = { ...example, subject: { type: "agency", id: "qn-police" } };
    const withProcedure = { ...agency, context: { ...AT, procedure: "BIRTH_REG" } };
    expect(() => parseQuestion(withProcedure)).to.throw(LedgerError, /"type":"person"/);
  });

  it("repeats nothing of what was sent", () => {
    const resource = {
      type: "person",
      id: "vn-cccd:99919900000A",
      properties: { personalData: ["pd:Name"] },
    };
    const question = {
      ...{ subject: { type: "agency", id: "qn-police" }, action: { name: "read" }, resource },
      context: { procedure: "BIRTH_REG" },
    };
    expect(() => parseQuestion(question))
      .to.throw(LedgerError)
      .with.property("message")
      .that.does.not.contain("9991");
  });
});

import { formatStatement, formatStatementLines } from "../../../protocol/statement.ts";
import { absentConsent, personList, sampleStatement } from "../../protocol/statement-samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("statements", "json");
const lines = vectorsOf("statements", "ndjson");

const PERSON = personList();
const WHOLE = sampleStatement(PERSON, absentConsent());
const text = formatStatement(WHOLE);
const ndjson = formatStatementLines(WHOLE);
const [head = "", first = "", closure = "", second = "", third = "", end = ""] = ndjson.split("\n");
const CONTINUED = sampleStatement(personList(2));

/** The document as anybody may change it. */
interface Loose {
  lists: Record<string, unknown>[];
  [member: string]: unknown;
}

const changed = (change: (file: Loose) => void): string => {
  const file = JSON.parse(text) as Loose;
  change(file);
  return JSON.stringify(file);
};
const withMember = (change: object) => changed((file) => Object.assign(file, change));
const withList = (change: object) => changed((file) => Object.assign(file.lists[0] ?? {}, change));
const withProof = (change: object) => withList({ proof: { steps: [], leaf: null, ...change } });
const withEvent = (change: object) => withList({ events: [{ index: 1, event: "", ...change }] });
const rows = (...changedRows: readonly string[]) => `${changedRows.join("\n")}\n`;
const HASH = `${"A".repeat(43)}=`;

export const STATEMENTS: readonly Vector[] = [
  valid("a person with a closed event and a consent that is absent", text),
  valid("what came after two events", formatStatement(CONTINUED)),
  valid("absence", formatStatement(sampleStatement(absentConsent()))),
  valid("a document in one line", `${JSON.stringify(JSON.parse(text))}\n`),
  lines.valid("a person with a closed event and a consent that is absent", ndjson),
  lines.valid("what came after two events", formatStatementLines(CONTINUED)),
  lines.valid("absence", formatStatementLines(sampleStatement(absentConsent()))),
  lines.valid("no newline behind the end", ndjson.trimEnd()),

  invalid("json", "not JSON", "statement"),
  invalid("json", "a document cut off", text.slice(0, -100)),
  invalid("json-duplicate-key", "a horizon twice", text.replace("{", '{"horizon":1,')),
  invalid("json-depth", "a deep step", withProof({ steps: [[[[1]]]] })),
  invalid("statement", "an array", "[]"),
  invalid("statement", "another type", withMember({ type: "minhbach/evidence" })),
  invalid("statement-version", "a later version", withMember({ version: 2 })),
  invalid("statement-version", "a version in text", withMember({ version: "1" })),
  invalid("statement", "an unknown member", withMember({ note: "" })),
  invalid("statement", "horizon 0", withMember({ horizon: 0 })),
  invalid("log-id", "a log without a number", withMember({ log: "31337" })),
  invalid("statement", "no lists", withMember({ lists: [] })),
  invalid(
    "statement",
    "seventeen lists",
    changed((file) => (file.lists = new Array<Loose["lists"][0]>(17).fill({}))),
  ),
  invalid(
    "statement",
    "one id in two lists",
    changed((file) => file.lists.push({ ...file.lists[0] })),
  ),
  invalid(
    "statement",
    "an anchor in capitals",
    withMember({ anchor: { block: 1, transaction: `0x${"AB".repeat(32)}` } }),
  ),
  invalid("statement", "an unknown member in a list", withList({ note: "" })),
  invalid("statement", "an unknown kind", withList({ kind: "agency" })),
  invalid("statement", "a kind that objects inherit", withList({ kind: "constructor" })),
  invalid("subject-scheme", "an unknown scheme", withList({ id: "cccd:001099012345" })),
  invalid("subject-scheme", "no scheme", withList({ id: "001099012345" })),
  invalid("subject-id", "a number too short for its scheme", withList({ id: "vn-cccd:00109901234" })),
  invalid("subject-id", "a number with spaces", withList({ id: "vn-cccd:001 099 012345" })),
  invalid(
    "index-id",
    "an official without an agency",
    withList({ kind: "official", id: "agent:nguyen.van.a" }),
  ),
  invalid("index-id", "an official in another spelling", withList({ kind: "official", id: "agent:a%2fb/c" })),
  invalid("index-id", "a consent without a name", withList({ kind: "consent", id: "consent:", vrf: null })),
  invalid("statement", "a person without a VRF proof", withList({ vrf: null })),
  invalid("statement", "a consent with a VRF proof", withList({ kind: "consent", id: "consent:c-1" })),
  invalid("statement", "a short VRF proof", withList({ vrf: HASH })),
  invalid("base64", "a VRF proof in base64url", withList({ vrf: "_".repeat(107) })),
  invalid("statement", "a step without a sibling", withProof({ steps: [[1]] })),
  invalid("statement", "a step of three", withProof({ steps: [[1, HASH, HASH]] })),
  invalid("statement", "bit 256", withProof({ steps: [[256, HASH]] })),
  invalid("statement", "a short sibling", withProof({ steps: [[1, "AAAA"]] })),
  invalid("statement", "a leaf without a commitment", withProof({ leaf: { key: HASH } })),
  invalid("statement", "a count of 0", withList({ entry: { count: 0, blinding: HASH } })),
  invalid("statement", "a short blinding", withList({ entry: { count: 1, blinding: "AAAA" } })),
  invalid("statement", "since 0", withList({ since: { count: 0, frontier: [] } })),
  invalid("statement", "a frontier with a node too few", withList({ since: { count: 3, frontier: [HASH] } })),
  invalid(
    "statement",
    "a frontier with a node too many",
    withList({ since: { count: 2, frontier: [HASH, HASH] } }),
  ),
  invalid("statement", "events in an object", withList({ events: {} })),
  invalid("statement", "an event without an index", withList({ events: [{ event: "" }] })),
  invalid("statement", "an event with an unknown member", withEvent({ note: "" })),
  invalid("statement", "an event closed by a text", withEvent({ closedBy: "0" })),
  invalid("evidence", "a closure that is no evidence", withMember({ closures: [{}] })),

  lines.invalid("statement-truncated", "the head alone", rows(head)),
  lines.invalid("statement-truncated", "no end line", rows(head, first, closure, second, third)),
  lines.invalid("statement-truncated", "cut off in a line", rows(head, first, closure, second).slice(0, -40)),
  lines.invalid(
    "statement-truncated",
    "an event fewer than the end says",
    rows(head, first, closure, second, end),
  ),
  lines.invalid(
    "statement",
    "an event behind the end",
    rows(head, first, closure, second, end.replace("3", "2"), third),
  ),
  lines.invalid(
    "statement",
    "an event before the closure it names",
    rows(head, first, second, closure, third, end),
  ),
  lines.invalid(
    "statement",
    "an event of a list that is not there",
    rows(head, first.replace('"list":0', '"list":2'), end),
  ),
  lines.invalid("statement", "an event without a list", rows(head, first.replace('"list":0,', ""), end)),
  lines.invalid(
    "statement",
    "a list taken up again",
    rows(head, first.replace('"list":0', '"list":1'), third, end),
  ),
  lines.invalid("statement", "an unknown line", rows(head, '{"note":""}', end)),
  lines.invalid("json", "an empty line", rows(head, "", end)),
  lines.invalid("json", "a line that is no JSON", rows(head, "event", end)),
  lines.invalid("json-duplicate-key", "an index twice", rows(head, first.replace("{", '{"index":1,'), end)),
  lines.invalid(
    "statement-version",
    "a later version",
    rows(head.replace('"version":1', '"version":2'), end),
  ),
];

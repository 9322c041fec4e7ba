import { formatAccusation } from "../../../protocol/accusation.ts";
import { sampleEvidence } from "../../protocol/samples.ts";
import { absentConsent, sampleStatement } from "../../protocol/statement-samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("accusations", "json");
const evidence = sampleEvidence();
const text = formatAccusation({ evidence, statement: sampleStatement(absentConsent()) });
const file = JSON.parse(text) as { readonly statement: { readonly lists: readonly object[] } };
const { statement } = file;

const changed = (change: object) => JSON.stringify({ ...file, ...change });

export const ACCUSATIONS: readonly Vector[] = [
  valid("an event and a statement of absence", text),
  valid("in one line", JSON.stringify(file)),

  invalid("json", "not JSON", "accusation"),
  invalid("json-duplicate-key", "a version twice", text.replace("{", '{"version":1,')),
  invalid("accusation", "an array", "[]"),
  invalid("accusation", "another type", changed({ type: "minhbach/breach" })),
  invalid("accusation", "a later version", changed({ version: 2 })),
  invalid("accusation", "an unknown member", changed({ note: "" })),
  invalid("accusation", "a statement in lines", changed({ statement: JSON.stringify(statement) })),
  invalid("evidence", "no evidence", changed({ evidence: null })),
  invalid("evidence", "a later version of the evidence", changed({ evidence: { ...evidence, version: 2 } })),
  invalid("statement", "evidence in the place of the statement", changed({ statement: evidence })),
  invalid(
    "statement",
    "a statement without closures",
    changed({ statement: { ...statement, closures: undefined } }),
  ),
  invalid(
    "statement-version",
    "a later version of the statement",
    changed({ statement: { ...statement, version: 2 } }),
  ),
];

import { formatGathered, MAX_GATHERED_PARTS } from "../../../protocol/gathered.ts";
import { formatStatement, formatStatementLines } from "../../../protocol/statement.ts";
import { LOG } from "../../protocol/samples.ts";
import { absentConsent, personList, sampleStatement } from "../../protocol/statement-samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("gathered", "json");

const first = { log: LOG, statement: formatStatement(sampleStatement(personList())) };
const other = { ...LOG, logId: LOG.logId + 1 };
const second = {
  log: other,
  statement: formatStatementLines({ ...sampleStatement(absentConsent()), log: other }),
};
const text = formatGathered([first, second]);

const withMember = (change: object): string => JSON.stringify({ ...(JSON.parse(text) as object), ...change });
const withPart = (change: object): string =>
  withMember({ parts: [{ log: `${LOG.chainId}:${LOG.registry}:${LOG.logId}`, statement: "{}", ...change }] });

export const GATHERED: readonly Vector[] = [
  valid("a document of one log and lines of another", text),
  valid("one part in one line", `${JSON.stringify(JSON.parse(formatGathered([first])))}\n`),
  valid(
    "a log twice and statements that are none, which a verifier finds",
    withMember({
      parts: [1, 2].map(() => ({ log: `${LOG.chainId}:${LOG.registry}:${LOG.logId}`, statement: "" })),
    }),
  ),

  invalid("json", "not JSON", text.slice(1)),
  invalid("json-duplicate-key", "a version twice", text.replace("{", '{"version":1,')),
  invalid("json-depth", "a statement that is no text", withPart({ statement: { lists: [] } })),
  invalid("gathered", "another type", withMember({ type: "minhbach/statement" })),
  invalid("gathered", "a later version", withMember({ version: 2 })),
  invalid("gathered", "an unknown member", withMember({ missing: [] })),
  invalid("gathered", "no part", withMember({ parts: [] })),
  invalid("gathered", "parts that are no list", withMember({ parts: {} })),
  invalid(
    "gathered",
    "more parts than allowed",
    withMember({ parts: Array.from({ length: MAX_GATHERED_PARTS + 1 }, () => ({ log: "", statement: "" })) }),
  ),
  invalid("gathered", "a part without a statement", withPart({ statement: undefined })),
  invalid("gathered", "a part with an unknown member", withPart({ url: "https://ledger.example" })),
  invalid("gathered", "a log that is a number", withPart({ log: 1 })),
  invalid("log-id", "a log with a leading zero", withPart({ log: `0${LOG.chainId}:${LOG.registry}:1` })),
];

import { toBase64 } from "../../../protocol/bytes.ts";
import { formatBreach } from "../../../protocol/breach.ts";
import { EMPTY_ROOT } from "../../../protocol/merkle.ts";
import { sampleEvents, sampleReceipt, sampleSubmission } from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("breaches", "json");
const receipt = sampleReceipt(sampleSubmission(sampleEvents(3)), { indexBy: 1_795_003_601 });
const proof = { leafHashes: [EMPTY_ROOT, EMPTY_ROOT, EMPTY_ROOT], path: [EMPTY_ROOT] };
const text = formatBreach(receipt, { promise: "content", proof });
const HASH = toBase64(EMPTY_ROOT);
const written = { leafHashes: [HASH], path: [HASH] };

const changed = (change: object) => JSON.stringify({ ...(JSON.parse(text) as object), ...change });
const withProof = (change: object) => changed({ proof: { ...written, ...change } });

export const BREACHES: readonly Vector[] = [
  valid("a broken anchorBy", formatBreach(receipt, { promise: "anchorBy", proof: null })),
  valid("a broken indexBy", formatBreach(receipt, { promise: "indexBy", proof: null })),
  valid("other content", text),
  valid("a path of 106 hashes", withProof({ path: new Array(106).fill(HASH) })),

  invalid("json", "not JSON", "breach"),
  invalid("json-duplicate-key", "a version twice", text.replace("{", '{"version":1,')),
  invalid("json-depth", "deep leaf hashes", withProof({ leafHashes: [[HASH]] })),
  invalid("breach", "an array", "[]"),
  invalid("breach", "another type", changed({ type: "minhbach/evidence" })),
  invalid("breach", "a later version", changed({ version: 2 })),
  invalid("breach", "an unknown member", changed({ note: "" })),
  invalid("breach", "a missing proof", changed({ proof: undefined })),
  invalid("breach", "another promise", changed({ promise: "time" })),
  invalid("breach", "a proof of a deadline", changed({ promise: "anchorBy" })),
  invalid("breach", "content without a proof", changed({ proof: null })),
  invalid("breach", "an unknown member in the proof", withProof({ size: 1 })),
  invalid("breach", "1001 leaf hashes", withProof({ leafHashes: new Array(1001).fill(HASH) })),
  invalid("breach", "a path of 107 hashes", withProof({ path: new Array(107).fill(HASH) })),
  invalid("breach", "a short hash", withProof({ path: ["AAAA"] })),
  invalid("breach", "a path of numbers", withProof({ path: [1] })),
  invalid("breach", "a receipt that is a list", changed({ receipt: [] })),
  invalid("base64", "a path in base64url", withProof({ path: [`${"_".repeat(43)}=`] })),
  invalid("jws", "a bad receipt", changed({ receipt: "x" })),
  invalid("jws-type", "a submission", changed({ receipt: sampleSubmission(sampleEvents(1)).jws })),
];

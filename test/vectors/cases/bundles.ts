import { type Bundle, formatBundle } from "../../../protocol/bundle.ts";
import {
  sampleEvents,
  sampleEvidence,
  sampleReceipt,
  sampleSubmission,
  LOG,
} from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("bundles", "ndjson");
const evidence = sampleEvidence();
const receipt = sampleReceipt(sampleSubmission(sampleEvents(3)), { index: 6 });
const finding = { id: "no-case:7", kind: "no-case", state: "open", since: 1_795_000_001 };

const bundle: Bundle = {
  log: LOG,
  madeAt: 1_795_100_000,
  madeFor: { authority: "Thanh tra tỉnh Quảng Ninh", official: "inspector-7" },
  about: "case",
  record: { index: 40, leaf: "A".repeat(43) },
  chain: {
    chainId: LOG.chainId,
    genesisHash: `0x${"6e".repeat(32)}`,
    anchorRegistry: LOG.registry,
    agencyRegistry: `0x${"a2".repeat(20)}`,
  },
  items: [{ index: 7, evidence, receipt, findings: [finding] }],
};
const text = formatBundle(bundle);
const [head = "", item = "", end = ""] = text.split("\n");

const lines = (...parts: readonly string[]) => `${parts.join("\n")}\n`;
const withHead = (change: object) => lines(JSON.stringify({ ...JSON.parse(head), ...change }), item, end);
const withItem = (change: object) => lines(head, JSON.stringify({ ...JSON.parse(item), ...change }), end);

export const BUNDLES: readonly Vector[] = [
  valid("one event with a finding", text),
  valid("no event", formatBundle({ ...bundle, about: "person", items: [] })),

  invalid("json", "not JSON", lines("bundle", item, end)),
  invalid("json-duplicate-key", "a version twice", text.replace("{", '{"version":1,')),
  invalid("bundle-truncated", "nothing", ""),
  invalid("bundle-truncated", "no end line", lines(head, item)),
  invalid("bundle-truncated", "the last newline missing", text.slice(0, -1)),
  invalid("bundle-truncated", "an item missing", lines(head, end)),
  invalid("bundle-truncated", "an item more than the end counts", lines(head, item, item, end)),
  invalid("bundle-truncated", "something behind the end line", `${text}{}`),
  invalid("bundle", "an event twice", lines(head, item, item, end.replace("1", "2"))),
  invalid("bundle", "another type", withHead({ type: "minhbach/evidence" })),
  invalid("bundle", "a later version", withHead({ version: 2 })),
  invalid("bundle", "an unknown member", withHead({ note: "" })),
  invalid("bundle", "no log", withHead({ log: undefined })),
  invalid("bundle", "a time in text", withHead({ madeAt: "2026-11-22T08:00:00Z" })),
  invalid("bundle", "another subject", withHead({ about: "everything" })),
  invalid("bundle", "no official", withHead({ madeFor: { authority: "x" } })),
  invalid("bundle", "a record without a leaf hash", withHead({ record: { index: 40, leaf: "" } })),
  invalid(
    "bundle",
    "a registry in capitals",
    withHead({ chain: { ...bundle.chain, anchorRegistry: `0x${"AB".repeat(20)}` } }),
  ),
  invalid("log-id", "a bad log", withHead({ log: "1:2" })),
  invalid("bundle", "a negative index", withItem({ index: -1 })),
  invalid("bundle", "a receipt that is a list", withItem({ receipt: [] })),
  invalid("bundle", "a finding without a state", withItem({ findings: [{ ...finding, state: undefined }] })),
  invalid("bundle", "findings without end", withItem({ findings: new Array(33).fill(finding) })),
  invalid("bundle", "an unknown member in an item", withItem({ note: "" })),
  invalid("evidence", "evidence of another version", withItem({ evidence: { ...evidence, version: 2 } })),
];

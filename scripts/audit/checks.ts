import { LOG_CHECKS } from "../../verifier/audit/fault.ts";

/** The checks that need what only the operator has, in order: a stable id, and what is asserted. */
const RECORD_CHECKS = {
  sources: "The numbers that the sources go on with follow from the log",
  disclosures: "Every digest is opened, but for events that were erased",
  erasures:
    "Every erased event is one that may be erased and is named by an erasure, and who sealed or erased was entitled to it",
  executed: "What was ordered erased is erased, unless a seal keeps it or it was ordered today",
  tags: "Every event is filed under the tags of its facets",
  "index-keys": "Every id is in the index under its own key",
  index: "Every anchored index follows from the events",
  "kept-index": "The index database follows from the events",
  findings: "The findings follow from the records",
} as const;

const { chain, registries, checkpoint: _checkpoint, ...log } = LOG_CHECKS;

/** Every check of an audit of the records. */
export const AUDIT_CHECKS = {
  records: "The records can be read and end with a whole write",
  chain,
  registries,
  ...log,
  ...RECORD_CHECKS,
} as const;

export type AuditCheckId = keyof typeof AUDIT_CHECKS;

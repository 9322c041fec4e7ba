/** What is wrong with an artefact. The code is stable: it is sent on the wire and named in SPEC.md. */
export type FormatCode =
  // encodings
  | "base64"
  | "base64url"
  | "hex"
  | "utf8"
  | "json"
  | "json-depth"
  | "json-duplicate-key"
  | "json-lone-surrogate"
  | "json-number"
  // names and numbers
  | "source"
  | "log-id"
  | "subject-scheme"
  | "subject-id"
  | "index-id"
  | "tree-size"
  // signed objects
  | "jws"
  | "jws-algorithm"
  | "jws-header"
  | "jws-key"
  | "jws-type"
  // events
  | "event"
  | "event-too-large"
  | "payload"
  | "payload-too-large"
  | "digests"
  | "digests-unpadded"
  | "digests-unsorted"
  | "digest-unopened"
  | "disclosure"
  | "disclosure-repeated"
  | "disclosure-unmatched"
  | "decoy"
  | "salt"
  | "salt-repeated"
  | "event-type"
  | "facet-missing"
  | "facet-repeated"
  | "facet-unknown"
  | "facet-nested"
  | "too-many-facets"
  // submissions and receipts
  | "submission"
  | "submission-count"
  | "submission-payload"
  | "submission-root"
  | "submission-sequence"
  | "submission-source"
  | "submission-too-large"
  | "submission-too-many-events"
  | "receipt"
  | "sign-on"
  | "erasure-query"
  // log artefacts
  | "checkpoint"
  | "entry-bundle"
  | "note"
  | "tile-path"
  | "tlog-proof"
  | "verifier-key"
  | "vrf"
  // decisions
  | "catalogue"
  | "decision"
  // files
  | "accusation"
  | "breach"
  | "bundle"
  | "bundle-truncated"
  | "evidence"
  | "gathered"
  | "statement"
  | "statement-version"
  | "statement-truncated";

/** The only error the parsers of this folder throw. Its message names the fault and holds no personal data. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code: FormatCode;

  constructor(code: FormatCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

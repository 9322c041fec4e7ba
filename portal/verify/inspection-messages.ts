import type { Check } from "../../verifier/checks.ts";
import type { Verdict } from "../../verifier/evidence.ts";
import type { CheckedStatement } from "./messages.ts";

/** Which events a bundle is to hold: by their places in the log, of a case, or of a person in a time (Unix seconds). */
export type BundleRequest =
  | { readonly indexes: readonly number[] }
  | { readonly case: string }
  | {
      readonly person: { readonly scheme: string; readonly id: string };
      readonly from: number;
      readonly to: number;
    };

/** What a page of oversight asks its worker to fetch and to verify. */
export type InspectionTask =
  /** `agent:<agency>/<id>`. */
  | { readonly kind: "official"; readonly id: string }
  | { readonly kind: "bundle"; readonly request: BundleRequest }
  /** Log index of the event that asked for the sample. */
  | { readonly kind: "sample"; readonly index: number };

/** A bundle as it came, and what the browser found out about it. */
export interface CheckedBundle {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** How many events it proves; undefined unless the verdict is good. */
  readonly events: number | undefined;
  /** The file, byte for byte. */
  readonly file: Blob;
  /** SHA-256 of the file, base64url. */
  readonly digest: string;
}

/** A sample that the browser drew again. */
export interface CheckedSample {
  /** The evidence of the event that asked for it. */
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly range: { readonly from: number; readonly to: number; readonly count: number };
  readonly block: number;
  /** Hash of the block as the chain gives it; undefined when the chain was not asked. */
  readonly blockHash: string | undefined;
  /** As the ledger says, in the order of drawing. */
  readonly indexes: readonly number[];
  /** Those of them that are grants. */
  readonly granted: readonly number[];
  /** Whether the browser drew the very same; undefined when it could not draw. */
  readonly isSame: boolean | undefined;
}

/** What each kind of task comes to. */
export interface InspectionAnswers {
  readonly official: CheckedStatement;
  readonly bundle: CheckedBundle;
  readonly sample: CheckedSample;
}

/** What the worker tells the page. */
export type InspectionMessage<K extends keyof InspectionAnswers = keyof InspectionAnswers> =
  | { readonly kind: "fetching"; readonly bytes: number }
  | { readonly kind: "verifying" }
  | { readonly kind: "checked"; readonly answer: InspectionAnswers[K] }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string; readonly status: number };

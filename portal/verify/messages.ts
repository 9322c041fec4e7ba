import type { Check } from "../../verifier/checks.ts";
import type { Verdict } from "../../verifier/evidence.ts";
import type { Entry } from "./entries.ts";

/** A person's number, as the ledger names people. */
export interface PersonNumber {
  readonly scheme: string;
  readonly id: string;
}

/** What the page asks its worker: to fetch a statement and to verify it. */
export interface StatementTask {
  readonly person: PersonNumber;
  /** Whether it is the person who is signed on: then their number is not sent. */
  readonly own: boolean;
}

/** Which log the browser compared with. */
export interface ComparedWith {
  readonly name: string;
  readonly environment: "embedded" | "production";
  /** Changes when the server names another log or chain: `chainId`, genesis hash, both registries, log number. */
  readonly identity: string;
}

/** A statement as it came, and what the browser found out about it. */
export interface CheckedStatement {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Every event of it; where the verdict is not good they are shown as unproven, or not at all. */
  readonly entries: readonly Entry[];
  /** The log's events below this index are covered; undefined when it cannot be read. */
  readonly horizon: number | undefined;
  /** When that was fixed on the chain, Unix seconds; undefined where that is not proven. */
  readonly fixedAt: number | undefined;
  readonly comparedWith: ComparedWith | undefined;
  /** The log it is of, and how many there are on the chain; undefined where that is not proven. */
  readonly logs: { readonly own: number; readonly count: number } | undefined;
  /** The file, byte for byte. */
  readonly file: Blob;
  /** SHA-256 of the file, base64url. */
  readonly digest: string;
}

/** What the worker tells the page. */
export type WorkerMessage =
  | { readonly kind: "fetching"; readonly bytes: number }
  | { readonly kind: "verifying" }
  | { readonly kind: "checked"; readonly statement: CheckedStatement }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string; readonly status: number };
